//! Which registrations a question is for (5.10.2, 5.11, 5.12).

use geo::{Geometry, Relate};
use hiroba_vocab::{DatasetId, Iri};

use super::information::{EntityInfo, RegistrationInfo};
use super::source::Source;
use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::linked::LinkedEntities;
use crate::query::{EntitySelector, Filter, GeoQuery, Georel, ScopeQuery, metres_between};
use crate::temporal::{Interval, TimeProperty};
use crate::time::DateTime;

/// What somebody asks, as far as it decides who is asked: the conjunction of everything that is set.
#[derive(Debug, Clone, Default)]
pub struct RegistrationQuery {
    /// The entities: at least one of these; none at all asks nothing.
    pub selectors: Vec<EntitySelector>,
    /// The attributes that are asked for, those that `q` is about included; none at all asks nothing.
    pub attributes: Vec<Iri>,
    /// `datasetId`; none at all asks nothing.
    pub datasets: Vec<Option<DatasetId>>,
    /// The area, held against the area of the registration that the geoproperty names.
    pub geo: Option<GeoQuery>,
    /// The time; `None` asks for sources of the present.
    pub temporal: Option<(Interval, TimeProperty)>,
    /// `scopeQ`
    pub scope: Option<ScopeQuery>,
    /// `csf`, the context source filter (4.9): about the registration's own members.
    pub csf: Option<Filter>,
}

impl RegistrationQuery {
    /// The "too wide" rule (5.10.2.4): `typed` says whether a type was named, perhaps `*`.
    ///
    /// # Errors
    /// BadRequestData without a type, an attribute, a `q` or a geoquery.
    pub fn check_not_too_wide(&self, typed: bool) -> Result<()> {
        if typed || !self.attributes.is_empty() || self.geo.is_some() {
            return Ok(());
        }
        let detail = "the query is too wide: give at least one of type, attrs, q or georel; type=* asks for all";
        Err(Error::bad_request(detail))
    }

    /// Which elements of `information` the question is for, by their places; `None` when it is not for this source at all.
    /// Expired registrations match nothing.
    pub fn matches(&self, source: &Source, now: DateTime) -> Option<Vec<usize>> {
        let concerned = !source.is_expired(now)
            && self.concerns_time(source)
            && self.concerns_datasets(source)
            && self.geo.as_ref().is_none_or(|geo| concerns_area(geo, source))
            && self.scope.as_ref().is_none_or(|scope| scope.matches(&source.scopes))
            && self.csf.as_ref().is_none_or(|csf| csf.matches(&source.described, &LinkedEntities::new(), now));
        if !concerned {
            return None;
        }
        let information = source.information.iter().enumerate();
        let found: Vec<usize> = information.filter(|(_, info)| self.concerns(info)).map(|(i, _)| i).collect();
        (!found.is_empty()).then_some(found)
    }

    fn concerns(&self, info: &RegistrationInfo) -> bool {
        // A geoquery asks for its attribute too (5.10.2.4), beside others. By itself it narrows by area alone: what is
        // registered for other attributes of the same entities may well be there.
        let geo = self.geo.as_ref().map(|geo| &geo.property);
        let selected = |entity: &EntityInfo| self.selectors.iter().any(|selector| may_select(selector, entity));
        (self.selectors.is_empty() || info.entities.is_empty() || info.entities.iter().any(selected))
            && (self.attributes.is_empty()
                || info.attributes.is_empty()
                || self.attributes.iter().chain(geo).any(|name| info.attributes.contains(name)))
    }

    fn concerns_datasets(&self, source: &Source) -> bool {
        self.datasets.is_empty()
            || source.datasets.is_empty()
            || self.datasets.iter().any(|dataset| source.datasets.contains(dataset))
    }

    /// Sources of the present and sources of the past are registered apart (5.9.1).
    fn concerns_time(&self, source: &Source) -> bool {
        let Some((asked, property)) = self.temporal else {
            return source.observation_interval.is_none() && source.management_interval.is_none();
        };
        let interval = match property {
            TimeProperty::ObservedAt => source.observation_interval,
            TimeProperty::CreatedAt | TimeProperty::ModifiedAt | TimeProperty::DeletedAt => source.management_interval,
        };
        interval.is_some_and(|interval| interval.concerns(asked))
    }
}

/// Whether an entity can be one of both. Where both sides have patterns, it can.
fn may_select(selector: &EntitySelector, entity: &EntityInfo) -> bool {
    let identified = match (&entity.id, &entity.id_pattern) {
        (Some(id), _) => {
            (selector.ids.is_empty() || selector.ids.contains(id))
                && selector.id_pattern.as_ref().is_none_or(|pattern| pattern.matches(id.as_str()))
        }
        (None, Some(pattern)) => selector.ids.is_empty() || selector.ids.iter().any(|id| pattern.matches(id.as_str())),
        (None, None) => true,
    };
    identified && selector.types.as_ref().is_none_or(|types| types.matches(&entity.types))
}

/// Whether there can be hits in the area of a source. One that tells no such area may have them anywhere.
fn concerns_area(geo: &GeoQuery, source: &Source) -> bool {
    let core = Context::core();
    let is = |name: &str| core.expand_name(name).is_ok_and(|iri| iri == geo.property);
    let area = match &geo.property {
        _ if is("location") => source.location.as_ref(),
        _ if is("observationSpace") => source.observation_space.as_ref(),
        _ if is("operationSpace") => source.operation_space.as_ref(),
        // Another property of the source, if it has it and it is one of space.
        property => {
            let has = source.described.attributes.contains_key(property);
            return !has || geo.matches(&source.described, source.described.created_at);
        }
    };
    area.is_none_or(|area| may_hold(geo, area))
}

/// Whether something inside `area` can stand in the relation to the reference.
fn may_hold(geo: &GeoQuery, area: &Geometry<f64>) -> bool {
    match geo.georel {
        Georel::NearMax(metres) => metres_between(area, &geo.reference) <= metres,
        // The area has a point that is far enough away, or disjoint, unless all of it is too near.
        Georel::NearMin(metres) => {
            let all_near = GeoQuery { georel: Georel::NearMax(metres), ..geo.clone() };
            !all_near.relates(area)
        }
        Georel::Disjoint => !area.relate(&geo.reference).is_coveredby(),
        // What holds the reference, or is the same, and lies in the area, makes the area hold it too.
        Georel::Contains | Georel::Equals => area.relate(&geo.reference).is_covers(),
        Georel::Within | Georel::Overlaps | Georel::Intersects => area.relate(&geo.reference).is_intersects(),
    }
}
