//! Versions of data sets when their processes die or meet others.

use std::sync::Arc;

use hiroba_store::{Claim, Claimed, NewVersion, Store, VersionChange, VersionKind, VersionState, Write};
use ngsild::Entity;
use serde_json::json;

use crate::*;

fn dataset() -> EntityId {
    id("urn:ngsi-ld:Dataset:131016:aed")
}

fn device(number: u8, value: i64) -> Arc<Entity> {
    entity(json!({"id": format!("urn:x:{number}"), "type": "T", "n": value}))
}

async fn claim(store: &Store, tenant: TenantId, seconds: i64) -> Claim {
    match store.claim_dataset(tenant, &dataset(), at(seconds), at(seconds + 10)).await.unwrap() {
        Claimed::Done(claim) => claim,
        Claimed::Busy(until) => panic!("busy until {until}"),
    }
}

async fn begin(store: &Store, claim: &Claim) -> i64 {
    let new = NewVersion { kind: VersionKind::Import, restores: None, details: "{}".to_owned() };
    store.begin_version(claim, new, at(0)).await.unwrap().unwrap()
}

fn change(before: Option<&Arc<Entity>>, after: Option<&Arc<Entity>>) -> VersionChange {
    let entity = before.or(after).unwrap().id.clone();
    VersionChange { entity, before: before.cloned(), after: after.cloned(), member: after.is_some(), always: false }
}

async fn note(store: &Store, claim: &Claim, number: i64, changes: &[VersionChange]) -> Option<u64> {
    store.note_changes(claim, number, changes, false, at(20)).await.unwrap()
}

async fn write(store: &Store, tenant: TenantId, change: &VersionChange) {
    let before = store.entity(tenant, &change.entity).await.unwrap();
    let outcomes = store.write(tenant, &[Write { before, after: change.after.clone() }], at(1)).await.unwrap();
    assert!(matches!(outcomes[0], Outcome::Done { .. }));
}

/// What a version publishes: the last characters of the ids, with the values.
async fn published(store: &Store, tenant: TenantId, number: i64) -> Vec<(String, Value)> {
    let page = store.dataset_differences(tenant, &dataset(), (0, number), "", 500).await.unwrap();
    let shown = |after: Entity| match &after.attributes[&name("n")][0].is {
        ngsild::AttributeValue::Property(value) => (after.id.as_str()[6..].to_owned(), value.clone()),
        other => panic!("{other:?}"),
    };
    page.into_iter().filter_map(|difference| difference.after.map(shown)).collect()
}

#[test]
fn what_a_dead_process_noted_and_did_not_write_is_not_told() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let dead = claim(&store, tenant, 0).await;
            let number = begin(&store, &dead).await;
            let first = [change(None, Some(&device(1, 1))), change(None, Some(&device(2, 1)))];
            assert_eq!(note(&store, &dead, number, &first).await, Some(2));
            for change in &first {
                write(&store, tenant, change).await;
            }
            let old = store.entity(tenant, &id("urn:x:1")).await.unwrap().unwrap().entity;
            let second = [
                change(Some(&old), Some(&device(1, 2))),
                change(None, Some(&device(3, 1))),
                change(None, Some(&device(4, 1))),
            ];
            assert_eq!(note(&store, &dead, number, &second).await, Some(3));
            // Of the second batch the third alone is written when the process dies.
            write(&store, tenant, &second[2]).await;

            let busy = store.claim_dataset(tenant, &dataset(), at(19), at(40)).await.unwrap();
            assert_eq!(busy, Claimed::Busy(at(20)));
            let next = claim(&store, tenant, 21).await;
            let version = store.dataset_versions(tenant, &dataset(), i64::MAX, 10).await.unwrap().remove(0);
            assert_eq!((version.number, version.state), (number, VersionState::Failed));
            let one = |n: &str| (n.to_owned(), json!(1));
            assert_eq!(published(&store, tenant, number).await, [one("1"), one("2"), one("4")]);
            assert_eq!(store.count_members(tenant, &dataset()).await.unwrap(), 3);

            // The dead process was only slow: it has lost the data set.
            assert_eq!(note(&store, &dead, number, &second).await, None);
            assert!(!store.keep_dataset(&dead, at(99)).await.unwrap());
            assert!(!store.end_version(&dead, number, VersionState::Published, "{}".to_owned(), at(1)).await.unwrap());
            assert!(!store.discard_version(&dead, number).await.unwrap());
            assert_eq!(begin(&store, &next).await, number + 1);
        }
    });
}

