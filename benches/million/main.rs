//! The first page of a million entities, for every kind of query, over HTTP on PostGIS.
//!
//! `cargo bench -p hiroba-benches --bench million`. It starts a PostgreSQL of its own (scripts/postgres.sh), loads the
//! city of a million entities, and takes about ten minutes and 8 GB of disk. A number as the last argument makes the
//! city smaller; `HIROBA_BENCH_DATABASE=postgres://…` measures one that is loaded already. Behind the table come the plans: what PostgreSQL did for one request of each kind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench may stop when its set-up fails, and prints its result"
)]

mod plans;
mod queries;

use std::time::{Duration, Instant};

use hiroba_benches::batch;
use hiroba_benches::client::{Ask, Connection, Measured};
use hiroba_benches::servers::Servers;
use tokio_postgres::NoTls;

use queries::{Kind, QUERIES, UNINDEXED};

const MILLION: usize = 1_000_000;
const BATCH: usize = 1_000;
/// How many connections load the city.
const LOADERS: usize = 2;
const LIMITS: [usize; 2] = [20, 100];
/// How many requests of each kind are made before any is measured, and how many are.
const WARM_UP: usize = 10;
const REQUESTS: usize = 200;
/// The number of the request whose plans are shown.
const PLANNED: usize = 1_000;
/// How long building an index by itself may take.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // cargo test runs benches too, to see that they start; there is nothing to see here without a database.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let size = arguments.iter().rev().find_map(|argument| argument.parse().ok()).unwrap_or(MILLION);
    let servers = Servers::start(plans::SETTINGS);
    let (database, connection) = tokio_postgres::connect(&servers.database, NoTls).await.unwrap();
    tokio::spawn(connection);
    if !servers.loaded() {
        servers.create_index("capacity");
        load(&servers, size).await;
        database.batch_execute("vacuum analyze").await.unwrap();
    }
    let bytes: i64 = database.query_one("select pg_database_size(current_database())", &[]).await.unwrap().get(0);
    println!("the database takes {:.1} GB\n", bytes as f64 / 1e9);

    println!("{:<44} {:>5} {:>8} {:>10} {:>10}", "the first page of", "limit", "entities", "median ms", "p95 ms");
    let mut broker = Connection::open(servers.broker).await;
    let mut asked = Vec::new();
    for kind in QUERIES {
        for limit in LIMITS {
            measure(&mut broker, kind, "", limit, size).await;
        }
        asked.push((kind.name, plans::of(&database, &mut broker, &kind.ask(PLANNED, 20, size)).await));
    }
    asked.push(adapt(&database, &mut broker, size).await);
    for (name, plans) in asked {
        println!("\n== {name}\n{plans}");
    }
}

/// Asks for the same kind of page again and again, each time for another one.
async fn measure(broker: &mut Connection, kind: &Kind, note: &str, limit: usize, size: usize) {
    let mut times = Vec::with_capacity(REQUESTS);
    let mut entities = 0;
    let begin = Instant::now();
    for number in 0..WARM_UP + REQUESTS {
        let ask = kind.ask(number, limit, size);
        let started = Instant::now();
        let body = broker.send(&ask).await;
        if number >= WARM_UP {
            times.push(started.elapsed());
            entities += serde_json::from_slice::<Vec<serde_json::Value>>(&body).unwrap().len();
        }
    }
    let Measured { median, p95, .. } = Measured::of(times, begin.elapsed().as_secs_f64());
    let each = entities as f64 / REQUESTS as f64;
    println!("{:<44} {limit:>5} {each:>8.1} {median:>10.2} {p95:>10.2}", format!("{}{note}", kind.name));
}

/// A condition that nobody has declared an index for: the first request finds none, those after it do, without anyone
/// asking.
async fn adapt(database: &tokio_postgres::Client, broker: &mut Connection, size: usize) -> (&'static str, String) {
    let started = Instant::now();
    let body = broker.send(&UNINDEXED.ask(WARM_UP + REQUESTS, LIMITS[0], size)).await;
    let entities = serde_json::from_slice::<Vec<serde_json::Value>>(&body).unwrap().len();
    let first = started.elapsed().as_secs_f64() * 1_000.0;
    let name = format!("{}, the first time", UNINDEXED.name);
    println!("{name:<44} {:>5} {entities:>8} {first:>10.2} {:>10}", LIMITS[0], "");
    let started = Instant::now();
    let ready = "select exists (select 1 from value_index where ready and origin = 'observed')";
    while !database.query_one(ready, &[]).await.unwrap().get::<_, bool>(0) {
        assert!(started.elapsed() < PATIENCE, "the index builds itself");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("   its index built itself in {:.0} s, beside other requests", started.elapsed().as_secs_f64());
    database.batch_execute("vacuum analyze").await.unwrap();
    for limit in LIMITS {
        measure(broker, &UNINDEXED, ", from then on", limit, size).await;
    }
    (UNINDEXED.name, plans::of(database, broker, &UNINDEXED.ask(PLANNED, 20, size)).await)
}

/// Writes the city in batches of 1,000.
async fn load(servers: &Servers, size: usize) {
    let started = Instant::now();
    let loaders = (0..LOADERS).map(|loader| {
        let address = servers.broker;
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await;
            for start in (0..size).step_by(BATCH).skip(loader).step_by(LOADERS) {
                connection.send(&Ask::create_batch(batch(start..size.min(start + BATCH)))).await;
            }
        })
    });
    for loader in loaders.collect::<Vec<_>>() {
        loader.await.unwrap();
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("loaded {size} entities in {seconds:.0} s, {:.0} /s, {LOADERS} connections", size as f64 / seconds);
}
