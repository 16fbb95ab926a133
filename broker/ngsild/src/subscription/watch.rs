//! A subscription made ready for matching: names expanded, patterns compiled.

use std::time::Duration;

use hiroba_vocab::{DatasetId, Iri};

use super::endpoint::{Accept, Endpoint};
use super::members::Members;
use super::trigger::Trigger;
use super::{Status, Subject, Subscription};
use crate::error::{Error, Result};
use crate::language::LanguagePreference;
use crate::linked::{Join, Joining};
use crate::query::filter::Expansions;
use crate::query::{Filter, Projection, Query};
use crate::registration::RegistrationQuery;
use crate::render::{Form, SpecVersion};
use crate::temporal::{Interval, TimeProperty};
use crate::time::DateTime;

/// A subscription, ready to be held against changes and to be told of. As large as its patterns: keep one for each active
/// subscription, not one for each change.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The subscription's id.
    pub id: Iri,
    /// What it is about.
    pub subject: Subject,
    /// `entities`, `q`, `geoQ`, `scopeQ`: which entities it is about. For a periodic one this is the query to run.
    pub query: Query,
    /// `watchedAttributes`, expanded; empty for any.
    pub watched: Vec<Iri>,
    /// `notificationTrigger`, or the default, each once.
    pub triggers: Vec<Trigger>,
    /// `datasetId`: the instances that it is about; empty for all, `None` inside for the default instance.
    pub datasets: Vec<Option<DatasetId>>,
    /// `attributes`, `pick`, `omit`
    pub projection: Projection,
    /// `lang`
    pub lang: Option<LanguagePreference>,
    /// `format`
    pub form: Form,
    /// `sysAttrs`
    pub sys_attrs: bool,
    /// `showChanges`
    pub show_changes: bool,
    /// `join`, `joinLevel`
    pub join: Option<Join>,
    /// `timeInterval`: how often to tell of all its entities, changed or not. It may be shorter than is wise: the caller
    /// bounds it from below.
    pub time_interval: Option<Duration>,
    /// `throttling`: how far apart notifications are at least. One that would come sooner is dropped.
    pub throttling: Option<Duration>,
    /// `expiresAt`
    pub expires_at: Option<DateTime>,
    /// `isActive`
    pub is_active: bool,
    /// `notification.endpoint`
    pub endpoint: Endpoint,
    /// Whether it is about the entities of this broker alone: `localOnly`, or a selector of any type.
    pub local_only: bool,
    /// `splitEntities`, when not local: parts of one entity may be at several sources.
    pub split_entities: bool,
    /// `ngsildConformance`: the version of the standard whose clients understand the notifications.
    pub conformance: Option<SpecVersion>,
    /// The URL of the @context of notifications.
    pub context: String,
    /// `csf`, of a subscription to registrations.
    csf: Option<Filter>,
    /// `temporalQ`, of a subscription to registrations.
    temporal: Option<(Interval, TimeProperty)>,
}

impl Watch {
    /// Makes a subscription ready.
    ///
    /// # Errors
    /// BadRequestData when its members do not go together (5.2.12). One that was created or updated here is never
    /// refused; one out of a database is if somebody else wrote it.
    pub fn of(subscription: &Subscription) -> Result<Self> {
        let mut read = Members::default();
        for (name, value) in &subscription.body {
            read.read(name, value, &subscription.names.context(name))?;
        }
        check_selection(&read, subscription)?;
        check_interval(&read, subscription)?;
        check_subject(&read, subscription.subject)?;
        let wrong = |detail: &str, place: &str| Error::bad_request(detail).at(place);
        let notification =
            read.notification.ok_or_else(|| wrong("a Subscription needs 'notification'", "/notification"))?;
        let levels = notification.join.as_ref().map_or(0, |join| join.levels);
        let expansions = Expansions { values: read.expand_values };
        let names = subscription.names.context("q");
        let filter = read.q.map(|q| q.resolve_linked(&names, &expansions, levels)).transpose();
        let filter = filter.map_err(|e| Error { at: Some("/q".to_owned()), ..e })?;
        let names = subscription.names.context("csf");
        let csf = read.csf.map(|csf| csf.resolve(&names, &Expansions::default())).transpose();
        let csf = csf.map_err(|e| Error { at: Some("/csf".to_owned()), ..e })?;
        let mut triggers = read.triggers.unwrap_or_else(|| Trigger::DEFAULT.to_vec());
        triggers.sort_unstable();
        triggers.dedup();
        let local_only = read.local_only.unwrap_or(false) || read.any_type;
        Ok(Self {
            id: subscription.id.clone(),
            subject: subscription.subject,
            query: Query { selectors: read.entities, attributes: Vec::new(), filter, geo: read.geo, scope: read.scope },
            watched: read.watched,
            triggers,
            datasets: read.datasets,
            projection: notification.projection,
            lang: read.lang,
            form: notification.form,
            sys_attrs: notification.sys_attrs,
            show_changes: notification.show_changes,
            join: notification.join,
            time_interval: read.time_interval,
            throttling: read.throttling,
            expires_at: read.expires_at,
            is_active: read.is_active.unwrap_or(true),
            endpoint: notification.endpoint,
            local_only,
            split_entities: read.split_entities.unwrap_or(false) && !local_only,
            conformance: read.conformance,
            context: subscription.context().to_owned(),
            csf,
            temporal: read.temporal,
        })
    }

