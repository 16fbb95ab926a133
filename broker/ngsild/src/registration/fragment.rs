//! What a client says of a registration: to create it (5.9.2), to change it (5.9.3).

use hiroba_vocab::Iri;
use serde_json::Value;

use super::members::{MEMBERS, Members, OUTPUT};
use super::{Use, information, own};
use crate::body::{id, is_null, of_type};
use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::receiver::cut;
use crate::subscription::names::Names;
use crate::time::DateTime;

/// How many members a registration may have.
const MAX_MEMBERS: usize = 200;

/// The members of a CSourceRegistration that a body holds, each of the form that it must have, with what its names stand
/// for. Whether they go together is told when a registration is made of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment {
    /// `id`; for a new registration without one the caller finds one.
    pub id: Option<Iri>,
    /// As written, properties of the source under their IRIs; `None` is to be taken away.
    pub(super) members: Vec<(String, Option<Value>)>,
    pub(super) names: Names,
}

impl Fragment {
    /// Reads a body. `context` is the @context of the request, which gives the names their meaning; the member
    /// `@context` itself is left aside.
    ///
    /// # Errors
    /// BadRequestData with the member that is wrong: not of its type, or with a name that is none. Output members are
    /// ignored.
    pub fn read(body: &Value, r#use: Use, context: &Context) -> Result<Self> {
        let body = of_type(body, "ContextSourceRegistration", r#use == Use::Update)?;
        if body.len() > MAX_MEMBERS {
            return Err(Error::bad_request(format!("a registration has at most {MAX_MEMBERS} members")));
        }
        let mut fragment = Self { id: None, members: Vec::new(), names: Names::default() };
        let mut read = Members::default();
        for (name, value) in body {
            match name.as_str() {
                "type" | "@context" => {}
                "id" => fragment.id = Some(id(value)?),
                name if OUTPUT.contains(&name) => {}
                name => {
                    let key = key(name, context).map_err(|e| e.at(format!("/{}", cut(name))))?;
                    if fragment.members.iter().any(|(other, _)| *other == key) {
                        return Err(Error::bad_request(format!("'{}' is there twice, as {key}", cut(name))));
                    }
                    let null = r#use == Use::Update && is_null(value);
                    if !null {
                        fragment.note(name, &key, value, &mut read, context)?;
                    }
                    fragment.members.push((key, (!null).then(|| value.clone())));
                }
            }
        }
        Ok(fragment)
    }

    /// Checks a member by itself, and notes its names.
    fn note(&mut self, name: &str, key: &str, value: &Value, read: &mut Members, context: &Context) -> Result<()> {
        let mut names = Vec::new();
        if MEMBERS.contains(&name) {
            read.read(name, value, context)?;
            if name == "information" {
                names.extend(information::names(value));
            }
        } else {
            // Only whether it can be read matters here.
            own::attributes(name, value, context, DateTime::from_micros(0))?;
            own::names(value, &mut names);
        }
        self.names.note_all(key, names, context).map_err(|e| e.inside(&format!("/{name}")))
    }
}

/// The name under which a member is kept.
fn key(name: &str, context: &Context) -> Result<String> {
    if MEMBERS.contains(&name) {
        return Ok(name.to_owned());
    }
    Ok(context.expand_attribute(name)?.to_string())
}