#[test]
fn what_a_version_did_to_an_entity_twice_is_told_once() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let claim = claim(&store, tenant, 0).await;
            let number = begin(&store, &claim).await;
            let first = change(None, Some(&device(1, 1)));
            note(&store, &claim, number, std::slice::from_ref(&first)).await;
            write(&store, tenant, &first).await;
            let old = store.entity(tenant, &id("urn:x:1")).await.unwrap().unwrap().entity;
            let second = change(Some(&old), Some(&device(1, 2)));
            note(&store, &claim, number, std::slice::from_ref(&second)).await;
            // It is not written, and the process ends the version as failed.
            store.end_version(&claim, number, VersionState::Failed, "{}".to_owned(), at(2)).await.unwrap();
            assert_eq!(published(&store, tenant, number).await, [("1".to_owned(), json!(1))]);
            let reversals = store.dataset_reversals(tenant, &dataset(), (number, 0), "", 10).await.unwrap();
            assert_eq!(reversals.len(), 1);
            assert!(reversals[0].before.is_none() && !reversals[0].member_before && reversals[0].member_after);
        }
    });
}

/// A process notes new entities as the first batch of a version, writes some of them, and dies.
async fn dies_over(store: &Store, tenant: TenantId, count: usize, written: impl Fn(usize) -> bool) {
    let dead = claim(store, tenant, 0).await;
    let number = begin(store, &dead).await;
    let body = |n: usize| entity(json!({"id": format!("urn:x:{n:04}"), "type": "T", "n": 1}));
    let changes: Vec<_> = (0..count).map(|n| change(None, Some(&body(n)))).collect();
    assert_eq!(note(store, &dead, number, &changes).await, Some(count as u64));
    let done = changes.iter().enumerate().filter(|(n, _)| written(*n));
    let writes: Vec<_> = done.map(|(_, change)| create(change.after.as_ref().unwrap())).collect();
    store.write(tenant, &writes, at(1)).await.unwrap();
}

#[test]
fn however_much_a_dead_process_noted_last_what_it_wrote_of_it_is_told() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            dies_over(&store, tenant, 1_201, |n| n % 3 == 1).await;
            claim(&store, tenant, 21).await;
            let all = store.dataset_differences(tenant, &dataset(), (0, 1), "", 2_000).await.unwrap();
            let told: Vec<_> = all.iter().map(|difference| difference.entity.to_string()).collect();
            let expected: Vec<_> = (0..1_201).filter(|n| n % 3 == 1).map(|n| format!("urn:x:{n:04}")).collect();
            assert_eq!(told, expected);
            assert_eq!(store.count_members(tenant, &dataset()).await.unwrap(), 400);
        }
    });
}

#[test]
fn a_large_batch_may_hold_what_was_there_before() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let first = claim(&store, tenant, 0).await;
            let number = begin(&store, &first).await;
            let create = |n: u8, value: i64| change(None, Some(&device(n, value)));
            let all: Vec<_> = (0..120).map(|n| create(n, 1)).collect();
            assert_eq!(note(&store, &first, number, &all).await, Some(120));
            // Somebody else removes one that was written, and it is in the list twice.
            let rest: Vec<_> = (119..240).map(|n| create(n, 2)).collect();
            assert_eq!(note(&store, &first, number, &rest).await, Some(121));
            store.end_version(&first, number, VersionState::Published, "{}".to_owned(), at(2)).await.unwrap();
            store.release_dataset(&first).await.unwrap();
            let told = published(&store, tenant, number).await;
            let value = |n: &str| told.iter().find(|(id, _)| id == n).map(|(_, value)| value.clone());
            assert_eq!((value("118"), value("119"), value("239")), (Some(json!(1)), Some(json!(2)), Some(json!(2))));

            // All are gone from the database, and still belong to the data set.
            let second = claim(&store, tenant, 30).await;
            let number = begin(&store, &second).await;
            assert_eq!(note(&store, &second, number, &rest).await, Some(121));
            let reversals = store.dataset_reversals(tenant, &dataset(), (number, number - 1), "", 500).await.unwrap();
            assert_eq!(reversals.iter().filter(|reversal| reversal.member_before).count(), 121);
            assert_eq!(store.count_members(tenant, &dataset()).await.unwrap(), 240);
        }
    });
}

#[test]
fn a_process_that_dies_when_it_tries_again_leaves_what_others_wrote() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let dead = claim(&store, tenant, 0).await;
            let number = begin(&store, &dead).await;
            let earlier = change(None, Some(&device(1, 1)));
            note(&store, &dead, number, std::slice::from_ref(&earlier)).await;
            write(&store, tenant, &earlier).await;
            let old = store.entity(tenant, &id("urn:x:1")).await.unwrap().unwrap().entity;
            let batch = [
                change(Some(&old), Some(&device(1, 2))),
                change(None, Some(&device(2, 2))),
                change(None, Some(&device(3, 2))),
            ];
            note(&store, &dead, number, &batch).await;
            // The third is written; of the first and the second somebody else makes something else meanwhile.
            write(&store, tenant, &batch[2]).await;
            let (first, second) = (device(1, 9), device(2, 9));
            write(&store, tenant, &change(Some(&old), Some(&first))).await;
            write(&store, tenant, &change(None, Some(&second))).await;
            let again = [change(Some(&first), Some(&device(1, 2))), change(Some(&second), Some(&device(2, 2)))];
            assert_eq!(store.note_changes(&dead, number, &again, true, at(20)).await.unwrap(), Some(2));

            claim(&store, tenant, 21).await;
            let told = |n: &str, value: i64| (n.to_owned(), json!(value));
            assert_eq!(published(&store, tenant, number).await, [told("1", 9), told("3", 2)]);
            let reversals = store.dataset_reversals(tenant, &dataset(), (number, 0), "", 10).await.unwrap();
            let before: Vec<_> = reversals.iter().map(|reversal| reversal.before.is_some()).collect();
            assert_eq!(before, [false, false], "nothing was there before the version");
            assert_eq!(store.count_members(tenant, &dataset()).await.unwrap(), 2);
        }
    });
}

