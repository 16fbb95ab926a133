//! Messages to MQTT servers (3.1.1 and 5), over connections that are kept.
//!
//! | module | what |
//! |---|---|
//! | this | which connection a message takes, and what became of it |
//! | `link` | one connection, in a task of its own |
//! | `owed` | what the server has not answered yet |
//! | `packets` | what is said, in both versions of the protocol |

mod link;
mod owed;
mod packets;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ngsild::subscription::{Mqtt, MqttQos, MqttServer};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::egress::{Egress, EgressError};

/// How many connections are kept. Those that have not been used for longest make room.
const LINKS: usize = 128;
/// How many messages wait for a connection that is being made, or is busy.
const ORDERS: usize = 64;

/// Why a message did not arrive. Never with a password.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PublishError {
    /// There is no connection, or this broker must not make it.
    #[error("{0}")]
    Unreachable(Arc<EgressError>),
    /// The server refuses the connection.
    #[error("the MQTT server refuses the connection: {0}")]
    Refused(String),
    /// The server did not take the message.
    #[error("the MQTT server did not take it: {0}")]
    Rejected(String),
    /// The message is larger than the server allows.
    #[error("it is too large: {size} bytes as an MQTT packet, and the MQTT server takes {limit}")]
    TooLarge {
        /// The size of the packet, in bytes.
        size: usize,
        /// The server's limit, in bytes.
        limit: usize,
    },
    /// The server does not have the quality of service.
    #[error("the MQTT server takes messages up to MQTT-QoS {0} only")]
    Qos(u8),
    /// The connection was lost before the server had acknowledged the message.
    #[error("the connection to the MQTT server is lost: {0}")]
    Lost(String),
    /// Nothing was heard in time.
    #[error("the MQTT server did not acknowledge it within {} ms", .0.as_millis())]
    Late(Duration),
}

impl PublishError {
    /// Whether the same message would fail again whatever others do.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Unreachable(error) => !matches!(**error, EgressError::Failed(_)),
            Self::TooLarge { .. } => true,
            Self::Refused(_) | Self::Rejected(_) | Self::Qos(_) | Self::Lost(_) | Self::Late(_) => false,
        }
    }
}

/// A message on its way through a connection.
#[derive(Debug)]
struct Order {
    topic: String,
    qos: MqttQos,
    payload: Bytes,
    done: owed::Answer,
}

/// A connection, or the attempt to make one.
#[derive(Debug)]
struct Link {
    orders: mpsc::Sender<Order>,
    used: Instant,
}

/// The connections to MQTT servers.
#[derive(Debug)]
pub struct Links {
    egress: Egress,
    all: Mutex<HashMap<MqttServer, Link>>,
}

impl Links {
    /// No connections yet. Those to come pass the gate.
    pub fn new(egress: Egress) -> Self {
        Self { egress, all: Mutex::default() }
    }

    /// Publishes a message. It has arrived when the server acknowledges it (MQTT-QoS 1 and 2), or, with MQTT-QoS 0, answers
    /// a ping that was sent after it.
    ///
    /// # Errors
    /// [`PublishError`]; [`PublishError::Late`] when all of it takes longer than `patience`. The message may arrive all the
    /// same then.
    pub async fn publish(&self, to: &Mqtt, payload: Bytes, patience: Duration) -> Result<(), PublishError> {
        let work = async {
            let (done, answer) = oneshot::channel();
            let mut order = Order { topic: to.topic.clone(), qos: to.qos, payload, done };
            loop {
                // A connection that has just ended takes no more orders: then there is a new one next time.
                match self.link(&to.server).send(order).await {
                    Ok(()) => break,
                    Err(mpsc::error::SendError(back)) => order = back,
                }
            }
            answer.await.unwrap_or_else(|_| Err(PublishError::Lost("it ended unexpectedly".to_owned())))
        };
        timeout(patience, work).await.unwrap_or(Err(PublishError::Late(patience)))
    }

    /// The connection to a server; a new one if there is none.
    fn link(&self, server: &MqttServer) -> mpsc::Sender<Order> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = all.get_mut(server).filter(|link| !link.orders.is_closed()) {
            link.used = Instant::now();
            return link.orders.clone();
        }
        all.retain(|_, link| !link.orders.is_closed());
        if all.len() >= LINKS {
            let oldest = all.iter().min_by_key(|(_, link)| link.used).map(|(server, _)| server.clone());
            // It ends when what is under way has been answered.
            oldest.and_then(|server| all.remove(&server));
        }
        let (orders, received) = mpsc::channel(ORDERS);
        tokio::spawn(link::run(server.clone(), self.egress.clone(), received));
        all.insert(server.clone(), Link { orders: orders.clone(), used: Instant::now() });
        orders
    }
}

/// The host of a server as names are resolved and certificates have it; `None` when it is none.
pub fn host(server: &MqttServer) -> Option<String> {
    if let Ok(address) = server.host.parse::<std::net::IpAddr>() {
        return Some(address.to_string());
    }
    url::Host::parse(&server.host).ok().map(|host| host.to_string())
}
