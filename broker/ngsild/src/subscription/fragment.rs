//! What a client says of a subscription: to create it (5.8.1), to change it (5.8.2).

use hiroba_vocab::Iri;
use serde_json::{Map, Value};

use super::members::{MEMBERS, Members, OUTPUT, unknown};
use super::names::Names;
use super::notification;
use crate::body::{id, is_null, of_type};
use crate::error::Result;
use crate::jsonld::Context;

/// What a fragment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Create Subscription (5.8.1).
    Create,
    /// Update Subscription (5.8.2): the NGSI-LD Null, and JSON null, take a member away.
    Update,
}

/// The members of a Subscription that a body holds, each of the form that it must have, with what its names stand for.
/// Whether they go together is told when a subscription is made of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment {
    /// `id`; for a new subscription without one the caller finds one.
    pub id: Option<Iri>,
    /// As written; `None` is to be taken away.
    pub(super) members: Vec<(String, Option<Value>)>,
    pub(super) names: Names,
}

impl Fragment {
    /// Reads a body. `context` is the @context of the request, which gives the names their meaning; the member
    /// `@context` itself is left aside.
    ///
    /// # Errors
    /// BadRequestData with the member that is wrong: not of its type, unknown, or with a name that is none. Also
    /// TooComplexQuery for a `q` beyond its limits. Output members are ignored.
    pub fn read(body: &Value, r#use: Use, context: &Context) -> Result<Self> {
        let body = of_type(body, "Subscription", r#use == Use::Update)?;
        let mut fragment = Self { id: None, members: Vec::new(), names: Names::default() };
        let mut read = Members::default();
        for (name, value) in body {
            match name.as_str() {
                "type" | "@context" => {}
                "id" => fragment.id = Some(id(value)?),
                name if OUTPUT.contains(&name) => {}
                name if r#use == Use::Update && is_null(value) => {
                    if !MEMBERS.contains(&name) {
                        return Err(unknown(name));
                    }
                    fragment.members.push((name.to_owned(), None));
                }
                name => {
                    read.read(name, value, context)?;
                    fragment.names.note(name, value, context).map_err(|e| e.inside(&format!("/{name}")))?;
                    fragment.members.push((name.to_owned(), Some(as_kept(name, value))));
                }
            }
        }
        Ok(fragment)
    }

    /// `jsonldContext`, if the fragment sets it: the caller sees that it can be had (5.8.1: LdContextNotAvailable).
    pub fn jsonld_context(&self) -> Option<&str> {
        let given = self.members.iter().find(|(name, _)| name == "jsonldContext");
        given.and_then(|(_, value)| value.as_ref()?.as_str())
    }
}

/// A member without what only the broker says in it.
fn as_kept(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) if name == "notification" => {
            let kept = members.iter().filter(|(name, _)| !notification::OUTPUT.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
        }
        value => value.clone(),
    }
}
