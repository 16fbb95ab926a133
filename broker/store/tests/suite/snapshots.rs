//! Snapshots: who prepares them, whose data nobody sees, what is left of them.

use hiroba_store::{NewSnapshot, SnapshotAdded, SnapshotChange, SnapshotEntry, SnapshotUse};
use serde_json::json;

use crate::*;

fn new(id: &str, priority: u8, limit: usize) -> NewSnapshot {
    let text = |text: &str| format!("\"{text} of {id}\"");
    NewSnapshot {
        id: id.to_owned(),
        priority,
        expires_at: at(1_000),
        origin: text("origin"),
        settings: text("settings"),
        outcome: text("outcome"),
        limit,
    }
}

pub(crate) async fn add(store: &Store, tenant: TenantId, id: &str) {
    let added = store.add_snapshot(tenant, new(id, 5, 100), at(0)).await.unwrap();
    assert!(matches!(added, SnapshotAdded::Done(None)), "{added:?}");
}

pub(crate) async fn claim(store: &Store, now: i64) -> Option<SnapshotEntry> {
    store.claim_snapshot(at(now), at(now + 10)).await.unwrap()
}

fn numbered(n: usize) -> Value {
    json!({"id": format!("urn:x:{n}"), "type": "T", "n": n, "location": {"type": "Point", "coordinates": [1, 2]}})
}

#[test]
fn a_snapshot_is_prepared_by_one_at_a_time_and_again_when_its_claim_runs_out() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            assert!(claim(&store, 0).await.is_none());
            add(&store, tenant, "urn:s:1").await;
            assert!(store.snapshot_data(tenant, "urn:s:1").await.unwrap().is_some_and(|s| s.preparing));
            let first = claim(&store, 0).await.unwrap();
            assert_eq!(
                (first.id.as_str(), first.attempts, first.origin.as_str()),
                ("urn:s:1", 1, "\"origin of urn:s:1\"")
            );
            assert!(claim(&store, 5).await.is_none(), "it is being prepared");
            assert!(store.keep_snapshot(&first, at(20)).await.unwrap());
            assert!(claim(&store, 15).await.is_none(), "the claim was renewed");
            create_all(&store, first.data.unwrap(), [numbered(1)]).await;
            let second = claim(&store, 21).await.unwrap();
            assert_eq!(second.attempts, 2);
            assert_ne!(second.data, first.data, "it starts again, somewhere else");
            assert!(!store.keep_snapshot(&first, at(40)).await.unwrap(), "who was too slow is told");
            assert!(!store.finish_snapshot(&first, "\"late\"".to_owned(), at(22)).await.unwrap());
            assert!(store.finish_snapshot(&second, "\"ready\"".to_owned(), at(23)).await.unwrap());
            assert!(claim(&store, 100).await.is_none());
            let ready = store.snapshot(tenant, "urn:s:1").await.unwrap().unwrap();
            assert_eq!((ready.preparing, ready.outcome.as_str(), ready.modified_at), (false, "\"ready\"", at(23)));
            assert_eq!(ready.data, second.data);
        }
    });
}

#[test]
fn settings_change_only_as_they_were_seen() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "urn:s:1").await;
            let seen = store.snapshot(tenant, "urn:s:1").await.unwrap().unwrap();
            let change = |priority| SnapshotChange { priority, expires_at: at(2_000), settings: "\"new\"".to_owned() };
            assert!(store.update_snapshot(&seen, change(9), at(7)).await.unwrap());
            assert!(!store.update_snapshot(&seen, change(1), at(8)).await.unwrap(), "somebody was faster");
            let used = SnapshotUse { tenant, id: "urn:s:1".to_owned(), used_at: at(9) };
            let earlier = SnapshotUse { used_at: at(3), ..used.clone() };
            let gone = SnapshotUse { id: "urn:s:none".to_owned(), ..used.clone() };
            store.note_snapshot_uses(vec![used, gone]).await.unwrap();
            store.note_snapshot_uses(vec![earlier]).await.unwrap();
            let entry = store.snapshot(tenant, "urn:s:1").await.unwrap().unwrap();
            assert_eq!((entry.priority, entry.expires_at, entry.modified_at), (9, at(2_000), at(7)));
            assert_eq!((entry.last_used_at, entry.settings.as_str()), (Some(at(9)), "\"new\""));
        }
    });
}