    /// Which registrations it is about, when it is about registrations (5.11): those of sources that may have what it
    /// watches or shows.
    pub fn registrations(&self) -> RegistrationQuery {
        let Query { selectors, filter, geo, scope, .. } = self.query.clone();
        let of_filter = filter.iter().flat_map(Filter::attributes);
        let attributes = self.watched.iter().chain(self.projection.asked()).chain(of_filter).cloned().collect();
        let (datasets, temporal, csf) = (self.datasets.clone(), self.temporal, self.csf.clone());
        RegistrationQuery { selectors, attributes, datasets, geo, temporal, scope, csf }
    }

    /// Whether it leads to notifications at `now`.
    pub fn status(&self, now: DateTime) -> Status {
        Status::of(self.is_active, self.expires_at, now)
    }

    /// Which links a notification follows; `None` without `join`. The caller looks for the entities that are
    /// [missing](Joining::missing) before it makes a [`Payload`](super::Payload).
    pub fn joining(&self) -> Option<Joining<'_>> {
        let join = self.join.as_ref()?;
        Some(Joining { join, projection: &self.projection, datasets: &self.datasets })
    }
}

/// What it is about is said somehow (5.2.12).
fn check_selection(read: &Members, subscription: &Subscription) -> Result<()> {
    if read.any_type && read.local_only == Some(false) {
        let detail = "entities of any type (\"*\") are local ones; localOnly=false contradicts it";
        return Err(Error::bad_request(detail).at("/localOnly"));
    }
    let has = |name: &str| subscription.body.contains_key(name);
    if !has("entities") && !has("watchedAttributes") && read.local_only != Some(true) {
        let detail = "a Subscription needs 'entities' or 'watchedAttributes', or localOnly=true";
        return Err(Error::bad_request(detail).at("/entities"));
    }
    Ok(())
}

/// What only one of both kinds may have (5.2.12, 5.11.2).
fn check_subject(read: &Members, subject: Subject) -> Result<()> {
    match subject {
        Subject::Entities if read.temporal.is_some() => {
            Err(Error::bad_request("'temporalQ' belongs to subscriptions to registrations").at("/temporalQ"))
        }
        Subject::Registrations
            if read.notification.as_ref().is_some_and(|params| params.endpoint.accept == Accept::GeoJson) =>
        {
            let detail = "registrations are told of as application/json or application/ld+json";
            Err(Error::bad_request(detail).at("/notification/endpoint/accept"))
        }
        Subject::Entities | Subject::Registrations => Ok(()),
    }
}

/// What a periodic one must and must not have (5.2.12).
fn check_interval(read: &Members, subscription: &Subscription) -> Result<()> {
    if read.time_interval.is_none() {
        return Ok(());
    }
    if let Some(name) = ["watchedAttributes", "throttling"].into_iter().find(|n| subscription.body.contains_key(*n)) {
        let detail = format!("'{name}' is about changes: it cannot be together with timeInterval");
        return Err(Error::bad_request(detail).at(format!("/{name}")));
    }
    if read.entities.is_empty() && read.local_only != Some(true) {
        let detail = "a Subscription with timeInterval needs 'entities', or localOnly=true";
        return Err(Error::bad_request(detail).at("/entities"));
    }
    Ok(())
}
