//! Subscriptions, those who follow them, and who matches changes with them.

use hiroba_store::{
    Matching, NewNotification, NewSubscription, SubscriptionAdded, SubscriptionEntry, SubscriptionsSeen,
};
use ngsild::subscription::Counters;
use serde_json::json;

use crate::*;

pub(crate) fn new(id: &str, document: &str) -> NewSubscription {
    NewSubscription { id: id.to_owned(), document: document.to_owned(), expires_at: None, context: None }
}

pub(crate) async fn add(store: &Store, tenant: TenantId, id: &str) {
    assert_eq!(store.add_subscription(tenant, new(id, "{}")).await.unwrap(), SubscriptionAdded::Done);
}

pub(crate) async fn other_tenant(store: &Store) -> TenantId {
    store.create_tenant(&Tenant::parse("other").unwrap()).await.unwrap()
}

pub(crate) fn made(tenant: TenantId, subscription: &str, payload: &str, seconds: i64) -> NewNotification {
    let (subscription, payload) = (subscription.to_owned(), payload.to_owned());
    NewNotification { tenant, subscription, payload, at: at(seconds), of: at(seconds) }
}

pub(crate) async fn matching(store: &Store, seconds: i64) -> Matching {
    store.claim_matching("a", at(seconds), at(seconds + 10)).await.unwrap().unwrap()
}

async fn get(store: &Store, tenant: TenantId, id: &str) -> Option<SubscriptionEntry> {
    store.subscription(tenant, id).await.unwrap()
}

/// What a reader knows who follows the changes from the beginning, in pages.
#[derive(Clone, Default)]
pub(crate) struct Follower {
    seen: SubscriptionsSeen,
    pub(crate) known: std::collections::BTreeMap<String, String>,
    pub(crate) afresh: usize,
}

impl Follower {
    pub(crate) async fn follow(&mut self, store: &Store, limit: usize) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let changes = store.changed_subscriptions(self.seen, limit).await.unwrap();
            if changes.afresh {
                self.known.clear();
                self.afresh += 1;
            }
            for entry in changes.changed {
                told.push(entry.id.clone());
                self.known.insert(entry.id, entry.document);
            }
            for (_, id) in changes.deleted {
                told.push(format!("-{id}"));
                self.known.remove(&id);
            }
            self.seen = changes.seen;
            if !changes.more {
                return told;
            }
        }
    }
}

#[test]
fn a_subscription_is_kept_changed_and_removed() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let (tenant, other) = (default_tenant(&store).await, other_tenant(&store).await);
            assert_eq!(get(&store, tenant, "urn:s:1").await, None);
            let first = NewSubscription { expires_at: Some(at(60)), ..new("urn:s:1", "一") };
            assert_eq!(store.add_subscription(tenant, first).await.unwrap(), SubscriptionAdded::Done);
            assert_eq!(store.add_subscription(tenant, new("urn:s:1", "x")).await.unwrap(), SubscriptionAdded::Exists);
            let entry = get(&store, tenant, "urn:s:1").await.unwrap();
            assert_eq!((entry.document.as_str(), entry.expires_at, entry.tenant), ("一", Some(at(60)), tenant));
            assert_eq!((entry.counters, entry.waiting, entry.letters_lost), (Counters::default(), 0, 0));
            assert_eq!(get(&store, other, "urn:s:1").await, None);

            drop(store);
            let store = database.open().await;
            assert_eq!(get(&store, tenant, "urn:s:1").await.as_ref(), Some(&entry), "it outlives the process");
            assert!(store.update_subscription(tenant, entry.revision, new("urn:s:1", "二")).await.unwrap());
            assert!(!store.update_subscription(tenant, entry.revision, new("urn:s:1", "三")).await.unwrap());
            let changed = get(&store, tenant, "urn:s:1").await.unwrap();
            assert_eq!((changed.document.as_str(), changed.expires_at, changed.since), ("二", None, entry.since));

            assert!(!store.delete_subscription(other, "urn:s:1").await.unwrap());
            assert!(store.delete_subscription(tenant, "urn:s:1").await.unwrap());
            assert!(!store.delete_subscription(tenant, "urn:s:1").await.unwrap());
            assert_eq!(get(&store, tenant, "urn:s:1").await, None);
            assert!(!store.update_subscription(tenant, changed.revision, new("urn:s:1", "四")).await.unwrap());
            add(&store, tenant, "urn:s:1").await;
            assert!(get(&store, tenant, "urn:s:1").await.unwrap().revision > changed.revision);
        }
    });
}

