//! The past of one entity among ten million instances, over HTTP on PostGIS, beside the same rows in raw SQL.
//!
//! `cargo bench -p hiroba-benches --bench temporal`. It starts a PostgreSQL of its own (scripts/postgres.sh), records ten
//! million measurements of a thousand sensors, and takes about five minutes and 6 GB of disk. A number as the last
//! argument makes it fewer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench may stop when its set-up fails, and prints its result"
)]

use std::sync::Arc;
use std::time::Instant;

use hiroba_benches::client::{Ask, Connection, Measured};
use hiroba_benches::servers::Servers;
use hiroba_store::{Options, Recording, Store, Stored, TenantId, Write};
use hiroba_vocab::{EntityId, Iri, Tenant};
use ngsild::read::TemporalFragment;
use ngsild::write::add_instances;
use ngsild::{Attribute, AttributeValue, DateTime, Entity};
use tokio_postgres::NoTls;

/// How many measurements there are, and how many each sensor has: one a minute.
const INSTANCES: usize = 10_000_000;
const OF_EACH: usize = 10_000;
const STEP: i64 = 60_000_000;
/// The first sensors are updated by the core API, a record for each value; of the others a record holds so many.
const UPDATED: usize = 20;
const PACKED: usize = 100;
/// How many requests are made before any is measured, and how many are.
const WARM_UP: usize = 10;
const REQUESTS: usize = 200;
const TEMPERATURE: &str = "https://uri.etsi.org/ngsi-ld/default-context/temperature";

fn id(sensor: usize) -> EntityId {
    EntityId::parse(&format!("urn:ngsi-ld:Sensor:{sensor:04}")).unwrap()
}

/// The n-th measurement.
fn measured(n: usize) -> Attribute {
    let at = at(n);
    let value = 15.0 + (n % 1_440) as f64 / 100.0;
    Attribute { observed_at: Some(at), ..Attribute::new(AttributeValue::Property(value.into()), at) }
}

fn at(n: usize) -> DateTime {
    let start = DateTime::parse("2026-04-01T00:00:00Z").unwrap();
    DateTime::from_micros(start.micros() + n as i64 * STEP)
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // cargo test runs benches too, to see that they start; there is nothing to see here without a database.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let size: usize = arguments.iter().rev().find_map(|argument| argument.parse().ok()).unwrap_or(INSTANCES);
    let sensors = (size / OF_EACH).max(UPDATED + 1);
    let servers = Servers::start("");
    load(&servers, sensors).await;
    let (database, connection) = tokio_postgres::connect(&servers.database, NoTls).await.unwrap();
    tokio::spawn(connection);
    database.batch_execute("vacuum analyze").await.unwrap();

    println!("\n{:<52} {:>8} {:>10} {:>10} {:>12}", "of one sensor", "records", "median ms", "p95 ms", "raw SQL ms");
    let mut broker = Connection::open(servers.broker).await;
    let last = "lastN=100&format=temporalValues";
    let day = format!("timerel=between&timeAt={}&endTimeAt={}&format=temporalValues", at(2_880), at(4_320));
    let hours = "format=aggregatedValues&aggrMethods=avg,max&aggrPeriodDuration=PT1H";
    for (name, query, status, rows) in [
        ("the last 100 values of an attribute", format!("{last}&attrs=temperature"), 200, 100),
        ("the last 100 values of every attribute", last.to_owned(), 200, 100),
        ("10,000 values by the hour", format!("{hours}&attrs=temperature"), 200, OF_EACH),
        ("the first 1,000 values", "format=temporalValues".to_owned(), 206, 1_000),
        ("a day, of which 1,000 values fit", day, 206, 1_000),
    ] {
        for (records, range) in [("single", 0..UPDATED), ("packed", UPDATED..sensors)] {
            let mut random = fastrand::Rng::with_seed(7);
            let requests = if rows == OF_EACH { REQUESTS / 4 } else { REQUESTS };
            let mut times = Vec::with_capacity(requests);
            for n in 0..WARM_UP + requests {
                let path = format!("/ngsi-ld/v1/temporal/entities/{}?{query}", id(random.usize(range.clone())));
                let started = Instant::now();
                broker.send(&Ask { status, ..Ask::get(path) }).await;
                if n >= WARM_UP {
                    times.push(started.elapsed());
                }
            }
            let Measured { median, p95, .. } = Measured::of(times, 1.0);
            let raw = raw(&database, &range, if records == "single" { rows } else { rows.div_ceil(PACKED) }).await;
            println!("{name:<52} {records:>8} {median:>10.2} {p95:>10.2} {raw:>12.2}");
        }
    }
}

