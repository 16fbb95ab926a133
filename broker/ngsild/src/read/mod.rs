//! Documents of clients, normalized or concise, read once into types (4.5, 5.2, 5.4).
//!
//! Every body is first read as a [`Fragment`], the most general shape: members may be missing, and where the operation
//! allows it NGSI-LD Nulls may stand for deletion. Operations that need a whole entity ask for
//! [`Fragment::into_entity`], which says what is missing.

mod attribute;
mod path;
mod simplified;
mod temporal;
mod value;

use std::collections::HashSet;

use hiroba_vocab::ngsi_ld::NULL;
use hiroba_vocab::{EntityId, Iri, Scope};
use serde_json::{Map, Value};

pub use attribute::{AttributeFragment, Patch, ValueFragment};
pub(crate) use attribute::{is_instance, reads_as_attribute};
pub use path::Path;
pub use simplified::SimplifiedFragment;
pub use temporal::{MAX_TEMPORAL_INSTANCES, TemporalFragment};

use crate::entity::{Attribute, Attributes, Entity, MAX_ATTRIBUTES, OneOrMany};
use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::time::DateTime;

/// Where the NGSI-LD Null may stand in a body (4.5.0, 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// Nowhere: create, replace, append.
    Refused,
    /// As a whole attribute instance or member: Update Attributes, Partial Attribute Update.
    Members,
    /// Also inside the value of a Property: Merge Entity.
    Anywhere,
}

/// Reads bodies with one context.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'c> {
    /// What names mean.
    pub context: &'c Context,
    /// What the operation allows.
    pub nulls: Nulls,
}

/// What a body says of an entity: all of it, or the part to change.
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment {
    /// `id`
    pub id: Option<EntityId>,
    /// `type`, expanded; empty when absent.
    pub types: Vec<Iri>,
    /// `scope`
    pub scope: Patch<OneOrMany<Scope>>,
    /// `expiresAt`
    pub expires_at: Patch<DateTime>,
    /// Attributes by expanded name, in the order of the body.
    pub attributes: Vec<(Iri, Vec<AttributeFragment>)>,
}

impl Reader<'_> {
    /// Reads an entity or entity fragment. `@context` is left aside: the caller has resolved it.
    ///
    /// # Errors
    /// BadRequestData with a JSON pointer to what breaks the rules of 5.2.4 and 4.5.
    pub fn fragment(&self, body: Value) -> Result<Fragment> {
        let mut attributes = Vec::new();
        let fragment = self.document(body, |name, iri, value| {
            attributes.push((iri, self.named(name, value, &Path::root().member(name))?));
            Ok(())
        })?;
        Ok(Fragment { attributes, ..fragment })
    }

    /// Reads what all forms of a document have in common, and hands out its attributes one by one: name, IRI, JSON.
    fn document(&self, body: Value, mut attribute: impl FnMut(&str, Iri, Value) -> Result<()>) -> Result<Fragment> {
        let root = Path::root();
        let Value::Object(members) = body else {
            return Err(Error::bad_request("expected a JSON object that describes an entity").at(root));
        };
        check_size(&members).map_err(|e| e.at(root))?;
        let mut fragment = Fragment {
            id: None,
            types: Vec::new(),
            scope: Patch::Keep,
            expires_at: Patch::Keep,
            attributes: Vec::new(),
        };
        let mut names = HashSet::with_capacity(members.len());
        for (key, value) in members {
            let path = root.member(&key);
            match key.as_str() {
                "@context" | "createdAt" | "modifiedAt" | "deletedAt" => {}
                "id" | "@id" => {
                    let text = value.as_str().filter(|text| *text != NULL);
                    let text = text.ok_or_else(|| Error::bad_request("an id is a URI").at(path))?;
                    fragment.id = Some(EntityId::parse(text).map_err(|e| Error::from(e).at(path))?);
                }
                "type" | "@type" => fragment.types = self.types(&value).map_err(|e| e.at(path))?,
                "scope" => fragment.scope = self.scope(&value).map_err(|e| e.at(path))?,
                "expiresAt" => fragment.expires_at = self.date_time(&value).map_err(|e| e.at(path))?,
                name => {
                    let iri = self.context.expand_attribute(name).map_err(|e| e.at(path))?;
                    if !names.insert(iri.clone()) {
                        return Err(Error::bad_request(format!("'{name}' is there twice, as {iri}")).at(path));
                    }
                    attribute(name, iri, value)?;
                }
            }
        }
        Ok(fragment)
    }

    /// Reads a body that is one attribute without its name: Partial Attribute Update, Replace Attribute.
    ///
    /// # Errors
    /// BadRequestData as [`Reader::fragment`].
    pub fn attribute(&self, body: Value) -> Result<AttributeFragment> {
        let root = Path::root();
        match body {
            Value::Object(mut members) => {
                members.remove("@context");
                let part = self.nulls != Nulls::Refused;
                self.object(members, part, &root)
            }
            other => self.instance(other, &root),
        }
    }

    /// Type names, expanded, without duplicates.
    fn types(&self, value: &Value) -> Result<Vec<Iri>> {
        let names = match value {
            Value::Array(names) if !names.is_empty() => names.as_slice(),
            Value::String(_) => std::slice::from_ref(value),
            _ => return Err(Error::bad_request("a type is a name, or a non-empty array of names")),
        };
        let mut types = Vec::with_capacity(names.len());
        for name in names {
            let name = name.as_str().ok_or_else(|| Error::bad_request("a type is a name"))?;
            if name == NULL {
                return Err(Error::bad_request("types cannot be taken away"));
            }
            let iri = self.context.expand_name(name)?;
            if !types.contains(&iri) {
                types.push(iri);
            }
        }
        Ok(types)
    }

    fn scope(&self, value: &Value) -> Result<Patch<OneOrMany<Scope>>> {
        let one = |value: &Value| -> Result<Scope> {
            let text = value.as_str().ok_or_else(|| Error::bad_request("a scope is a string"))?;
            Ok(Scope::parse(text)?)
        };
        match value {
            Value::String(text) if text == NULL => self.removal(),
            Value::Array(items) if matches!(items.as_slice(), [item] if item == NULL) => self.removal(),
            Value::Array(items) => Ok(Patch::Set(OneOrMany::Many(items.iter().map(one).collect::<Result<_>>()?))),
            single => Ok(Patch::Set(OneOrMany::One(one(single)?))),
        }
    }

    /// A DateTime member; JSON null and the NGSI-LD Null remove it where Nulls are allowed.
    fn date_time(&self, value: &Value) -> Result<Patch<DateTime>> {
        match value {
            Value::String(text) if text == NULL => self.removal(),
            Value::Null if self.nulls != Nulls::Refused => Ok(Patch::Remove),
            Value::String(text) => Ok(Patch::Set(DateTime::parse(text)?)),
            _ => Err(Error::bad_request("expected a DateTime such as 2026-04-01T09:30:00Z")),
        }
    }

    /// The NGSI-LD Null where a member stands.
    fn removal<T>(&self) -> Result<Patch<T>> {
        if self.nulls == Nulls::Refused {
            Err(Error::bad_request("the NGSI-LD Null is not allowed in this operation"))
        } else {
            Ok(Patch::Remove)
        }
    }
}