#[test]
fn subscriptions_are_listed_by_id_in_pages_and_tenant_by_tenant() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let (tenant, other) = (default_tenant(&store).await, other_tenant(&store).await);
            for id in ["urn:s:b", "urn:s:B", "urn:s:c", "urn:s:a"] {
                add(&store, tenant, id).await;
            }
            add(&store, other, "urn:s:z").await;
            store.delete_subscription(tenant, "urn:s:c").await.unwrap();
            for (after, offset, limit, expected) in [
                ("", 0, 9, vec!["urn:s:B", "urn:s:a", "urn:s:b"]),
                ("", 1, 1, vec!["urn:s:a"]),
                ("urn:s:B", 0, 1, vec!["urn:s:a"]),
                ("urn:s:B", 1, 9, vec!["urn:s:b"]),
                ("urn:s:b", 0, 9, vec![]),
            ] {
                let page = store.subscriptions(tenant, after, offset, limit).await.unwrap();
                let ids: Vec<&str> = page.iter().map(|entry| entry.id.as_str()).collect();
                assert_eq!(ids, expected, "{after} {offset} {limit}");
            }
            assert_eq!(store.count_subscriptions(tenant).await.unwrap(), 3);
            assert_eq!(store.count_subscriptions(other).await.unwrap(), 1);
        }
    });
}

#[test]
fn what_is_acknowledged_after_a_subscription_comes_after_its_position_and_what_was_told_before_does_not() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let start = store.head().await.unwrap();
            create_all(&store, tenant, [json!({"id": "urn:x:1", "type": "T"})]).await;
            let before = told(&store, start, 1).await.remove(0).position;
            add(&store, tenant, "urn:s:1").await;
            create_all(&store, tenant, [json!({"id": "urn:x:2", "type": "T"})]).await;
            let after = told(&store, start, 2).await.remove(1).position;
            let since = get(&store, tenant, "urn:s:1").await.unwrap().since;
            assert!(before <= since && since < after, "{before} {since} {after}");
        }
    });
}

#[test]
fn who_follows_subscriptions_learns_of_each_as_it_is_now() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let mut follower = Follower::default();
            assert!(follower.follow(&store, 2).await.is_empty());
            for id in ["1", "2", "3", "4", "5"] {
                add(&store, tenant, id).await;
            }
            assert_eq!(follower.follow(&store, 2).await, ["1", "2", "3", "4", "5"]);
            assert!(follower.follow(&store, 2).await.is_empty());

            for document in ["b", "c"] {
                let revision = get(&store, tenant, "2").await.unwrap().revision;
                assert!(store.update_subscription(tenant, revision, new("2", document)).await.unwrap());
            }
            store.delete_subscription(tenant, "1").await.unwrap();
            store.delete_subscription(tenant, "4").await.unwrap();
            add(&store, tenant, "4").await;
            assert_eq!(follower.follow(&store, 1).await, ["2", "-1", "4"]);
            let known: Vec<(&str, &str)> = follower.known.iter().map(|(id, says)| (&**id, &**says)).collect();
            assert_eq!(known, [("2", "c"), ("3", "{}"), ("4", "{}"), ("5", "{}")]);
        }
    });
}

#[test]
fn who_is_too_far_behind_begins_anew_and_nobody_else_does() {
    run(async {
        for database in databases().await {
            let store = database.open_with(|options| options.told_deletions = 3).await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "stays").await;
            add(&store, tenant, "0").await;
            let (mut near, mut far) = (Follower::default(), Follower::default());
            near.follow(&store, 10).await;
            far.follow(&store, 10).await;
            let afresh = near.afresh;
            for n in 0..8 {
                store.delete_subscription(tenant, &n.to_string()).await.unwrap();
                add(&store, tenant, &(n + 1).to_string()).await;
                near.follow(&store, 10).await;
            }
            assert_eq!(near.afresh, afresh, "who keeps up is told each");
            far.follow(&store, 1).await;
            assert_eq!(far.afresh, afresh + 1);
            // Reading page by page goes over revisions whose deletions are forgotten.
            let mut new = Follower::default();
            new.follow(&store, 1).await;
            for follower in [&near, &far, &new] {
                assert_eq!(follower.known.keys().collect::<Vec<_>>(), ["8", "stays"]);
            }
        }
    });
}

