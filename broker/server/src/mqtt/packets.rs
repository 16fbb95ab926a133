//! What is said to an MQTT server, and what it says, in both versions of the protocol.

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::{Packet, Property, Qos, v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, ConnectReturnCode, MqttError};
use ngsild::subscription::{MqttQos, MqttServer, MqttVersion};

/// After how many seconds without anything to say a ping shows that the connection is alive.
const KEEP_ALIVE: u16 = 15;

/// What an MQTT server says.
#[derive(Debug)]
pub(super) enum Said {
    /// The connection is accepted.
    Accepted {
        /// How large a packet may be, in bytes, if the server told.
        size: Option<u32>,
        /// The highest quality of service that there is.
        qos: MqttQos,
    },
    /// The connection is refused: why.
    Refused(String),
    /// A message has arrived.
    Acknowledged(u16),
    /// A message was not taken: why.
    Rejected(u16, String),
    /// The answer to a ping.
    Pong,
    /// The server ends the connection: why.
    Disconnected(String),
    /// Nothing that matters.
    Other,
}

/// Builds a packet of the version that is spoken.
macro_rules! packet {
    ($version:expr, $kind:ident, |$builder:ident| $build:expr) => {
        match $version {
            MqttVersion::V3_1_1 => {
                let $builder = v3_1_1::$kind::builder();
                Packet::from($build.build()?)
            }
            MqttVersion::V5_0 => {
                let $builder = v5_0::$kind::builder();
                Packet::from($build.build()?)
            }
        }
    };
}

pub(super) fn version(version: MqttVersion) -> Version {
    match version {
        MqttVersion::V3_1_1 => Version::V3_1_1,
        MqttVersion::V5_0 => Version::V5_0,
    }
}

/// CONNECT, for a session that ends with the connection.
pub(super) fn connect(server: &MqttServer) -> Result<Packet, MqttError> {
    // Every server accepts letters and digits, at most 23 of them.
    let id = format!("hiroba{:016x}", uuid::Uuid::new_v4().as_u64_pair().0);
    Ok(packet!(server.version, Connect, |packet| {
        let mut packet = packet.client_id(&id)?.clean_start(true).keep_alive(KEEP_ALIVE);
        if let Some(user) = &server.user {
            packet = packet.user_name(user)?;
        }
        if let Some(password) = &server.password {
            packet = packet.password(password.reveal())?;
        }
        packet
    }))
}

/// PUBLISH. Above quality of service 0 it has a number.
pub(super) fn publish(
    spoken: MqttVersion,
    number: Option<u16>,
    topic: &str,
    qos: MqttQos,
    payload: &[u8],
) -> Result<Packet, MqttError> {
    let qos = match qos {
        MqttQos::AtMostOnce => Qos::AtMostOnce,
        MqttQos::AtLeastOnce => Qos::AtLeastOnce,
        MqttQos::ExactlyOnce => Qos::ExactlyOnce,
    };
    Ok(packet!(spoken, Publish, |packet| packet.topic_name(topic)?.qos(qos).packet_id(number).payload(payload)))
}

/// PINGREQ.
pub(super) fn ping(spoken: MqttVersion) -> Result<Packet, MqttError> {
    Ok(packet!(spoken, Pingreq, |packet| packet))
}

/// DISCONNECT.
pub(super) fn disconnect(spoken: MqttVersion) -> Result<Packet, MqttError> {
    Ok(packet!(spoken, Disconnect, |packet| packet))
}

/// A reason as the error texts tell it: its name in the standard and its number.
fn reason(name: impl std::fmt::Display, number: u8) -> String {
    format!("{name} (0x{number:02x})")
}

/// Understands a packet.
pub(super) fn said(packet: &Packet) -> Said {
    let ended = |number: u16, failure: Option<String>| match failure {
        Some(reason) => Said::Rejected(number, reason),
        None => Said::Acknowledged(number),
    };
    match packet {
        Packet::V3_1_1Connack(packet) => match packet.return_code() {
            ConnectReturnCode::Accepted => Said::Accepted { size: None, qos: MqttQos::ExactlyOnce },
            code => Said::Refused(reason(code, code as u8)),
        },
        Packet::V5_0Connack(packet) => match packet.reason_code() {
            ConnectReasonCode::Success => accepted(packet),
            code => Said::Refused(reason(code, code as u8)),
        },
        Packet::V3_1_1Puback(packet) => Said::Acknowledged(packet.packet_id()),
        Packet::V3_1_1Pubcomp(packet) => Said::Acknowledged(packet.packet_id()),
        Packet::V5_0Puback(packet) => {
            let failed = packet.reason_code().filter(|code| code.is_failure());
            ended(packet.packet_id(), failed.map(|code| reason(code, code as u8)))
        }
        Packet::V5_0Pubrec(packet) => match packet.reason_code().filter(|code| code.is_failure()) {
            Some(code) => Said::Rejected(packet.packet_id(), reason(code, code as u8)),
            None => Said::Other,
        },
        Packet::V5_0Pubcomp(packet) => {
            let failed = packet.reason_code().filter(|code| code.is_failure());
            ended(packet.packet_id(), failed.map(|code| reason(code, code as u8)))
        }
        Packet::V3_1_1Pingresp(_) | Packet::V5_0Pingresp(_) => Said::Pong,
        Packet::V5_0Disconnect(packet) => match packet.reason_code() {
            Some(code) => Said::Disconnected(reason(code, code as u8)),
            None => Said::Disconnected("without a reason".to_owned()),
        },
        _ => Said::Other,
    }
}

fn accepted(packet: &v5_0::Connack) -> Said {
    let (mut size, mut qos) = (None, MqttQos::ExactlyOnce);
    for property in packet.props() {
        match property {
            Property::MaximumPacketSize(limit) => size = Some(limit.val()),
            Property::MaximumQos(limit) if limit.val() == 0 => qos = MqttQos::AtMostOnce,
            Property::MaximumQos(_) => qos = MqttQos::AtLeastOnce,
            _ => {}
        }
    }
    Said::Accepted { size, qos }
}
