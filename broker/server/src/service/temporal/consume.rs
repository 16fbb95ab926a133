//! Retrieve and Query Temporal Evolution (5.7.3, 5.7.4).

use hiroba_store::{Marked, Page, TenantId};
use hiroba_vocab::DatasetId;
use ngsild::query::{Projection, Query, matches};
use ngsild::temporal::{
    AggregatedEntity, Aggregation, Cut, Evolution, Instance, Limits, ScopeSpans, TemporalQuery, cut,
};

use super::gather::{Gathered, Gathering};
use super::subjects::{Subject, Subjects};
use crate::service::entities::{Target, present};
use crate::service::{Result, ServiceError, now};
use crate::state::AppState;

/// How many entities are read at once.
pub(super) const CHUNK: usize = 50;
/// How many changes of scope are looked at.
const MAX_SCOPES: usize = 10_000;

/// What of the past to show.
#[derive(Debug)]
pub struct TemporalRequest {
    /// Which instants.
    pub temporal: TemporalQuery,
    /// Which attributes.
    pub projection: Projection,
    /// Which datasets; none at all for all of them.
    pub datasets: Vec<Option<DatasetId>>,
    /// What to work out instead of showing the series.
    pub aggregation: Option<Aggregation>,
}

/// Which entities.
#[derive(Debug)]
pub struct TemporalSelection {
    /// The query.
    pub query: Query,
    /// Whether only local data are asked, which lifts the "too wide" rule.
    pub local: bool,
    /// By id, descending or not; without, as they were created.
    pub by_id: Option<bool>,
    /// Which part.
    pub page: Page,
}

/// The result of a query.
#[derive(Debug)]
pub struct Found {
    /// The page.
    pub evolutions: Evolutions,
    /// How many entities match in all, if that was asked.
    pub total: Option<u64>,
    /// Whether more follow.
    pub more: bool,
}

/// Series, or what was worked out of them.
#[derive(Debug)]
pub enum Evolutions {
    /// The series, and where the answer ends although they go on.
    Series(Vec<Evolution>, Option<Cut>),
    /// The results.
    Aggregated(Vec<AggregatedEntity>),
}

/// Retrieve Temporal Evolution of an Entity (5.7.3).
///
/// # Errors
/// ResourceNotFound when nothing is known of the entity's past; InvalidRequest when no method suits an attribute.
pub async fn retrieve_temporal(state: &AppState, target: &Target, request: &TemporalRequest) -> Result<Evolutions> {
    let (tenant, id) = (target.tenant, &target.id);
    let Some(last) = state.store.last_record(tenant, id).await? else { return Err(ServiceError::no_entity(id)) };
    let stored = state.store.entity(tenant, id).await?.and_then(|stored| present(stored, now()));
    let subject = match stored {
        Some(stored) => Subject::from(stored),
        None => Subject::gone(state, tenant, id, last).await?,
    };
    let gathered = gathering(state, tenant, request, request.aggregation.is_some()).gather(vec![subject]).await?;
    let mut answer = Answer::new(state, request);
    for gathered in gathered {
        answer.add(gathered)?;
    }
    Ok(answer.finish())
}

/// Query Temporal Evolution of Entities (5.7.4).
///
/// # Errors
/// BadRequestData when the query is too wide; InvalidRequest when no method suits an attribute; TooComplexQuery.
pub async fn query_temporal(
    state: &AppState,
    tenant: TenantId,
    selection: &TemporalSelection,
    request: &TemporalRequest,
) -> Result<Found> {
    let page = selection.page;
    let mut matching = Matching::new(state, tenant, selection, request, request.aggregation.is_some()).await?;
    let (mut answer, mut matched, mut more) = (Answer::new(state, request), 0_usize, false);
    while !more || page.count {
        let Some(found) = matching.gather().await? else { break };
        for gathered in found {
            matched += 1;
            if matched > page.offset.saturating_add(page.limit) {
                more = true;
            } else if matched > page.offset {
                answer.add(gathered)?;
            }
        }
    }
    Ok(Found { evolutions: answer.finish(), total: page.count.then_some(matched as u64), more })
}

/// What a temporal query asks of entities.
#[derive(Debug)]
pub(super) struct Conditions<'m> {
    gathering: Gathering<'m>,
    selection: &'m TemporalSelection,
    request: &'m TemporalRequest,
}

impl<'m> Conditions<'m> {
    /// `complete` says that all instances in the interval are wanted, however many.
    ///
    /// # Errors
    /// BadRequestData when the query is too wide.
    pub(super) fn new(
        state: &'m AppState,
        tenant: TenantId,
        selection: &'m TemporalSelection,
        request: &'m TemporalRequest,
        complete: bool,
    ) -> Result<Self> {
        let query = &selection.query;
        if !selection.local {
            query.check_not_too_wide()?;
        }
        let conditions =
            !query.attributes.is_empty() || query.filter.is_some() || query.geo.is_some() || query.scope.is_some();
        Ok(Self { gathering: gathering(state, tenant, request, conditions || complete), selection, request })
    }

    /// The same for who needs no series, but only to know that they have something in the interval.
    pub(super) fn briefly(self) -> Self {
        Self { gathering: Gathering { points: 1, ..self.gathering }, ..self }
    }

    /// What was gathered of those that match, in their order.
    pub(super) async fn of(&self, subjects: Vec<Subject>) -> Result<Vec<Gathered>> {
        let mut found = Vec::new();
        for mut gathered in self.gathering.gather(subjects).await? {
            if self.concerns(&mut gathered).await? {
                found.push(gathered);
            }
        }
        Ok(found)
    }

