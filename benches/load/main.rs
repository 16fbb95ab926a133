//! Create, retrieve, geo-query and PATCH over HTTP, against the same work in raw SQL by pgbench on the same server.
//!
//! `cargo bench -p hiroba-benches --bench load`. It starts a PostgreSQL of its own (scripts/postgres.sh), loads the city
//! of 100,000 entities, and takes about three minutes. Only the ratios mean something on another machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench may stop when its set-up fails, and prints its result"
)]

mod raw;

use std::time::Instant;

use bytes::Bytes;
use hiroba_benches::client::{self, Ask, Measured};
use hiroba_benches::servers::Servers;
use hiroba_benches::{AED_EVERY, CITY, EXTENT, ORIGIN, batch, document, id};
use serde_json::json;

use raw::Raw;

/// How many connections ask at once.
const CLIENTS: [usize; 2] = [1, 16];
/// How long each scenario runs, in seconds.
const SECONDS: u64 = 8;
const BATCH: usize = 1_000;
/// Created entities have numbers from here on.
const NEW: usize = 10_000_000;

#[tokio::main]
async fn main() {
    // cargo test runs benches too, to see that they start; there is nothing to see here without a database.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let servers = Servers::start("");
    load(&servers).await;
    let raw = Raw::new(&servers).await;
    println!(
        "\n{:<10} {:>7} {:>12} {:>10} {:>10} {:>12} {:>8}",
        "", "clients", "Hiroba /s", "p50 ms", "p99 ms", "raw SQL /s", "ratio"
    );
    for scenario in [Scenario::Create, Scenario::Retrieve, Scenario::GeoQuery, Scenario::Patch] {
        for (round, clients) in CLIENTS.into_iter().enumerate() {
            let measured =
                client::run(servers.broker, clients, SECONDS, move |client, n| scenario.ask(round, client, n)).await;
            let raw = raw.run(scenario.script(), clients, SECONDS);
            let Measured { per_second, median, p99, .. } = measured;
            let ratio = per_second / raw;
            println!(
                "{:<10} {clients:>7} {per_second:>12.0} {median:>10.2} {p99:>10.2} {raw:>12.0} {ratio:>8.2}",
                scenario.name()
            );
        }
    }
}

/// Writes the city in batches of 1,000.
async fn load(servers: &Servers) {
    let started = Instant::now();
    let batches: Vec<Bytes> = (0..CITY / BATCH).map(|number| batch(number * BATCH..(number + 1) * BATCH)).collect();
    println!("made {CITY} entities in {:.1} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let mut connection = client::Connection::open(servers.broker).await;
    for body in batches {
        connection.send(&Ask::create_batch(body)).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("loaded {CITY} entities in {seconds:.1} s, {:.0} /s, one connection", CITY as f64 / seconds);
}

#[derive(Debug, Clone, Copy)]
enum Scenario {
    Create,
    Retrieve,
    GeoQuery,
    Patch,
}

impl Scenario {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Retrieve => "retrieve",
            Self::GeoQuery => "geo-query",
            Self::Patch => "PATCH",
        }
    }

    /// The n-th request of a client.
    fn ask(self, round: usize, client: usize, n: usize) -> Ask {
        let mut random = fastrand::Rng::with_seed((round as u64) << 48 | (client as u64) << 32 | n as u64);
        let aed = id(random.usize(..CITY / AED_EVERY) * AED_EVERY);
        match self {
            Self::Create => {
                let body = document(NEW * (1 + round) + client * 1_000_000 + n);
                Ask { method: "POST", path: "/ngsi-ld/v1/entities".into(), body: body.to_string().into(), status: 201 }
            }
            Self::Retrieve => Ask::get(format!("/ngsi-ld/v1/entities/{aed}")),
            Self::GeoQuery => {
                let x = ORIGIN[0] + EXTENT[0] * random.f64();
                let y = ORIGIN[1] + EXTENT[1] * random.f64();
                let path = format!(
                    "/ngsi-ld/v1/entities?type=AED&georel=near;maxDistance==500&geometry=Point\
                     &coordinates=%5B{x:.6},{y:.6}%5D&limit=100"
                );
                Ask::get(path)
            }
            Self::Patch => {
                let floor = json!({"installationPosition": format!("{}階", random.u32(1..100))});
                Ask {
                    method: "PATCH",
                    path: format!("/ngsi-ld/v1/entities/{aed}"),
                    body: floor.to_string().into(),
                    status: 204,
                }
            }
        }
    }

    /// The same work for pgbench.
    fn script(self) -> &'static str {
        match self {
            Self::Create => raw::CREATE,
            Self::Retrieve => raw::RETRIEVE,
            Self::GeoQuery => raw::GEO_QUERY,
            Self::Patch => raw::PATCH,
        }
    }
}
