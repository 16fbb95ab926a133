//! What exclusive and redirect registrations must not meet (4.3.6.3, 5.9.2.4, 5.9.3.4).

use hiroba_store::{Page, TenantId};
use ngsild::query::Query;
use ngsild::registration::{EntityInfo, Mode, RegistrationInfo, Source};
use ngsild::{DateTime, Error, ErrorKind};

use super::registry::Registry;
use crate::service::{Result, now};
use crate::state::AppState;

/// Whether a registration can be, besides the others and the entities that are here.
///
/// # Errors
/// Conflict with what is in its way.
pub(super) async fn check(state: &AppState, tenant: TenantId, registry: &Registry, new: &Source) -> Result<()> {
    if !new.mode.is_proxied() {
        return Ok(());
    }
    let at = now();
    if let Some((other, place)) = overlapping(registry, new, at) {
        let (mode, id, theirs) = (new.mode.name(), &other.id, other.mode.name());
        let detail = format!("{mode}: the {theirs} registration {id} has some of the same already");
        return Err(conflict(detail, place));
    }
    for (i, info) in new.information.iter().enumerate() {
        let query = Query {
            selectors: info.entities.iter().map(EntityInfo::selector).collect(),
            attributes: info.attributes.clone(),
            ..Query::default()
        };
        let page = Page { limit: 1, ..Page::default() };
        let found = state.store.query(tenant, &query, page, at).await?;
        if let Some(stored) = found.entities.first() {
            let (mode, id) = (new.mode.name(), &stored.entity.id);
            let detail =
                format!("{mode}: the entity {id} is here with some of the same; delete it, or that of it, first");
            return Err(conflict(detail, i));
        }
    }
    Ok(())
}

fn conflict(detail: String, place: usize) -> crate::service::ServiceError {
    Error::new(ErrorKind::Conflict, detail).at(format!("/information/{place}")).into()
}

/// Another registration of which at least one side must be alone, and the place of what both have. Redirect registrations
/// may overlap each other.
fn overlapping<'r>(registry: &'r Registry, new: &Source, at: DateTime) -> Option<(&'r Source, usize)> {
    let others = registry.all.iter().map(|registered| &registered.source);
    let mut rivals = others.filter(|other| {
        let alone = new.mode == Mode::Exclusive || other.mode == Mode::Exclusive;
        alone && other.mode.is_proxied() && other.id != new.id && !other.is_expired(at)
    });
    rivals.find_map(|other| {
        let meets = |info: &RegistrationInfo| other.information.iter().any(|theirs| overlap(info, theirs));
        new.information.iter().position(meets).map(|place| (other, place))
    })
}

/// Whether both can be about the same attribute of the same entity. One of them names ids.
fn overlap(one: &RegistrationInfo, other: &RegistrationInfo) -> bool {
    let attributes = one.attributes.is_empty()
        || other.attributes.is_empty()
        || one.attributes.iter().any(|name| other.attributes.contains(name));
    let entities = one.entities.is_empty()
        || other.entities.is_empty()
        || one.entities.iter().any(|one| other.entities.iter().any(|other| same_entity(one, other)));
    attributes && entities
}

fn same_entity(one: &EntityInfo, other: &EntityInfo) -> bool {
    match (&one.id, &other.id) {
        (Some(one), Some(other)) => one == other,
        (Some(id), None) => is_of(other, id.as_str()) && shares_type(one, other),
        (None, Some(id)) => is_of(one, id.as_str()) && shares_type(one, other),
        (None, None) => shares_type(one, other),
    }
}

fn is_of(entity: &EntityInfo, id: &str) -> bool {
    entity.id_pattern.as_ref().is_none_or(|pattern| pattern.matches(id))
}

fn shares_type(one: &EntityInfo, other: &EntityInfo) -> bool {
    one.types.iter().any(|name| other.types.contains(name))
}
