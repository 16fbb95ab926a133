//! What is done on a snapshot happens there and nowhere else.

use super::*;

#[test]
fn every_operation_works_on_a_snapshot_alone() {
    run(async {
        for broker in Broker::every().await {
            create_entities(&broker, 3).await;
            prepare(&broker, &of_type("urn:s:1", "T")).await;
            prepare(&broker, &of_type("urn:s:2", "T")).await;
            let before = broker.get(&format!("{ENTITIES}?type=T,U&options=sysAttrs")).send().await.text;
            let feed = broker.changes("/changes", 3).await;
            let query = json!({"type": "Query", "entities": [{"type": "T"}], "ordering": {"orderBy": ["n;desc"]}});
            let new = |n: u8| json!({"id": format!("urn:x:new:{n}"), "type": "U", "a": 1});
            for (method, path, body, status) in [
                (Method::POST, "/entities", Some(new(1)), 201),
                (Method::POST, "/entities", Some(new(1)), 409),
                (Method::GET, "/entities/urn:x:new:1", None, 200),
                (Method::PATCH, "/entities/urn:x:0", Some(json!({"n": 10, "extra": 1})), 204),
                (Method::PUT, "/entities/urn:x:new:1", Some(json!({"type": "U", "a": 2})), 204),
                (Method::POST, "/entities/urn:x:new:1/attrs", Some(json!({"b": 1})), 204),
                (Method::PATCH, "/entities/urn:x:new:1/attrs", Some(json!({"b": 2})), 204),
                (Method::PATCH, "/entities/urn:x:new:1/attrs/b", Some(json!({"value": 3})), 204),
                (Method::PUT, "/entities/urn:x:new:1/attrs/b", Some(json!({"value": 4})), 204),
                (Method::DELETE, "/entities/urn:x:new:1/attrs/b", None, 204),
                (Method::DELETE, "/entities/urn:x:1", None, 204),
                (Method::GET, "/entities/urn:x:1", None, 404),
                (Method::POST, "/entityOperations/create", Some(json!([new(2)])), 201),
                (Method::POST, "/entityOperations/upsert", Some(json!([new(3)])), 201),
                (Method::POST, "/entityOperations/update", Some(json!([new(3)])), 204),
                (Method::POST, "/entityOperations/merge", Some(json!([new(3)])), 204),
                (Method::POST, "/entityOperations/delete", Some(json!(["urn:x:new:2"])), 204),
                (Method::POST, "/entityOperations/query", Some(query.clone()), 200),
                (Method::POST, "/entityOperations/query?local=false", Some(query), 200),
                (Method::GET, "/entities", None, 200),
                (Method::GET, "/entities?local=false&type=*&orderBy=n", None, 200),
                (Method::GET, "/entities?orderBy=n&scopeQ=/a", None, 200),
                (Method::GET, "/entities?local=maybe", None, 400),
                (Method::GET, "/types", None, 200),
                (Method::GET, "/types/U", None, 200),
                (Method::GET, "/attributes", None, 200),
                (Method::GET, "/attributes/extra", None, 200),
                (Method::DELETE, "/entities?idPattern=2$", None, 204),
            ] {
                let asking = broker.ask(method.clone(), &format!("/ngsi-ld/v1{path}"));
                let asking = match &body {
                    Some(body) => asking.body(body),
                    None => asking,
                };
                let answer = on(asking, "urn:s:1").send().await;
                assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
                assert_eq!(answer.header("NGSILD-Snapshot"), Some("urn:s:1"), "{method} {path}");
            }
            let snapshot = on(broker.get(&format!("{ENTITIES}?format=simplified")), "urn:s:1").send().await.json();
            let expected = json!([
                {"id": "urn:x:0", "type": "T", "n": 10, "extra": 1},
                {"id": "urn:x:new:1", "type": "U", "a": 2},
                {"id": "urn:x:new:3", "type": "U", "a": 1},
            ]);
            assert_eq!(snapshot, expected);
            // Nothing has changed anywhere else.
            let after = broker.get(&format!("{ENTITIES}?type=T,U&options=sysAttrs")).send().await;
            assert_eq!((after.text, after.headers.get("NGSILD-Snapshot")), (before, None));
            let untouched = json!([0, 1, 2].map(|n| json!({"id": format!("urn:x:{n}"), "type": "T", "n": n})));
            assert_eq!(shown(&broker, "urn:s:2").await, untouched);
            let types = broker.get("/ngsi-ld/v1/types").send().await.json();
            assert_eq!(types["typeList"], json!(["T"]));
            assert_eq!(broker.get("/ngsi-ld/v1/attributes/extra").send().await.status, 404);
            // What happens in the tenant from now on does not reach the snapshots.
            broker.ask(Method::PATCH, &format!("{ENTITIES}/urn:x:0")).body(&json!({"n": 77})).send().await;
            broker.create(&json!({"id": "urn:x:late", "type": "T"})).await;
            assert_eq!(shown(&broker, "urn:s:2").await, untouched);
            let news = broker.changes(&format!("/changes?after={}", feed[2]["position"].as_str().unwrap()), 2).await;
            let told: Vec<_> = news.iter().map(|change| (&change["id"], &change["tenant"])).collect();
            assert_eq!(told, [(&json!("urn:x:0"), &json!("")), (&json!("urn:x:late"), &json!(""))]);
            let copy = broker.get("/changes/snapshot").send().await.text;
            assert!(copy.ends_with("{\"end\":true,\"entities\":4}\n") && !copy.contains("urn:x:new"), "{copy}");
        }
    });
}

