//! Notifications that wait for their receivers.

use std::collections::HashSet;

use hiroba_store::{DeliveryClaim, NewNotification, Replay, SubscriptionEntry};
use ngsild::subscription::Counters;

use crate::subscriptions::{add, made, matching, other_tenant};
use crate::*;

/// Notes notifications as the one who matches.
pub(crate) async fn note(store: &Store, seconds: i64, all: &[NewNotification]) {
    let matching = matching(store, seconds).await;
    assert!(store.note_notifications(&matching, matching.position, all, at(seconds + 10)).await.unwrap());
    store.release_matching(&matching).await.unwrap();
}

async fn claim(store: &Store, seconds: i64, limit: usize) -> Vec<DeliveryClaim> {
    store.claim_deliveries("a", at(seconds), at(seconds + 10), limit).await.unwrap()
}

async fn claim_one(store: &Store, seconds: i64) -> DeliveryClaim {
    let mut claims = claim(store, seconds, 10).await;
    assert_eq!(claims.len(), 1);
    claims.remove(0)
}

/// What the next notification says, with its number.
async fn next(store: &Store, claim: &DeliveryClaim) -> Option<(i64, String)> {
    store.next_notifications(claim, 1).await.unwrap().pop().map(|found| (found.number, found.payload))
}

/// Delivers all that waits for a claimed subscription.
async fn deliver_all(store: &Store, claim: &DeliveryClaim, seconds: i64) -> Vec<String> {
    let mut delivered = Vec::new();
    while let Some((number, payload)) = next(store, claim).await {
        assert!(store.delivered(claim, &[number], at(seconds)).await.unwrap());
        delivered.push(payload);
    }
    assert!(store.release_delivery(claim, at(seconds)).await.unwrap());
    delivered
}

async fn entry(store: &Store, tenant: TenantId, id: &str) -> SubscriptionEntry {
    store.subscription(tenant, id).await.unwrap().unwrap()
}

/// The counters, how many notifications wait, and how many were lost.
async fn counters(store: &Store, tenant: TenantId, id: &str) -> (Counters, u64, u64) {
    let entry = entry(store, tenant, id).await;
    (entry.counters, entry.waiting, entry.letters_lost)
}

async fn letters(store: &Store, tenant: TenantId, id: &str) -> Vec<String> {
    let letters = store.dead_letters(tenant, id, 0, 100).await.unwrap();
    letters.into_iter().map(|letter| letter.payload).collect()
}

#[test]
fn notifications_are_delivered_in_order_and_counted() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "s").await;
            note(&store, 0, &[made(tenant, "s", "1", 5), made(tenant, "s", "2", 5)]).await;
            note(&store, 1, &[made(tenant, "s", "3", 6)]).await;
            assert!(claim(&store, 4, 10).await.is_empty(), "nothing is due yet");
            drop(store);
            let store = database.open().await;
            let taken = claim_one(&store, 7).await;
            assert_eq!((taken.tenant, taken.subscription.as_str()), (tenant, "s"));
            assert_eq!(deliver_all(&store, &taken, 8).await, ["1", "2", "3"]);
            let expected = Counters {
                times_sent: 3,
                last_notification: Some(at(8)),
                last_success: Some(at(8)),
                ..Counters::default()
            };
            assert_eq!(counters(&store, tenant, "s").await, (expected, 0, 0));
            assert!(claim(&store, 100, 10).await.is_empty());
            let backlog = store.backlog().await.unwrap();
            assert_eq!((backlog.notifications, backlog.subscriptions, backlog.next_at), (0, 0, None));
        }
    });
}

#[test]
fn several_are_read_at_once_as_far_as_they_are_short_and_only_those_that_arrived_are_gone() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "s").await;
            let long = "x".repeat(200_000);
            let all = ["1", "2", "3", "4", &long, "6", &long, "8"];
            note(&store, 0, &all.map(|payload| made(tenant, "s", payload, 0))).await;
            let taken = claim_one(&store, 1).await;
            let read = async |limit: usize| {
                let next = store.next_notifications(&taken, limit).await.unwrap();
                next.into_iter().map(|found| (found.number, found.payload.len())).unzip::<_, _, Vec<i64>, Vec<_>>()
            };
            assert_eq!(read(3).await.1, [1, 1, 1]);
            let (numbers, lengths) = read(100).await;
            assert_eq!(
                lengths,
                [1, 1, 1, 1, 200_000, 1, 200_000],
                "about a quarter of a million characters, and whole ones"
            );
            // The first is given up, the next two arrive, and the first comes back before the fourth is noted.
            assert!(store.gave_up(&taken, numbers[0], at(2), "no", at(2)).await.unwrap());
            assert!(store.delivered(&taken, &numbers[1..3], at(3)).await.unwrap());
            assert_eq!(store.replay(tenant, "s", Replay::All, at(4)).await.unwrap(), 1);
            assert!(store.delivered(&taken, &numbers[3..5], at(5)).await.unwrap());
            assert_eq!(read(2).await.0, [numbers[0], numbers[5]]);
            let (found, waiting, _) = counters(&store, tenant, "s").await;
            assert_eq!((found.times_sent, found.times_failed, waiting), (5, 1, 4));
        }
    });
}

