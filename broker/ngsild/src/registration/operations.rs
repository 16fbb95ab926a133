//! The operations that a source supports (4.20).

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::receiver::cut;

const READS: &[&str] = &["retrieveEntity", "queryEntity"];
const DISCOVERY: &[&str] = &[
    "retrieveEntityTypes",
    "retrieveEntityTypeDetails",
    "retrieveEntityTypeInfo",
    "retrieveAttrTypes",
    "retrieveAttrTypeDetails",
    "retrieveAttrTypeInfo",
];
const SUBSCRIPTIONS: &[&str] =
    &["createSubscription", "updateSubscription", "retrieveSubscription", "querySubscription", "deleteSubscription"];
const ENTITY_MAPS: &[&str] = &["retrieveEntityMap", "updateEntityMap", "deleteEntityMap", "createEntityMapQueryEntity"];
const UPDATES: &[&str] = &["updateEntity", "updateAttrs", "replaceEntity", "replaceAttrs"];
const REDIRECTED_WRITES: &[&str] = &[
    "createEntity",
    "updateEntity",
    "appendAttrs",
    "updateAttrs",
    "deleteAttrs",
    "deleteEntity",
    "mergeEntity",
    "replaceEntity",
    "replaceAttrs",
    "purgeEntity",
];

/// Names that are in no group.
const OTHERS: &[&str] = &[
    "createBatch",
    "upsertBatch",
    "updateBatch",
    "deleteBatch",
    "mergeBatch",
    "upsertTemporal",
    "appendAttrsTemporal",
    "deleteAttrsTemporal",
    "updateAttrInstanceTemporal",
    "deleteAttrInstanceTemporal",
    "deleteTemporal",
    "retrieveTemporal",
    "queryTemporal",
    "createEntityMapQueryTemporal",
];
const QUERY_BATCH: &[&str] = &["queryBatch"];
const IDENTITY: &[&str] = &["retrieveContextSourceIdentity"];

/// What each group stands for.
const GROUPS: [(&str, &[&[&str]]); 5] = [
    ("federationOps", &[READS, QUERY_BATCH, DISCOVERY, SUBSCRIPTIONS, ENTITY_MAPS, IDENTITY]),
    ("associationOps", &[READS, QUERY_BATCH, DISCOVERY, SUBSCRIPTIONS, IDENTITY]),
    ("retrieveOps", &[READS]),
    ("updateOps", &[UPDATES]),
    ("redirectionOps", &[READS, DISCOVERY, ENTITY_MAPS, IDENTITY, REDIRECTED_WRITES]),
];

/// The operations of a source, groups resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operations(BTreeSet<&'static str>);

impl Default for Operations {
    /// `federationOps`, which a registration has that names none.
    fn default() -> Self {
        Self(group("federationOps").unwrap_or_default().iter().copied().flatten().copied().collect())
    }
}

impl Operations {
    /// Reads `operations`: names of operations and of groups.
    ///
    /// # Errors
    /// BadRequestData for a name that is none.
    pub(super) fn read(names: &[&str]) -> Result<Self> {
        let mut all = BTreeSet::new();
        for name in names {
            match (group(name), single(name)) {
                (Some(group), _) => all.extend(group.iter().copied().flatten()),
                (None, Some(name)) => drop(all.insert(name)),
                (None, None) => {
                    let groups = GROUPS.map(|(name, _)| name).join(", ");
                    let detail = format!(
                        "'{}' is no operation of the standard (4.20), such as queryEntity, and no group of them: {groups}",
                        cut(name)
                    );
                    return Err(Error::bad_request(detail));
                }
            }
        }
        Ok(Self(all))
    }

    /// Whether the source supports an operation, by its name in 4.20.
    pub fn supports(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether all are among those that an auxiliary source may have: it is only read from (4.3.6.2).
    pub(super) fn only_reads(&self) -> bool {
        self.0.iter().all(|name| READS.contains(name))
    }
}

fn group(name: &str) -> Option<&'static [&'static [&'static str]]> {
    GROUPS.iter().find(|(group, _)| *group == name).map(|(_, parts)| *parts)
}

fn single(name: &str) -> Option<&'static str> {
    let grouped = GROUPS.iter().flat_map(|(_, parts)| *parts).copied().flatten();
    grouped.chain(OTHERS).copied().find(|known| *known == name)
}
