//! Stored @contexts (5.13).

use hiroba_store::{ContextKind, ContextUse, NewContext, NewSubscription};

use crate::*;

fn new(id: &str, kind: ContextKind, limit: usize) -> NewContext {
    NewContext { id: id.to_owned(), kind, body: format!("{{\"name\":\"https://example.org/{id}\"}}"), limit }
}

async fn names(store: &Store, tenant: TenantId) -> Vec<String> {
    store.contexts(tenant).await.unwrap().into_iter().map(|entry| entry.id).collect()
}

#[test]
fn a_context_is_kept_for_its_tenant_until_it_is_deleted() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let other = store.create_tenant(&Tenant::parse("other").unwrap()).await.unwrap();
            assert!(store.add_context(tenant, new("b", ContextKind::Hosted, 10), at(2)).await.unwrap());
            assert!(store.add_context(tenant, new("a", ContextKind::ImplicitlyCreated, 10), at(1)).await.unwrap());
            assert_eq!(names(&store, tenant).await, ["a", "b"], "the oldest first");
            assert!(names(&store, other).await.is_empty());
            assert!(store.context(other, "a").await.unwrap().is_none());
            assert!(!store.delete_context(other, "a").await.unwrap());
            let again = database.open().await;
            let (entry, body) = again.context(tenant, "b").await.unwrap().unwrap();
            assert_eq!(
                (entry.kind, entry.created_at, entry.hits, entry.used_at, body.as_str()),
                (ContextKind::Hosted, at(2), 0, None, "{\"name\":\"https://example.org/b\"}")
            );
            assert!(again.delete_context(tenant, "b").await.unwrap());
            assert!(!again.delete_context(tenant, "b").await.unwrap());
            assert!(!store.has_context(tenant, "b").await.unwrap() && store.has_context(tenant, "a").await.unwrap());
        }
    });
}

#[test]
fn uses_are_added_up_and_those_of_deleted_contexts_are_passed_over() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            store.add_context(tenant, new("a", ContextKind::Hosted, 10), at(0)).await.unwrap();
            let used = |id: &str, hits, seconds| ContextUse { tenant, id: id.to_owned(), hits, used_at: at(seconds) };
            store.note_context_uses(vec![used("gone", 1, 1), used("a", 2, 9)]).await.unwrap();
            store.note_context_uses(vec![used("a", 3, 5)]).await.unwrap();
            store.note_context_uses(Vec::new()).await.unwrap();
            let (entry, _) = store.context(tenant, "a").await.unwrap().unwrap();
            assert_eq!((entry.hits, entry.used_at), (5, Some(at(9))));
        }
    });
}

#[test]
fn hosted_contexts_are_limited_and_implicit_ones_make_room() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let add = async |id: &str, kind, seconds| store.add_context(tenant, new(id, kind, 2), at(seconds)).await;
            for (id, room) in [("h1", true), ("h2", true), ("h3", false), ("h2", true)] {
                assert_eq!(add(id, ContextKind::Hosted, 0).await.unwrap(), room, "{id}");
            }
            let implicit = ContextKind::ImplicitlyCreated;
            assert!(add("i1", implicit, 1).await.unwrap() && add("i2", implicit, 2).await.unwrap());
            let used = ContextUse { tenant, id: "i1".to_owned(), hits: 1, used_at: at(3) };
            store.note_context_uses(vec![used]).await.unwrap();
            assert!(add("i3", implicit, 4).await.unwrap());
            assert_eq!(names(&store, tenant).await, ["h1", "h2", "i1", "i3"], "the one used longest ago is gone");
        }
    });
}

#[test]
fn a_context_that_a_subscription_uses_makes_no_room_for_others() {
    run(async {
        for in_snapshot in [false, true] {
            for database in databases().await {
                let store = database.open().await;
                let tenant = default_tenant(&store).await;
                keep_what_is_used(&store, tenant, in_snapshot).await;
            }
        }
    });
}

/// The @contexts of a tenant make room for others, except for those of a subscription to its data or to a snapshot's.
async fn keep_what_is_used(store: &Store, tenant: TenantId, in_snapshot: bool) {
    let mut whose = tenant;
    if in_snapshot {
        snapshots::add(store, tenant, "urn:s:1").await;
        whose = snapshots::claim(store, 0).await.unwrap().data.unwrap();
    }
    let add = async |id: &str, seconds| {
        let new = new(id, ContextKind::ImplicitlyCreated, 2);
        assert!(store.add_context(tenant, new, at(seconds)).await.unwrap());
    };
    add("used", 1).await;
    let subscription = subscriptions::new("s", "x");
    let subscription = NewSubscription { context: Some("used".to_owned()), ..subscription };
    store.add_subscription(whose, subscription.clone()).await.unwrap();
    for (id, seconds) in [("a", 2), ("b", 3), ("c", 4)] {
        add(id, seconds).await;
    }
    assert_eq!(names(store, tenant).await, ["used", "b", "c"]);
    let entry = store.subscription(whose, "s").await.unwrap().unwrap();
    let other = NewSubscription { context: Some("b".to_owned()), ..subscription };
    assert!(store.update_subscription(whose, entry.revision, other).await.unwrap());
    add("d", 5).await;
    assert_eq!(names(store, tenant).await, ["b", "c", "d"], "the one that was used is among the others");
    if in_snapshot {
        store.delete_snapshot(tenant, "urn:s:1", None, at(5)).await.unwrap().unwrap();
    } else {
        assert!(store.delete_subscription(tenant, "s").await.unwrap());
    }
    add("e", 6).await;
    assert_eq!(names(store, tenant).await, ["d", "e"]);
}

/// What the first version of the program left behind is brought up to date.
#[test]
fn a_database_of_the_first_schema_gets_the_table() {
    run(async {
        let folder = sqlite();
        let file = rusqlite::Connection::open(std::path::Path::new(&folder.address).join("hiroba.sqlite")).unwrap();
        file.execute_batch(include_str!("../../migrations/sqlite/0001_initial.sql")).unwrap();
        file.pragma_update(None, "user_version", 1).unwrap();
        drop(file);
        let mut databases = vec![folder];
        if let Some(database) = postgis().await {
            let (client, connection) = tokio_postgres::connect(&database.address, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(include_str!("../../migrations/postgis/0001_initial.sql")).await.unwrap();
            let version = "create table hiroba_schema (version integer not null); insert into hiroba_schema values (1)";
            client.batch_execute(version).await.unwrap();
            databases.push(database);
        }
        for database in databases {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            assert!(store.add_context(tenant, new("a", ContextKind::Hosted, 1), at(0)).await.unwrap());
            drop(store);
            assert_eq!(names(&database.open().await, tenant).await, ["a"]);
        }
    });
}