#[test]
fn a_snapshot_belongs_to_its_tenant() {
    run(async {
        for broker in Broker::every().await {
            for (tenant, n) in [("west", 1), ("east", 2)] {
                let body = json!({"id": "urn:x:1", "type": "T", "n": n});
                assert_eq!(broker.post(ENTITIES, &body).header("NGSILD-Tenant", tenant).send().await.status, 201);
                let made =
                    broker.post(SNAPSHOTS, &of_type("urn:s:1", "T")).header("NGSILD-Tenant", tenant).send().await;
                assert_eq!((made.status, made.header("NGSILD-Tenant")), (201, Some(tenant)), "{}", made.text);
            }
            for (tenant, n) in [("west", 1), ("east", 2)] {
                eventually("the snapshot is prepared", async || {
                    let answer = broker.get(&path("urn:s:1")).header("NGSILD-Tenant", tenant).send().await;
                    answer.json()["snapshotStatus"] == "success"
                })
                .await;
                let found = on(broker.get(&format!("{ENTITIES}/urn:x:1?format=simplified")), "urn:s:1");
                let found = found.header("NGSILD-Tenant", tenant).send().await;
                assert_eq!((&found.json()["n"], found.header("NGSILD-Tenant")), (&json!(n), Some(tenant)));
            }
            for (asking, error) in [
                (on(broker.get(&format!("{ENTITIES}?type=T")), "urn:s:1"), "ResourceNotFound"),
                (broker.get(&path("urn:s:1")), "ResourceNotFound"),
                (
                    broker.post(SNAPSHOTS, &of_type("urn:s:1", "T")).header("NGSILD-Tenant", "north"),
                    "NonexistentTenant",
                ),
                (broker.get(&path("urn:s:1")).header("NGSILD-Tenant", "north"), "NonexistentTenant"),
                (
                    on(broker.post(ENTITIES, &json!({"id": "urn:x:2", "type": "T"})), "urn:s:1")
                        .header("NGSILD-Tenant", "north"),
                    "NonexistentTenant",
                ),
                (on(broker.post(ENTITIES, &json!({"id": "urn:x:2", "type": "T"})), "urn:s:9"), "ResourceNotFound"),
            ] {
                let answer = asking.send().await;
                assert_eq!(outcome(&answer), (404, error.into()), "{}", answer.text);
            }
            let north = broker.get(&format!("{ENTITIES}?type=T")).header("NGSILD-Tenant", "north").send().await;
            assert_eq!(north.status, 404, "no tenant has come to be");
        }
    });
}

#[test]
fn the_header_names_one_snapshot_and_is_echoed_by_every_answer() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
            prepare(&broker, &of_type("urn:s:1", "T")).await;
            for (path, snapshot, status, word) in [
                ("/entities?type=T", "urn:s:1", 200, ""),
                ("/entities?type=T", "", 200, ""),
                ("/entities?type=T", "nonsense", 400, "NGSILD-Snapshot"),
                ("/entities?surelyUnknown=1", "nonsense", 400, "NGSILD-Snapshot"),
                ("/entities?surelyUnknown=1", "urn:s:9", 400, "surelyUnknown"),
                ("/entities/urn:x:9", "urn:s:9", 404, "urn:s:9"),
                ("/entities/urn:x:9", "urn:s:1", 404, "urn:x:9"),
                ("/entities", "urn:s:1", 200, ""),
                ("/jsonldContexts", "urn:s:9", 200, ""),
                ("/snapshots/urn:s:1", "urn:s:9", 200, ""),
                ("/nothing", "urn:s:1", 404, ""),
            ] {
                let answer = on(broker.get(&format!("/ngsi-ld/v1{path}")), snapshot).send().await;
                assert_eq!(answer.status, status, "{path} {snapshot}: {}", answer.text);
                assert!(answer.text.contains(word), "{path} {snapshot}: {}", answer.text);
                assert_eq!(answer.header("NGSILD-Snapshot").unwrap_or_default(), snapshot, "{path}");
            }
            let twice = on(on(broker.get(&format!("{ENTITIES}?type=T")), "urn:s:1"), "urn:s:1").send().await;
            assert_eq!(twice.status, 400, "{}", twice.text);
            // An answer about the tenant is not taken for one about a snapshot.
            let asked = format!("{ENTITIES}?type=T");
            let tag = broker.get(&asked).send().await.header("etag").unwrap().to_owned();
            assert_eq!(on(broker.get(&asked), "urn:s:1").header("if-none-match", &tag).send().await.status, 200);
            let tag = on(broker.get(&asked), "urn:s:1").send().await.header("etag").unwrap().to_owned();
            let same = on(broker.get(&asked), "urn:s:1").header("if-none-match", &tag).send().await;
            assert_eq!((same.status, same.header("NGSILD-Snapshot")), (304, Some("urn:s:1")));
            let vary = broker.get(&asked).send().await.headers("vary");
            assert!(vary.contains("NGSILD-Snapshot"), "{vary}");
        }
    });
}
