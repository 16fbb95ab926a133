//! Transient entities and attributes are removed, told of, and forgotten.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hiroba_store::{ChangeRecord, Position};
use ngsild::change::Operation;
use serde_json::json;

use crate::*;

/// The real present and `milliseconds` more: removing goes by the clock.
fn soon(milliseconds: i64) -> DateTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    DateTime::from_micros(i64::try_from(now.as_micros()).unwrap() + milliseconds * 1_000)
}

async fn reaping(database: &Database) -> Store {
    database.open_with(|options| options.reap_every = Duration::from_millis(50)).await
}

fn transient(n: usize, end: DateTime) -> Value {
    json!({"id": format!("urn:x:{n}"), "type": "T", "n": n, "expiresAt": end.to_string()})
}

async fn log(store: &Store) -> Vec<ChangeRecord> {
    store.changes(Position::default(), 10_000).await.unwrap()
}

/// Waits until something holds.
macro_rules! until {
    ($what:literal, $holds:expr) => {{
        let start = Instant::now();
        while !$holds {
            assert!(start.elapsed() < Duration::from_secs(10), "{} within ten seconds", $what);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }};
}

#[test]
fn what_has_expired_is_removed_and_the_log_tells() {
    run(async {
        for database in databases().await {
            let store = reaping(&database).await;
            let tenant = default_tenant(&store).await;
            let end = soon(300);
            let kept = json!({
                "id": "urn:x:kept", "type": "T", "n": 1,
                "gone": {"value": 1, "expiresAt": end.to_string()},
                "part": {"value": 1, "sub": {"value": 2, "expiresAt": end.to_string()}},
                "two": [{"value": 1}, {"value": 2, "datasetId": "urn:d", "expiresAt": end.to_string()}]
            });
            create_all(&store, tenant, (0..1_200).map(|n| transient(n, end)).chain([kept])).await;
            let later = soon(3_600_000);
            create_all(&store, tenant, [transient(9_999, later)]).await;
            until!("all are removed", {
                let changes = log(&store).await;
                changes.iter().filter(|change| change.change.operation == Operation::Deleted).count() == 1_200
                    && changes.iter().any(|change| change.change.operation == Operation::Updated)
            });
            let changes = log(&store).await;
            assert_eq!(changes.len(), 1_202 + 1_200 + 1, "each once");
            let told = changes.iter().find(|change| change.change.operation == Operation::Updated).unwrap();
            let mut lost: Vec<(&str, bool)> = told
                .change
                .attributes
                .iter()
                .map(|change| (change.name.as_str().rsplit('/').next().unwrap(), change.after.is_none()))
                .collect();
            lost.sort_unstable();
            assert_eq!(lost, [("gone", true), ("part", false), ("two", true)]);
            assert!(told.at >= end, "told when it was done");

            let left = load(&store, tenant, "urn:x:kept").await.unwrap();
            assert!(!left.entity.attributes.contains_key(&name("gone")));
            assert!(left.entity.attributes[&name("part")][0].attributes.is_empty());
            assert_eq!(left.entity.attributes[&name("two")].len(), 1);
            assert_eq!(left.entity.modified_at, end, "modified when it expired");
            assert!(load(&store, tenant, "urn:x:0").await.is_none());
            until!("the database decides again", {
                let answer = store.query(tenant, &typed("T"), everything(), soon(0)).await.unwrap();
                assert_eq!(answer.total, Some(2));
                answer.work.exact
            });
            create_all(&store, tenant, [json!({"id": "urn:x:0", "type": "T"})]).await;
            drop(store);
            let store = reaping(&database).await;
            assert_eq!(store.next_expiry(), later.micros(), "known again after opening");
        }
    });
}

async fn valid(store: &Store, tenant: TenantId, ids: &[EntityId], now: DateTime) -> Vec<bool> {
    let found = store.valid_entities(tenant, ids, now).await.unwrap();
    found.iter().map(Option::is_some).collect()
}

#[test]
fn an_id_can_be_used_again_at_once() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, [transient(1, at(10)), transient(2, at(20))]).await;
            let ids = [id("urn:x:1"), id("urn:x:2"), id("urn:x:3")];
            assert_eq!(valid(&store, tenant, &ids, at(9)).await, [true, true, false]);
            assert_eq!(valid(&store, tenant, &ids, at(10)).await, [false, true, false]);
            create_all(&store, tenant, [json!({"id": "urn:x:1", "type": "T"})]).await;
            assert_eq!(valid(&store, tenant, &ids, at(15)).await, [true, true, false]);
            let told: Vec<Operation> = log(&store).await.iter().map(|change| change.change.operation).collect();
            use Operation::{Created, Deleted};
            assert_eq!(told, [Created, Created, Deleted, Created], "another entity of the same id");
        }
    });
}

/// Of several processes on one database each removes, but nothing is removed twice, and all learn of it.
#[test]
fn processes_share_the_work() {
    run(async {
        for database in databases().await {
            let stores = [reaping(&database).await, reaping(&database).await, reaping(&database).await];
            let tenant = default_tenant(&stores[0]).await;
            let end = soon(400);
            create_all(&stores[0], tenant, (0..600).map(|n| transient(n, end))).await;
            for store in &stores {
                until!("every process knows", {
                    let answer = store.query(tenant, &typed("T"), everything(), soon(0)).await.unwrap();
                    answer.total == Some(0) && answer.work.exact && load(store, tenant, "urn:x:0").await.is_none()
                });
            }
            let deleted = log(&stores[1]).await;
            let deleted = deleted.iter().filter(|change| change.change.operation == Operation::Deleted).count();
            assert_eq!(deleted, 600);
        }
    });
}

/// Another process learns from the log that an entity will expire, and does not show it a moment longer.
#[test]
fn an_entity_of_another_process_expires_here_too() {
    run(async {
        for database in databases().await {
            let (writer, reader) = (database.open().await, database.open().await);
            let tenant = default_tenant(&writer).await;
            create_all(&writer, tenant, [transient(1, at(10))]).await;
            until!("the reader knows", reader.next_expiry() == at(10).micros());
            for (now, count) in [(at(9), 1), (at(10), 0)] {
                let answer = reader.query(tenant, &typed("T"), everything(), now).await.unwrap();
                assert_eq!(answer.total, Some(count));
            }
        }
    });
}
