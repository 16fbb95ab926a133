//! The query languages (4.9, 4.10, 4.17, 4.19, 4.21, 4.23) and the one meaning of a query.
//!
//! Each language has a syntax tree that is read from text (`FromStr`) and written back (`Display`), with names as the
//! client wrote them; `resolve` expands the names with the request's context. [`matches_linked`] says what a
//! resolved [`Query`] means. Databases may narrow the candidates, but never decide otherwise.

mod cursor;
pub mod filter;
mod geo;
mod id;
mod json;
mod nearest;
mod order;
mod projection;
pub mod q;
mod scope;
mod types;

pub use filter::Filter;
pub use geo::{GeoQuery, Georel, metres_between, surroundings};
pub use id::IdPattern;
pub use json::SelectorLimits;
pub use order::{OrderBy, OrderDirection, OrderKey, Ordering, Place, SortKey};
pub use projection::{Projection, ProjectionList, ProjectionMember};
pub use q::Q;
pub use scope::{ScopePattern, ScopeQuery};
pub use types::{TypeAlternatives, TypeSelection};

use hiroba_vocab::{EntityId, Iri};

use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::linked::LinkedEntities;
use crate::time::DateTime;

/// Which entities to select: the conjunction of everything that is set (5.7.2.4).
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// At least one of these must match; none at all selects every entity.
    pub selectors: Vec<EntitySelector>,
    /// The entity must have at least one of these attributes; none at all asks nothing (`attrs`).
    pub attributes: Vec<Iri>,
    /// `q`
    pub filter: Option<Filter>,
    /// `georel`, `geometry`, `coordinates`, `geoproperty`
    pub geo: Option<GeoQuery>,
    /// `scopeQ`
    pub scope: Option<ScopeQuery>,
}

/// One way to select entities by id and type (5.2.33): the conjunction of everything that is set.
#[derive(Debug, Clone, Default)]
pub struct EntitySelector {
    /// One of these ids; none at all asks nothing.
    pub ids: Vec<EntityId>,
    /// A pattern for the id.
    pub id_pattern: Option<IdPattern>,
    /// The types; `None` for any (`*`).
    pub types: Option<TypeAlternatives>,
}

impl EntitySelector {
    /// Whether the entity has an asked-for id and the asked-for types.
    pub fn matches(&self, entity: &Entity) -> bool {
        self.selects(&entity.id, &entity.types)
    }

    /// Whether an entity with this id and these types is selected.
    pub fn selects(&self, id: &EntityId, types: &[Iri]) -> bool {
        (self.ids.is_empty() || self.ids.contains(id))
            && self.id_pattern.as_ref().is_none_or(|pattern| pattern.matches(id.as_str()))
            && self.types.as_ref().is_none_or(|wanted| wanted.matches(types))
    }
}

impl Query {
    /// The "too wide" rule (5.7.2.4): without local scope at least a type, an attribute, a `q` on an attribute or a
    /// geoquery must be given.
    ///
    /// # Errors
    /// BadRequestData when none is.
    pub fn check_not_too_wide(&self) -> Result<()> {
        let typed = !self.selectors.is_empty() && self.selectors.iter().all(|selector| selector.types.is_some());
        let filtered = self.filter.as_ref().is_some_and(Filter::names_an_attribute);
        if typed || !self.attributes.is_empty() || filtered || self.geo.is_some() {
            Ok(())
        } else {
            Err(Error::bad_request(
                "the query is too wide: give at least one of type, attrs, q or georel, or local=true",
            ))
        }
    }
}

/// Whether an entity without linked entities is in the result of a query at `now`.
pub fn matches(query: &Query, entity: &Entity, now: DateTime) -> bool {
    static NONE: LinkedEntities = LinkedEntities::new();
    matches_linked(query, entity, &NONE, now)
}

/// Whether an entity is in the result of a query at `now`. This is the definition; everything else narrows. All linked
/// entities that the query [asks for](Filter::missing_links) must be known.
pub fn matches_linked(query: &Query, entity: &Entity, linked: &LinkedEntities, now: DateTime) -> bool {
    selects(query, entity, now) && query.filter.as_ref().is_none_or(|filter| filter.matches(entity, linked, now))
}

/// Whether an entity can be in the result of a query at `now`, whatever its linked entities are.
pub fn may_match(query: &Query, entity: &Entity, now: DateTime) -> bool {
    selects(query, entity, now) && query.filter.as_ref().is_none_or(|filter| filter.may_match(entity, now))
}

/// Everything but `q`.
fn selects(query: &Query, entity: &Entity, now: DateTime) -> bool {
    !entity.is_expired(now)
        && (query.selectors.is_empty() || query.selectors.iter().any(|selector| selector.matches(entity)))
        && has_one_of(&query.attributes, entity, now)
        && query.scope.as_ref().is_none_or(|scope| scope.matches(entity.scopes()))
        && query.geo.as_ref().is_none_or(|geo| geo.matches(entity, now))
}

fn has_one_of(names: &[Iri], entity: &Entity, now: DateTime) -> bool {
    let valid = |name: &Iri| entity.attributes.get(name).is_some_and(|all| all.iter().any(|one| !one.is_expired(now)));
    names.is_empty() || names.iter().any(valid)
}
