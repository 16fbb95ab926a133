//! Snapshots are prepared in the background, to the end, whatever happens to the process.

use super::*;

#[test]
fn the_status_tells_what_became_of_the_queries() {
    run(async {
        for broker in Broker::every_with(&["--max-snapshot-entities", "5"]).await {
            create_entities(&broker, 4).await;
            for n in 0..9 {
                broker.create(&json!({"id": format!("urn:m:{n}"), "type": "Many", "n": n})).await;
            }
            let ever = json!({"timerel": "before", "timeAt": "2100-01-01T00:00:00Z", "timeproperty": "modifiedAt"});
            let past = |name: &str| json!({"type": "Query", "entities": [{"type": name}], "temporalQ": ever});
            let (t, none, many) = (typed("T"), typed("None"), typed("Many"));
            for (n, (queries, temporal, status, results)) in [
                (json!([t]), json!([]), "success", &["success"][..]),
                (json!([t, t]), json!([]), "success", &["success", "success"]),
                (json!([none, t]), json!([]), "partial", &["empty", "success"]),
                (json!([t, many]), json!([]), "partial", &["success", "failure"]),
                (json!([none, none]), json!([]), "empty", &["empty", "empty"]),
                (json!([many, none]), json!([]), "empty", &["failure", "empty"]),
                (json!([many]), json!([]), "failure", &["failure"]),
                (json!([]), json!([past("T")]), "success", &["success"]),
                (json!([]), json!([past("Many")]), "failure", &["failure"]),
                (json!([t]), json!([past("Many")]), "partial", &["success", "failure"]),
            ]
            .into_iter()
            .enumerate()
            {
                let id = format!("urn:s:{n}");
                let mut body = json!({"id": id, "type": "Snapshot"});
                for (name, value) in [("snapshotQueries", &queries), ("snapshotTemporalQueries", &temporal)] {
                    if value != &json!([]) {
                        body[name] = value.clone();
                    }
                }
                let snapshot = prepare(&broker, &body).await;
                let details = |name: &str| snapshot[name].as_array().cloned().unwrap_or_default();
                let all = [details("snapshotQueriesDetails"), details("snapshotTemporalQueriesDetails")].concat();
                let told: Vec<_> = all.iter().map(|result| result["resultStatus"].as_str().unwrap()).collect();
                assert_eq!((&snapshot["snapshotStatus"], told.as_slice()), (&json!(status), results), "{body}");
                for failed in all.iter().filter(|result| result["resultStatus"] == "failure") {
                    let problem = &failed["problemDetails"];
                    let detail = problem["detail"].as_str().unwrap();
                    assert!(detail.contains("at most 5") || detail.contains("can have 5"), "{detail}");
                    assert!(problem["type"].as_str().unwrap().contains("/ngsi-ld/errors/"), "{problem}");
                }
                let count = on(broker.get(&format!("{ENTITIES}?limit=0&count=true")), &id).send().await;
                let expected = if results.contains(&"success") { "4" } else { "0" };
                assert_eq!(
                    count.header("NGSILD-Results-Count"),
                    Some(expected),
                    "{body}: a query that fails brings nothing"
                );
            }
        }
    });
}

#[test]
fn a_snapshot_holds_what_its_queries_show() {
    run(async {
        for broker in Broker::every().await {
            let a = json!([{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}]);
            broker.create(&json!({"id": "urn:x:1", "type": "T", "scope": "/s", "a": a, "b": 1, "c": 1})).await;
            broker.create(&json!({"id": "urn:x:2", "type": "T", "b": 2})).await;
            let with = |name: &str, value: Value| {
                let mut query = typed("T");
                query[name] = value;
                query
            };
            for (id, queries, expected) in [
                (
                    "urn:s:1",
                    json!([with("attrs", json!(["b"]))]),
                    json!([{"id": "urn:x:1", "type": "T", "b": 1}, {"id": "urn:x:2", "type": "T", "b": 2}]),
                ),
                (
                    "urn:s:2",
                    json!([with("pick", json!(["id", "scope", "c"]))]),
                    json!([{"id": "urn:x:1", "type": "T", "scope": "/s", "c": 1}, {"id": "urn:x:2", "type": "T"}]),
                ),
                (
                    "urn:s:3",
                    json!([with("omit", json!(["a", "c", "scope"])), with("q", json!("c==1"))]),
                    json!([{"id": "urn:x:1", "type": "T", "scope": "/s", "a": {"dataset": {"@none": 1, "urn:d:1": 2}}, "b": 1, "c": 1}, {"id": "urn:x:2", "type": "T", "b": 2}]),
                ),
                (
                    "urn:s:4",
                    json!([with("datasetId", json!(["urn:d:1"]))]),
                    json!([{"id": "urn:x:1", "type": "T", "scope": "/s", "a": {"dataset": {"urn:d:1": 2}}}, {"id": "urn:x:2", "type": "T"}]),
                ),
            ] {
                prepare(&broker, &json!({"id": id, "type": "Snapshot", "snapshotQueries": queries})).await;
                let mut shown = shown(&broker, id).await;
                let mut expected = expected;
                for entities in [&mut shown, &mut expected] {
                    for entity in entities.as_array_mut().unwrap() {
                        // The order of members is not what this is about.
                        entity.as_object_mut().unwrap().sort_keys();
                    }
                }
                assert_eq!(shown, expected, "{queries}");
            }
            let times = async |snapshot: &str| {
                let asking = broker.get(&format!("{ENTITIES}/urn:x:2?options=sysAttrs"));
                let entity = if snapshot.is_empty() { asking } else { on(asking, snapshot) };
                let entity = entity.send().await.json();
                (entity["createdAt"].clone(), entity["b"]["modifiedAt"].clone())
            };
            assert_eq!(times("urn:s:1").await, times("").await, "the entities are as old as they were");
        }
    });
}

