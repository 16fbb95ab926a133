//! What is told of a version.

use hiroba_importers::Report;
use hiroba_store::{DatasetVersion, Store, TenantId, VersionKind, VersionState};
use hiroba_vocab::{EntityId, Terms};
use ngsild::{AttributeValue, DateTime, Entity};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::service::{Result, ServiceError};

/// How many versions are read at a time.
const PAGE: usize = 500;

/// Where a version comes from, and what was counted. The members that do not apply are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// The file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// SHA-256 of the file, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The address from which the file came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The licence, an IRI or words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The publisher, as in the data set's entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Value>,
    /// What became of the rows of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
    /// What became of the entities; the data set's own is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<Entities>,
}

/// What became of the rows of a file. `read` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rows {
    /// Rows after the header.
    pub read: u64,
    /// Rows that became an entity.
    pub entities: u64,
    /// Rows that repeat or continue another.
    pub merged: u64,
    /// Rows that are no entity.
    pub set_aside: u64,
    /// Rows that were refused.
    pub refused: u64,
}

/// What a version did to entities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Entities {
    /// They are new.
    pub created: u64,
    /// They say something else than before.
    pub changed: u64,
    /// They say what was there.
    pub unchanged: u64,
    /// They were removed.
    pub removed: u64,
    /// They are no longer in the source, and were marked with `absentSince`.
    pub marked: u64,
    /// They are no longer in the source, and stay in the data set.
    pub kept: u64,
    /// An undo left them alone, because somebody else has changed them.
    pub left: u64,
}

/// A version as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionSummary {
    /// The data set's entity.
    pub dataset: EntityId,
    /// From 1, without gaps.
    pub version: i64,
    /// `import`, `undo` or `removal`.
    pub kind: &'static str,
    /// `publishing`, `published`, `failed` or `undone`.
    pub state: &'static str,
    /// The version whose state an undo brought back; 0 is the state before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restores: Option<i64>,
    /// When it was begun.
    pub begun_at: DateTime,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime>,
    /// Where it comes from and what was counted.
    #[serde(flatten)]
    pub details: Details,
}

impl Entities {
    /// Whether more than half of a list went, because the source no longer lists it: then the source may be only a part.
    pub fn took_most_away(&self) -> bool {
        is_most(self.removed + self.marked, self.changed + self.unchanged)
    }
}

/// Whether those that go are more than half, of a list that is no handful.
pub(super) fn is_most(go: u64, stay: u64) -> bool {
    let all = go + stay;
    all >= 10 && go > all / 2
}

impl Details {
    /// Those that the entity of a data set tells.
    pub(super) fn of_dataset(dataset: &Entity) -> Self {
        let property = |term: &str| -> Option<Value> {
            match &dataset.default_instance(Terms::published().iri(term).as_str())?.is {
                AttributeValue::Property(value) => Some(value.clone()),
                _ => None,
            }
        };
        let text = |term: &str| Some(property(term)?.as_str()?.to_owned());
        Self {
            file_name: text("fileName"),
            sha256: text("sha256"),
            source: text("source"),
            license: text("license"),
            publisher: property("publisher"),
            rows: None,
            entities: None,
        }
    }

    pub(super) fn to_stored(&self) -> String {
        // Texts and numbers alone: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<&Report> for Rows {
    fn from(report: &Report) -> Self {
        let rows = report.rows;
        Self {
            read: rows.read,
            entities: rows.entities,
            merged: rows.merged,
            set_aside: rows.set_aside,
            refused: rows.refused,
        }
    }
}

impl VersionSummary {
    /// The latest version of a data set: nothing can have undone it.
    pub fn latest(dataset: &EntityId, version: DatasetVersion) -> Self {
        Self::new(dataset, version, true)
    }

    /// What the version did to entities.
    pub fn entities(&self) -> Entities {
        self.details.entities.unwrap_or_default()
    }

    fn new(dataset: &EntityId, version: DatasetVersion, in_effect: bool) -> Self {
        let state = match version.state {
            VersionState::Published if !in_effect => "undone",
            state => state.name(),
        };
        Self {
            dataset: dataset.clone(),
            version: version.number,
            kind: version.kind.name(),
            state,
            restores: version.restores,
            begun_at: version.begun_at,
            finished_at: version.finished_at,
            details: serde_json::from_str(&version.details).unwrap_or_default(),
        }
    }
}

/// The versions of a data set below a number, the newest first, at most `limit`.
///
/// # Errors
/// NoDataset when there is no version of it; when the database fails.
pub async fn versions(
    store: &Store,
    tenant: TenantId,
    dataset: &EntityId,
    below: i64,
    limit: usize,
) -> Result<Vec<VersionSummary>> {
    let mut summaries = Vec::new();
    // Which versions are in effect is told by those above them: an undo leads past all that it undid.
    let (mut cursor, mut effective) = (i64::MAX, None);
    loop {
        let page = store.dataset_versions(tenant, dataset, cursor, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for version in page {
            cursor = version.number;
            let in_effect = effective.is_none_or(|effective| effective == version.number);
            if in_effect {
                effective = Some(match (version.kind, version.state, version.restores) {
                    (VersionKind::Undo, VersionState::Published, Some(restored)) => restored,
                    _ => version.number - 1,
                });
            }
            if version.number < below {
                summaries.push(VersionSummary::new(dataset, version, in_effect));
            }
            if summaries.len() == limit {
                return Ok(summaries);
            }
        }
    }
    if cursor == i64::MAX { Err(ServiceError::NoDataset(dataset.to_string())) } else { Ok(summaries) }
}
