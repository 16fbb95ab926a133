//! Answers for clients of older versions, and bodies of producers that tell theirs (clauses 4.3.6.8, 5.5.4, 6.3.21).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Broker, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const PROFILE: &str = "https://uri.etsi.org/ngsi-ld/profile";

/// How an answer was made: its status and the version that it tells.
fn told(answer: &Answer) -> (u16, Option<&str>) {
    (answer.status, answer.header("preference-applied"))
}

async fn park(broker: &Broker) {
    broker
        .create(&json!({
            "id": "urn:x:1", "type": ["Park", "Garden"], "scope": "/town",
            "name": {"type": "LanguageProperty", "languageMap": {"ja": "公園", "en": "park"}},
            "kind": {"type": "VocabProperty", "vocab": "Public"},
            "area": [
                {"type": "Property", "value": 5, "unitCode": "HAR", "accuracy": {"type": "ListProperty", "valueList": [1, 2]}},
                {"type": "Property", "value": 6, "datasetId": "urn:x:d"}
            ],
            "plain": 1
        }))
        .await;
}

#[test]
fn an_entity_is_as_old_as_the_client_prefers() {
    run(async {
        for broker in Broker::every().await {
            park(&broker).await;
            let at = async |prefer: &str, query: &str| {
                broker.get(&format!("{ENTITIES}/urn:x:1{query}")).header("prefer", prefer).send().await
            };
            let whole = broker.get(&format!("{ENTITIES}/urn:x:1")).send().await;
            assert_eq!(told(&whole), (200, None));

            let older = at("ngsi-ld=1.7", "").await;
            assert_eq!(told(&older), (203, Some("ngsi-ld=1.7")));
            let body = older.json();
            assert_eq!(body["kind"], json!({"type": "Property", "value": "Public"}));
            assert_eq!(body["area"][0]["accuracy"], json!({"type": "Property", "value": [1, 2]}));
            assert_eq!(body["name"]["type"], "LanguageProperty");
            assert_eq!(body["area"][1]["datasetId"], "urn:x:d");

            let oldest = at("ngsi-ld=1.1", "").await;
            assert_eq!(told(&oldest), (203, Some("ngsi-ld=1.1")));
            assert_eq!(
                oldest.json(),
                json!({
                    "id": "urn:x:1", "type": "Park",
                    "name": {"type": "Property", "value": {"ja": "公園", "en": "park"}},
                    "kind": {"type": "Property", "value": "Public"},
                    "area": {"type": "Property", "value": 5, "accuracy": {"type": "Property", "value": [1, 2]}},
                    "plain": {"type": "Property", "value": 1}
                })
            );
            let chosen = at("ngsi-ld=1.1", "?datasetId=urn:x:d&pick=area").await;
            assert_eq!(chosen.json(), json!({"area": {"type": "Property", "value": 6}}));

            // Nothing that is shown had to be altered.
            for (prefer, query) in [
                ("ngsi-ld=1.8", ""),
                ("ngsi-ld=1.3", "?pick=id,plain"),
                ("ngsi-ld=1.3", "?pick=area&format=simplified"),
            ] {
                let answer = at(prefer, query).await;
                assert_eq!(told(&answer), (200, Some(prefer)), "{query}: {}", answer.text);
            }
            assert_eq!(told(&at("return=minimal, ngsi-ld=1.12", "").await), (200, Some("ngsi-ld=1.9")));
            assert_eq!(told(&at("ngsi-ld=9.9", "").await), (200, Some("ngsi-ld=1.9")));
            for unknown in ["ngsi-ld=0.5", "ngsi-ld=old", "ngsi-ld=1", "handling=lenient"] {
                let answer = at(unknown, "").await;
                assert_eq!((told(&answer), &answer.text), ((200, None), &whole.text), "{unknown}");
            }
        }
    });
}