#[test]
fn a_snapshot_cannot_be_used_before_it_is_complete_and_survives_kill_9() {
    run(async {
        for broker in Broker::every().await {
            let kind = broker.kind;
            create_entities(&broker, 4_000).await;
            let ids: Vec<String> = (0..4).map(|n| format!("urn:s:{n}")).collect();
            for id in &ids {
                create(&broker, &of_type(id, "T")).await;
            }
            let last = broker.get(&path(&ids[3])).send().await.json();
            assert_eq!(last["snapshotStatus"], "preparing", "on {kind}");
            assert!(last.get("snapshotQueriesDetails").is_none());
            for asking in [
                on(broker.get(&format!("{ENTITIES}?type=T")), &ids[3]),
                on(broker.post(ENTITIES, &json!({"id": "urn:x:new", "type": "T"})), &ids[3]),
                broker.post(&format!("{}/clone", path(&ids[3])), &json!({"type": "Snapshot"})),
            ] {
                let answer = asking.send().await;
                assert_eq!(outcome(&answer), (404, "ResourceNotFound".into()), "on {kind}");
                assert!(answer.text.contains("being prepared"), "{}", answer.text);
            }
            let broker = broker.kill_and_restart().await;
            for id in &ids {
                assert_eq!(prepared(&broker, id).await["snapshotStatus"], "success", "on {kind}");
                let count = on(broker.get(&format!("{ENTITIES}?limit=0&count=true")), id).send().await;
                assert_eq!(count.header("NGSILD-Results-Count"), Some("4000"), "on {kind}");
            }
            // One that is deleted while it is prepared leaves nothing behind that could be found.
            create(&broker, &of_type("urn:s:9", "T")).await;
            assert_eq!(broker.ask(Method::DELETE, &path("urn:s:9")).send().await.status, 204);
            create(&broker, &of_type("urn:s:9", "None")).await;
            assert_eq!(prepared(&broker, "urn:s:9").await["snapshotStatus"], "empty");
            assert_eq!(shown(&broker, "urn:s:9").await, json!([]));
        }
    });
}

#[test]
fn another_process_sees_the_same_snapshots() {
    run(async {
        for broker in Broker::every().await {
            create_entities(&broker, 3).await;
            let other = broker.another().await;
            create(&other, &of_type("urn:s:1", "T")).await;
            for one in [&broker, &other] {
                prepared(one, "urn:s:1").await;
                assert_eq!(shown(one, "urn:s:1").await.as_array().unwrap().len(), 3, "on {}", one.kind);
            }
            on(broker.ask(Method::PATCH, &format!("{ENTITIES}/urn:x:1")).body(&json!({"n": -1})), "urn:s:1")
                .send()
                .await;
            eventually("the other one sees the change", async || shown(&other, "urn:s:1").await[1]["n"] == -1).await;
            assert_eq!(other.ask(Method::DELETE, &path("urn:s:1")).send().await.status, 204);
            assert_eq!(on(broker.get(&format!("{ENTITIES}?type=T")), "urn:s:1").send().await.status, 404);
        }
    });
}

#[test]
fn there_is_room_for_so_many_and_the_important_ones_stay() {
    run(async {
        for broker in Broker::every_with(&["--max-snapshots", "2"]).await {
            broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
            let with = |n: u8, priority: u8| {
                let mut body = of_type(&format!("urn:s:{n}"), "T");
                body["snapshotPriority"] = json!(priority);
                body
            };
            create(&broker, &with(1, 3)).await;
            create(&broker, &with(2, 5)).await;
            let refused = broker.post(SNAPSHOTS, &with(3, 3)).send().await;
            assert_eq!(outcome(&refused), (422, "OperationNotSupported".into()));
            assert!(refused.text.contains("2 snapshots"), "{}", refused.text);
            create(&broker, &with(4, 4)).await;
            assert_eq!(broker.get(&path("urn:s:1")).send().await.status, 404, "it made room");
            prepared(&broker, "urn:s:2").await;
            let clone = format!("{}/clone", path("urn:s:2"));
            assert_eq!(broker.post(&clone, &json!({"snapshotPriority": 1})).send().await.status, 422);
            assert_eq!(broker.post(&clone, &json!({"snapshotPriority": 9})).send().await.status, 201);
            assert_eq!(broker.get(&path("urn:s:4")).send().await.status, 404);
        }
    });
}

#[test]
fn when_a_snapshot_was_used_is_remembered() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
            assert!(prepare(&broker, &of_type("urn:s:1", "T")).await.get("lastUsedAt").is_none());
            shown(&broker, "urn:s:1").await;
            let used = broker.get(&path("urn:s:1")).send().await.json()["lastUsedAt"].clone();
            assert!(used.is_string());
            let broker = broker.stop_and_restart().await;
            assert_eq!(broker.get(&path("urn:s:1")).send().await.json()["lastUsedAt"], used);
        }
    });
}
