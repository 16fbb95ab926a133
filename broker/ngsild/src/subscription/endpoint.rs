//! Endpoint (5.2.15): where notifications go, and how.

use std::time::Duration;

use serde_json::Value;

use super::mqtt::Mqtt;
use crate::error::{Error, Result};
use crate::member::{milliseconds, object};
use crate::receiver::{KeyValue, MAX_URI, cut, pairs, receiver_info, scheme_and_rest};

/// The media type of notifications (`accept`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Accept {
    /// `application/json`: the @context is in a Link header.
    #[default]
    Json,
    /// `application/ld+json`: the @context is in the body.
    JsonLd,
    /// `application/geo+json`: `data` is a FeatureCollection.
    GeoJson,
}

impl Accept {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLd => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// What carries notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// `http`, `https` (6.3.8)
    Http,
    /// `mqtt`, `mqtts` (clause 7)
    Mqtt(Mqtt),
}

/// Where notifications go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `uri`, as written. It may hold a user and a password: not for logs.
    pub uri: String,
    /// What the scheme of `uri` says, and over MQTT where notifications go and how.
    pub transport: Transport,
    /// `accept`
    pub accept: Accept,
    /// `receiverInfo`: headers, or metadata over MQTT. They may hold secrets: not for logs.
    pub receiver_info: Vec<KeyValue>,
    /// `notifierInfo`: settings of the channel.
    pub notifier_info: Vec<KeyValue>,
    /// `timeout`: how long to wait for an answer, as the client wishes. The broker may bound it.
    pub timeout: Option<Duration>,
    /// `cooldown`: how long not to try again after a failure.
    pub cooldown: Option<Duration>,
}

impl Endpoint {
    /// Reads the member `endpoint`.
    ///
    /// # Errors
    /// BadRequestData with the member that is wrong.
    pub(super) fn read(value: &Value) -> Result<Self> {
        let members = object(value, "an endpoint is an object with a 'uri'")?;
        let uri = members.get("uri").ok_or_else(|| Error::bad_request("an endpoint needs a 'uri'").at("uri"))?;
        let mut endpoint = Self {
            uri: address(uri).map_err(|e| e.at("uri"))?,
            transport: Transport::Http,
            accept: Accept::default(),
            receiver_info: Vec::new(),
            notifier_info: Vec::new(),
            timeout: None,
            cooldown: None,
        };
        for (name, value) in members {
            endpoint.member(name, value).map_err(|e| e.inside(name))?;
        }
        endpoint.transport = endpoint.transport()?;
        Ok(endpoint)
    }

    fn member(&mut self, name: &str, value: &Value) -> Result<()> {
        match name {
            "uri" => {}
            "accept" => self.accept = accept(value)?,
            "receiverInfo" => self.receiver_info = receiver_info(value)?,
            "notifierInfo" => self.notifier_info = pairs(name, value)?,
            "timeout" => self.timeout = Some(milliseconds(value)?),
            "cooldown" => self.cooldown = Some(milliseconds(value)?),
            name => return Err(Error::bad_request(format!("'{}' is no member of Endpoint", cut(name)))),
        }
        Ok(())
    }

    fn transport(&self) -> Result<Transport> {
        let (tls, rest) = match scheme_and_rest(&self.uri) {
            Some((scheme, rest)) if scheme == "mqtt" || scheme == "mqtts" => (scheme == "mqtts", rest),
            _ => return Ok(Transport::Http),
        };
        if self.accept == Accept::GeoJson {
            let detail = "over MQTT notifications are application/json or application/ld+json";
            return Err(Error::bad_request(detail).at("accept"));
        }
        Ok(Transport::Mqtt(Mqtt::read(tls, rest, &self.notifier_info)?))
    }
}

fn accept(value: &Value) -> Result<Accept> {
    let known = [Accept::Json, Accept::JsonLd, Accept::GeoJson];
    let found = known.into_iter().find(|accept| value.as_str() == Some(accept.media_type()));
    found.ok_or_else(|| Error::bad_request(format!("'accept' is one of {}", known.map(Accept::media_type).join(", "))))
}

fn address(uri: &Value) -> Result<String> {
    let wrong = || Error::bad_request("an endpoint is an http, https, mqtt or mqtts URI with a host");
    let text = uri.as_str().ok_or_else(wrong)?;
    if text.len() > MAX_URI {
        return Err(Error::bad_request(format!("the URI of an endpoint has at most {MAX_URI} bytes")));
    }
    let (scheme, _) = scheme_and_rest(text).ok_or_else(wrong)?;
    if !["http", "https", "mqtt", "mqtts"].contains(&scheme.as_str()) {
        return Err(wrong());
    }
    Ok(text.to_owned())
}