impl Fragment {
    /// The whole entity that the fragment describes, with everything created at `now`.
    ///
    /// # Errors
    /// BadRequestData when `id` or `type` is missing, or an attribute has no value.
    pub fn into_entity(self, now: DateTime) -> Result<Entity> {
        let id = check_whole(self.id.as_ref(), &self.types)?.clone();
        Ok(Entity {
            id,
            types: self.types,
            scope: self.scope.set(),
            expires_at: self.expires_at.set(),
            created_at: now,
            modified_at: now,
            attributes: complete(self.attributes, now)?,
        })
    }

    /// Checks that an `id` in the body, if any, is the one in the path (5.4).
    ///
    /// # Errors
    /// BadRequestData when they differ.
    pub fn check_id(&self, id: &EntityId) -> Result<()> {
        check_same_id(self.id.as_ref(), id)
    }
}

/// Checks that the `id` in a body, if any, is the one in the path (5.4).
fn check_same_id(inside: Option<&EntityId>, id: &EntityId) -> Result<()> {
    match inside {
        Some(other) if other != id => {
            Err(Error::bad_request(format!("the body is about {other}, the path about {id}")).at("/id"))
        }
        _ => Ok(()),
    }
}

/// The id of a body that has an `id` and a `type`, as a whole entity must.
fn check_whole<'b>(id: Option<&'b EntityId>, types: &[Iri]) -> Result<&'b EntityId> {
    let id = id.ok_or_else(|| Error::bad_request("an entity needs an 'id'").at("/id"))?;
    if types.is_empty() {
        return Err(Error::bad_request("an entity needs a 'type'").at("/type"));
    }
    Ok(id)
}

impl Fragment {
    /// Checks that every instance is whole, or is to be deleted: what Update Attributes needs, whatever the entity is.
    ///
    /// # Errors
    /// BadRequestData for an instance without a value.
    pub fn check_instances(&self) -> Result<()> {
        self.attributes.iter().try_for_each(|(name, instances)| {
            let mut whole = instances.iter().filter(|instance| !instance.is_deletion());
            whole.try_for_each(|instance| instance.check_whole().map_err(|e| e.at(name)))
        })
    }
}

/// An object that may hold attributes holds a bounded number of them.
fn check_size(members: &Map<String, Value>) -> Result<()> {
    if members.len() > MAX_ATTRIBUTES {
        return Err(Error::bad_request(format!("at most {MAX_ATTRIBUTES} attributes are allowed")));
    }
    Ok(())
}

/// Complete instances from fragments.
pub(crate) fn complete(fragments: Vec<(Iri, Vec<AttributeFragment>)>, now: DateTime) -> Result<Attributes> {
    let mut attributes = Attributes::with_capacity_and_hasher(fragments.len(), ahash::RandomState::default());
    for (name, instances) in fragments {
        let instances: Result<Vec<Attribute>> =
            instances.into_iter().map(|instance| instance.complete(now).map_err(|e| e.at(&name))).collect();
        attributes.insert(name, instances?);
    }
    Ok(attributes)
}