/// What the program noted before batches were counted is settled as well.
#[test]
fn a_version_that_died_before_an_upgrade_is_settled_after_it() {
    const SQLITE: [&str; 7] = [
        include_str!("../../migrations/sqlite/0001_initial.sql"),
        include_str!("../../migrations/sqlite/0002_contexts.sql"),
        include_str!("../../migrations/sqlite/0003_history.sql"),
        include_str!("../../migrations/sqlite/0004_entity_maps.sql"),
        include_str!("../../migrations/sqlite/0005_snapshots.sql"),
        include_str!("../../migrations/sqlite/0006_dataset_versions.sql"),
        include_str!("../../migrations/sqlite/0007_sources.sql"),
    ];
    const POSTGIS: [&str; 7] = [
        include_str!("../../migrations/postgis/0001_initial.sql"),
        include_str!("../../migrations/postgis/0002_contexts.sql"),
        include_str!("../../migrations/postgis/0003_history.sql"),
        include_str!("../../migrations/postgis/0004_entity_maps.sql"),
        include_str!("../../migrations/postgis/0005_snapshots.sql"),
        include_str!("../../migrations/postgis/0006_dataset_versions.sql"),
        include_str!("../../migrations/postgis/0007_sources.sql"),
    ];
    let noted = |n: u8, pending: u8| {
        let document = serde_json::to_string(&*device(n, 1)).unwrap();
        let (id, dataset) = (format!("urn:x:{n}"), dataset());
        format!(
            "insert into dataset_change select id, '{dataset}', 1, '{id}', false, true, null, '{document}', {pending} from tenant;
             insert into dataset_member select id, '{dataset}', '{id}', 1 from tenant;"
        )
    };
    let left = format!(
        "insert into dataset select id, '{0}', 1, 0 from tenant;
         insert into dataset_version select id, '{0}', 1, 'import', 'publishing', null, 0, null, '{{}}' from tenant;
         {1} {2}",
        dataset(),
        noted(1, 0),
        noted(2, 1)
    );
    run(async {
        let folder = sqlite();
        let file = rusqlite::Connection::open(std::path::Path::new(&folder.address).join("hiroba.sqlite")).unwrap();
        file.execute_batch(&SQLITE.concat()).unwrap();
        file.execute_batch(&left).unwrap();
        file.pragma_update(None, "user_version", 7).unwrap();
        drop(file);
        let mut databases = vec![folder];
        if let Some(database) = postgis().await {
            let (client, connection) = tokio_postgres::connect(&database.address, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(&POSTGIS.concat()).await.unwrap();
            let version =
                "create table hiroba_schema (version integer not null); insert into hiroba_schema values (7);";
            client.batch_execute(&format!("{version} {left}")).await.unwrap();
            databases.push(database);
        }
        for database in databases {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            claim(&store, tenant, 0).await;
            assert_eq!(published(&store, tenant, 1).await, [("1".to_owned(), json!(1))]);
            assert_eq!(store.count_members(tenant, &dataset()).await.unwrap(), 1);
        }
    });
}

#[test]
fn a_version_that_is_discarded_leaves_its_number_and_forgets_what_it_saw() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let first = claim(&store, tenant, 0).await;
            let number = begin(&store, &first).await;
            let new = change(None, Some(&device(1, 1)));
            note(&store, &first, number, std::slice::from_ref(&new)).await;
            write(&store, tenant, &new).await;
            store.end_version(&first, number, VersionState::Published, "{}".to_owned(), at(2)).await.unwrap();
            store.release_dataset(&first).await.unwrap();

            let second = claim(&store, tenant, 3).await;
            let discarded = begin(&store, &second).await;
            let old = store.entity(tenant, &id("urn:x:1")).await.unwrap().unwrap().entity;
            assert_eq!(note(&store, &second, discarded, &[change(Some(&old), Some(&old))]).await, Some(0));
            assert!(store.absent_members(&second, "", 10).await.unwrap().is_empty());
            assert!(store.discard_version(&second, discarded).await.unwrap());
            store.release_dataset(&second).await.unwrap();

            let third = claim(&store, tenant, 30).await;
            assert_eq!(begin(&store, &third).await, discarded);
            assert_eq!(store.absent_members(&third, "", 10).await.unwrap(), [id("urn:x:1")]);
        }
    });
}
