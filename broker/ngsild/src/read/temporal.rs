//! Temporal bodies (EntityTemporal, 5.2.20): every attribute is a series of instances.

use hiroba_vocab::{EntityId, Iri, Scope};
use serde_json::Value;

use super::{Nulls, Path, Reader};
use crate::entity::{Attribute, OneOrMany};
use crate::error::{Error, Result};
use crate::read::Patch;
use crate::time::DateTime;

/// How many instances one body may hold.
pub const MAX_TEMPORAL_INSTANCES: usize = 100_000;

/// What a body says of an entity over time.
#[derive(Debug, Clone, PartialEq)]
pub struct TemporalFragment {
    /// `id`
    pub id: Option<EntityId>,
    /// `type`, expanded; empty when absent.
    pub types: Vec<Iri>,
    /// `scope`: each with the time at which it was set, if the body says so.
    pub scopes: Vec<(OneOrMany<Scope>, Option<DateTime>)>,
    /// `expiresAt`
    pub expires_at: Option<DateTime>,
    /// The instances of each attribute, created and modified at the time of reading.
    pub attributes: Vec<(Iri, Vec<Attribute>)>,
}

impl Reader<'_> {
    /// Reads EntityTemporal, or a fragment of it. What is recorded is recorded `now`.
    ///
    /// # Errors
    /// BadRequestData with a JSON pointer to what breaks the rules of 5.2.20 and 4.5.
    pub fn temporal(&self, mut body: Value, now: DateTime) -> Result<TemporalFragment> {
        let reader = Self { nulls: Nulls::Refused, ..*self };
        let scopes = match body.as_object_mut().and_then(|members| members.remove("scope")) {
            None => Vec::new(),
            Some(scope) => reader.scope_series(&scope).map_err(|e| e.at("/scope"))?,
        };
        let (mut attributes, mut count) = (Vec::new(), 0);
        let fragment = reader.document(body, |name, iri, value| {
            let path = Path::root();
            let path = path.member(name);
            let mut series = Vec::new();
            for instance in reader.series(name, value, &path)? {
                series.push(instance.complete(now).map_err(|e| e.at(path))?);
            }
            count += series.len();
            if count > MAX_TEMPORAL_INSTANCES {
                let detail = format!("a body holds at most {MAX_TEMPORAL_INSTANCES} instances");
                return Err(Error::bad_request(detail).at(path));
            }
            attributes.push((iri, series));
            Ok(())
        })?;
        Ok(TemporalFragment {
            id: fragment.id,
            types: fragment.types,
            scopes,
            expires_at: fragment.expires_at.set(),
            attributes,
        })
    }

    /// The scope as one value, or as a series of instances (4.18).
    fn scope_series(&self, value: &Value) -> Result<Vec<(OneOrMany<Scope>, Option<DateTime>)>> {
        let plain = |value: &Value| match self.scope(value)? {
            Patch::Set(scope) => Ok(scope),
            Patch::Keep | Patch::Remove => Err(Error::bad_request("a scope is a string, or an array of strings")),
        };
        let instance = |item: &Value| {
            let value =
                item.get("value").ok_or_else(|| Error::bad_request("an instance of the scope has a 'value'"))?;
            let at = item.get("observedAt").map(|at| self.date_time(at)).transpose()?.and_then(Patch::set);
            Ok((plain(value)?, at))
        };
        match value {
            Value::Object(_) => Ok(vec![instance(value)?]),
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object) => {
                if items.len() > MAX_TEMPORAL_INSTANCES {
                    return Err(Error::bad_request(format!("a body holds at most {MAX_TEMPORAL_INSTANCES} instances")));
                }
                items.iter().map(instance).collect()
            }
            other => Ok(vec![(plain(other)?, None)]),
        }
    }
}

impl TemporalFragment {
    /// Checks that an `id` in the body, if any, is the one in the path (5.4).
    ///
    /// # Errors
    /// BadRequestData when they differ.
    pub fn check_id(&self, id: &EntityId) -> Result<()> {
        super::check_same_id(self.id.as_ref(), id)
    }

    /// The id and types of a body that describes a whole entity.
    ///
    /// # Errors
    /// BadRequestData when one is missing.
    pub fn check_whole(&self) -> Result<EntityId> {
        super::check_whole(self.id.as_ref(), &self.types).cloned()
    }

    /// The single instance of the single attribute that Modify Attribute Instance expects.
    ///
    /// # Errors
    /// BadRequestData when there is another attribute, or not exactly one instance.
    pub fn single(self, name: &Iri) -> Result<Attribute> {
        let wrong = || Error::bad_request("expected the attribute of the path with an array of exactly one instance");
        let mut attributes = self.attributes.into_iter();
        match (attributes.next(), attributes.next()) {
            (Some((found, mut series)), None) if found == *name && series.len() == 1 => series.pop().ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}
