//! Registries: registrations, the subscriptions to them, and what their changes make.

use std::time::Duration;

use hiroba_store::{NewRegistration, RegistryChange, RegistryChanged, SubscriptionsSeen};
use ngsild::subscription::Subject;

use crate::subscriptions::{add, made, new, other_tenant};
use crate::*;

fn registration(id: &str, document: &str) -> NewRegistration {
    NewRegistration { id: id.to_owned(), document: document.to_owned(), expires_at: None }
}

fn register(id: &str, document: &str) -> RegistryChange {
    RegistryChange::Register(registration(id, document))
}

/// Changes the registry as it is now.
async fn change(store: &Store, tenant: TenantId, change: RegistryChange) {
    let seen = store.registry(tenant).await.unwrap().revision;
    let done = store.change_registry(tenant, seen, change, Vec::new()).await.unwrap();
    assert_eq!(done, RegistryChanged::Done);
}

/// Ids and documents.
async fn known(store: &Store, tenant: TenantId) -> Vec<(String, String)> {
    let registry = store.registry(tenant).await.unwrap();
    registry.registrations.into_iter().map(|entry| (entry.id, entry.document)).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, document)| ((*id).to_owned(), (*document).to_owned())).collect()
}

#[test]
fn registrations_are_kept_in_the_order_of_their_creation() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let (tenant, other) = (default_tenant(&store).await, other_tenant(&store).await);
            assert_eq!(store.registry(tenant).await.unwrap().revision, 0);
            for (id, document) in [("urn:r:c", "一"), ("urn:r:a", "二"), ("urn:r:b", "三")] {
                change(&store, tenant, register(id, document)).await;
            }
            change(&store, tenant, register("urn:r:c", "四")).await;
            assert_eq!(known(&store, tenant).await, pairs(&[("urn:r:c", "四"), ("urn:r:a", "二"), ("urn:r:b", "三")]));
            change(&store, tenant, RegistryChange::Deregister("urn:r:a".to_owned())).await;
            assert!(known(&store, other).await.is_empty(), "tenants are apart");
            change(&store, other, register("urn:r:b", "x")).await;
            drop(store);
            let store = database.open().await;
            assert_eq!(known(&store, tenant).await, pairs(&[("urn:r:c", "四"), ("urn:r:b", "三")]));
            assert_eq!(store.registration(other, "urn:r:b").await.unwrap().unwrap().document, "x");
            assert_eq!(store.registration(other, "urn:r:c").await.unwrap(), None);
        }
    });
}

#[test]
fn a_change_that_was_worked_out_from_the_past_is_refused_with_its_notifications() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            change(&store, tenant, RegistryChange::Subscribe(new("urn:s:1", "{}"))).await;
            let seen = store.registry(tenant).await.unwrap().revision;
            let told =
                |payload: &str| vec![made(tenant, "urn:s:1", payload, 5), made(tenant, "urn:s:gone", payload, 5)];
            let first = store.change_registry(tenant, seen, register("urn:r:1", "1"), told("one")).await.unwrap();
            assert_eq!(first, RegistryChanged::Done);
            for late in [register("urn:r:2", "2"), RegistryChange::Unsubscribe("urn:s:1".to_owned())] {
                let outcome = store.change_registry(tenant, seen, late, told("late")).await.unwrap();
                assert_eq!(outcome, RegistryChanged::Stale);
            }
            assert_eq!(known(&store, tenant).await, pairs(&[("urn:r:1", "1")]));
            let claims = store.claim_deliveries("a", at(10), at(20), 10).await.unwrap();
            let next = store.next_notifications(&claims[0], 10).await.unwrap();
            assert_eq!((claims.len(), next.len(), next[0].payload.as_str(), next[0].at), (1, 1, "one", at(5)));
            assert_eq!(store.subscription(tenant, "urn:s:1").await.unwrap().unwrap().waiting, 1);
        }
    });
}