/// Reads the records that an answer is made of, and nothing more. The median, in milliseconds.
async fn raw(database: &tokio_postgres::Client, range: &std::ops::Range<usize>, rows: usize) -> f64 {
    let sql = "select time_to, change, history from change where tenant = 1 and entity = $1 \
               order by time_to desc, version desc limit $2";
    let statement = database.prepare(sql).await.unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut times = Vec::new();
    for _ in 0..WARM_UP * 5 {
        let started = Instant::now();
        let id = id(random.usize(range.clone())).to_string();
        database.query(&statement, &[&id, &(rows as i64)]).await.unwrap();
        times.push(started.elapsed());
    }
    Measured::of(times, 1.0).median
}

async fn load(servers: &Servers, sensors: usize) {
    let started = Instant::now();
    let store = Store::open(Options::new(servers.database.as_str())).await.unwrap();
    let tenant = store.tenant(&Tenant::default_tenant()).await.unwrap().unwrap();
    update(&store, tenant).await;
    println!("updated {UPDATED} sensors {OF_EACH} times in {:.0} s", started.elapsed().as_secs_f64());
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for sensor in (UPDATED..sensors).filter(|sensor| sensor % 16 == task) {
                    record(&store, tenant, &id(sensor)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let count = sensors * OF_EACH;
    println!("{count} measurements of {sensors} sensors in {:.0} s", started.elapsed().as_secs_f64());
}

/// Writes one value after the other, as the core API does.
async fn update(store: &Store, tenant: TenantId) {
    let name = Iri::from_expanded(TEMPERATURE);
    let mut current: Vec<Option<Stored>> = (0..UPDATED).map(|_| None).collect();
    for n in 0..OF_EACH {
        let writes: Vec<Write> = current
            .iter()
            .enumerate()
            .map(|(sensor, before)| {
                let mut entity = Entity::new(id(sensor), Iri::from_expanded("urn:x:Sensor"), at(n));
                entity.attributes.insert(name.clone(), vec![measured(n)]);
                Write { before: before.clone(), after: Some(Arc::new(entity)) }
            })
            .collect();
        store.write(tenant, &writes, at(n)).await.unwrap();
        let ids: Vec<EntityId> = (0..UPDATED).map(id).collect();
        current = store.entities(tenant, &ids).await.unwrap();
    }
}

/// Records the values of a sensor, many at once.
async fn record(store: &Store, tenant: TenantId, id: &EntityId) {
    let name = Iri::from_expanded(TEMPERATURE);
    for chunk in 0..OF_EACH / PACKED {
        let values = (chunk * PACKED..(chunk + 1) * PACKED).map(measured).collect();
        let fragment = TemporalFragment {
            id: None,
            types: vec![Iri::from_expanded("urn:x:Sensor")],
            scopes: Vec::new(),
            expires_at: None,
            attributes: vec![(name.clone(), values)],
        };
        let now = at((chunk + 1) * PACKED);
        let before = store.entity(tenant, id).await.unwrap();
        let added = add_instances(before.as_ref().map(|stored| &*stored.entity), id, fragment, now).unwrap();
        let recording = Recording {
            id: id.clone(),
            types: Vec::new(),
            before,
            after: Some(Arc::new(added.entity)),
            instances: added.instances,
        };
        store.record(tenant, recording, now).await.unwrap();
    }
}
