//! Queries about linked entities: batches, bounds, and what has expired.

use hiroba_store::StoreError;
use serde_json::json;

use crate::*;

/// 600 sensors in 30 rooms of 3 houses.
async fn city(store: &Store) -> TenantId {
    let tenant = default_tenant(store).await;
    let houses = (0..3).map(|n| json!({"id": format!("urn:h:{n}"), "type": "House", "n": n}));
    let rooms = (0..30).map(
        |n| json!({"id": format!("urn:r:{n}"), "type": "Room", "n": n, "of": {"object": format!("urn:h:{}", n % 3)}}),
    );
    let sensors = (0..600).map(|n| {
        json!({"id": format!("urn:s:{n}"), "type": "Sensor", "n": n, "in": {"object": format!("urn:r:{}", n % 30)}})
    });
    create_all(store, tenant, houses.chain(rooms).chain(sensors)).await;
    tenant
}

#[test]
fn linked_entities_are_fetched_in_batches_and_only_where_they_matter() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = city(&store).await;
            for (q, matching, linked, batches) in [
                ("in{n}==7", 20, 30, 1),
                ("in{of{n}}==1", 200, 33, 2),
                ("in{of{n}}==1;n<6", 2, 9, 2),
                ("in{n}==7;n==8", 0, 1, 1),
                ("in{n}==7;n==-1", 0, 0, 0),
                ("in{Room:of{House:n}}==1|n==0", 201, 33, 2),
                ("unheard{n}==7", 0, 0, 0),
            ] {
                let answer = store.query(tenant, &with_q(typed("Sensor"), q), everything(), at(0)).await.unwrap();
                assert_eq!(answer.total, Some(matching), "{q} on {}", store.describe());
                assert_eq!((answer.work.linked, answer.work.link_batches), (linked, batches), "{q}");
                assert!(answer.work.candidates <= 600, "{q}");
            }
        }
    });
}

#[test]
fn a_query_looks_for_so_many_linked_entities_and_no_more() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = city(&store).await;
            // There are 33 rooms and houses, and 20 links may be followed for each entity that may be looked for.
            for (limit, q, total) in [
                (30, "in{n}==7", Some(20)),
                (29, "in{n}==7", None),
                (32, "in{of{n}}==1;n<300", None),
                (33, "in{of{n}}==1;n<300", Some(100)),
                (33, "in{of{n}}==1", None),
                (61, "in{of{n}}==1", Some(200)),
            ] {
                let store = database.open_with(|options| options.max_linked = limit).await;
                let answer = store.query(tenant, &with_q(typed("Sensor"), q), everything(), at(0)).await;
                match total {
                    Some(_) => assert_eq!(answer.unwrap().total, total, "{q} with {limit}"),
                    None => {
                        let error = answer.unwrap_err();
                        assert!(matches!(error, StoreError::TooManyLinks { .. }), "{q} with {limit}: {error}");
                    }
                }
            }
        }
    });
}

#[test]
fn what_has_expired_is_not_linked() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let mut room = entity(json!({"id": "urn:r:1", "type": "Room", "n": 1, "m": 1}));
            Arc::make_mut(&mut room).attributes[&name("m")][0].expires_at = Some(at(100));
            Arc::make_mut(&mut room).expires_at = Some(at(200));
            store.write(tenant, &[create(&room)], at(0)).await.unwrap();
            create_all(&store, tenant, [json!({"id": "urn:s:1", "type": "Sensor", "in": {"object": "urn:r:1"}})]).await;
            for (q, seconds, found) in [
                ("in{n}==1", 0, 1),
                ("in{m}==1", 0, 1),
                ("in{n}==1", 100, 1),
                ("in{m}==1", 100, 0),
                ("in{n}==1", 200, 0),
                ("in{n}", 200, 0),
            ] {
                let query = with_q(typed("Sensor"), q);
                let answer = store.query(tenant, &query, everything(), at(seconds)).await.unwrap();
                assert_eq!(answer.total, Some(found), "{q} at {seconds} on {}", store.describe());
            }
        }
    });
}