#[test]
fn queries_conform_in_every_form() {
    run(async {
        for broker in Broker::every().await {
            park(&broker).await;
            broker.create(&json!({"id": "urn:x:2", "type": "Park", "plain": 2})).await;
            let query = format!("{ENTITIES}?type=Park&count=true");
            let ask = |path: &str, prefer: &str| broker.get(path).header("prefer", prefer);
            for _ in 0..2 {
                // The second time from the cache.
                let older = ask(&query, "ngsi-ld=1.2").send().await;
                assert_eq!(told(&older), (203, Some("ngsi-ld=1.2")));
                assert_eq!(older.json()[0]["area"]["value"], 5);
                assert_eq!(older.header("NGSILD-Results-Count"), Some("2"));
                let newer = broker.get(&query).send().await;
                assert_eq!((told(&newer), newer.json()[0]["area"][1]["value"].clone()), ((200, None), json!(6)));
            }
            let unaltered = ask(&format!("{query}&id=urn:x:2"), "ngsi-ld=1.2").send().await;
            assert_eq!(told(&unaltered), (200, Some("ngsi-ld=1.2")));
            assert_eq!(told(&ask(&format!("{ENTITIES}?type=None"), "ngsi-ld=1.2").send().await).0, 200);

            let body = json!({"type": "Query", "entities": [{"type": "Park", "id": "urn:x:1"}], "lang": "ja"});
            let posted = broker.post("/ngsi-ld/v1/entityOperations/query", &body).header("prefer", "ngsi-ld=1.2");
            let posted = posted.send().await;
            assert_eq!(told(&posted), (203, Some("ngsi-ld=1.2")));
            assert_eq!(posted.json()[0]["name"], json!({"type": "Property", "value": "公園", "lang": "ja"}));

            let features = ask(&format!("{query}&id=urn:x:1"), "body=json, ngsi-ld=1.2");
            let features = features.header("accept", "application/geo+json").send().await;
            assert_eq!(told(&features), (203, Some("ngsi-ld=1.2")));
            let properties = &features.json()["features"][0]["properties"];
            assert_eq!((&properties["type"], &properties["scope"]), (&json!("Park"), &Value::Null));
            assert!(features.json()["@context"].is_null());
        }
    });
}

#[test]
fn caches_tell_versions_apart() {
    run(async {
        for broker in Broker::every().await {
            park(&broker).await;
            for path in [format!("{ENTITIES}/urn:x:1"), format!("{ENTITIES}?type=Park")] {
                let newer = broker.get(&path).send().await;
                let older = broker.get(&path).header("prefer", "ngsi-ld=1.2").send().await;
                for answer in [&newer, &older] {
                    let vary = answer.headers("vary");
                    assert!(vary.split(", ").any(|name| name.eq_ignore_ascii_case("prefer")), "{vary}");
                }
                let (new, old) = (newer.header("etag").unwrap(), older.header("etag").unwrap());
                assert_ne!(new, old);
                let again =
                    |tag: &str, prefer: &str| broker.get(&path).header("if-none-match", tag).header("prefer", prefer);
                assert_eq!(again(old, "ngsi-ld=1.2").send().await.status, 304);
                assert_eq!(again(new, "ngsi-ld=1.2").send().await.status, 203);
                assert_eq!(again(old, "x=y").send().await.status, 200);
                assert_eq!(again(new, "x=y").send().await.status, 304);
            }
        }
    });
}

