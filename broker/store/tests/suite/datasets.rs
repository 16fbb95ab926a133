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
    let page = store.dataset_differences(tenant, &dataset(), (0, number), "", 100).await.unwrap();
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
