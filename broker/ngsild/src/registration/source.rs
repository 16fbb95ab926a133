//! A registration made ready for matching: names expanded, patterns compiled.

use geo::Geometry;
use hiroba_vocab::{DatasetId, EntityId, Iri, Scope, Tenant};
use serde_json::Value;

use super::information::RegistrationInfo;
use super::interval::TimeInterval;
use super::management::Management;
use super::members::{MEMBERS, Members};
use super::mode::Mode;
use super::operations::Operations;
use super::{Registration, own};
use crate::entity::{Attribute, AttributeValue, Entity};
use crate::error::{Error, Result};
use crate::jsonld::Context;
use crate::receiver::KeyValue;
use crate::time::DateTime;

/// A context source, ready to be asked for.
#[derive(Debug, Clone)]
pub struct Source {
    /// The registration's id.
    pub id: Iri,
    /// `endpoint`: the base of its API, without `/ngsi-ld/v1`.
    pub endpoint: String,
    /// `information`: what it has; never empty.
    pub information: Vec<RegistrationInfo>,
    /// `mode`
    pub mode: Mode,
    /// `operations`
    pub operations: Operations,
    /// `contextSourceAlias`: how it is called in `Via`.
    pub alias: Option<String>,
    /// `contextSourceInfo`: headers and settings. They may hold secrets: not for logs.
    pub info: Vec<KeyValue>,
    /// `datasetId`: the instances that it has; empty for any, `None` inside for the default instance.
    pub datasets: Vec<Option<DatasetId>>,
    /// `expiresAt`
    pub expires_at: Option<DateTime>,
    /// `location`
    pub location: Option<Geometry<f64>>,
    /// `observationSpace`
    pub observation_space: Option<Geometry<f64>>,
    /// `operationSpace`
    pub operation_space: Option<Geometry<f64>>,
    /// `scope`
    pub scopes: Vec<Scope>,
    /// `observationInterval`: when what it has was observed.
    pub observation_interval: Option<TimeInterval>,
    /// `managementInterval`: when what it has was created, modified, deleted.
    pub management_interval: Option<TimeInterval>,
    /// `management`
    pub management: Management,
    /// `refreshRate`: how often its data are new.
    pub refresh_rate: Option<crate::Duration>,
    /// `tenant`: the tenant at the source.
    pub tenant: Option<Tenant>,
    /// Its members as attributes of an entity: what a context source filter (4.9) is about.
    pub(super) described: Entity,
}

impl Source {
    /// Makes a registration ready.
    ///
    /// # Errors
    /// BadRequestData when members are missing or do not go together (5.2.9, 4.3.6). One that was created or updated here
    /// is never refused; one out of a database is if somebody else wrote it.
    pub fn of(registration: &Registration) -> Result<Self> {
        let mut read = Members::default();
        for (name, value) in registration.body.iter().filter(|(name, _)| MEMBERS.contains(&name.as_str())) {
            read.read(name, value, &registration.names.context(name))?;
        }
        let wrong = |detail: &str, place: &str| Error::bad_request(detail).at(place);
        let endpoint = read.endpoint.take();
        let endpoint =
            endpoint.ok_or_else(|| wrong("a registration needs the 'endpoint' of its source", "/endpoint"))?;
        if read.information.is_empty() {
            return Err(wrong("a registration needs 'information' on what its source has", "/information"));
        }
        check_mode(&read)?;
        Ok(Self {
            id: registration.id.clone(),
            endpoint,
            information: read.information,
            mode: read.mode,
            operations: read.operations,
            alias: read.alias,
            info: read.info,
            datasets: read.datasets,
            expires_at: read.expires_at,
            location: read.location,
            observation_space: read.observation_space,
            operation_space: read.operation_space,
            scopes: read.scopes,
            observation_interval: read.observation_interval,
            management_interval: read.management_interval,
            management: read.management,
            refresh_rate: read.refresh_rate,
            tenant: read.tenant,
            described: described(registration, read.mode)?,
        })
    }

    /// Whether it is there at `now`.
    pub fn is_expired(&self, now: DateTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// What a mode asks for (4.3.6.2, 4.3.6.3).
fn check_mode(read: &Members) -> Result<()> {
    match read.mode {
        Mode::Auxiliary if !read.operations.only_reads() => {
            let detail = "an auxiliary source is only read from: give operations of retrieveOps, retrieveEntity and \
                          queryEntity";
            Err(Error::bad_request(detail).at("/operations"))
        }
        Mode::Exclusive => {
            let exact = |info: &RegistrationInfo| {
                let ids = !info.entities.is_empty() && info.entities.iter().all(|entity| entity.id.is_some());
                ids && !info.attributes.is_empty()
            };
            match read.information.iter().position(|info| !exact(info)) {
                None => Ok(()),
                Some(i) => {
                    let detail = "an exclusive source is registered for attributes of certain entities: give each \
                                  entity its 'id', and 'propertyNames' or 'relationshipNames'";
                    Err(Error::bad_request(detail).at(format!("/information/{i}")))
                }
            }
        }
        Mode::Inclusive | Mode::Redirect | Mode::Auxiliary => Ok(()),
    }
}

/// The members as attributes.
fn described(registration: &Registration, mode: Mode) -> Result<Entity> {
    let (core, at) = (Context::core(), registration.created_at);
    let id = EntityId::from_stored(registration.id.as_str());
    let mut entity = Entity::new(id, core.expand_name("ContextSourceRegistration")?, at);
    entity.modified_at = registration.modified_at;
    let stated = |value: &Value| Attribute::new(AttributeValue::Property(value.clone()), at);
    // The default mode can be asked for as well.
    entity.attributes.insert(core.expand_name("mode")?, vec![stated(&Value::from(mode.name()))]);
    for (name, value) in &registration.body {
        if !MEMBERS.contains(&name.as_str()) {
            entity.attributes.extend(own::attributes(name, value, &registration.names.context(name), at)?);
        } else if matches!(name.as_str(), "location" | "observationSpace" | "operationSpace") {
            let area = Attribute::new(AttributeValue::GeoProperty(value.clone()), at);
            entity.attributes.insert(core.expand_name(name)?, vec![area]);
        } else if !matches!(name.as_str(), "information" | "contextSourceInfo") {
            entity.attributes.insert(core.expand_name(name)?, vec![stated(value)]);
        }
    }
    Ok(entity)
}
