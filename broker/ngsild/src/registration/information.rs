//! RegistrationInfo and EntityInfo (5.2.8, 5.2.10): which entities and attributes a source has.

use hiroba_vocab::{EntityId, Iri};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::member::{object, text, texts};
use crate::query::{EntitySelector, IdPattern, TypeAlternatives};
use crate::receiver::cut;

/// How many elements `information` may have, and how many EntityInfos all of them together.
const MAX_INFORMATION: usize = 100;
const MAX_ENTITIES: usize = 1_000;
/// How many regular expressions a registration may hold: they stay in memory, compiled.
const MAX_PATTERNS: usize = 20;

/// RegistrationInfo (5.2.10): at least one of both is not empty.
#[derive(Debug, Clone, Default)]
pub struct RegistrationInfo {
    /// `entities`; empty for any.
    pub entities: Vec<EntityInfo>,
    /// `propertyNames` and `relationshipNames`, expanded; empty for any.
    pub attributes: Vec<Iri>,
}

/// EntityInfo (5.2.8).
#[derive(Debug, Clone)]
pub struct EntityInfo {
    /// `type`, expanded: the types that the entities have. Never empty.
    pub types: Vec<Iri>,
    /// `id`
    pub id: Option<EntityId>,
    /// `idPattern`; never together with `id`, which has precedence.
    pub id_pattern: Option<IdPattern>,
}

/// Reads the member `information`.
///
/// # Errors
/// BadRequestData with the place that is wrong.
pub(super) fn read(value: &Value, context: &Context) -> Result<Vec<RegistrationInfo>> {
    let wrong = || Error::bad_request("it is a non-empty array of RegistrationInfo objects");
    let items = value.as_array().filter(|items| !items.is_empty()).ok_or_else(wrong)?;
    if items.len() > MAX_INFORMATION {
        return Err(Error::bad_request(format!("it has at most {MAX_INFORMATION} elements")));
    }
    let read =
        |(i, item): (usize, &Value)| RegistrationInfo::read(item, context).map_err(|e: Error| e.inside(&i.to_string()));
    let information: Vec<RegistrationInfo> = items.iter().enumerate().map(read).collect::<Result<_>>()?;
    let entities = || information.iter().flat_map(|info| &info.entities);
    if entities().count() > MAX_ENTITIES {
        return Err(Error::bad_request(format!("all of it names at most {MAX_ENTITIES} entities")));
    }
    if entities().filter(|entity| entity.id_pattern.is_some()).count() > MAX_PATTERNS {
        return Err(Error::bad_request(format!("at most {MAX_PATTERNS} entities may have an idPattern")));
    }
    Ok(information)
}

/// All names in the member `information`, in their order: it was read already.
pub(super) fn names(value: &Value) -> impl Iterator<Item = &str> {
    fn each<'v>(parent: &'v Value, name: &str) -> &'v [Value] {
        match parent.get(name) {
            Some(Value::Array(items)) => items,
            Some(single) => std::slice::from_ref(single),
            None => &[],
        }
    }
    value.as_array().into_iter().flatten().flat_map(|info| {
        let types = each(info, "entities").iter().flat_map(|entity| each(entity, "type"));
        let attributes = ["propertyNames", "relationshipNames"].into_iter().flat_map(|name| each(info, name));
        types.chain(attributes).filter_map(Value::as_str)
    })
}

impl RegistrationInfo {
    fn read(value: &Value, context: &Context) -> Result<Self> {
        let mut info = Self::default();
        for (name, value) in object(value, "a RegistrationInfo is an object")? {
            let at = |e: Error| e.inside(&cut(name));
            match name.as_str() {
                "entities" => info.entities = entities(value, context).map_err(at)?,
                "propertyNames" | "relationshipNames" => {
                    let names = texts(value).map_err(at)?;
                    for name in names {
                        info.attributes.push(context.expand_attribute(name).map_err(at)?);
                    }
                }
                name => {
                    let detail = format!("'{}' is no member of RegistrationInfo", cut(name));
                    return Err(at(Error::bad_request(detail)));
                }
            }
        }
        if info.entities.is_empty() && info.attributes.is_empty() {
            let detail = "a RegistrationInfo needs 'entities', 'propertyNames' or 'relationshipNames'";
            return Err(Error::bad_request(detail));
        }
        Ok(info)
    }
}

fn entities(value: &Value, context: &Context) -> Result<Vec<EntityInfo>> {
    let wrong = || Error::bad_request("it is a non-empty array of EntityInfo objects");
    let items = value.as_array().filter(|items| !items.is_empty() && items.len() <= MAX_ENTITIES).ok_or_else(wrong)?;
    let read =
        |(i, item): (usize, &Value)| EntityInfo::read(item, context).map_err(|e: Error| e.inside(&i.to_string()));
    items.iter().enumerate().map(read).collect()
}

impl EntityInfo {
    fn read(value: &Value, context: &Context) -> Result<Self> {
        let (mut types, mut id, mut id_pattern) = (Vec::new(), None, None);
        for (name, value) in object(value, "an EntityInfo is an object with a 'type'")? {
            let at = |e: Error| if e.at.as_deref() == Some(name) { e } else { e.inside(&cut(name)) };
            match name.as_str() {
                "type" => types = read_types(value, context).map_err(at)?,
                "id" => {
                    let parsed = text(value).and_then(|text| Ok(EntityId::parse(text)?));
                    id = Some(parsed.map_err(at)?);
                }
                "idPattern" => id_pattern = Some(text(value).and_then(str::parse).map_err(at)?),
                name => {
                    let detail = format!("'{}' is no member of EntityInfo", cut(name));
                    return Err(at(Error::bad_request(detail)));
                }
            }
        }
        if types.is_empty() {
            return Err(Error::bad_request("an EntityInfo needs a 'type'").at("type"));
        }
        Ok(Self { types, id_pattern: id_pattern.filter(|_| id.is_none()), id })
    }

    /// Which entities here it is about.
    pub fn selector(&self) -> EntitySelector {
        EntitySelector {
            ids: self.id.iter().cloned().collect(),
            id_pattern: self.id_pattern.clone(),
            types: Some(TypeAlternatives(vec![self.types.clone()])),
        }
    }
}

fn read_types(value: &Value, context: &Context) -> Result<Vec<Iri>> {
    let names = match value {
        Value::String(name) => vec![name.as_str()],
        _ => texts(value).map_err(|_| Error::bad_request("it is a name, or a non-empty array of names"))?,
    };
    names.into_iter().map(|name| context.expand_name(name)).collect()
}
