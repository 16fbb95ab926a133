//! Attribute instances: normalized and concise form, by the decision order of the digest of 4.5 (annex C.2, 5.2.5).

use hiroba_vocab::ngsi_ld::NULL;
use hiroba_vocab::{DatasetId, Iri};
use serde_json::{Map, Value};

use super::{MAX_TEMPORAL_INSTANCES, Nulls, Path, Reader, check_size, complete};
use crate::entity::{Attribute, AttributeValue, Kind, MAX_INSTANCES, OneOrMany, Sealed};
use crate::error::{Error, Result};
use crate::geometry;
use crate::time::DateTime;

/// What a fragment says of an optional member.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Patch<T> {
    /// Nothing.
    #[default]
    Keep,
    /// It goes (NGSI-LD Null).
    Remove,
    /// It becomes this.
    Set(T),
}

impl<T> Patch<T> {
    /// The new value, if there is one.
    pub fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Remove => None,
        }
    }

    /// Applies the patch to a member.
    pub fn apply(self, member: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Remove => *member = None,
            Self::Set(value) => *member = Some(value),
        }
    }
}

/// What a fragment says of an instance's value.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueFragment {
    /// The value.
    Value(AttributeValue),
    /// The NGSI-LD Null: the instance goes.
    Null,
}

/// What a body says of one attribute instance: all of it, or the part to change.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeFragment {
    /// The kind: from `type`, or told by the value member. `None` when only other members are given.
    pub kind: Option<Kind>,
    /// Whether `type` was written out.
    pub kind_given: bool,
    /// The value, if the fragment has one.
    pub value: Option<ValueFragment>,
    /// Which instance; `None` for the default one.
    pub dataset_id: Option<DatasetId>,
    /// `observedAt`
    pub observed_at: Patch<DateTime>,
    /// `unitCode`
    pub unit_code: Patch<Box<str>>,
    /// `valueType`, expanded
    pub value_type: Patch<Iri>,
    /// `objectType`, expanded
    pub object_type: Patch<OneOrMany<Iri>>,
    /// `expiresAt`
    pub expires_at: Patch<DateTime>,
    /// `entityIdSealed`, `entityTypeSealed`
    pub sealed: Option<Box<Sealed>>,
    /// Sub-attributes
    pub attributes: Vec<(Iri, Vec<AttributeFragment>)>,
}

/// The members that hold values, each with the kind that it tells. `value` may also be a GeoProperty's.
const VALUE_MEMBERS: [(&str, Kind); 7] = [
    ("value", Kind::Property),
    ("object", Kind::Relationship),
    ("languageMap", Kind::LanguageProperty),
    ("vocab", Kind::VocabProperty),
    ("json", Kind::JsonProperty),
    ("valueList", Kind::ListProperty),
    ("objectList", Kind::ListRelationship),
];

/// Members that only the system writes, ignored on input (5.2.2, 5.2.5).
const SYSTEM_MEMBERS: [&str; 14] = [
    "createdAt",
    "modifiedAt",
    "deletedAt",
    "instanceId",
    "lang",
    "entity",
    "entityList",
    "previousValue",
    "previousLanguageMap",
    "previousVocab",
    "previousJson",
    "previousValueList",
    "previousObject",
    "previousObjectList",
];

/// The one attribute that may seal (5.2.5).
const PROOF: &str = "ngsildproof";

/// Members that describe an instance besides its value.
const META_MEMBERS: [&str; 6] = ["datasetId", "observedAt", "unitCode", "valueType", "objectType", "expiresAt"];

impl AttributeFragment {
    fn empty() -> Self {
        Self {
            kind: None,
            kind_given: false,
            value: None,
            dataset_id: None,
            observed_at: Patch::Keep,
            unit_code: Patch::Keep,
            value_type: Patch::Keep,
            object_type: Patch::Keep,
            expires_at: Patch::Keep,
            sealed: None,
            attributes: Vec::new(),
        }
    }

    pub(super) fn of(value: AttributeValue) -> Self {
        Self { kind: Some(value.kind()), value: Some(ValueFragment::Value(value)), ..Self::empty() }
    }

    pub(super) fn deletion() -> Self {
        Self { value: Some(ValueFragment::Null), ..Self::empty() }
    }

    /// Whether the instance is to be deleted.
    pub fn is_deletion(&self) -> bool {
        self.value == Some(ValueFragment::Null)
    }