#[test]
fn series_are_as_old_as_the_client_prefers() {
    run(async {
        for broker in Broker::every_with(&["--temporal-instances", "9"]).await {
            const TEMPORAL: &str = "/ngsi-ld/v1/temporal/entities";
            let at = |second: u32| format!("2026-04-01T00:00:0{second}Z");
            let seen = |mut attribute: Value, second: u32| {
                attribute["observedAt"] = at(second).into();
                attribute
            };
            let body = json!({
                "id": "urn:x:1", "type": ["Park", "Garden"], "scope": "/town",
                "state": [seen(json!({"type": "JsonProperty", "json": {"type": "a"}}), 1),
                          seen(json!({"type": "JsonProperty", "json": [2]}), 2)],
                "name": seen(json!({"type": "LanguageProperty", "languageMap": {"ja": "公園", "en": "park"}}), 1),
                "area": [seen(json!({"type": "Property", "value": 5, "unitCode": "HAR", "valueType": "Area"}), 1),
                         seen(json!({"type": "Property", "value": 6, "datasetId": "urn:x:d"}), 1)],
                "tour": seen(json!({"type": "ListRelationship", "objectList": ["urn:x:2", "urn:x:3"]}), 1),
            });
            assert_eq!(broker.post(TEMPORAL, &body).send().await.status, 201);
            let one = format!("{TEMPORAL}/urn:x:1");
            let ask = async |path: &str, prefer: &str| broker.get(path).header("prefer", prefer).send().await;
            let query = format!("{TEMPORAL}?type=Park&timerel=after&timeAt={}", at(0));

            let whole = broker.get(&one).send().await;
            assert_eq!(told(&whole), (200, None));
            let older = ask(&one, "ngsi-ld=1.7").await;
            assert_eq!(told(&older), (203, Some("ngsi-ld=1.7")));
            let shown = older.json();
            assert_eq!((&shown["state"][0]["type"], &shown["state"][1]["value"]), (&json!("Property"), &json!([2])));
            assert_eq!(shown["state"][0]["instanceId"], whole.json()["state"][0]["instanceId"]);
            assert_eq!(shown["tour"][0]["object"], json!(["urn:x:2", "urn:x:3"]));
            assert_eq!(
                (&shown["name"][0]["type"], &shown["area"][0]["valueType"]),
                (&json!("LanguageProperty"), &Value::Null)
            );
            assert_eq!((shown["area"].as_array().unwrap().len(), &shown["scope"][0]["value"]), (2, &json!("/town")));

            let oldest = ask(&query, "ngsi-ld=1.2").await;
            assert_eq!(told(&oldest), (203, Some("ngsi-ld=1.2")));
            let shown = &oldest.json()[0];
            assert_eq!((&shown["type"], &shown["scope"]), (&json!("Park"), &Value::Null));
            assert_eq!(shown["name"][0]["value"], json!({"ja": "公園", "en": "park"}));
            let area = shown["area"].as_array().unwrap();
            assert_eq!(
                (area.len(), &area[0]["value"], &area[0]["unitCode"], &area[0]["observedAt"]),
                (1, &json!(5), &Value::Null, &Value::Null)
            );

            // Pairs keep their instants, and are where a Property has them.
            let pairs = ask(&format!("{one}?format=temporalValues&lang=en"), "ngsi-ld=1.3").await;
            assert_eq!(told(&pairs), (203, Some("ngsi-ld=1.3")));
            assert_eq!(
                pairs.json(),
                json!({
                    "id": "urn:x:1", "type": ["Park", "Garden"],
                    "state": {"type": "Property", "values": [[{"type": "a"}, at(1)], [[2], at(2)]]},
                    "name": {"type": "Property", "values": [["park", at(1)]]},
                    "area": [{"type": "Property", "values": [[5, at(1)]]},
                             {"type": "Property", "datasetId": "urn:x:d", "values": [[6, at(1)]]}],
                    "tour": {"type": "Relationship", "objects": [[["urn:x:2", "urn:x:3"], at(1)]]},
                })
            );
            let sums = format!("{query}&format=aggregatedValues&aggrMethods=totalCount");
            let sums = ask(&sums, "ngsi-ld=1.2").await;
            assert_eq!(told(&sums), (203, Some("ngsi-ld=1.2")));
            assert_eq!(
                (&sums.json()[0]["type"], &sums.json()[0]["state"]["type"]),
                (&json!("Park"), &json!("Property"))
            );
            assert_eq!(sums.json()[0]["state"]["totalCount"][0][0], 2);

            let posted = json!({"type": "Query", "entities": [{"type": "Park"}], "temporalQ": {"timerel": "after", "timeAt": at(0)}});
            let posted =
                broker.post("/ngsi-ld/v1/temporal/entityOperations/query", &posted).header("prefer", "ngsi-ld=1.2");
            assert_eq!(told(&posted.send().await), (203, Some("ngsi-ld=1.2")));
            for (path, status) in [
                (format!("{one}?pick=id,type,tour"), 200),
                (format!("{query}&pick=id&entityMap=true"), 201),
                (format!("{query}&entityMap=true"), 201),
            ] {
                let answer = ask(&path, "ngsi-ld=1.8").await;
                assert_eq!(told(&answer), (status, Some("ngsi-ld=1.8")), "{path}: {}", answer.text);
            }

            // What was deleted is told in the kind that the version has.
            let name = "/ngsi-ld/v1/entities/urn:x:1/attrs/name";
            assert_eq!(broker.ask(Method::DELETE, name).send().await.status, 204);
            for (prefer, lang, kind, member) in [
                ("ngsi-ld=1.9", "", "LanguageProperty", "languageMap"),
                ("ngsi-ld=1.9", "&lang=en", "Property", "value"),
                ("ngsi-ld=1.3", "&lang=en", "Property", "value"),
                ("ngsi-ld=1.3", "", "Property", "value"),
            ] {
                let shown = ask(&format!("{one}?pick=name{lang}"), prefer).await.json()["name"][1].clone();
                let null =
                    if member == "value" { json!("urn:ngsi-ld:null") } else { json!({"@none": "urn:ngsi-ld:null"}) };
                assert_eq!((&shown["type"], &shown[member]), (&json!(kind), &null), "{prefer} {lang}: {shown}");
            }

            // That the series go on is told rather than that they were altered.
            let more: Vec<Value> =
                (0..9).map(|second| seen(json!({"type": "Property", "value": second}), second)).collect();
            assert_eq!(broker.post(&format!("{one}/attrs"), &json!({"more": more})).send().await.status, 204);
            let part = ask(&one, "ngsi-ld=1.2").await;
            assert_eq!(told(&part), (206, Some("ngsi-ld=1.2")));
            assert!(part.header("content-range").is_some() && part.headers("vary").contains("Prefer"));
            assert_eq!(part.json()["type"], "Park");
        }
    });
}

