//! Context source registrations over HTTP (5.9, 5.10, 6.8, 6.9).

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Asking, Broker, encode, eventually, run};

pub(crate) const REGISTRATIONS: &str = "/ngsi-ld/v1/csourceRegistrations";

pub(crate) fn path(id: &str) -> String {
    format!("{REGISTRATIONS}/{id}")
}

/// A registration of greenhouses, with other members in their places; null takes one away.
pub(crate) fn of_greenhouses(id: &str, members: Value) -> Value {
    let mut body = json!({
        "id": id, "type": "ContextSourceRegistration", "endpoint": "https://north.example/broker",
        "information": [{"entities": [{"type": "Greenhouse"}], "propertyNames": ["humidity"]}]
    });
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(name)),
            value => body[name.as_str()] = value.clone(),
        }
    }
    body
}

pub(crate) async fn register(broker: &Broker, body: &Value) {
    let answer = broker.post(REGISTRATIONS, body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

pub(crate) async fn patch(broker: &Broker, id: &str, body: &Value) -> Answer {
    broker.ask(Method::PATCH, &path(id)).body(body).send().await
}

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, if answer.text.is_empty() { String::new() } else { answer.error() })
}

async fn shown(broker: &Broker, id: &str) -> Value {
    let answer = broker.get(&path(id)).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The ids of the registrations that a discovery finds.
async fn found(broker: &Broker, query: &str) -> Vec<String> {
    let answer = broker.get(&format!("{REGISTRATIONS}?{query}")).send().await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json().as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_registration_is_created_shown_changed_and_deleted() {
    run(async {
        for broker in Broker::every().await {
            let body = of_greenhouses("urn:r:1", json!({"tenant": "north", "speed": 5, "mode": "inclusive"}));
            let created = broker.post(REGISTRATIONS, &body).send().await;
            assert_eq!((created.status, created.text.as_str()), (201, ""));
            assert_eq!(created.header("location"), Some("/ngsi-ld/v1/csourceRegistrations/urn:r:1"));
            assert_eq!(outcome(&broker.post(REGISTRATIONS, &body).send().await), (409, "AlreadyExists".into()));
            assert_eq!(shown(&broker, "urn:r:1").await, body);
            let detailed = broker.get(&format!("{}?options=sysAttrs", path("urn:r:1"))).send().await.json();
            assert!(detailed["createdAt"].is_string() && detailed["modifiedAt"] == detailed["createdAt"], "{detailed}");

            let change = json!({"tenant": "urn:ngsi-ld:null", "speed": 6, "description": "d"});
            assert_eq!(patch(&broker, "urn:r:1", &change).await.status, 204);
            let broker = broker.kill_and_restart().await;
            let changed = json!({"tenant": null, "speed": 6, "description": "d", "mode": "inclusive"});
            assert_eq!(shown(&broker, "urn:r:1").await, of_greenhouses("urn:r:1", changed));

            let deleted = broker.ask(Method::DELETE, &path("urn:r:1")).send().await;
            assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
            for method in [Method::GET, Method::DELETE] {
                let gone = broker.ask(method, &path("urn:r:1")).send().await;
                assert_eq!(outcome(&gone), (404, "ResourceNotFound".into()));
            }
            assert_eq!(outcome(&patch(&broker, "urn:r:1", &change).await), (404, "ResourceNotFound".into()));
            let unnamed = broker.post(REGISTRATIONS, &of_greenhouses("", json!({"id": null}))).send().await;
            let told = broker.get(unnamed.header("location").unwrap()).send().await.json();
            assert!(told["id"].as_str().unwrap().starts_with("urn:ngsi-ld:ContextSourceRegistration:"), "{told}");
        }
    });
}

#[test]
fn what_is_no_registration_is_refused_with_its_place() {
    run(async {
        let broker = Broker::sqlite().await;
        for (members, place) in [
            (json!({"type": "Registration"}), "/type"),
            (json!({"endpoint": null}), "/endpoint"),
            (json!({"information": []}), "/information"),
            (json!({"information": [{"entities": [{"id": "urn:x:1"}]}]}), "/information/0/entities/0/type"),
            (json!({"mode": "exclusive"}), "/information/0"),
            (json!({"operations": ["fly"]}), "/operations"),
            (json!({"expiresAt": "2001-01-01T00:00:00Z"}), "/expiresAt"),
        ] {
            let answer = broker.post(REGISTRATIONS, &of_greenhouses("urn:r:1", members.clone())).send().await;
            assert_eq!(outcome(&answer), (400, "BadRequestData".into()), "{members}");
            assert!(answer.text.contains(place), "{place}: {}", answer.text);
        }
        register(&broker, &of_greenhouses("urn:r:1", json!({}))).await;
        for change in [json!({"endpoint": null}), json!({"mode": "auxiliary"}), json!({"id": "urn:r:2"})] {
            assert_eq!(outcome(&patch(&broker, "urn:r:1", &change).await), (400, "BadRequestData".into()), "{change}");
        }
        let large = of_greenhouses("urn:r:2", json!({"description": "x".repeat(1 << 18)}));
        assert_eq!(broker.post(REGISTRATIONS, &large).send().await.status, 413);
    });
}

#[test]
fn registrations_are_found_by_what_their_sources_have() {
    run(async {
        for broker in Broker::every().await {
            let area = |x: i64| json!({"type": "Point", "coordinates": [x, 35]});
            for (id, members) in [
                ("urn:r:c", json!({"location": area(139), "scope": "/Tokyo", "speed": 50})),
                (
                    "urn:r:a",
                    json!({"information": [
                    {"entities": [{"type": "Field", "idPattern": "^urn:f:"}]},
                    {"entities": [{"type": "Greenhouse", "id": "urn:g:1"}], "relationshipNames": ["tendedBy"]},
                ], "location": area(135)}),
                ),
                ("urn:r:b", json!({"observationInterval": {"startAt": "2025-01-01T00:00:00Z"}})),
            ] {
                register(&broker, &of_greenhouses(id, members)).await;
            }
            let near = "georel=near;maxDistance==1000&geometry=Point&coordinates=%5B139,35%5D";
            for (query, expected) in [
                ("type=Greenhouse".to_owned(), &["urn:r:c", "urn:r:a"][..]),
                ("type=*".to_owned(), &["urn:r:c", "urn:r:a"]),
                ("type=Field".to_owned(), &["urn:r:a"]),
                ("type=Field&id=urn:f:1".to_owned(), &["urn:r:a"]),
                ("type=Field&id=urn:g:1".to_owned(), &[]),
                ("type=Greenhouse&id=urn:g:2".to_owned(), &["urn:r:c"]),
                ("type=Greenhouse&idPattern=1$".to_owned(), &["urn:r:c", "urn:r:a"]),
                ("attrs=humidity".to_owned(), &["urn:r:c", "urn:r:a"]),
                ("type=Greenhouse&attrs=humidity".to_owned(), &["urn:r:c"]),
                ("type=Greenhouse&pick=id,tendedBy".to_owned(), &["urn:r:a"]),
                (format!("type=Greenhouse&q={}", encode("humidity>5")), &["urn:r:c"]),
                (near.to_owned(), &["urn:r:c"]),
                (format!("type=Field&{near}"), &[]),
                ("type=Greenhouse&scopeQ=/Tokyo".to_owned(), &["urn:r:c"]),
                (format!("type=Greenhouse&csf={}", encode("speed>40")), &["urn:r:c"]),
                (format!("type=Greenhouse&csf={}", encode("speed>60")), &[]),
                ("type=Greenhouse&timerel=after&timeAt=2025-06-01T00:00:00Z".to_owned(), &["urn:r:b"]),
                ("type=Greenhouse&timerel=after&timeAt=2025-06-01T00:00:00Z&timeproperty=modifiedAt".to_owned(), &[]),
            ] {
                assert_eq!(found(&broker, &query).await, expected, "{query} on {}", broker.kind);
            }
            let reduced = broker.get(&format!("{REGISTRATIONS}?type=Field")).send().await.json();
            assert_eq!(reduced[0]["information"], json!([{"entities": [{"type": "Field", "idPattern": "^urn:f:"}]}]));
            for (query, error, word) in [
                ("", "BadRequestData", "too wide"),
                ("?id=urn:g:1", "BadRequestData", "too wide"),
                ("?scopeQ=/a", "BadRequestData", "too wide"),
                ("?type=A&csf=(", "BadRequestData", "csf, character"),
                ("?type=A&timerel=after", "BadRequestData", "timeAt"),
                ("?type=A&georel=within", "BadRequestData", "georel"),
                ("?type=A&local=true", "InvalidRequest", "local"),
                ("?type=A&limit=0", "BadRequestData", "limit"),
            ] {
                let answer = broker.get(&format!("{REGISTRATIONS}{query}")).send().await;
                assert_eq!(outcome(&answer), (400, error.into()), "{query}");
                assert!(answer.text.contains(word), "{query}: {}", answer.text);
            }
        }
    });
}

#[test]
fn a_list_is_read_page_by_page_in_the_order_of_creation() {
    run(async {
        for broker in Broker::every().await {
            for n in [3, 1, 4, 2, 5] {
                register(&broker, &of_greenhouses(&format!("urn:r:{n}"), json!({}))).await;
            }
            assert_eq!(patch(&broker, "urn:r:3", &json!({"description": "d"})).await.status, 204);
            let first = broker.get(&format!("{REGISTRATIONS}?type=Greenhouse&limit=2&count=true")).send().await;
            assert_eq!(first.header("ngsild-results-count"), Some("5"));
            assert!(first.headers("link").contains("rel=\"next\""), "{}", first.headers("link"));
            let mut all = Vec::new();
            for offset in [0, 2, 4] {
                all.extend(found(&broker, &format!("type=Greenhouse&limit=2&offset={offset}")).await);
            }
            assert_eq!(all, ["urn:r:3", "urn:r:1", "urn:r:4", "urn:r:2", "urn:r:5"]);
            let last = broker.get(&format!("{REGISTRATIONS}?type=Greenhouse&limit=2&offset=4")).send().await;
            assert!(!last.headers("link").contains("rel=\"next\""));
            let counted = broker.get(&format!("{REGISTRATIONS}?type=Field&limit=0&count=true")).send().await;
            assert_eq!((counted.header("ngsild-results-count"), counted.json()), (Some("0"), json!([])));
        }
    });
}

#[test]
fn names_have_the_meaning_of_the_context_and_tenants_are_apart() {
    run(async {
        let broker = Broker::sqlite().await;
        let context =
            json!({"House": "https://ex.org/House", "wet": "https://ex.org/wet", "speed": "https://ex.org/speed"});
        let body = of_greenhouses(
            "urn:r:1",
            json!({
                "@context": context, "information": [{"entities": [{"type": "House"}], "propertyNames": ["wet"]}], "speed": 5,
            }),
        );
        let created = broker.ask(Method::POST, REGISTRATIONS).header("NGSILD-Tenant", "north");
        assert_eq!(created.raw("application/ld+json", body.to_string()).send().await.status, 201);
        let ask = async |query: &str| {
            let answer = broker.get(&format!("{REGISTRATIONS}{query}")).header("NGSILD-Tenant", "north").send().await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            answer.json()
        };
        let told = ask(&format!("?type={}", encode("https://ex.org/House"))).await;
        assert_eq!(told[0]["https://ex.org/speed"], 5);
        assert_eq!(told[0]["information"][0]["propertyNames"], json!(["https://ex.org/wet"]));
        assert_eq!(ask("?type=House").await, json!([]));
        assert_eq!(broker.get(&path("urn:r:1")).send().await.status, 404, "tenants are apart");
        let unknown = broker.get(&path("urn:r:1")).header("NGSILD-Tenant", "nobody").send().await;
        assert_eq!(outcome(&unknown), (404, "NonexistentTenant".into()));
    });
}

#[test]
fn exclusive_and_redirect_registrations_meet_nothing_of_the_same() {
    run(async {
        for broker in Broker::every().await {
            let entity = |id: &str| json!({"id": id, "type": "Greenhouse", "humidity": 5, "colour": "red"});
            broker.create(&entity("urn:g:here")).await;
            let exclusive = |id: &str, entity: &str, attribute: &str| {
                let info = json!([{"entities": [{"type": "Greenhouse", "id": entity}], "propertyNames": [attribute]}]);
                of_greenhouses(id, json!({"mode": "exclusive", "information": info}))
            };
            let redirect = |id: &str, entity: Value, attribute: &str| {
                let info = json!([{"entities": [entity], "propertyNames": [attribute]}]);
                of_greenhouses(id, json!({"mode": "redirect", "information": info}))
            };
            register(&broker, &exclusive("urn:r:1", "urn:g:1", "humidity")).await;
            register(&broker, &redirect("urn:r:2", json!({"type": "Greenhouse", "idPattern": "^urn:g:2"}), "humidity"))
                .await;
            for (body, expected) in [
                (exclusive("urn:r:x", "urn:g:here", "humidity"), 409),
                (exclusive("urn:r:x", "urn:g:1", "humidity"), 409),
                (exclusive("urn:r:x", "urn:g:22", "humidity"), 409),
                (redirect("urn:r:x", json!({"type": "Greenhouse"}), "humidity"), 409),
                (redirect("urn:r:x", json!({"type": "Greenhouse"}), "colour"), 409),
                (redirect("urn:r:x", json!({"type": "Greenhouse", "id": "urn:g:1"}), "humidity"), 409),
                (exclusive("urn:r:3", "urn:g:here", "height"), 201),
                (exclusive("urn:r:4", "urn:g:1", "height"), 201),
                (exclusive("urn:r:5", "urn:g:22", "height"), 201),
                (redirect("urn:r:6", json!({"type": "Greenhouse", "idPattern": "^urn:g:2"}), "humidity"), 201),
                (of_greenhouses("urn:r:7", json!({})), 201),
                (of_greenhouses("urn:r:8", json!({"mode": "auxiliary", "operations": ["retrieveOps"]})), 201),
            ] {
                let answer = broker.post(REGISTRATIONS, &body).send().await;
                assert_eq!(answer.status, expected, "{body}: {}", answer.text);
                if expected == 409 {
                    assert_eq!(outcome(&answer), (409, "Conflict".into()));
                }
            }
            // A registration is not in its own way; others are in that of an update.
            assert_eq!(patch(&broker, "urn:r:1", &json!({"description": "d"})).await.status, 204);
            assert_eq!(
                outcome(&patch(&broker, "urn:r:7", &json!({"mode": "redirect"})).await),
                (409, "Conflict".into())
            );
            assert_eq!(shown(&broker, "urn:r:7").await, of_greenhouses("urn:r:7", json!({})), "it is as it was");
        }
    });
}

#[test]
fn registrations_end_and_their_ids_are_free_again() {
    run(async {
        for broker in Broker::every().await {
            let end = |seconds: i64| {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
                json!(ngsild::DateTime::from_micros(i64::try_from(now.as_micros()).unwrap() + seconds * 1_000_000))
            };
            register(&broker, &of_greenhouses("urn:r:1", json!({"expiresAt": end(1)}))).await;
            register(&broker, &of_greenhouses("urn:r:2", json!({"expiresAt": end(60)}))).await;
            eventually("it is over", async || broker.get(&path("urn:r:1")).send().await.status == 404).await;
            assert_eq!(found(&broker, "type=Greenhouse").await, ["urn:r:2"]);
            register(&broker, &of_greenhouses("urn:r:1", json!({}))).await;
            assert_eq!(patch(&broker, "urn:r:2", &json!({"expiresAt": null})).await.status, 204);
            assert_eq!(found(&broker, "type=Greenhouse").await, ["urn:r:2", "urn:r:1"]);
        }
    });
}

#[test]
fn of_exclusive_registrations_at_once_one_wins() {
    run(async {
        for broker in Broker::every().await {
            let info = json!([{"entities": [{"type": "Greenhouse", "id": "urn:g:1"}], "propertyNames": ["humidity"]}]);
            let bodies: Vec<Value> = (0..8)
                .map(|n| of_greenhouses(&format!("urn:r:{n}"), json!({"mode": "exclusive", "information": info})))
                .collect();
            let answers = join_all(bodies.iter().map(|body| broker.post(REGISTRATIONS, body).send())).await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409], "on {}", broker.kind);
        }
    });
}