    /// Checks that the fragment is a whole instance, its sub-attributes included.
    ///
    /// # Errors
    /// BadRequestData when something has no value, or is a deletion.
    pub fn check_whole(&self) -> Result<()> {
        if !matches!(self.value, Some(ValueFragment::Value(_))) {
            return Err(no_value(self.kind));
        }
        self.attributes
            .iter()
            .try_for_each(|(name, subs)| subs.iter().try_for_each(|sub| sub.check_whole().map_err(|e| e.at(name))))
    }

    /// Checks that the fragment can change an instance, whatever that is: it may lack a value, its sub-attributes are
    /// whole or to be deleted.
    ///
    /// # Errors
    /// BadRequestData when it would delete the instance, or a sub-attribute has no value.
    pub fn check_part(&self) -> Result<()> {
        if self.is_deletion() {
            return Err(Error::bad_request("a whole attribute is deleted with DELETE, not by a partial update"));
        }
        self.attributes.iter().try_for_each(|(name, subs)| {
            let mut whole = subs.iter().filter(|sub| !sub.is_deletion());
            whole.try_for_each(|sub| sub.check_whole().map_err(|e| e.at(name)))
        })
    }

    /// The complete instance, created at `now`.
    ///
    /// # Errors
    /// BadRequestData when it has no value, or is a deletion.
    pub fn complete(self, now: DateTime) -> Result<Attribute> {
        let Some(ValueFragment::Value(is)) = self.value else { return Err(no_value(self.kind)) };
        Ok(Attribute {
            is,
            dataset_id: self.dataset_id,
            observed_at: self.observed_at.set(),
            unit_code: self.unit_code.set(),
            value_type: self.value_type.set(),
            object_type: self.object_type.set(),
            expires_at: self.expires_at.set(),
            sealed: self.sealed,
            created_at: now,
            modified_at: now,
            attributes: complete(self.attributes, now)?,
        })
    }
}

