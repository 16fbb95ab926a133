//! The members of a CSourceRegistration (5.2.9), read into types one by one.

use geo::Geometry;
use hiroba_vocab::{DatasetId, Iri, Scope, Tenant};
use serde_json::Value;

use super::information::{self, RegistrationInfo};
use super::interval::TimeInterval;
use super::management::Management;
use super::mode::Mode;
use super::operations::Operations;
use crate::error::{Error, Result};
use crate::geometry;
use crate::jsonld::Context;
use crate::member::{dataset, text, texts};
use crate::receiver::{KeyValue, cut, http_uri, receiver_info};
use crate::render::SpecVersion;
use crate::time::DateTime;

/// Members that only the broker sets: clients that send back what they were told are not refused.
pub(super) const OUTPUT: [&str; 7] =
    ["status", "timesSent", "timesFailed", "lastSuccess", "lastFailure", "createdAt", "modifiedAt"];

/// Members that clients set, besides `id` and `type`. Other names are properties of the source itself.
pub(super) const MEMBERS: [&str; 19] = [
    "endpoint",
    "information",
    "mode",
    "operations",
    "registrationName",
    "description",
    "contextSourceAlias",
    "contextSourceInfo",
    "datasetId",
    "expiresAt",
    "location",
    "observationSpace",
    "operationSpace",
    "scope",
    "observationInterval",
    "managementInterval",
    "management",
    "refreshRate",
    "tenant",
];

/// How many scopes a registration may have.
const MAX_SCOPES: usize = 100;
/// How long a `contextSourceAlias` may be, in bytes.
const MAX_ALIAS: usize = 256;

/// What the members say, each by itself; what they say together is for [`Source`](super::Source) to check.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) endpoint: Option<String>,
    pub(super) information: Vec<RegistrationInfo>,
    pub(super) mode: Mode,
    pub(super) operations: Operations,
    pub(super) alias: Option<String>,
    pub(super) info: Vec<KeyValue>,
    pub(super) datasets: Vec<Option<DatasetId>>,
    pub(super) expires_at: Option<DateTime>,
    pub(super) location: Option<Geometry<f64>>,
    pub(super) observation_space: Option<Geometry<f64>>,
    pub(super) operation_space: Option<Geometry<f64>>,
    pub(super) scopes: Vec<Scope>,
    pub(super) observation_interval: Option<TimeInterval>,
    pub(super) management_interval: Option<TimeInterval>,
    pub(super) management: Management,
    pub(super) refresh_rate: Option<crate::Duration>,
    pub(super) tenant: Option<Tenant>,
}

impl Members {
    /// Reads one of [`MEMBERS`], whose names have the meaning of `context`.
    ///
    /// # Errors
    /// BadRequestData with the place when it is not of its form.
    pub(super) fn read(&mut self, name: &str, value: &Value, context: &Context) -> Result<()> {
        self.member(name, value, context).map_err(|e| e.inside(&format!("/{name}")))
    }

    fn member(&mut self, name: &str, value: &Value, context: &Context) -> Result<()> {
        match name {
            "endpoint" => self.endpoint = Some(http_uri(value)?),
            "information" => self.information = information::read(value, context)?,
            "mode" => self.mode = text(value)?.parse()?,
            "operations" => self.operations = Operations::read(&texts(value)?)?,
            "registrationName" | "description" => {
                if text(value)?.is_empty() {
                    return Err(Error::bad_request("it is not empty"));
                }
            }
            "contextSourceAlias" => self.alias = Some(alias(value)?),
            "contextSourceInfo" => self.info = source_info(value)?,
            "datasetId" => self.datasets = texts(value)?.into_iter().map(dataset).collect::<Result<_>>()?,
            "expiresAt" => self.expires_at = Some(DateTime::parse(text(value)?)?),
            "location" => self.location = Some(area(value)?),
            "observationSpace" => self.observation_space = Some(area(value)?),
            "operationSpace" => self.operation_space = Some(area(value)?),
            "scope" => self.scopes = scopes(value)?,
            "observationInterval" => self.observation_interval = Some(TimeInterval::read(value)?),
            "managementInterval" => self.management_interval = Some(TimeInterval::read(value)?),
            "management" => self.management = Management::read(value)?,
            "refreshRate" => self.refresh_rate = Some(crate::Duration::parse(text(value)?)?),
            "tenant" => self.tenant = Some(Tenant::parse(text(value)?)?),
            name => return Err(Error::bad_request(format!("'{}' is no member of a registration", cut(name)))),
        }
        Ok(())
    }
}

/// A plain GeoJSON geometry.
fn area(value: &Value) -> Result<Geometry<f64>> {
    if !value.is_object() {
        return Err(Error::bad_request("it is a GeoJSON geometry, not a GeoProperty: an object"));
    }
    geometry::parse(value)
}

fn scopes(value: &Value) -> Result<Vec<Scope>> {
    let names = match value {
        Value::String(name) => vec![name.as_str()],
        _ => texts(value).map_err(|_| Error::bad_request("it is a scope, or a non-empty array of scopes"))?,
    };
    if names.len() > MAX_SCOPES {
        return Err(Error::bad_request(format!("it has at most {MAX_SCOPES} scopes")));
    }
    names.into_iter().map(|name| Ok(Scope::parse(name)?)).collect()
}

/// A pseudonym as it stands in `Via` headers (RFC 7230, 5.7.1).
fn alias(value: &Value) -> Result<String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let text = text(value)?;
    if text.is_empty() || text.len() > MAX_ALIAS || !text.bytes().all(token) {
        let detail = format!("it is a pseudonym: 1 to {MAX_ALIAS} letters, digits and signs of !#$%&'*+-.^_`|~");
        return Err(Error::bad_request(detail));
    }
    Ok(text.to_owned())
}

/// `contextSourceInfo`: headers, and a few settings with legal values of their own.
fn source_info(value: &Value) -> Result<Vec<KeyValue>> {
    let pairs = receiver_info(value).map_err(|e| Error {
        detail: e.detail.replacen("receiverInfo", "contextSourceInfo", 1).replacen(
            "the receiver's",
            "the registration's",
            1,
        ),
        ..e
    })?;
    for (i, KeyValue { key, value }) in pairs.iter().enumerate() {
        let media = ["application/json", "application/ld+json"];
        let wrong = match key.as_str() {
            "jsonldContext" if Iri::parse(value).is_err() => "'jsonldContext' is a URL".to_owned(),
            "accept" | "contentType" if !media.contains(&value.as_str()) => {
                format!("'{key}' is one of {}", media.join(", "))
            }
            "ngsildConformance" if value.parse::<SpecVersion>().is_err() => {
                "'ngsildConformance' is a version such as 1.6".to_owned()
            }
            key if key.eq_ignore_ascii_case("via") => "the header 'Via' is not the registration's to set".to_owned(),
            key if key.eq_ignore_ascii_case("NGSILD-Tenant") => {
                "the tenant at the source is the member 'tenant' of the registration".to_owned()
            }
            _ => continue,
        };
        return Err(Error::bad_request(wrong).at(i));
    }
    Ok(pairs)
}