#[test]
fn only_those_with_the_token_see_what_opens_the_sources() {
    run(async {
        let token = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(token.path(), "a-secret-of-some-length").unwrap();
        let broker = Broker::sqlite_with(&["--token-file", token.path().to_str().unwrap()]).await;
        let as_owner =
            async |asking: Asking<'_>| asking.header("authorization", "Bearer a-secret-of-some-length").send().await;
        let info = json!([{"key": "Authorization", "value": "Bearer of-the-source"}]);
        let body = of_greenhouses("urn:r:1", json!({"contextSourceInfo": info}));
        assert_eq!(broker.post(REGISTRATIONS, &body).send().await.status, 401);
        assert_eq!(as_owner(broker.post(REGISTRATIONS, &body)).await.status, 201);
        for place in [
            path("urn:r:1"),
            format!("{REGISTRATIONS}?type=*"),
            "/ngsi-ld/v1/csourceSubscriptions".to_owned(),
            path("urn%3Ar%3A1"),
            "/ngsi-ld/v1/c%73ourceRegistrations/urn:r:1".to_owned(),
        ] {
            let hidden = broker.get(&place).send().await;
            assert_eq!(hidden.status, 401, "{place}: {}", hidden.text);
            assert_eq!(as_owner(broker.get(&place)).await.status, 200, "{place}");
        }
        assert_eq!(as_owner(broker.get(&path("urn:r:1"))).await.json(), body);
    });
}