impl Reader<'_> {
    /// All instances of the attribute of that name.
    pub(super) fn named(&self, name: &str, value: Value, path: &Path<'_>) -> Result<Vec<AttributeFragment>> {
        let instances = self.instances(value, MAX_INSTANCES, path)?;
        check_datasets(&instances).map_err(|e| e.at(path))?;
        check_seals(name, instances, path)
    }

    /// All instances of a series of that name (4.5.6): several may be of the same dataset.
    pub(super) fn series(&self, name: &str, value: Value, path: &Path<'_>) -> Result<Vec<AttributeFragment>> {
        check_seals(name, self.instances(value, MAX_TEMPORAL_INSTANCES, path)?, path)
    }

    /// The instances that a value stands for.
    fn instances(&self, value: Value, limit: usize, path: &Path<'_>) -> Result<Vec<AttributeFragment>> {
        match value {
            Value::Array(items) if !items.is_empty() && items.iter().all(is_instance) => {
                if items.len() > limit {
                    return Err(Error::bad_request(format!("at most {limit} instances are allowed")).at(path));
                }
                let read = |(i, item)| self.instance(item, &path.index(i));
                items.into_iter().enumerate().map(read).collect()
            }
            single => Ok(vec![self.instance(single, path)?]),
        }
    }

    /// One instance.
    pub(super) fn instance(&self, value: Value, path: &Path<'_>) -> Result<AttributeFragment> {
        match value {
            Value::Null => Err(Error::bad_request(format!("null is no value; to delete, write \"{NULL}\"")).at(path)),
            Value::String(text) if text == NULL => {
                if self.nulls == Nulls::Refused {
                    Err(Error::bad_request("the NGSI-LD Null is not allowed in this operation").at(path))
                } else {
                    Ok(AttributeFragment::deletion())
                }
            }
            Value::Object(members) => self.object(members, false, path),
            other => Ok(AttributeFragment::of(AttributeValue::Property(self.plain_value(other, path)?))),
        }
    }

    /// An object: an instance, or a Property's value. `part` says that it can only be (part of) an instance.
    pub(super) fn object(&self, members: Map<String, Value>, part: bool, path: &Path<'_>) -> Result<AttributeFragment> {
        let mut fragment = AttributeFragment::empty();
        if let Some(name) = members.get("type").or_else(|| members.get("@type")) {
            let name =
                name.as_str().ok_or_else(|| Error::bad_request("'type' of an attribute is a string").at(path))?;
            match Kind::from_name(name) {
                Some(kind) => {
                    fragment.kind = Some(kind);
                    fragment.kind_given = true;
                }
                None if geometry::TYPES.contains(&name) && members.contains_key("coordinates") => {
                    let value = self.geometry(Value::Object(members), path)?;
                    return Ok(AttributeFragment::of(AttributeValue::GeoProperty(value)));
                }
                None => return Err(Error::bad_request(format!("'{name}' is no attribute type")).at(path)),
            }
        }
        let present: Vec<(&str, Kind)> =
            VALUE_MEMBERS.into_iter().filter(|(member, _)| members.contains_key(*member)).collect();
        match present.as_slice() {
            [] if fragment.kind.is_none() && !part && !self.speaks_of_members(&members) => {
                let value = self.plain_value(Value::Object(members), path)?;
                return Ok(AttributeFragment::of(AttributeValue::Property(value)));
            }
            [] if fragment.kind.is_some() && self.nulls == Nulls::Refused => {
                let member = fragment.kind.map_or("value", Kind::value_member);
                return Err(Error::bad_request(format!("a {} needs a '{member}'", kind_name(fragment.kind))).at(path));
            }
            [] => {}
            [(member, told)] => match fragment.kind {
                None if *member == "value" && members.get("value").is_some_and(geometry::is_geometry) => {
                    fragment.kind = Some(Kind::GeoProperty);
                }
                None => fragment.kind = Some(*told),
                Some(kind) if kind.value_member() == *member => {}
                Some(kind) => {
                    return Err(Error::bad_request(format!("a {} cannot have '{member}'", kind.name())).at(path));
                }
            },
            [(one, _), (other, _), ..] => {
                return Err(Error::bad_request(format!("an attribute cannot have both '{one}' and '{other}'")).at(path));
            }
        }
        check_size(&members).map_err(|e| e.at(path))?;
        for (key, value) in members {
            self.member(&mut fragment, &key, value, &path.member(&key))?;
        }
        check_members(&fragment).map_err(|e| e.at(path))?;
        Ok(fragment)
    }

    /// Without `type` and value member an object is a Property's value; where parts of an instance may be given, it is
    /// such a part if it has a member that describes instances, or consists of sub-attributes.
    fn speaks_of_members(&self, members: &Map<String, Value>) -> bool {
        let sub_attribute = |value: &Value| {
            value.get("type").and_then(Value::as_str).is_some_and(|name| Kind::from_name(name).is_some())
        };
        self.nulls != Nulls::Refused
            && !members.is_empty()
            && (members.keys().any(|key| META_MEMBERS.contains(&key.as_str())) || members.values().all(sub_attribute))
    }

    fn member(&self, fragment: &mut AttributeFragment, key: &str, value: Value, path: &Path<'_>) -> Result<()> {
        match key {
            "type" | "@type" => {}
            "@context" => {
                return Err(Error::bad_request("an @context may stand at the top of the document only").at(path));
            }
            "datasetId" => fragment.dataset_id = dataset_id(&value).map_err(|e| e.at(path))?,
            "observedAt" => fragment.observed_at = self.date_time(&value).map_err(|e| e.at(path))?,
            "expiresAt" => fragment.expires_at = self.date_time(&value).map_err(|e| e.at(path))?,
            "unitCode" => {
                fragment.unit_code = match value {
                    Value::String(text) if text == NULL => self.removal().map_err(|e| e.at(path))?,
                    Value::String(text) => Patch::Set(text.into()),
                    _ => return Err(Error::bad_request("'unitCode' is a string").at(path)),
                }
            }
            "valueType" => {
                fragment.value_type = match value {
                    Value::String(text) if text == NULL => self.removal().map_err(|e| e.at(path))?,
                    Value::String(text) => Patch::Set(self.context.expand_value(&text)),
                    _ => return Err(Error::bad_request("'valueType' is a string").at(path)),
                }
            }
            "objectType" => {
                fragment.object_type = match &value {
                    Value::String(text) if text == NULL => self.removal().map_err(|e| e.at(path))?,
                    names => Patch::Set(self.object_type(names).map_err(|e| e.at(path))?),
                }
            }
            "entityIdSealed" | "entityTypeSealed" => self.seal(fragment, key, &value).map_err(|e| e.at(path))?,
            key if SYSTEM_MEMBERS.contains(&key) => {}
            key if VALUE_MEMBERS.iter().any(|(member, _)| *member == key) => {
                let kind = fragment.kind.unwrap_or(Kind::Property);
                fragment.value = Some(self.value(kind, value, path)?);
            }
            name => {
                let iri = self.context.expand_attribute(name).map_err(|e| e.at(path))?;
                fragment.attributes.push((iri, self.named(name, value, path)?));
            }
        }
        Ok(())
    }

    fn object_type(&self, names: &Value) -> Result<OneOrMany<Iri>> {
        let expand = |name: &Value| {
            let name = name.as_str().ok_or_else(|| Error::bad_request("'objectType' holds type names"))?;
            self.context.expand_name(name)
        };
        match names {
            Value::Array(names) => Ok(OneOrMany::Many(names.iter().map(expand).collect::<Result<_>>()?)),
            name => Ok(OneOrMany::One(expand(name)?)),
        }
    }

    fn seal(&self, fragment: &mut AttributeFragment, key: &str, value: &Value) -> Result<()> {
        let sealed = fragment.sealed.get_or_insert_with(|| Box::new(Sealed { entity_id: None, entity_type: None }));
        if key == "entityIdSealed" {
            let text = value.as_str().ok_or_else(|| Error::bad_request("'entityIdSealed' is a URI"))?;
            sealed.entity_id = Some(Iri::parse(text)?);
        } else {
            sealed.entity_type = Some(self.object_type(value)?);
        }
        Ok(())
    }
}

