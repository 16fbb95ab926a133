//! The same cases on every store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod contexts;
mod datasets;
mod deliveries;
mod differential;
mod expiry;
mod history;
mod indexes;
mod linked;
mod log;
mod lossless;
mod maps;
mod registrations;
mod snapshots;
mod sources;
mod subscriptions;
mod writes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hiroba_store::{ChangeRecord, Options, Outcome, Page, Position, Store, Stored, TenantId, Write};
use hiroba_vocab::{EntityId, Iri, Tenant};
use ngsild::jsonld::Context;
use ngsild::query::filter::Expansions;
use ngsild::query::{EntitySelector, Q, Query, TypeSelection};
use ngsild::read::{Nulls, Reader};
use ngsild::{DateTime, Entity};
use serde_json::Value;

/// A fixed instant, `seconds` after an arbitrary start.
fn at(seconds: i64) -> DateTime {
    DateTime::from_micros((1_740_000_000 + seconds) * 1_000_000)
}

/// A database of its own that is gone when this is dropped (SQLite) or when the test server is (PostGIS).
struct Database {
    address: String,
    _folder: Option<tempfile::TempDir>,
}

impl Database {
    async fn open(&self) -> Store {
        self.open_with(|_| {}).await
    }

    async fn open_with(&self, change: impl FnOnce(&mut Options)) -> Store {
        let mut options = Options::new(self.address.as_str());
        options.observe_after = 0;
        // Instants of tests are long past: what expires at them is not to be removed meanwhile.
        options.reap_every = Duration::ZERO;
        change(&mut options);
        Store::open(options).await.unwrap()
    }
}

fn sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    Database { address: folder.path().to_str().unwrap().to_owned(), _folder: Some(folder) }
}

/// A new database on the server that `HIROBA_TEST_POSTGRES` names. Without one PostGIS is skipped, loudly, unless
/// `HIROBA_REQUIRE_POSTGIS` forbids it.
async fn postgis() -> Option<Database> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("HIROBA_TEST_POSTGRES") else {
        assert!(std::env::var_os("HIROBA_REQUIRE_POSTGIS").is_none(), "HIROBA_TEST_POSTGRES is not set");
        eprintln!("SKIPPED on PostGIS: HIROBA_TEST_POSTGRES is not set (scripts/test.sh sets it)");
        return None;
    };
    let name = format!("hiroba_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // Two databases cannot be made from one template at the same time.
    let lock = "select pg_advisory_lock(1)";
    client.batch_execute(lock).await.unwrap();
    client.batch_execute(&format!("create database {name} template hiroba_template")).await.unwrap();
    client.batch_execute("select pg_advisory_unlock(1)").await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    Some(Database { address: format!("{base}/{name}"), _folder: None })
}

/// Every kind of database there is, each new.
async fn databases() -> Vec<Database> {
    let mut databases = vec![sqlite()];
    databases.extend(postgis().await);
    databases
}

/// Runs a test on a thread with room for deep random values.
fn run<T: Send>(test: impl Future<Output = T> + Send) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 << 20);
        thread.spawn_scoped(scope, || runtime.block_on(test)).unwrap().join().unwrap()
    })
}

fn entity(body: Value) -> Arc<Entity> {
    let reader = Reader { context: &Context::core(), nulls: Nulls::Refused };
    Arc::new(reader.fragment(body).unwrap().into_entity(at(0)).unwrap())
}

fn id(text: &str) -> EntityId {
    EntityId::parse(text).unwrap()
}

fn name(text: &str) -> Iri {
    Context::core().expand(text).unwrap()
}

fn create(entity: &Arc<Entity>) -> Write {
    Write { before: None, after: Some(Arc::clone(entity)) }
}

async fn default_tenant(store: &Store) -> TenantId {
    store.tenant(&Tenant::default_tenant()).await.unwrap().unwrap()
}

/// Creates entities from their bodies; all must be new.
async fn create_all(store: &Store, tenant: TenantId, bodies: impl IntoIterator<Item = Value>) {
    let writes: Vec<Write> = bodies.into_iter().map(|body| create(&entity(body))).collect();
    let outcomes = store.write(tenant, &writes, at(0)).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done { .. })));
}

/// The changes after a position, once there are as many: readers of the log wait for the transactions of the whole
/// database server that began before.
async fn told(store: &Store, after: Position, count: usize) -> Vec<ChangeRecord> {
    let start = std::time::Instant::now();
    loop {
        let changes = store.changes(after, 10_000).await.unwrap();
        if changes.len() >= count {
            return changes;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{count} changes, not {}", changes.len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn load(store: &Store, tenant: TenantId, text: &str) -> Option<Stored> {
    store.entity(tenant, &id(text)).await.unwrap()
}

fn everything() -> Page {
    Page { after: 0, offset: 0, limit: 100_000, count: true }
}

fn typed(types: &str) -> Query {
    let types = types.parse::<TypeSelection>().unwrap().resolve(&Context::core()).unwrap();
    Query { selectors: vec![EntitySelector { types, ..Default::default() }], ..Query::default() }
}

fn with_q(query: Query, q: &str) -> Query {
    let filter = q.parse::<Q>().unwrap().resolve_linked(&Context::core(), &Expansions::default(), 5).unwrap();
    Query { filter: Some(filter), ..query }
}

fn ids(entities: &[Stored]) -> Vec<&str> {
    entities.iter().map(|stored| stored.entity.id.as_str()).collect()
}