#[test]
fn the_least_important_snapshot_makes_room() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let add = async |new: NewSnapshot, now: i64| store.add_snapshot(tenant, new, at(now)).await.unwrap();
            for (id, priority, end) in [("urn:s:1", 3, 900), ("urn:s:2", 3, 800), ("urn:s:3", 5, 100)] {
                let new = NewSnapshot { expires_at: at(end), ..new(id, priority, 3) };
                assert!(matches!(add(new, 0).await, SnapshotAdded::Done(None)));
            }
            assert!(matches!(add(new("urn:s:1", 9, 3), 1).await, SnapshotAdded::Exists));
            assert!(matches!(add(new("urn:s:4", 3, 3), 1).await, SnapshotAdded::Full), "none is of a lower priority");
            let SnapshotAdded::Done(Some(dropped)) = add(new("urn:s:4", 4, 3), 1).await else { panic!("no room") };
            assert_eq!(dropped.id, "urn:s:2", "of the lowest priority, the first to expire");
            let after_expiry = add(new("urn:s:5", 1, 3), 200).await;
            assert!(matches!(after_expiry, SnapshotAdded::Done(None)), "one that has expired does not count");
            let left: Vec<_> = store.snapshots(tenant).await.unwrap().into_iter().map(|s| s.id).collect();
            assert_eq!(left, ["urn:s:1", "urn:s:3", "urn:s:4", "urn:s:5"]);
            let expired = store.expired_snapshots(at(200), 10).await.unwrap();
            assert_eq!(expired, [(tenant, "urn:s:3".to_owned())]);
            assert!(store.delete_snapshot(tenant, "urn:s:1", Some(at(200)), at(200)).await.unwrap().is_none());
            assert!(store.delete_snapshot(tenant, "urn:s:3", Some(at(200)), at(200)).await.unwrap().is_some());
        }
    });
}

#[test]
fn nobody_sees_the_data_of_a_snapshot_from_outside() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "urn:s:1").await;
            let data = claim(&store, 0).await.unwrap().data.unwrap();
            create_all(&store, tenant, [numbered(1)]).await;
            create_all(&store, data, (0..40).map(numbered)).await;
            create_all(&store, tenant, [numbered(2)]).await;
            create_all(&store, data, (40..80).map(numbered)).await;
            assert_eq!(store.query(data, &typed("T"), everything(), at(0)).await.unwrap().entities.len(), 80);
            assert_eq!(
                ids(&store.query(tenant, &typed("T"), everything(), at(0)).await.unwrap().entities),
                ["urn:x:1", "urn:x:2"]
            );
            let tenants = store.tenants().await.unwrap();
            assert_eq!(tenants, [(tenant, Tenant::default_tenant())]);
            let scanned = store.scan(0, 100).await.unwrap();
            assert!(scanned.len() == 2 && scanned.iter().all(|(_, whose, _)| *whose == tenant));
            // Also page by page, and where a whole page has nothing to tell.
            told(&store, Position::default(), 2).await;
            let mut position = Position::default();
            let mut seen = Vec::new();
            for _ in 0..10 {
                for change in store.changes(position, 7).await.unwrap() {
                    position = change.position;
                    seen.push(change.entity.to_string());
                }
            }
            assert_eq!(seen, ["urn:x:1", "urn:x:2"]);
            create_all(&store, tenant, [numbered(3)]).await;
            let news = told(&store, position, 1).await;
            assert_eq!(news.iter().map(|change| change.entity.as_str()).collect::<Vec<_>>(), ["urn:x:3"]);
        }
    });
}