#[test]
fn what_failed_is_tried_again_when_it_is_due_and_holds_up_only_its_own_queue() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "bad").await;
            add(&store, tenant, "good").await;
            note(&store, 0, &[made(tenant, "bad", "1", 0), made(tenant, "bad", "2", 0)]).await;
            let bad = claim_one(&store, 1).await;
            let (number, _) = next(&store, &bad).await.unwrap();
            assert!(store.not_delivered(&bad, number, at(2), "refused", at(60)).await.unwrap());
            assert!(store.release_delivery(&bad, at(2)).await.unwrap());
            // A later notification does not make the earlier one due.
            note(&store, 20, &[made(tenant, "bad", "3", 20), made(tenant, "good", "g", 20)]).await;
            let good = claim_one(&store, 59).await;
            assert_eq!(deliver_all(&store, &good, 59).await, ["g"]);

            let failing = counters(&store, tenant, "bad").await;
            let expected = Counters {
                times_sent: 1,
                times_failed: 1,
                last_notification: Some(at(2)),
                last_failure: Some(at(2)),
                failing: true,
                ..Counters::default()
            };
            assert_eq!(failing, (expected, 3, 0));
            let bad = claim_one(&store, 60).await;
            let again = store.next_notifications(&bad, 1).await.unwrap().pop().unwrap();
            assert_eq!((again.attempts, again.error.as_deref(), again.at), (1, Some("refused"), at(0)));
            assert_eq!(deliver_all(&store, &bad, 61).await, ["1", "2", "3"]);
            let (recovered, ..) = counters(&store, tenant, "bad").await;
            assert_eq!((recovered.times_sent, recovered.times_failed, recovered.failing), (4, 1, false));
        }
    });
}

#[test]
fn a_claim_that_was_lost_changes_nothing() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "s").await;
            note(&store, 0, &[made(tenant, "s", "1", 0), made(tenant, "s", "2", 0)]).await;
            let slow = claim_one(&store, 1).await;
            let (number, _) = next(&store, &slow).await.unwrap();
            assert!(claim(&store, 10, 10).await.is_empty());
            assert!(store.keep_delivery(&slow, at(20)).await.unwrap());
            assert!(claim(&store, 19, 10).await.is_empty());
            let quick = claim_one(&store, 20).await;

            let before = counters(&store, tenant, "s").await;
            assert_eq!(next(&store, &slow).await, None);
            assert!(!store.delivered(&slow, &[number], at(21)).await.unwrap());
            assert!(!store.not_delivered(&slow, number, at(21), "late", at(99)).await.unwrap());
            assert!(!store.gave_up(&slow, number, at(21), "late", at(99)).await.unwrap());
            assert!(!store.keep_delivery(&slow, at(99)).await.unwrap());
            assert!(!store.release_delivery(&slow, at(21)).await.unwrap());
            assert_eq!(counters(&store, tenant, "s").await, before);
            assert!(letters(&store, tenant, "s").await.is_empty());
            assert_eq!(deliver_all(&store, &quick, 22).await, ["1", "2"]);
            assert!(!store.keep_delivery(&quick, at(99)).await.unwrap(), "it was released");

            // Past its end, and taken up by nobody, it is still good.
            note(&store, 30, &[made(tenant, "s", "3", 30)]).await;
            let late = claim_one(&store, 31).await;
            assert_eq!(deliver_all(&store, &late, 999).await, ["3"]);
        }
    });
}

#[test]
fn tenants_take_turns_and_within_one_who_waits_longest_comes_first() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let (large, small) = (default_tenant(&store).await, other_tenant(&store).await);
            let mut all = Vec::new();
            for n in 0..30 {
                let id = format!("{n:02}");
                add(&store, large, &id).await;
                all.push(made(large, &id, "x", 30 - n));
            }
            for id in ["a", "b"] {
                add(&store, small, id).await;
                all.push(made(small, id, "x", 35));
            }
            note(&store, 0, &all).await;
            let mut turns = Vec::new();
            for _ in 0..4 {
                let claims = claim(&store, 40, 1).await;
                turns.push((claims[0].tenant == small, claims[0].subscription.clone()));
            }
            let expected = [(false, "29"), (true, "a"), (false, "28"), (true, "b")];
            assert_eq!(turns, expected.map(|(is_small, id)| (is_small, id.to_owned())));
            let rest = claim(&store, 40, 5).await;
            assert_eq!(rest.len(), 5, "a tenant alone has all turns");
            let mut count = rest.len();
            loop {
                let claims = claim(&store, 40, 7).await;
                if claims.is_empty() {
                    break;
                }
                count += claims.len();
            }
            assert_eq!(count, 28);
        }
    });
}