    /// Whether an entity is in the result: it has instances in the interval, and what was so then satisfies the query.
    async fn concerns(&self, gathered: &mut Gathered) -> Result<bool> {
        let TemporalRequest { temporal, projection, .. } = self.request;
        let Gathering { state, tenant, .. } = self.gathering;
        let query = &self.selection.query;
        let evolution = &mut gathered.evolution;
        if let Some(scope) = &query.scope {
            let records = state.store.marked_history(tenant, &evolution.id, Marked::Scope, MAX_SCOPES).await?;
            let instances = records.into_iter().flat_map(|record| record.instances);
            let mut series: Vec<Instance> = instances.filter(|instance| instance.series().is_none()).collect();
            series.sort_by_key(Instance::time);
            let spans = ScopeSpans::of(&series, scope);
            if !spans.meet(temporal.interval) {
                return Ok(false);
            }
            evolution.keep_within(&spans);
        }
        let shown = gathered.hidden
            || evolution.attributes.keys().any(|name| projection.concerns_attribute(name))
            || (!evolution.scopes.is_empty() && projection.shows_scope());
        if !shown {
            return Ok(false);
        }
        // Id and type chose the candidates, the scope has been seen to.
        let then = Query { selectors: Vec::new(), scope: None, ..query.clone() };
        let asks = !then.attributes.is_empty() || then.filter.is_some() || then.geo.is_some();
        Ok(!asks || matches(&then, &evolution.as_entity(), now()))
    }
}

/// The entities that a temporal query selects, chunk by chunk.
#[derive(Debug)]
pub struct Matching<'m> {
    conditions: Conditions<'m>,
    subjects: Subjects<'m>,
}

impl<'m> Matching<'m> {
    /// Starts with the first; `complete` says that all instances in the interval are wanted, however many.
    ///
    /// # Errors
    /// BadRequestData when the query is too wide.
    pub async fn new(
        state: &'m AppState,
        tenant: TenantId,
        selection: &'m TemporalSelection,
        request: &'m TemporalRequest,
        complete: bool,
    ) -> Result<Self> {
        Self::all(Conditions::new(state, tenant, selection, request, complete)?).await
    }

    /// All that satisfy the conditions, in the order of the query.
    pub(super) async fn all(conditions: Conditions<'m>) -> Result<Self> {
        let Gathering { state, tenant, .. } = conditions.gathering;
        let subjects = Subjects::new(state, tenant, &conditions.selection.query);
        let subjects = match conditions.selection.by_id {
            Some(descending) => subjects.ordered(descending).await?,
            None => subjects,
        };
        Ok(Self { conditions, subjects })
    }

    /// What was gathered of the next ones; `None` at the end.
    pub(super) async fn gather(&mut self) -> Result<Option<Vec<Gathered>>> {
        let next = self.subjects.next(CHUNK).await?;
        if next.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.conditions.of(next).await?))
    }

    /// The evolution of the next ones, as far as it is asked for; `None` at the end.
    ///
    /// # Errors
    /// TooComplexQuery.
    pub async fn next(&mut self) -> Result<Option<Vec<Evolution>>> {
        let Some(found) = self.gather().await? else { return Ok(None) };
        let request = self.conditions.request;
        Ok(Some(found.into_iter().map(|gathered| request.select(gathered.evolution)).collect()))
    }
}

impl TemporalRequest {
    /// The part of an evolution that is asked for.
    fn select(&self, mut evolution: Evolution) -> Evolution {
        evolution.project(&self.projection, &self.datasets);
        evolution.sort(self.temporal.last.is_some());
        if let Some(count) = self.temporal.last {
            evolution.truncate(count);
        }
        evolution
    }
}

fn gathering<'g>(state: &'g AppState, tenant: TenantId, request: &'g TemporalRequest, complete: bool) -> Gathering<'g> {
    let TemporalRequest { temporal: query, projection, datasets, .. } = request;
    Gathering { state, tenant, query, projection, datasets, complete, points: state.config.temporal_instances }
}

/// An answer under construction.
pub(super) struct Answer<'a> {
    state: &'a AppState,
    request: &'a TemporalRequest,
    series: Vec<Evolution>,
    aggregated: Vec<AggregatedEntity>,
    known_to: Option<ngsild::DateTime>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(state: &'a AppState, request: &'a TemporalRequest) -> Self {
        Self { state, request, series: Vec::new(), aggregated: Vec::new(), known_to: None }
    }

    fn limits(&self, known_to: Option<ngsild::DateTime>) -> Limits {
        let descending = self.request.temporal.last.is_some();
        Limits { points: self.state.config.temporal_instances, descending, known_to }
    }

    pub(super) fn add(&mut self, gathered: Gathered) -> Result<()> {
        let Gathered { evolution, known_to, .. } = gathered;
        let mut evolution = self.request.select(evolution);
        let TemporalRequest { temporal, projection, aggregation, .. } = self.request;
        if let Some(aggregation) = aggregation {
            let results = aggregation.aggregate(&evolution, temporal, |name| projection.names_attribute(name))?;
            self.aggregated.push(results);
            return Ok(());
        }
        // No more of one entity than an answer holds: then the answer ends there for all of them.
        let limits = self.limits(known_to);
        if let Some(Cut(end)) = cut(std::slice::from_mut(&mut evolution), limits) {
            let nearer = |known: ngsild::DateTime| if limits.descending { known.max(end) } else { known.min(end) };
            self.known_to = Some(self.known_to.map_or(end, nearer));
        }
        self.series.push(evolution);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Evolutions {
        if self.request.aggregation.is_some() {
            return Evolutions::Aggregated(self.aggregated);
        }
        let limits = self.limits(self.known_to);
        let end = cut(&mut self.series, limits);
        Evolutions::Series(self.series, end)
    }
}
