//! One connection to an MQTT server. It takes orders until it has been idle for a while, nobody keeps it, or it is lost.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, Event, TimerKind};
use mqtt_protocol_core::mqtt::packet::Packet;
use mqtt_protocol_core::mqtt::prelude::GenericPacketTrait;
use mqtt_protocol_core::mqtt::result_code::MqttError;
use mqtt_protocol_core::mqtt::{Connection, role};
use ngsild::subscription::{MqttQos, MqttServer, MqttVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::owed::Owed;
use super::packets::{self, Said};
use super::{Order, PublishError, host};
use crate::egress::{Egress, EgressError, Stream};

/// How long making a connection may take, from the name to the server's word that it is accepted.
const OPEN: Duration = Duration::from_secs(10);
/// How long the server may leave a packet unread.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection is kept without a message.
const IDLE: Duration = Duration::from_secs(60);
/// How many messages may be unacknowledged at once, if the server allows as many.
const UNDER_WAY: usize = 256;
/// How large what the server says may be, in bytes. It has nothing to say but acknowledgements.
const SIZE: u32 = 64 << 10;

type Done = Result<(), PublishError>;

/// Makes a connection and works off orders. What it leaves undone is told to those who wait.
pub(super) async fn run(server: MqttServer, egress: Egress, mut orders: mpsc::Receiver<Order>) {
    let opened = timeout(OPEN, Link::open(&server, &egress)).await;
    let ended = match opened.unwrap_or_else(|_| Err(PublishError::Lost("it was not accepted in time".to_owned()))) {
        Ok(mut link) => {
            let ended = link.work(&mut orders).await;
            link.owed.fail(&ended);
            ended
        }
        Err(error) => error,
    };
    orders.close();
    while let Some(order) = orders.recv().await {
        // Nobody may wait for it any more.
        let _ = order.done.send(Err(ended.clone()));
    }
}

struct Link {
    stream: Box<dyn Stream>,
    protocol: Connection<role::Client>,
    version: MqttVersion,
    /// What the server allows, once it has accepted the connection.
    size: usize,
    qos: Option<MqttQos>,
    owed: Owed,
    ping_at: Option<Instant>,
}

impl Link {
    async fn open(server: &MqttServer, egress: &Egress) -> Result<Self, PublishError> {
        let unreachable = |error: EgressError| PublishError::Unreachable(Arc::new(error));
        let no_host = || unreachable(EgressError::Failed("the host of the MQTT server is none".to_owned()));
        let host = host(server).ok_or_else(no_host)?;
        let stream = egress.connect(&host, server.port, server.tls).await.map_err(unreachable)?;
        let options = ConnectionOptions::new().maximum_packet_size_recv(SIZE);
        let mut protocol = Connection::with_options(packets::version(server.version), options);
        protocol.set_auto_pub_response(true);
        let mut link = Self {
            stream,
            protocol,
            version: server.version,
            size: usize::MAX,
            qos: None,
            owed: Owed::default(),
            ping_at: None,
        };
        link.say(packets::connect(server)).await?;
        let mut buffer = [0; 1_024];
        while link.qos.is_none() {
            let read = link.stream.read(&mut buffer).await;
            // A server that does not know a version may well say nothing.
            link.hear(read, &buffer).await.map_err(|error| match error {
                PublishError::Lost(why) => {
                    PublishError::Lost(format!("{why}, before it was accepted; {}", hint(server.version)))
                }
                error => error,
            })?;
        }
        Ok(link)
    }

    /// Works until the end: why it ended.
    async fn work(&mut self, orders: &mut mpsc::Receiver<Order>) -> PublishError {
        let mut buffer = [0; 4_096];
        let mut used = Instant::now();
        let mut more = true;
        loop {
            let deadline = self.deadline(used + IDLE);
            let step = tokio::select! {
                read = self.stream.read(&mut buffer) => self.hear(read, &buffer).await,
                order = orders.recv(), if more && self.has_room() => match order {
                    Some(order) => {
                        used = Instant::now();
                        self.publish(order).await
                    }
                    None => {
                        more = false;
                        Ok(())
                    }
                },
                () = sleep_until(deadline) => self.wake(Instant::now()).await,
            };
            let step = match step {
                Ok(()) => self.prove().await,
                lost => lost,
            };
            if let Err(error) = step {
                return error;
            }
            if used.elapsed() >= IDLE {
                // Orders that come at this very moment are worked off; later ones go to the next connection.
                orders.close();
            }
            if !more && self.owed.is_settled() {
                let _ = self.say(packets::disconnect(self.version)).await;
                return PublishError::Lost("it was closed".to_owned());
            }
        }
    }

    fn has_room(&self) -> bool {
        let window = self.protocol.get_receive_maximum_vacancy_for_send();
        self.owed.unacknowledged() < UNDER_WAY && window != Some(0)
    }

    /// When something is to be done that nobody asks for.
    fn deadline(&self, idle: Instant) -> Instant {
        let now = Instant::now();
        // Past its idle time it waits for answers only.
        let idle = Some(idle).filter(|idle| *idle > now);
        [self.owed.deadline(), self.ping_at, idle].into_iter().flatten().min().unwrap_or(now + PATIENCE)
    }

    async fn wake(&mut self, now: Instant) -> Done {
        if self.owed.deadline().is_some_and(|deadline| now >= deadline) {
            return Err(PublishError::Lost("it has not answered for too long".to_owned()));
        }
        if self.ping_at.is_some_and(|at| now >= at) {
            self.ping_at = None;
            let events = self.protocol.notify_timer_fired(TimerKind::PingreqSend);
            self.follow(events).await?;
        }
        Ok(())
    }

    async fn publish(&mut self, order: Order) -> Done {
        let Order { topic, qos, payload, done } = order;
        if done.is_closed() {
            // Whoever sent it has given up waiting, and will try again.
            return Ok(());
        }
        let (number, packet) = match self.packet(&topic, qos, payload) {
            Ok(packet) => packet,
            Err(error) => {
                let _ = done.send(Err(error));
                return Ok(());
            }
        };
        let events = self.protocol.send(packet);
        if let Some(error) = refusal(&events) {
            number.map(|number| self.protocol.release_packet_id(number));
            let _ = done.send(Err(PublishError::Rejected(error.to_string())));
            return Ok(());
        }
        self.owed.sent(number, done);
        self.follow(events).await
    }

    /// Asks the server for a sign that it has read the messages that nothing acknowledges: it answers what it reads in order.
    async fn prove(&mut self) -> Done {
        if !self.owed.wants_ping() {
            return Ok(());
        }
        self.say(packets::ping(self.version)).await
    }

    /// The packet of a message, with its number if it has one.
    fn packet(&mut self, topic: &str, qos: MqttQos, payload: Bytes) -> Result<(Option<u16>, Packet), PublishError> {
        let rejected = |error: MqttError| PublishError::Rejected(error.to_string());
        let highest = self.qos.unwrap_or_default();
        if qos > highest {
            return Err(PublishError::Qos(if highest == MqttQos::AtLeastOnce { 1 } else { 0 }));
        }
        let number =
            (qos != MqttQos::AtMostOnce).then(|| self.protocol.acquire_packet_id()).transpose().map_err(rejected)?;
        let packet = packets::publish(self.version, number, topic, qos, &payload).map_err(rejected);
        let packet = packet.and_then(|packet| match packet.size() {
            size if size > self.size => Err(PublishError::TooLarge { size, limit: self.size }),
            _ => Ok(packet),
        });
        if packet.is_err() {
            number.map(|number| self.protocol.release_packet_id(number));
        }
        Ok((number, packet?))
    }

    async fn say(&mut self, packet: Result<Packet, MqttError>) -> Done {
        let packet = packet.map_err(|error| PublishError::Lost(error.to_string()))?;
        let events = self.protocol.send(packet);
        self.follow(events).await
    }

    /// Understands what was read, if anything was.
    async fn hear(&mut self, read: std::io::Result<usize>, buffer: &[u8]) -> Done {
        let heard = match read {
            Ok(0) => return Err(PublishError::Lost("the server closed it".to_owned())),
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) => return Err(PublishError::Lost(error.to_string())),
        };
        let mut heard = Cursor::new(heard);
        while heard.position() < heard.get_ref().len() as u64 {
            let events = self.protocol.recv(&mut heard);
            self.follow(events).await?;
        }
        Ok(())
    }

    /// Does what the protocol asks for.
    async fn follow(&mut self, events: Vec<Event>) -> Done {
        let mut wrong = None;
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => self.write(&packet).await?,
                Event::NotifyPacketReceived(packet) => self.understand(packets::said(&packet))?,
                Event::RequestTimerReset { kind: TimerKind::PingreqSend, duration_ms } => {
                    self.ping_at = Some(Instant::now() + Duration::from_millis(duration_ms));
                }
                Event::RequestTimerCancel(TimerKind::PingreqSend) => self.ping_at = None,
                Event::NotifyError(error) => wrong = Some(format!("what the server says is no MQTT ({error})")),
                Event::RequestClose => wrong = wrong.or_else(|| Some("it was closed".to_owned())),
                Event::NotifyPacketIdReleased(_) | Event::RequestTimerReset { .. } | Event::RequestTimerCancel(_) => {}
            }
        }
        wrong.map_or(Ok(()), |why| Err(PublishError::Lost(why)))
    }

    async fn write(&mut self, packet: &Packet) -> Done {
        if matches!(packet, Packet::V3_1_1Pingreq(_) | Packet::V5_0Pingreq(_)) {
            self.owed.pinged();
        }
        let bytes = packet.to_continuous_buffer();
        let written = timeout(PATIENCE, async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(PublishError::Lost(error.to_string())),
            Err(_) => Err(PublishError::Lost("the server reads nothing".to_owned())),
        }
    }

    fn understand(&mut self, said: Said) -> Done {
        match said {
            Said::Accepted { size, qos } => {
                self.size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
                self.qos = Some(qos);
            }
            Said::Refused(why) => return Err(PublishError::Refused(why)),
            Said::Acknowledged(number) => self.owed.acknowledged(number, Ok(())),
            Said::Rejected(number, why) => self.owed.acknowledged(number, Err(PublishError::Rejected(why))),
            Said::Pong => self.owed.ponged(),
            Said::Disconnected(why) => return Err(PublishError::Lost(format!("the server ended it: {why}"))),
            Said::Other => {}
        }
        Ok(())
    }
}

/// What the protocol says against a packet, if anything.
fn refusal(events: &[Event]) -> Option<MqttError> {
    events.iter().find_map(|event| match event {
        Event::NotifyError(error) => Some(*error),
        _ => None,
    })
}

fn hint(version: MqttVersion) -> &'static str {
    match version {
        MqttVersion::V3_1_1 => "perhaps it does not speak mqtt3.1.1 (MQTT-Version in notifierInfo)",
        MqttVersion::V5_0 => "perhaps it does not speak mqtt5.0 (MQTT-Version in notifierInfo can be mqtt3.1.1)",
    }
}
