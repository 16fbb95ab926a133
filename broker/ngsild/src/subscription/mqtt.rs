//! Where notifications go over MQTT, and how (clause 7): what the URI and `notifierInfo` of an endpoint say.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};
use crate::receiver::KeyValue;

/// The ports of MQTT without and with TLS, unless the URI names another.
const PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;

/// `MQTT-Version`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MqttVersion {
    /// `mqtt3.1.1`
    V3_1_1,
    /// `mqtt5.0`
    #[default]
    V5_0,
}

/// `MQTT-QoS`: how surely a message reaches the MQTT server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MqttQos {
    /// `0`: nothing acknowledges it.
    #[default]
    AtMostOnce,
    /// `1`
    AtLeastOnce,
    /// `2`
    ExactlyOnce,
}

/// A password. Only [`reveal`](Self::reveal) shows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Password(String);

impl Password {
    /// The password in clear text: not for logs.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// An MQTT server, who says something to it, and in which version of the protocol. Notifications for which all of this is
/// equal can share a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MqttServer {
    /// Whether the connection uses TLS: `mqtts`.
    pub tls: bool,
    /// The name or address of the server as it is written, without the brackets of an IPv6 address.
    pub host: String,
    /// The port, 1883 or 8883 unless told otherwise.
    pub port: u16,
    /// The user.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Password>,
    /// `MQTT-Version`
    pub version: MqttVersion,
}

/// Where notifications go over MQTT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mqtt {
    /// The server.
    pub server: MqttServer,
    /// The topic: not empty, without wildcards and control characters.
    pub topic: String,
    /// `MQTT-QoS`
    pub qos: MqttQos,
}

impl Mqtt {
    /// Reads `user:password@host:port/topic/subtopic`, what follows `mqtt://` or `mqtts://`. User, password and topic may
    /// be percent-encoded.
    ///
    /// # Errors
    /// BadRequestData, which does not tell the URI: it may hold a password.
    pub(super) fn read(tls: bool, rest: &str, notifier_info: &[KeyValue]) -> Result<Self> {
        let uri = |e: Error| e.at("uri");
        let (authority, topic) = rest.split_once('/').unwrap_or((rest, ""));
        let topic = topic_of(topic).map_err(uri)?;
        let (userinfo, place) = authority.rsplit_once('@').map_or((None, authority), |(user, at)| (Some(user), at));
        let (host, port) = host_and_port(place).map_err(uri)?;
        let (user, password) = userinfo.map_or(Ok((None, None)), user_and_password).map_err(uri)?;
        let setting = |e: Error| e.at("notifierInfo");
        let version = match legal(notifier_info, "MQTT-Version", &["mqtt3.1.1", "mqtt5.0"]).map_err(setting)? {
            Some("mqtt3.1.1") => MqttVersion::V3_1_1,
            _ => MqttVersion::V5_0,
        };
        let qos = match legal(notifier_info, "MQTT-QoS", &["0", "1", "2"]).map_err(setting)? {
            Some("1") => MqttQos::AtLeastOnce,
            Some("2") => MqttQos::ExactlyOnce,
            _ => MqttQos::AtMostOnce,
        };
        if version == MqttVersion::V3_1_1 && user.is_none() && password.is_some() {
            return Err(uri(Error::bad_request(
                "in MQTT 3.1.1 a password needs a user: mqtt://user:password@host/topic",
            )));
        }
        let port = port.unwrap_or(if tls { TLS_PORT } else { PORT });
        Ok(Self { server: MqttServer { tls, host, port, user, password, version }, topic, qos })
    }
}

/// The value of a setting, if it is there. Where it is there twice, the first one counts; both must be legal.
fn legal<'i>(info: &'i [KeyValue], key: &str, values: &[&str]) -> Result<Option<&'i str>> {
    let mut given = info.iter().filter(|pair| pair.key == key).map(|pair| pair.value.as_str());
    if given.clone().any(|value| !values.contains(&value)) {
        return Err(Error::bad_request(format!("{key} is one of {}", values.join(", "))));
    }
    Ok(given.next())
}

fn decoded(text: &str, what: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| Error::bad_request(format!("the {what} of an mqtt URI is UTF-8, percent-encoded")))?;
    // They would end the connection at many servers, U+0000 at all.
    if text.chars().any(char::is_control) {
        return Err(Error::bad_request(format!("the {what} of an mqtt URI has no control characters")));
    }
    Ok(text.into_owned())
}

/// A name of a topic. Its length is bounded with that of the URI.
fn topic_of(text: &str) -> Result<String> {
    if text.is_empty() {
        return Err(Error::bad_request("an mqtt URI ends with a topic: mqtt://host:1883/topic/subtopic"));
    }
    if text.contains('?') {
        return Err(Error::bad_request("an mqtt URI has no query; a ? in a topic is written %3F"));
    }
    let topic = decoded(text, "topic")?;
    // A message is published to one topic: wildcards are for those who read.
    if topic.contains(['+', '#']) {
        return Err(Error::bad_request("the topic of an mqtt URI has no wildcards (+, #): name one topic"));
    }
    Ok(topic)
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>)> {
    let wrong = || Error::bad_request("an mqtt URI has a host and perhaps a port: mqtt://host:1883/topic");
    let (host, port) = match place.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = inner.split_once(']').ok_or_else(wrong)?;
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or_else(wrong)?) };
            (host, port)
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err(wrong());
    }
    let port = port.filter(|port| !port.is_empty()).map(|port| match port.parse() {
        Ok(0) | Err(_) => Err(wrong()),
        Ok(port) => Ok(port),
    });
    Ok((host.to_owned(), port.transpose()?))
}

fn user_and_password(text: &str) -> Result<(Option<String>, Option<Password>)> {
    let (user, password) = text.split_once(':').map_or((text, None), |(user, password)| (user, Some(password)));
    let user = decoded(user, "user")?;
    let password = password.map(|password| decoded(password, "password").map(Password)).transpose()?;
    Ok(((!user.is_empty()).then_some(user), password))
}