#[test]
fn the_data_of_a_deleted_snapshot_are_removed() {
    run(async {
        for database in databases().await {
            let quick = |options: &mut Options| {
                options.reap_every = Duration::from_millis(30);
                options.snapshot_grace = Duration::from_secs(1);
                options.told_deletions = 2;
            };
            let store = database.open_with(quick).await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "urn:s:1").await;
            let data = claim(&store, 0).await.unwrap().data.unwrap();
            create_all(&store, data, (0..1_200).map(numbered)).await;
            create_all(&store, tenant, [numbered(1)]).await;
            for whose in [data, tenant] {
                subscriptions::add(&store, whose, "urn:subscription:1").await;
            }
            for n in 2..8 {
                subscriptions::add(&store, data, &format!("urn:subscription:{n}")).await;
            }
            let (mut follower, mut far) = (subscriptions::Follower::default(), subscriptions::Follower::default());
            follower.follow(&store, 10).await;
            far.follow(&store, 10).await;
            deliveries::note(&store, 0, &[subscriptions::made(data, "urn:subscription:1", "x", 0)]).await;
            let deleted = store.delete_snapshot(tenant, "urn:s:1", None, at(1)).await.unwrap();
            assert_eq!(deleted.and_then(|entry| entry.data), Some(data));
            assert!(store.snapshot(tenant, "urn:s:1").await.unwrap().is_none());
            assert_eq!(store.count_subscriptions(data).await.unwrap(), 0, "they end with it");
            assert!(store.claim_deliveries("a", at(1), at(2), 10).await.unwrap().is_empty(), "nothing is delivered");
            let mut gone = follower.follow(&store, 2).await;
            gone.sort();
            assert_eq!(gone, (1..8).map(|n| format!("-urn:subscription:{n}")).collect::<Vec<_>>());
            let removed = async || {
                let start = std::time::Instant::now();
                while !store.shapes(data).await.unwrap().is_empty()
                    || store.count_subscriptions(data).await.unwrap() > 0
                    || store.backlog().await.unwrap().notifications > 0
                {
                    assert!(start.elapsed() < Duration::from_secs(15), "the data are removed");
                    tokio::time::sleep(Duration::from_millis(30)).await;
                }
            };
            removed().await;
            // A request that was under way comes too late; what it writes goes as well.
            create_all(&store, data, [numbered(7)]).await;
            subscriptions::add(&store, data, "urn:subscription:late").await;
            follower.follow(&store, 2).await;
            removed().await;
            assert_eq!(follower.follow(&store, 2).await, ["-urn:subscription:late"]);
            // What nobody needs to be told of any more is not kept.
            let start = std::time::Instant::now();
            let mut is_forgotten = false;
            while !is_forgotten {
                assert!(start.elapsed() < Duration::from_secs(15), "deletions are forgotten");
                tokio::time::sleep(Duration::from_millis(30)).await;
                let mut late = far.clone();
                late.follow(&store, 10).await;
                is_forgotten = late.afresh > far.afresh;
            }
            assert!(load(&store, tenant, "urn:x:7").await.is_none());
            assert!(load(&store, tenant, "urn:x:1").await.is_some());
            assert_eq!(store.count_subscriptions(tenant).await.unwrap(), 1);
            // Another snapshot never gets the number, so what is remembered of the old one is not shown in it.
            add(&store, tenant, "urn:s:1").await;
            let again = claim(&store, 2).await.unwrap().data.unwrap();
            assert_ne!(again, data);
            assert!(load(&store, again, "urn:x:1").await.is_none());
        }
    });
}

