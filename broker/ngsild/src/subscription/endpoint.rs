//! Endpoint (5.2.15): where notifications go, and how.

use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::member::{milliseconds, object};
use crate::receiver::{KeyValue, cut, pairs, receiver_info, scheme_and_rest};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// `http`, `https` (6.3.8)
    Http,
    /// `mqtt`, `mqtts` (clause 7)
    Mqtt,
}

/// Where notifications go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `uri`, as written. It may hold a user and a password: not for logs.
    pub uri: String,
    /// What the scheme of `uri` says.
    pub transport: Transport,
    /// `accept`
    pub accept: Accept,
    /// `receiverInfo`: headers, or metadata over MQTT. They may hold secrets: not for logs.
    pub receiver_info: Vec<KeyValue>,
    /// `notifierInfo`: settings of the channel. Over MQTT `MQTT-QoS` and `MQTT-Version` have legal values when present.
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
        let (uri, transport) = address(uri).map_err(|e| e.at("uri"))?;
        let mut endpoint = Self {
            uri,
            transport,
            accept: Accept::default(),
            receiver_info: Vec::new(),
            notifier_info: Vec::new(),
            timeout: None,
            cooldown: None,
        };
        for (name, value) in members {
            endpoint.member(name, value).map_err(|e| e.inside(name))?;
        }
        endpoint.check_mqtt()?;
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

    fn check_mqtt(&self) -> Result<()> {
        if self.transport != Transport::Mqtt {
            return Ok(());
        }
        if self.accept == Accept::GeoJson {
            let detail = "over MQTT notifications are application/json or application/ld+json";
            return Err(Error::bad_request(detail).at("accept"));
        }
        let legal: [(&str, &[&str]); 2] = [("MQTT-QoS", &["0", "1", "2"]), ("MQTT-Version", &["mqtt3.1.1", "mqtt5.0"])];
        for (key, values) in legal {
            let given = self.notifier_info.iter().filter(|pair| pair.key == key);
            if given.into_iter().any(|pair| !values.contains(&pair.value.as_str())) {
                let detail = format!("{key} is one of {}", values.join(", "));
                return Err(Error::bad_request(detail).at("notifierInfo"));
            }
        }
        Ok(())
    }

    /// The value of a pair of `notifierInfo`.
    pub fn notifier(&self, key: &str) -> Option<&str> {
        self.notifier_info.iter().find(|pair| pair.key == key).map(|pair| pair.value.as_str())
    }
}

fn accept(value: &Value) -> Result<Accept> {
    let known = [Accept::Json, Accept::JsonLd, Accept::GeoJson];
    let found = known.into_iter().find(|accept| value.as_str() == Some(accept.media_type()));
    found.ok_or_else(|| Error::bad_request(format!("'accept' is one of {}", known.map(Accept::media_type).join(", "))))
}

fn address(uri: &Value) -> Result<(String, Transport)> {
    let wrong = || Error::bad_request("an endpoint is an http, https, mqtt or mqtts URI with a host");
    let text = uri.as_str().ok_or_else(wrong)?;
    let (scheme, rest) = scheme_and_rest(text).ok_or_else(wrong)?;
    let transport = match scheme.as_str() {
        "http" | "https" => Transport::Http,
        "mqtt" | "mqtts" => Transport::Mqtt,
        _ => return Err(wrong()),
    };
    // A message is published to one topic: wildcards are for those who read.
    let topic = rest.split_once('/').map_or("", |(_, topic)| topic);
    if transport == Transport::Mqtt && (topic.is_empty() || topic.contains(['+', '#', '?'])) {
        return Err(Error::bad_request("an mqtt URI ends with a topic: mqtt://host:1883/topic/subtopic"));
    }
    Ok((text.to_owned(), transport))
}