#[test]
fn what_is_given_up_is_kept_and_can_be_delivered_after_all() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let (tenant, other) = (default_tenant(&store).await, other_tenant(&store).await);
            add(&store, tenant, "s").await;
            add(&store, other, "s").await;
            let all: Vec<_> = ["1", "2", "3", "4"].map(|payload| made(tenant, "s", payload, 0)).into();
            note(&store, 0, &all).await;
            let taken = claim_one(&store, 1).await;
            for _ in 0..3 {
                let (number, _) = next(&store, &taken).await.unwrap();
                assert!(store.not_delivered(&taken, number, at(2), "500", at(2)).await.unwrap());
                assert!(store.gave_up(&taken, number, at(3), "410", at(50)).await.unwrap());
            }
            let first = store.dead_letters(tenant, "s", 0, 1).await.unwrap().remove(0);
            assert_eq!((first.payload.as_str(), first.attempts, first.error.as_str()), ("1", 2, "410"));
            assert_eq!((first.at, first.given_up_at), (at(0), at(3)));
            let after = store.dead_letters(tenant, "s", first.number, 1).await.unwrap();
            assert_eq!(after[0].payload, "2");
            let (failed, waiting, _) = counters(&store, tenant, "s").await;
            assert_eq!((failed.times_sent, failed.times_failed, waiting, failed.failing), (6, 6, 1, true));
            store.release_delivery(&taken, at(4)).await.unwrap();
            assert!(claim(&store, 49, 10).await.is_empty(), "the receiver is left alone for a while");

            assert_eq!(store.replay(other, "s", Replay::All, at(5)).await.unwrap(), 0);
            let wanted = Replay::Numbers(vec![after[0].number, 999]);
            assert_eq!(store.replay(tenant, "s", wanted, at(5)).await.unwrap(), 1);
            assert_eq!(letters(&store, tenant, "s").await, ["1", "3"]);
            let taken = claim_one(&store, 5).await;
            let again = store.next_notifications(&taken, 1).await.unwrap().pop().unwrap();
            assert_eq!((again.payload.as_str(), again.attempts, again.at), ("2", 0, at(5)));
            // Also while somebody delivers.
            assert_eq!(store.replay(tenant, "s", Replay::All, at(6)).await.unwrap(), 2);
            assert!(claim(&store, 7, 10).await.is_empty());
            assert_eq!(deliver_all(&store, &taken, 8).await, ["1", "2", "3", "4"]);
            assert!(letters(&store, tenant, "s").await.is_empty());
        }
    });
}

#[test]
fn what_waits_and_what_was_given_up_is_bounded_and_the_oldest_goes_first() {
    run(async {
        for database in databases().await {
            let bounds = |options: &mut Options| (options.max_waiting, options.max_dead_letters) = (3, 2);
            let store = database.open_with(bounds).await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "s").await;
            add(&store, tenant, "other").await;
            note(&store, 0, &[made(tenant, "s", "1", 0), made(tenant, "other", "o", 0)]).await;
            let claims = claim(&store, 1, 10).await;
            let taken = claims.iter().find(|claim| claim.subscription == "s").unwrap();
            let (first, _) = next(&store, taken).await.unwrap();
            let more: Vec<_> = ["2", "3", "4", "5"].map(|payload| made(tenant, "s", payload, 2)).into();
            note(&store, 2, &more).await;
            assert_eq!(letters(&store, tenant, "s").await, ["1", "2"]);
            let letter = store.dead_letters(tenant, "s", 0, 1).await.unwrap().remove(0);
            assert!(letter.error.contains("may wait"), "{}", letter.error);
            assert_eq!((letter.attempts, letter.given_up_at), (0, at(2)));
            // The first was under way, and arrived.
            assert!(store.delivered(taken, &[first], at(3)).await.unwrap());
            assert_eq!(letters(&store, tenant, "s").await, ["2"]);
            assert_eq!(entry(&store, tenant, "s").await.waiting, 3);
            assert_eq!(store.replay(tenant, "s", Replay::All, at(4)).await.unwrap(), 0, "there is no room");

            let more: Vec<_> = ["6", "7"].map(|payload| made(tenant, "s", payload, 4)).into();
            note(&store, 4, &more).await;
            assert_eq!(letters(&store, tenant, "s").await, ["3", "4"]);
            assert_eq!(entry(&store, tenant, "s").await.letters_lost, 1);
            let (fifth, _) = next(&store, taken).await.unwrap();
            assert!(store.gave_up(taken, fifth, at(5), "410", at(5)).await.unwrap());
            assert_eq!(letters(&store, tenant, "s").await, ["4", "5"]);
            assert_eq!(store.replay(tenant, "s", Replay::All, at(6)).await.unwrap(), 1, "the oldest finds room");
            assert_eq!(deliver_all(&store, taken, 7).await, ["4", "6", "7"]);
            assert_eq!(entry(&store, tenant, "other").await.waiting, 1);
        }
    });
}

