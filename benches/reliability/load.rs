//! Writes as fast as they are answered, or as they come, whether or not they are answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hiroba_benches::wire::{Wire, request};
use tokio::sync::mpsc;

/// How many connections there may be at once: more than the broker holds back.
const CONNECTIONS: usize = 15_000;
/// How many types the entities have; each is of one.
pub(crate) const TYPES: u64 = 50;

/// What became of writes.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Those that were acknowledged, and how long each took from the moment it was due.
    pub(crate) acknowledged: Vec<(u64, Duration)>,
    /// Those that got 503.
    pub(crate) refused: Vec<u64>,
    /// How long it took to be refused.
    pub(crate) refused_in: Vec<Duration>,
    /// Answers with 503 that did not say when to come again.
    pub(crate) without_retry_after: u64,
    /// Connections that broke.
    pub(crate) broken: u64,
    /// How many connections were used.
    pub(crate) connections: usize,
    /// How many were sent at a rate.
    pub(crate) sent: u64,
    /// How many were due at the end and had found no connection.
    pub(crate) late: u64,
    /// How long it all took.
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// Acknowledged writes a second.
    pub(crate) fn goodput(&self) -> f64 {
        self.acknowledged.len() as f64 / self.elapsed.as_secs_f64()
    }

    fn note(&mut self, number: u64, reply: std::io::Result<hiroba_benches::wire::Reply>, took: Duration) -> bool {
        match reply {
            Ok(reply) if reply.status == 201 => self.acknowledged.push((number, took)),
            Ok(reply) if reply.status == 503 => {
                self.refused.push(number);
                self.refused_in.push(took);
                self.without_retry_after += u64::from(!reply.retry_after);
            }
            Ok(reply) => panic!("{} {}", reply.status, String::from_utf8_lossy(&reply.body)),
            Err(_) => {
                self.broken += 1;
                return false;
            }
        }
        true
    }
}

/// The id of the entity of a number.
pub(crate) fn id_of(number: u64) -> String {
    format!("urn:ngsi-ld:Reading:{number}")
}

/// An entity that is new.
fn create(number: u64) -> Vec<u8> {
    let kind = number % TYPES;
    let body = format!(
        "{{\"id\":\"urn:ngsi-ld:Reading:{number}\",\"type\":\"T{kind}\",\
         \"level\":{{\"type\":\"Property\",\"value\":1,\"unitCode\":\"CEL\",\"observedAt\":\"2026-04-01T00:00:00Z\"}},\
         \"location\":{{\"type\":\"GeoProperty\",\"value\":{{\"type\":\"Point\",\"coordinates\":[139.{:04},36.3]}}}}}}",
        number % 10_000
    );
    request("POST", "/ngsi-ld/v1/entities", &body)
}

/// Each connection sends the next write when the last one was answered. Numbers from `first` on.
pub(crate) async fn closed(address: SocketAddr, connections: usize, length: Duration, first: u64) -> Outcome {
    let outcome = Arc::new(Mutex::new(Outcome { connections, ..Outcome::default() }));
    let next = Arc::new(Mutex::new(first));
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (outcome, next) = (Arc::clone(&outcome), Arc::clone(&next));
            tokio::spawn(async move {
                let mut wire = Wire::open(address).await.unwrap();
                while started.elapsed() < length {
                    let number = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next
                    };
                    let sent = Instant::now();
                    let reply = wire.ask(&create(number)).await;
                    if !outcome.lock().unwrap().note(number, reply, sent.elapsed()) {
                        wire = Wire::open(address).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut outcome = std::mem::take(&mut *outcome.lock().unwrap());
    outcome.elapsed = started.elapsed();
    outcome
}

/// Writes that are due and have no connection yet. Whoever holds the receiver waits for the next one.
#[derive(Debug)]
struct Due {
    next: tokio::sync::Mutex<mpsc::UnboundedReceiver<(u64, Instant)>>,
    waiting: AtomicUsize,
    over: AtomicBool,
}

/// `rate` writes a second, whatever the answers are. Numbers from `first` on. A connection that is free takes the next
/// one; when none is, another is opened. What has found no connection at the end is not sent.
pub(crate) async fn open(address: SocketAddr, rate: f64, length: Duration, first: u64) -> Outcome {
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let (sender, receiver) = mpsc::unbounded_channel();
    let due = Arc::new(Due { next: receiver.into(), waiting: 0.into(), over: false.into() });
    let started = Instant::now();
    let mut tasks = Vec::new();
    let mut sent = 0_u64;
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    while started.elapsed() < length {
        tick.tick().await;
        // What still waits after a tick found no connection that was free.
        let missing = due.waiting.load(Ordering::Relaxed).min(CONNECTIONS.saturating_sub(tasks.len())).min(20);
        for _ in 0..missing + usize::from(tasks.is_empty()) {
            tasks.push(tokio::spawn(serve(address, Arc::clone(&due), Arc::clone(&outcome))));
        }
        let target = (started.elapsed().as_secs_f64() * rate) as u64;
        while sent < target {
            sent += 1;
            due.waiting.fetch_add(1, Ordering::Relaxed);
            sender.send((first + sent, started + Duration::from_secs_f64(sent as f64 / rate))).unwrap();
        }
    }
    let elapsed = started.elapsed();
    let late = due.waiting.load(Ordering::Relaxed) as u64;
    due.over.store(true, Ordering::Relaxed);
    drop(sender);
    let connections = tasks.len();
    for task in tasks {
        task.await.unwrap();
    }
    let mut outcome = std::mem::take(&mut *outcome.lock().unwrap());
    (outcome.connections, outcome.elapsed, outcome.sent, outcome.late) = (connections, elapsed, sent - late, late);
    outcome
}

/// Sends what is due, one after the other.
async fn serve(address: SocketAddr, due: Arc<Due>, outcome: Arc<Mutex<Outcome>>) {
    let mut wire = None;
    loop {
        let next = due.next.lock().await.recv().await;
        let Some((number, at)) = next else { return };
        if due.over.load(Ordering::Relaxed) {
            continue;
        }
        due.waiting.fetch_sub(1, Ordering::Relaxed);
        let ask = create(number);
        let reply = match &mut wire {
            Some(wire) => Wire::ask(wire, &ask).await,
            None => match Wire::open(address).await {
                Ok(opened) => wire.insert(opened).ask(&ask).await,
                Err(error) => Err(error),
            },
        };
        if !outcome.lock().unwrap().note(number, reply, at.elapsed()) {
            wire = None;
        }
    }
}