/// Sealing members belong into the one attribute that may seal (5.2.5).
fn check_seals(name: &str, instances: Vec<AttributeFragment>, path: &Path<'_>) -> Result<Vec<AttributeFragment>> {
    if name != PROOF && instances.iter().any(|instance| instance.sealed.is_some()) {
        let detail = format!("'entityIdSealed' and 'entityTypeSealed' belong into '{PROOF}'");
        return Err(Error::bad_request(detail).at(path));
    }
    Ok(instances)
}

/// At most one instance of each dataset (4.5.5).
fn check_datasets(instances: &[AttributeFragment]) -> Result<()> {
    for (i, instance) in instances.iter().enumerate() {
        if instances[..i].iter().any(|other| other.dataset_id == instance.dataset_id) {
            let which = instance
                .dataset_id
                .as_ref()
                .map_or("two default instances".to_owned(), |id| format!("two instances with datasetId {id}"));
            return Err(Error::bad_request(format!("the attribute has {which}")));
        }
    }
    Ok(())
}

fn no_value(kind: Option<Kind>) -> Error {
    Error::bad_request(format!("the attribute has no '{}'", kind.map_or("value", Kind::value_member)))
}

fn kind_name(kind: Option<Kind>) -> &'static str {
    kind.unwrap_or(Kind::Property).name()
}

/// Whether an object, found where concise form is read, would be read as something else than a Property's value.
pub(crate) fn reads_as_attribute(members: &Map<String, Value>) -> bool {
    members.contains_key("type")
        || members.contains_key("@type")
        || VALUE_MEMBERS.iter().any(|(member, _)| members.contains_key(*member))
}

/// Whether an array item reads as an attribute instance: it names a kind, or has exactly one value member.
pub(crate) fn is_instance(item: &Value) -> bool {
    let Value::Object(members) = item else { return false };
    match members.get("type") {
        Some(name) => name.as_str().is_some_and(|name| Kind::from_name(name).is_some()),
        None => VALUE_MEMBERS.iter().filter(|(member, _)| members.contains_key(*member)).count() == 1,
    }
}

fn dataset_id(value: &Value) -> Result<Option<DatasetId>> {
    match value.as_str() {
        Some(DatasetId::NONE) => Ok(None),
        Some(NULL) | None => Err(Error::bad_request("'datasetId' is a URI; it cannot be removed")),
        Some(text) => Ok(Some(DatasetId::parse(text)?)),
    }
}

/// The members that only some kinds may have (5.2.5 to 5.2.8, 5.2.32 and following).
fn check_members(fragment: &AttributeFragment) -> Result<()> {
    let Some(kind) = fragment.kind else { return Ok(()) };
    let refuse = |member: &str| Err(Error::bad_request(format!("a {} cannot have '{member}'", kind.name())));
    let set = |given: bool, legal: bool| given && !legal;
    let measured = matches!(kind, Kind::Property | Kind::GeoProperty | Kind::ListProperty);
    if set(matches!(fragment.unit_code, Patch::Set(_)), measured) {
        return refuse("unitCode");
    }
    if set(matches!(fragment.value_type, Patch::Set(_)), !kind.is_relationship()) {
        return refuse("valueType");
    }
    if set(matches!(fragment.object_type, Patch::Set(_)), kind.is_relationship()) {
        return refuse("objectType");
    }
    Ok(())
}