#[test]
fn with_a_subscription_goes_what_waits_and_one_of_the_same_name_begins_anew() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "s").await;
            note(&store, 0, &[made(tenant, "s", "1", 0), made(tenant, "s", "2", 0)]).await;
            let old = claim_one(&store, 1).await;
            let (number, _) = next(&store, &old).await.unwrap();
            assert!(store.gave_up(&old, number, at(2), "410", at(2)).await.unwrap());
            assert!(store.delete_subscription(tenant, "s").await.unwrap());
            assert!(!store.delivered(&old, &[number + 1], at(3)).await.unwrap());
            assert_eq!(store.replay(tenant, "s", Replay::All, at(3)).await.unwrap(), 0);

            add(&store, tenant, "s").await;
            assert_eq!(counters(&store, tenant, "s").await, (Counters::default(), 0, 0));
            assert!(letters(&store, tenant, "s").await.is_empty());
            note(&store, 4, &[made(tenant, "s", "new", 4)]).await;
            let taken = claim_one(&store, 5).await;
            assert!(!store.delivered(&old, &[number], at(5)).await.unwrap(), "the old claim is worth nothing");
            assert_eq!(deliver_all(&store, &taken, 6).await, ["new"]);
        }
    });
}

/// The matcher notes while clients delete and subscribe again.
#[test]
fn a_subscription_that_is_removed_while_something_is_noted_leaves_nothing_behind() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let matching = matching(&store, 0).await;
            add(&store, tenant, "s").await;
            let noting = {
                let store = store.clone();
                tokio::spawn(async move {
                    for n in 0..150 {
                        let all = [made(tenant, "s", &n.to_string(), 0), made(tenant, "s", &n.to_string(), 0)];
                        assert!(store.note_notifications(&matching, matching.position, &all, at(20)).await.unwrap());
                    }
                })
            };
            while !noting.is_finished() {
                assert!(store.delete_subscription(tenant, "s").await.unwrap());
                add(&store, tenant, "s").await;
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            noting.await.unwrap();
            store.delete_subscription(tenant, "s").await.unwrap();
            add(&store, tenant, "s").await;
            note(&store, 20, &[made(tenant, "s", "last", 20)]).await;
            let taken = claim_one(&store, 21).await;
            assert_eq!(deliver_all(&store, &taken, 22).await, ["last"]);
        }
    });
}

#[test]
fn many_owners_at_once_never_hold_one_subscription_and_all_is_delivered() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let (tenant, other) = (default_tenant(&store).await, other_tenant(&store).await);
            let mut all = Vec::new();
            for n in 0..40 {
                let (whose, id) = (if n % 4 == 0 { other } else { tenant }, format!("s{n}"));
                add(&store, whose, &id).await;
                all.extend(["1", "2", "3"].map(|payload| made(whose, &id, payload, 0)));
            }
            note(&store, 0, &all).await;
            let held = Arc::new(std::sync::Mutex::new(HashSet::new()));
            let owners: Vec<_> = (0..8)
                .map(|_| {
                    let (store, held) = (store.clone(), Arc::clone(&held));
                    tokio::spawn(async move {
                        let mut delivered = 0;
                        while store.backlog().await.unwrap().notifications > 0 {
                            for claim in claim(&store, 1, 3).await {
                                let id = (claim.tenant, claim.subscription.clone());
                                assert!(held.lock().unwrap().insert(id.clone()), "{id:?} is held twice");
                                let (number, payload) = next(&store, &claim).await.unwrap();
                                assert_eq!(payload, number.to_string());
                                assert!(store.delivered(&claim, &[number], at(2)).await.unwrap());
                                assert!(held.lock().unwrap().remove(&id));
                                assert!(store.release_delivery(&claim, at(1)).await.unwrap());
                                delivered += 1;
                            }
                        }
                        delivered
                    })
                })
                .collect();
            let mut delivered = 0;
            for owner in owners {
                delivered += owner.await.unwrap();
            }
            assert_eq!(delivered, 120);
        }
    });
}
