//! From the bytes of a list to entities, and from entities into each store, beside the database's own bulk path.
//!
//! `cargo bench -p hiroba-benches --bench import [rows]`. It starts a PostgreSQL of its own (scripts/postgres.sh). The
//! rows that the databases write by themselves are the ones that the store wrote, into the same tables with the same
//! indexes: by COPY on PostGIS, by prepared INSERTs in one transaction on SQLite.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench may stop when its set-up fails, and prints its result"
)]

mod list;
mod raw;

use std::time::{Duration, Instant};

use hiroba::service::datasets::{Gone, publish_import, silent};
use hiroba_benches::servers::Postgres;
use hiroba_importers::{Import, Input, Options, Outcome};
use hiroba_store::Store;
use hiroba_vocab::Tenant;
use ngsild::{DateTime, Entity};

/// The allocator of the shipped program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many rows the lists have.
const ROWS: usize = 100_000;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // cargo test runs benches too, to see that they start; there is nothing to see here without a database.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let rows = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROWS);
    for _ in 0..2 {
        read("a clean list", list::clean(rows));
        read("as published", list::as_published(rows));
    }
    let text = list::clean(rows);
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let ours = import(folder.path().join("ours").to_str().unwrap(), &text).await;
    let alone = raw::sqlite(&folder.path().join("ours"), &folder.path().join("raw")).await;
    compare("SQLite", rows, ours, "INSERT", alone);

    let postgres = Postgres::start("");
    let (ours_at, raw_at) = (postgres.create_database("ours"), postgres.create_database("raw"));
    let ours = import(&ours_at, &text).await;
    let alone = raw::postgis(&ours_at, &raw_at).await;
    compare("PostGIS", rows, ours, "COPY", alone);
}

/// Parses and normalises a list on this thread, and says how long both passes over the bytes took. The entities are
/// dropped, as they are once they are written.
fn read(what: &str, text: String) {
    let (bytes, rows) = (text.len(), text.lines().count() - 1);
    let (started, before) = (Instant::now(), on_cpu());
    let mut entities = 0;
    each_entity(text, |entity| {
        entities += 1;
        drop(std::hint::black_box(entity));
    });
    let (wall, cpu) = (started.elapsed(), on_cpu().saturating_sub(before));
    println!(
        "{what}: {entities} of {rows} rows, {:.1} MB, {:.2} s, {:.2} s of it on the processor: {:.0} rows/s",
        bytes as f64 / 1e6,
        wall.as_secs_f64(),
        cpu.as_secs_f64(),
        rows as f64 / cpu.as_secs_f64(),
    );
}

fn each_entity(text: String, mut take: impl FnMut(Entity)) {
    let input = Input::Bytes { name: "aed.csv".to_owned(), bytes: text.into_bytes().into() };
    let mut import = Import::open(input, Options::new(DateTime::from_micros(0))).unwrap();
    for outcome in import.rows().unwrap() {
        if let Outcome::Entity { entity, .. } = outcome.unwrap() {
            take(*entity);
        }
    }
}

/// How long this thread has been on a processor. Other programs on the machine do not count.
fn on_cpu() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

/// Imports a list into an empty database: from its bytes to the version that is published.
async fn import(address: &str, text: &str) -> Duration {
    let store = Store::open(hiroba_store::Options::new(address)).await.unwrap();
    let tenant = store.create_tenant(&Tenant::default_tenant()).await.unwrap();
    let input = Input::Bytes { name: "aed.csv".to_owned(), bytes: text.as_bytes().into() };
    let options = Options::new(DateTime::from_micros(1_800_000_000_000_000));
    let started = Instant::now();
    let imported = publish_import(&store, tenant, input, options, Gone::Mark, silent()).await.unwrap();
    let rows = imported.tables.first().map(|table| table.report.rows).unwrap();
    assert_eq!(rows.entities, rows.read);
    started.elapsed()
}

fn compare(database: &str, rows: usize, ours: Duration, how: &str, alone: Duration) {
    println!(
        "{database}: {:.0} rows/s imported, {:.0}/s by {how} alone: ratio {:.2}",
        rows as f64 / ours.as_secs_f64(),
        rows as f64 / alone.as_secs_f64(),
        alone.as_secs_f64() / ours.as_secs_f64(),
    );
}