#[test]
fn of_changes_at_once_each_is_made_from_what_it_saw() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let one = |n: usize| {
                let store = store.clone();
                async move {
                    let mut attempts = 0;
                    loop {
                        attempts += 1;
                        let registry = store.registry(tenant).await.unwrap();
                        let document = registry.registrations.len().to_string();
                        let change = register(&format!("urn:r:{n:02}"), &document);
                        match store.change_registry(tenant, registry.revision, change, Vec::new()).await.unwrap() {
                            RegistryChanged::Done => return,
                            RegistryChanged::Stale => assert!(attempts < 1_000),
                            RegistryChanged::Exists => panic!("no subscription"),
                        }
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            };
            let tasks: Vec<_> = (0..20).map(|n| tokio::spawn(one(n))).collect();
            for task in tasks {
                task.await.unwrap();
            }
            let counts: Vec<String> = known(&store, tenant).await.into_iter().map(|(_, document)| document).collect();
            let expected: Vec<String> = (0..20).map(|n: usize| n.to_string()).collect();
            assert_eq!(counts, expected, "nobody worked from a state that was over");
        }
    });
}

#[test]
fn subscriptions_to_registrations_and_to_entities_are_kept_apart() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            add(&store, tenant, "urn:s:entities").await;
            change(&store, tenant, RegistryChange::Subscribe(new("urn:s:registrations", "r"))).await;
            let (about, id) = (Subject::Registrations, "urn:s:registrations");
            let listed = store.subscriptions(tenant, "", 0, 10).await.unwrap();
            assert_eq!(listed.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["urn:s:entities"]);
            let listed = store.subscriptions_about(tenant, about, "", 0, 10).await.unwrap();
            assert_eq!(
                listed.iter().map(|entry| (entry.id.as_str(), entry.subject)).collect::<Vec<_>>(),
                [(id, about)]
            );
            assert_eq!(store.count_subscriptions(tenant).await.unwrap(), 1);
            assert_eq!(store.count_subscriptions_about(tenant, about).await.unwrap(), 1);
            let taken = RegistryChange::Subscribe(new("urn:s:entities", "r"));
            let seen = store.registry(tenant).await.unwrap().revision;
            let outcome = store.change_registry(tenant, seen, taken, Vec::new()).await.unwrap();
            assert_eq!(outcome, RegistryChanged::Exists);
            assert_eq!(store.registry(tenant).await.unwrap().revision, seen, "nothing has changed");

            let entry = store.subscription(tenant, id).await.unwrap().unwrap();
            assert!(!store.update_subscription(tenant, entry.revision, new(id, "x")).await.unwrap());
            assert!(!store.delete_subscription(tenant, id).await.unwrap());
            change(&store, tenant, RegistryChange::Unsubscribe("urn:s:entities".to_owned())).await;
            assert!(store.subscription(tenant, "urn:s:entities").await.unwrap().is_some());

            let followed = store.changed_subscriptions(SubscriptionsSeen::default(), 10).await.unwrap();
            change(&store, tenant, RegistryChange::Resubscribe(new(id, "other"))).await;
            let after = store.changed_subscriptions(followed.seen, 10).await.unwrap();
            assert_eq!(after.changed.iter().map(|entry| entry.document.as_str()).collect::<Vec<_>>(), ["other"]);
            change(&store, tenant, RegistryChange::Unsubscribe(id.to_owned())).await;
            let after = store.changed_subscriptions(after.seen, 10).await.unwrap();
            assert_eq!(after.deleted, [(tenant, id.to_owned())]);
            // An id that is free again may be that of the other kind.
            add(&store, tenant, id).await;
            assert_eq!(store.subscription(tenant, id).await.unwrap().unwrap().subject, Subject::Entities);
        }
    });
}

#[test]
fn what_has_expired_is_told_the_oldest_first() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let (tenant, other) = (default_tenant(&store).await, other_tenant(&store).await);
            for (tenant, id, end) in
                [(tenant, "urn:r:1", Some(20)), (other, "urn:r:2", Some(10)), (tenant, "urn:r:3", None)]
            {
                let expires_at = end.map(at);
                change(
                    &store,
                    tenant,
                    RegistryChange::Register(NewRegistration { expires_at, ..registration(id, "") }),
                )
                .await;
            }
            let expired = |seconds: i64| store.expired_registrations(at(seconds), 10);
            assert!(expired(9).await.unwrap().is_empty());
            assert_eq!(expired(10).await.unwrap(), [(other, "urn:r:2".to_owned())]);
            let both = [(other, "urn:r:2".to_owned()), (tenant, "urn:r:1".to_owned())];
            assert_eq!(expired(99).await.unwrap(), both);
            assert_eq!(store.expired_registrations(at(99), 1).await.unwrap(), both[..1]);
        }
    });
}
