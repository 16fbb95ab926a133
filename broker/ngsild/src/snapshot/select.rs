//! `q` over the members of snapshots (4.9, 5.16.6).

use hiroba_vocab::ngsi_ld::NAMESPACE;
use hiroba_vocab::{EntityId, Iri};

use super::Snapshot;
use crate::entity::{Attribute, AttributeValue, Entity};
use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::linked::LinkedEntities;
use crate::query::filter::Expansions;
use crate::query::{Filter, Q};
use crate::time::DateTime;

/// The members that can be asked for.
const MEMBERS: [&str; 13] = [
    "id",
    "snapshotStatus",
    "snapshotQueries",
    "snapshotTemporalQueries",
    "snapshotQueriesDetails",
    "snapshotTemporalQueriesDetails",
    "snapshotLifetime",
    "snapshotPriority",
    "endpoint",
    "createdAt",
    "modifiedAt",
    "expiresAt",
    "lastUsedAt",
];

/// A `q` over members of Snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotFilter(Filter);

impl SnapshotFilter {
    /// Reads a `q`. Its names are those of members, which the core context alone defines.
    ///
    /// # Errors
    /// BadRequestData for what is no `q`, and for names that are no member of Snapshot.
    pub fn parse(text: &str) -> Result<Self> {
        let mut q: Q = text.parse()?;
        name_members(&mut q)?;
        Ok(Self(q.resolve(&Context::core(), &Expansions::default())?))
    }

    /// Whether a snapshot satisfies it.
    pub fn matches(&self, snapshot: &Snapshot, now: DateTime) -> bool {
        self.0.matches(&as_entity(snapshot), &LinkedEntities::new(), now)
    }
}

/// What a member is called where `q` is evaluated. Entities keep some of these names for themselves; IRIs are free.
fn iri_of(member: &str) -> String {
    format!("{NAMESPACE}{member}")
}

fn name_members(q: &mut Q) -> Result<()> {
    match q {
        Q::And(items) | Q::Or(items) => items.iter_mut().try_for_each(name_members),
        Q::Term(term) => {
            let path = &mut term.path;
            let [name] = path.names.as_mut_slice() else {
                let detail = format!("'{}' has no parts", path.names.join("."));
                return Err(Error::bad_request(detail).at("q"));
            };
            if !MEMBERS.contains(&name.as_str()) {
                let known = MEMBERS.join(", ");
                let detail = format!("'{name}' is no member of Snapshot that q can ask for; known here: {known}");
                return Err(Error::bad_request(detail).at("q"));
            }
            if path.linked.is_some() {
                return Err(Error::bad_request("a Snapshot has no linked entities").at("q"));
            }
            *name = iri_of(name);
            Ok(())
        }
    }
}

/// The snapshot's members as properties: what `q` means is decided in one place, for entities.
fn as_entity(snapshot: &Snapshot) -> Entity {
    let created_at = snapshot.created_at;
    let mut entity =
        Entity::new(EntityId::from_stored(snapshot.id.as_str()), Iri::from_expanded(iri_of("Snapshot")), created_at);
    for (name, value) in snapshot.to_json() {
        if MEMBERS.contains(&name.as_str()) {
            let property = Attribute::new(AttributeValue::Property(value), created_at);
            entity.attributes.insert(Iri::from_expanded(iri_of(&name)), vec![property]);
        }
    }
    entity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duration::Duration;
    use crate::snapshot::{SnapshotFragment, SnapshotOutcome};

    #[test]
    fn members_are_compared_as_values_of_attributes_are() {
        let at = |text: &str| DateTime::parse(text).unwrap();
        let mut settings = SnapshotFragment::default().into_settings();
        settings.lifetime = Some(Duration::parse("P1D").unwrap());
        let snapshot = Snapshot {
            id: Iri::parse("urn:ngsi-ld:Snapshot:1").unwrap(),
            queries: Vec::new(),
            temporal_queries: Vec::new(),
            settings,
            outcome: SnapshotOutcome::preparing(),
            created_at: at("2026-01-01T00:00:00Z"),
            modified_at: at("2026-01-02T00:00:00Z"),
            expires_at: at("2026-02-01T00:00:00Z"),
            last_used_at: None,
        };
        for (q, expected) in [
            ("snapshotPriority==5", true),
            ("snapshotPriority<5", false),
            ("snapshotPriority==1..5;snapshotStatus==\"preparing\"", true),
            ("snapshotStatus==\"failure\"|snapshotLifetime==\"P1D\"", true),
            ("id==\"urn:ngsi-ld:Snapshot:1\"", true),
            ("id~=\"Snapshot:2$\"", false),
            ("createdAt<2026-01-02T00:00:00Z", true),
            ("modifiedAt==2026-01-02T00:00:00Z", true),
            ("expiresAt>2026-03-01T00:00:00Z", false),
            ("lastUsedAt", false),
            ("endpoint", false),
            ("snapshotLifetime", true),
        ] {
            let filter = SnapshotFilter::parse(q).unwrap();
            assert_eq!(filter.matches(&snapshot, at("2026-01-03T00:00:00Z")), expected, "{q}");
        }
        for q in ["", "snapshotPriority==", "odd==1", "snapshotStatus.a==1", "endpoint{id}==1", "receiverInfo"] {
            let error = SnapshotFilter::parse(q).unwrap_err();
            assert!(error.at.as_deref().is_some_and(|at| at.starts_with('q')), "{q}: {error}");
        }
    }
}