#[test]
fn producers_may_tell_their_version() {
    run(async {
        for broker in Broker::every().await {
            let context = "<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld>; \
                           rel=\"http://www.w3.org/ns/json-ld#context\"";
            let profile = |version: &str| format!("<{PROFILE}/{version}>; rel=\"profile\"");
            let links = [
                profile("1.8"),
                profile("1.10"),
                format!("{context}, {}", profile("1.3")),
                format!("{}, {context}; type=\"application/ld+json\"", profile("1.9")),
                format!("{context}; profile=\"{PROFILE}/1.8\""),
                "<https://example.org/of-others>; rel=\"profile\"".to_owned(),
            ];
            for (n, link) in links.iter().enumerate() {
                let entity = json!({"id": format!("urn:x:{n}"), "type": "T", "location": {"type": "Point", "coordinates": [1, 2]}});
                let created = broker.post(ENTITIES, &entity).header("link", link).send().await;
                assert_eq!(created.status, 201, "{link}: {}", created.text);
                let shown = broker.get(&format!("{ENTITIES}/urn:x:{n}")).send().await.json();
                assert_eq!(shown["type"], "T", "{link} is no @context");
            }
            let own = json!({"id": "urn:x:own", "type": "T", "@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"});
            let created = broker.post(ENTITIES, &own).header("link", &profile("1.8")).send().await;
            assert_eq!(created.status, 201, "a profile beside an @context in the body: {}", created.text);

            let writes = [
                (Method::POST, ENTITIES.to_owned(), json!({"id": "urn:x:new", "type": "T"})),
                (Method::PATCH, format!("{ENTITIES}/urn:x:1"), json!({"a": 1})),
                (Method::PUT, format!("{ENTITIES}/urn:x:1"), json!({"type": "T"})),
                (Method::POST, format!("{ENTITIES}/urn:x:1/attrs"), json!({"a": 1})),
                (
                    Method::POST,
                    "/ngsi-ld/v1/entityOperations/upsert".to_owned(),
                    json!([{"id": "urn:x:1", "type": "T"}]),
                ),
                (Method::POST, "/ngsi-ld/v1/entityOperations/delete".to_owned(), json!(["urn:x:1"])),
            ];
            for (method, path, body) in &writes {
                let refused =
                    broker.ask(method.clone(), path).body(body).header("link", &profile("newest")).send().await;
                assert_eq!((refused.status, refused.error().as_str()), (400, "BadRequestData"), "{method} {path}");
                assert!(refused.text.contains("(at Link)"), "{}", refused.text);
            }
            for (method, path, body) in &writes {
                let done = broker.ask(method.clone(), path).body(body).header("link", &profile("1.8")).send().await;
                assert!([201, 204].contains(&done.status), "{method} {path}: {}", done.text);
            }
            let read = broker.get(&format!("{ENTITIES}/urn:x:2")).header("link", &profile("newest")).send().await;
            assert_eq!(read.status, 200, "who reads produces nothing");
        }
    });
}
