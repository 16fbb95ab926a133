//! What two versions of a data set publish differently.

use hiroba_store::{Difference, Store, TenantId};
use hiroba_vocab::EntityId;
use ngsild::Entity;
use ngsild::jsonld::Context;
use ngsild::render::{EntityDocument, Form, Rendering};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::service::{Result, ServiceError};

/// How many touched entities are read at a time, and how many times for one page: a page of entities that were touched
/// and say the same is a short one.
const BATCH: usize = 500;
const READS: usize = 20;

/// What happened to an entity from the one version to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DifferenceKind {
    /// Only the other one has it.
    Added,
    /// Both have it, and it says something else.
    Changed,
    /// Only the one has it.
    Removed,
}

impl DifferenceKind {
    /// The word that is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// An entity that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityDifference {
    /// Which entity.
    pub id: EntityId,
    /// What happened to it.
    pub kind: DifferenceKind,
    /// Its name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of one that has changed: the attributes that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeDifference>,
}

/// An attribute that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeDifference {
    /// Its short name in the vocabulary, or its IRI; `type` and `scope` are those of the entity.
    pub attribute: String,
    /// Its value in the one version, in key-value form; with its metadata where only those differ. `None` where it has none.
    pub before: Option<Value>,
    /// Its value in the other one.
    pub after: Option<Value>,
}

/// Part of the differences, in the order of the entities' ids.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferencePage {
    /// The entities that differ.
    pub differences: Vec<EntityDifference>,
    /// After which entity to go on; `None` at the end.
    pub next: Option<EntityId>,
}

/// What the version `to` publishes differently from the version `from`, of at most `limit` entities that differ, after the entity given.
/// Version 0 is empty. The data set's own entity is not compared.
///
/// # Errors
/// NoDataset without any version, BadRequestData for versions that there are not; when the database fails.
pub async fn differences(
    store: &Store,
    tenant: TenantId,
    dataset: &EntityId,
    (from, to): (i64, i64),
    after: &str,
    limit: usize,
) -> Result<DifferencePage> {
    let latest = store.dataset_versions(tenant, dataset, i64::MAX, 1).await?.pop();
    let latest = latest.ok_or_else(|| ServiceError::NoDataset(dataset.to_string()))?.number;
    if let Some(unknown) = [from, to].into_iter().find(|number| *number < 0 || *number > latest) {
        let detail = format!("there is no version {unknown} of {dataset}: the latest is {latest}, and 0 is before all");
        return Err(ngsild::Error::bad_request(detail).into());
    }
    let backwards = from > to;
    let range = if backwards { (to, from) } else { (from, to) };
    let mut found = Vec::new();
    let mut after = after.to_owned();
    for _ in 0..READS {
        let page = store.dataset_differences(tenant, dataset, range, &after, BATCH.min(limit.max(1))).await?;
        let Some(last) = page.last() else { return Ok(DifferencePage { differences: found, next: None }) };
        after = last.entity.to_string();
        for Difference { entity, before, after } in page {
            let (before, after) = if backwards { (after, before) } else { (before, after) };
            let last = entity.clone();
            found.extend(difference(entity, before.as_ref(), after.as_ref()));
            if found.len() >= limit {
                return Ok(DifferencePage { differences: found, next: Some(last) });
            }
        }
    }
    Ok(DifferencePage { differences: found, next: Some(EntityId::from_stored(after)) })
}

/// The versions to compare when not both are told: the latest, and the one before.
///
/// # Errors
/// NoDataset without any version; when the database fails.
pub async fn range(
    store: &Store,
    tenant: TenantId,
    dataset: &EntityId,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<(i64, i64)> {
    let latest = store.dataset_versions(tenant, dataset, i64::MAX, 1).await?.pop();
    let latest = latest.ok_or_else(|| ServiceError::NoDataset(dataset.to_string()))?.number;
    let to = to.unwrap_or(latest);
    Ok((from.unwrap_or_else(|| to.saturating_sub(1).max(0)), to))
}

fn difference(id: EntityId, before: Option<&Entity>, after: Option<&Entity>) -> Option<EntityDifference> {
    let (kind, attributes) = match (before, after) {
        (None, None) => return None,
        (None, Some(_)) => (DifferenceKind::Added, Vec::new()),
        (Some(_), None) => (DifferenceKind::Removed, Vec::new()),
        (Some(before), Some(after)) if before.says_the_same(after) => return None,
        (Some(before), Some(after)) => (DifferenceKind::Changed, attribute_differences(before, after)),
    };
    let name = after.or(before).and_then(name);
    Some(EntityDifference { id, kind, name, attributes })
}

fn attribute_differences(before: &Entity, after: &Entity) -> Vec<AttributeDifference> {
    let (whole_before, whole_after) = (shown(before, Form::Concise), shown(after, Form::Concise));
    let (values_before, values_after) = (shown(before, Form::Simplified), shown(after, Form::Simplified));
    let added = whole_after.keys().filter(|name| !whole_before.contains_key(*name));
    let mut differences = Vec::new();
    for name in whole_before.keys().chain(added) {
        if whole_before.get(name) == whole_after.get(name) {
            continue;
        }
        let (mut before, mut after) = (values_before.get(name), values_after.get(name));
        if before == after {
            (before, after) = (whole_before.get(name), whole_after.get(name));
        }
        let (before, after) = (before.cloned(), after.cloned());
        differences.push(AttributeDifference { attribute: name.clone(), before, after });
    }
    differences
}

fn shown(entity: &Entity, form: Form) -> Map<String, Value> {
    let rendering = Rendering::whole(Context::vocabulary(), form);
    match serde_json::to_value(EntityDocument { entity, rendering, embedded_context: None }) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// The name of an entity, in Japanese where it has one.
fn name(entity: &Entity) -> Option<String> {
    let shown = shown(entity, Form::Simplified);
    let name = shown.get("name")?;
    let languages = name.get("languageMap").unwrap_or(name);
    let text = languages.get("ja").unwrap_or(languages);
    text.as_str().map(str::to_owned)
}