/// The next part of the log that holds something to match, with its end.
async fn to_match(store: &Store, after: Position, limit: usize) -> (Vec<ChangeRecord>, Position) {
    let start = std::time::Instant::now();
    let mut after = after;
    loop {
        let part = store.changes_to_match(after, limit).await.unwrap();
        after = part.up_to.unwrap_or(after);
        if !part.records.is_empty() {
            return (part.records, after);
        }
        assert!(start.elapsed() < Duration::from_secs(20), "something is to be matched");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn what_happens_in_snapshots_is_matched_where_somebody_subscribes_and_shown_to_nobody_else() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let mut data = Vec::new();
            for id in ["urn:s:1", "urn:s:2"] {
                add(&store, tenant, id).await;
                data.push(claim(&store, 0).await.unwrap().data.unwrap());
            }
            let [heard, unheard] = data[..] else { panic!() };
            create_all(&store, heard, [numbered(1)]).await;
            create_all(&store, unheard, (0..20).map(numbered)).await;
            create_all(&store, tenant, [numbered(2)]).await;
            let (records, start) = to_match(&store, Position::default(), 5).await;
            let told = |records: &[ChangeRecord]| -> Vec<String> {
                records.iter().map(|record| record.entity.to_string()).collect()
            };
            assert_eq!(told(&records), ["urn:x:2"], "nobody subscribes to a snapshot yet");

            subscriptions::add(&store, heard, "urn:subscription:1").await;
            create_all(&store, heard, [numbered(3)]).await;
            create_all(&store, unheard, (20..40).map(numbered)).await;
            create_all(&store, tenant, [numbered(4)]).await;
            let (records, middle) = to_match(&store, start, 1).await;
            assert_eq!(told(&records), ["urn:x:3"]);
            assert_eq!(store.tenant(&records[0].tenant).await.unwrap(), Some(heard));
            let (records, end) = to_match(&store, middle, 7).await;
            assert_eq!(told(&records), ["urn:x:4"]);
            assert_eq!((records[0].tenant.clone(), records[0].position), (Tenant::default_tenant(), end));
            let shown = store.changes(Position::default(), 100).await.unwrap();
            assert_eq!(told(&shown), ["urn:x:2", "urn:x:4"], "outside");

            // The end of what nobody is told of is known all the same.
            create_all(&store, unheard, (40..50).map(numbered)).await;
            let begun = std::time::Instant::now();
            let mut after = end;
            while load(&store, unheard, "urn:x:49").await.unwrap().version.0.unsigned_abs() > after.number {
                let part = store.changes_to_match(after, 3).await.unwrap();
                assert!(part.records.is_empty(), "{part:?}");
                after = part.up_to.unwrap_or(after);
                assert!(begun.elapsed() < Duration::from_secs(20), "{after}");
            }
            store.delete_subscription(heard, "urn:subscription:1").await.unwrap();
            create_all(&store, heard, [numbered(5)]).await;
            create_all(&store, tenant, [numbered(6)]).await;
            assert_eq!(told(&to_match(&store, after, 5).await.0), ["urn:x:6"], "nobody subscribes any more");
        }
    });
}

#[test]
fn data_belong_to_a_tenant_or_to_one_of_its_snapshots() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let west = Tenant::parse("west").unwrap();
            let tenant = store.create_tenant(&west).await.unwrap();
            add(&store, tenant, "urn:s:1").await;
            let data = claim(&store, 0).await.unwrap().data.unwrap();
            for (whose, name, snapshot) in [
                (default_tenant(&store).await, Tenant::default_tenant(), None),
                (tenant, west.clone(), None),
                (data, west.clone(), Some("urn:s:1".to_owned())),
            ] {
                let owner = store.owner(whose).await.unwrap().unwrap();
                assert_eq!((&owner.tenant, &owner.snapshot), (&name, &snapshot));
            }
            store.delete_snapshot(tenant, "urn:s:1", None, at(1)).await.unwrap().unwrap();
            assert_eq!(database.open().await.owner(data).await.unwrap(), None, "it is gone");
        }
    });
}
