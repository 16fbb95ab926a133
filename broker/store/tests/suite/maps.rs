//! Entity maps (4.5.25).

use hiroba_store::EntityMap;

use crate::*;

fn map(name: &str, expires: i64, entities: &[&str]) -> EntityMap {
    EntityMap {
        id: name.to_owned(),
        expires_at: at(expires),
        query: format!("query of {name}"),
        entities: entities.iter().map(|text| id(text)).collect(),
    }
}

async fn names(store: &Store, tenant: TenantId, asked: &[&str], now: i64) -> Vec<String> {
    let mut found = Vec::new();
    for name in asked {
        found.extend(store.entity_map(tenant, name, at(now)).await.unwrap().map(|map| map.id));
    }
    found
}

#[test]
fn a_map_is_its_tenant_s_until_it_expires() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let other = store.create_tenant(&Tenant::parse("other").unwrap()).await.unwrap();
            let kept = map("urn:m:1", 10, &["urn:x:2", "urn:x:1", "urn:x:日本"]);
            store.add_entity_map(tenant, &kept, 5, at(0)).await.unwrap();
            let again = database.open().await;
            assert_eq!(again.entity_map(tenant, "urn:m:1", at(9)).await.unwrap(), Some(kept), "in its order");
            assert!(again.entity_map(tenant, "urn:m:1", at(10)).await.unwrap().is_none());
            assert!(again.entity_map(other, "urn:m:1", at(0)).await.unwrap().is_none());
            assert!(!again.set_entity_map_expiry(other, "urn:m:1", at(20), at(0)).await.unwrap());
            assert!(!again.set_entity_map_expiry(tenant, "urn:m:1", at(20), at(10)).await.unwrap(), "too late");
            assert!(again.set_entity_map_expiry(tenant, "urn:m:1", at(20), at(9)).await.unwrap());
            assert!(store.entity_map(tenant, "urn:m:1", at(19)).await.unwrap().is_some());
            assert!(!store.delete_entity_map(other, "urn:m:1", at(0)).await.unwrap());
            assert!(!store.delete_entity_map(tenant, "urn:m:1", at(20)).await.unwrap());
            assert!(store.delete_entity_map(tenant, "urn:m:1", at(0)).await.unwrap());
            assert!(!store.delete_entity_map(tenant, "urn:m:1", at(0)).await.unwrap());
        }
    });
}

#[test]
fn entities_are_taken_out_of_a_map() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let mut whole = map("urn:m:1", 9, &["urn:x:3", "urn:x:1"]);
            let many: Vec<EntityId> = (10..30).map(|n| id(&format!("urn:x:{n}"))).collect();
            whole.entities.extend(many.iter().cloned().chain([id("urn:x:2")]));
            store.add_entity_map(tenant, &whole, 5, at(0)).await.unwrap();
            let mut tasks = tokio::task::JoinSet::new();
            for one in many {
                let store = store.clone();
                tasks.spawn(async move { store.shrink_entity_map(tenant, "urn:m:1", vec![one]).await.unwrap() });
            }
            tasks.join_all().await;
            store.shrink_entity_map(tenant, "urn:m:1", vec![id("urn:x:1"), id("urn:x:9")]).await.unwrap();
            store.shrink_entity_map(tenant, "urn:m:none", vec![id("urn:x:1")]).await.unwrap();
            store.shrink_entity_map(tenant, "urn:m:1", Vec::new()).await.unwrap();
            let left = store.entity_map(tenant, "urn:m:1", at(0)).await.unwrap().unwrap();
            assert_eq!(left, map("urn:m:1", 9, &["urn:x:3", "urn:x:2"]));
        }
    });
}

#[test]
fn what_has_expired_is_removed_and_what_is_too_much_makes_room() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let other = store.create_tenant(&Tenant::parse("other").unwrap()).await.unwrap();
            let add = async |tenant, name: &str, expires, now| {
                store.add_entity_map(tenant, &map(name, expires, &[]), 2, at(now)).await.unwrap();
            };
            add(other, "of other", 5, 0).await;
            add(tenant, "short", 10, 0).await;
            add(tenant, "long", 30, 0).await;
            add(tenant, "shortest", 8, 0).await;
            let all = ["of other", "short", "long", "shortest"];
            assert_eq!(names(&store, tenant, &all, 0).await, ["long", "shortest"], "the new one stays");
            assert_eq!(names(&store, other, &all, 0).await, ["of other"]);
            add(tenant, "later", 40, 8).await;
            assert_eq!(store.remove_expired_entity_maps(at(8)).await.unwrap(), 0, "they were removed while adding");
            assert_eq!(names(&store, tenant, &["long", "later"], 0).await, ["long", "later"]);
            assert!(names(&store, other, &all, 0).await.is_empty());
            assert_eq!(store.remove_expired_entity_maps(at(30)).await.unwrap(), 1);
            assert_eq!(names(&store, tenant, &["long", "later"], 0).await, ["later"]);
        }
    });
}