#[test]
fn who_follows_beside_many_who_subscribe_misses_nobody() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let writers: Vec<_> = (0..6)
                .map(|writer| {
                    let store = store.clone();
                    tokio::spawn(async move {
                        for n in 0..20 {
                            add(&store, tenant, &format!("{writer}:{n}")).await;
                        }
                        store.delete_subscription(tenant, &format!("{writer}:0")).await.unwrap();
                    })
                })
                .collect();
            let mut follower = Follower::default();
            let mut told = Vec::new();
            while writers.iter().any(|writer| !writer.is_finished()) {
                told.extend(follower.follow(&store, 7).await);
            }
            for writer in writers {
                writer.await.unwrap();
            }
            told.extend(follower.follow(&store, 7).await);
            assert_eq!(follower.known.len(), 6 * 19);
            let mut added: Vec<String> = told.into_iter().filter(|id| !id.starts_with('-')).collect();
            let count = added.len();
            added.sort();
            added.dedup();
            assert_eq!(count, added.len(), "each is told once");
        }
    });
}

#[test]
fn one_matches_at_a_time_and_the_next_goes_on_where_it_stopped() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "s").await;
            let first = matching(&store, 0).await;
            assert_eq!(store.claim_matching("b", at(9), at(30)).await.unwrap(), None);
            assert!(store.keep_matching(&first, at(20)).await.unwrap());
            assert_eq!(store.claim_matching("b", at(19), at(30)).await.unwrap(), None);
            let up_to = Position { transaction: first.position.transaction + 5, number: 7 };
            let noted = store.note_notifications(&first, up_to, &[made(tenant, "s", "1", 1)], at(25)).await.unwrap();
            assert!(noted);
            let back = Position { transaction: first.position.transaction, number: 1 };
            assert!(store.note_notifications(&first, back, &[], at(25)).await.unwrap());

            let second = store.claim_matching("b", at(25), at(40)).await.unwrap().unwrap();
            assert_eq!(second.position, up_to, "a position never goes back");
            let later = Position { number: 9, ..up_to };
            let lost = [made(tenant, "s", "2", 1)];
            assert!(!store.note_notifications(&first, later, &lost, at(99)).await.unwrap());
            assert!(!store.keep_matching(&first, at(99)).await.unwrap());
            store.release_matching(&first).await.unwrap();
            assert_eq!(get(&store, tenant, "s").await.unwrap().waiting, 1);
            let backlog = store.backlog().await.unwrap();
            assert_eq!((backlog.matched, backlog.matcher.as_deref()), (up_to, Some("b")));

            store.release_matching(&second).await.unwrap();
            assert!(!store.note_notifications(&second, later, &lost, at(99)).await.unwrap());
            assert_eq!(matching(&store, 26).await.position, up_to);
        }
    });
}

#[test]
fn notifications_for_what_is_gone_are_passed_over_and_the_others_noted() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let (tenant, other) = (default_tenant(&store).await, other_tenant(&store).await);
            add(&store, tenant, "s").await;
            add(&store, tenant, "gone").await;
            store.delete_subscription(tenant, "gone").await.unwrap();
            let matching = matching(&store, 0).await;
            let all = [
                made(tenant, "gone", "1", 1),
                made(tenant, "s", "2", 1),
                made(tenant, "never", "3", 1),
                made(other, "s", "4", 1),
                made(tenant, "s", "5", 1),
            ];
            assert!(store.note_notifications(&matching, matching.position, &all, at(20)).await.unwrap());
            let backlog = store.backlog().await.unwrap();
            assert_eq!((backlog.notifications, backlog.subscriptions, backlog.next_at), (2, 1, Some(at(1))));
        }
    });
}

/// Another server counts its transactions from the beginning, and a position may be greater than all that is logged.
#[test]
fn in_a_database_that_moved_to_another_server_changes_come_after_subscriptions_and_what_is_matched() {
    run(async {
        let Some(database) = postgis().await else { return };
        let store = database.open().await;
        let tenant = default_tenant(&store).await;
        for id in ["s", "late"] {
            add(&store, tenant, id).await;
        }
        drop(store);
        let (client, connection) = tokio_postgres::connect(&database.address, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        for (moved, ahead) in [
            ("update matching set position_transaction = position_transaction + $1", 1_000_000_i64),
            ("update subscription set since_transaction = since_transaction + $1 where id = 'late'", 2_000_000),
        ] {
            client.execute(moved, &[&ahead]).await.unwrap();
            let store = database.open().await;
            let start = store.head().await.unwrap();
            let matched = matching(&store, ahead).await.position;
            let since = get(&store, tenant, "late").await.unwrap().since;
            create_all(&store, tenant, [json!({"id": format!("urn:x:{ahead}"), "type": "T"})]).await;
            let change = told(&store, start, 1).await.remove(0);
            assert!(change.position > since && change.position > matched, "{moved}");
        }
    });
}
