//! How long after its acknowledgement a write is seen.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hiroba_benches::client::{Ask, Connection, Measured};
use hiroba_benches::id;

use crate::Arguments;
use crate::ask::{is_so, query};
use crate::pair::Pair;

/// How many connections write.
const WRITERS: u32 = 10;
/// How often a write is followed until it is seen, and how soon it is looked for again.
const FOLLOWED: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(2);

pub(crate) async fn run(arguments: &Arguments) {
    let entities = arguments.entities.unwrap_or(10_000);
    let length = Duration::from_secs(arguments.seconds.unwrap_or(30));
    let mut pair = Pair::new(arguments, entities).await;
    pair.start(&[]);
    pair.caught_up().await;

    let started = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(pair.broker.address, writer, arguments.rate, entities, length)))
        .collect();
    let (mut broker, mut sidecar) = (Connection::open(pair.broker.address).await, pair.ask().await);
    let mut times = Vec::new();
    while started.elapsed() < length {
        // The last entity is nobody else's.
        let value = times.len() + 1_000_000;
        broker.send(&patch(entities - 1, value)).await;
        let acknowledged = Instant::now();
        let seen = query("/sparql", &format!("ASK {{ <{}> ?p {value} }}", id(entities - 1)));
        while !is_so(&mut sidecar, &seen).await {
            tokio::time::sleep(LOOK).await;
        }
        times.push(acknowledged.elapsed());
        tokio::time::sleep(FOLLOWED).await;
    }
    let mut written = 0;
    for writer in writers {
        written += writer.await.unwrap();
    }
    let Measured { median, p95, p99, .. } = Measured::of(times.clone(), length.as_secs_f64());
    println!("  {:.0} other writes a second", f64::from(written) / started.elapsed().as_secs_f64());
    println!("  {} writes seen after: p50 {median:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms", times.len());
}

/// A new value for a number of an entity.
fn patch(n: usize, value: usize) -> Ask {
    Ask {
        method: "PATCH",
        path: format!("/ngsi-ld/v1/entities/{}/attrs", id(n)),
        body: format!("{{\"illuminance\":{{\"type\":\"Property\",\"value\":{value}}}}}").into(),
        status: 204,
    }
}

/// One of the writers. How many writes it made.
async fn write(address: SocketAddr, writer: u32, rate: u32, entities: usize, length: Duration) -> u32 {
    let mut connection = Connection::open(address).await;
    let mut due = tokio::time::interval(Duration::from_secs(1) * WRITERS / rate);
    let started = Instant::now();
    let mut random = fastrand::Rng::with_seed(writer.into());
    let mut written = 0;
    while started.elapsed() < length {
        due.tick().await;
        connection.send(&patch(random.usize(..entities - 1), random.usize(..4_000))).await;
        written += 1;
    }
    written
}
