//! Provision of entities and attributes, status by status (clauses 5.6, 6.4 to 6.7).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Broker, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

struct Case {
    what: &'static str,
    method: Method,
    path: &'static str,
    body: Value,
    status: u16,
    error: &'static str,
}

fn case(what: &'static str, method: Method, path: &'static str, body: Value, status: u16, error: &'static str) -> Case {
    Case { what, method, path, body, status, error }
}

fn sample(id: &str) -> Value {
    json!({
        "id": id, "type": "T", "scope": "/a",
        "a": {"type": "Property", "value": 1, "unitCode": "C62"},
        "m": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:d:1"}],
        "r": {"type": "Relationship", "object": "urn:x:other"}
    })
}

/// Each case on an entity that is as `sample` says.
#[test]
fn every_operation_answers_as_the_standard_says() {
    use Method as M;
    let cases = || {
        vec![
            case("create", M::POST, "", json!({"id": "urn:x:new", "type": "T"}), 201, ""),
            case("create again", M::POST, "", sample("urn:x:1"), 409, "AlreadyExists"),
            case("create without type", M::POST, "", json!({"id": "urn:x:2"}), 400, "BadRequestData"),
            case(
                "create with Null",
                M::POST,
                "",
                json!({"id": "urn:x:2", "type": "T", "a": "urn:ngsi-ld:null"}),
                400,
                "BadRequestData",
            ),
            case("merge", M::PATCH, "/urn:x:1", json!({"a": 2}), 204, ""),
            case("merge unknown", M::PATCH, "/urn:x:none", json!({"a": 2}), 404, "ResourceNotFound"),
            case("merge bad id", M::PATCH, "/nonsense", json!({"a": 2}), 400, "BadRequestData"),
            case("merge other id", M::PATCH, "/urn:x:1", json!({"id": "urn:x:2", "a": 2}), 400, "BadRequestData"),
            case(
                "merge bad value",
                M::PATCH,
                "/urn:x:1",
                json!({"a": {"type": "Property", "object": "urn:x:2"}}),
                400,
                "BadRequestData",
            ),
            case("merge wrong type", M::PATCH, "/urn:x:1?type=U", json!({"a": 2}), 404, "ResourceNotFound"),
            case("merge right type", M::PATCH, "/urn:x:1?type=T", json!({"a": 2}), 204, ""),
            case("merge bad observedAt", M::PATCH, "/urn:x:1?observedAt=now", json!({"a": 2}), 400, "BadRequestData"),
            case("merge bad lang", M::PATCH, "/urn:x:1?lang=not_one", json!({"a": 2}), 400, "BadRequestData"),
            case("merge odd format", M::PATCH, "/urn:x:1?format=odd", json!({"a": 2}), 400, "InvalidRequest"),
            case("merge simplified", M::PATCH, "/urn:x:1?format=simplified", json!({"r": "urn:x:3"}), 204, ""),
            case("merge keyValues", M::PATCH, "/urn:x:1?options=keyValues", json!({"r": "urn:x:3"}), 204, ""),
            case("merge other kind", M::PATCH, "/urn:x:1?format=simplified", json!({"r": 5}), 400, "BadRequestData"),
            case(
                "merge simplified, other id",
                M::PATCH,
                "/urn:x:1?format=simplified",
                json!({"id": "urn:x:2", "a": 2}),
                400,
                "BadRequestData",
            ),
            case(
                "merge simplified unknown",
                M::PATCH,
                "/urn:x:none?format=simplified",
                json!({"a": 2}),
                404,
                "ResourceNotFound",
            ),
            case("replace", M::PUT, "/urn:x:1", json!({"id": "urn:x:1", "type": "U", "b": 2}), 204, ""),
            case(
                "replace unknown",
                M::PUT,
                "/urn:x:none",
                json!({"id": "urn:x:none", "type": "U"}),
                404,
                "ResourceNotFound",
            ),
            case(
                "replace with Null",
                M::PUT,
                "/urn:x:1",
                json!({"id": "urn:x:1", "type": "U", "b": "urn:ngsi-ld:null"}),
                400,
                "BadRequestData",
            ),
            case("replace without type", M::PUT, "/urn:x:1", json!({"id": "urn:x:1"}), 400, "BadRequestData"),
            case("append", M::POST, "/urn:x:1/attrs", json!({"b": 2}), 204, ""),
            case("append over", M::POST, "/urn:x:1/attrs", json!({"a": 2}), 204, ""),
            case("append not over", M::POST, "/urn:x:1/attrs?options=noOverwrite", json!({"a": 2, "b": 1}), 207, ""),
            case("append unknown", M::POST, "/urn:x:none/attrs", json!({"a": 2}), 404, "ResourceNotFound"),
            case(
                "append with Null",
                M::POST,
                "/urn:x:1/attrs",
                json!({"a": "urn:ngsi-ld:null"}),
                400,
                "BadRequestData",
            ),
            case("append odd option", M::POST, "/urn:x:1/attrs?options=odd", json!({"a": 1}), 400, "InvalidRequest"),
            case("update", M::PATCH, "/urn:x:1/attrs", json!({"a": 2, "new": 1}), 204, ""),
            case("update by Null", M::PATCH, "/urn:x:1/attrs", json!({"a": "urn:ngsi-ld:null"}), 204, ""),
            case("update Null of nothing", M::PATCH, "/urn:x:1/attrs", json!({"zzz": "urn:ngsi-ld:null"}), 207, ""),
            case("update unknown", M::PATCH, "/urn:x:none/attrs", json!({"a": 2}), 404, "ResourceNotFound"),
            case("partial", M::PATCH, "/urn:x:1/attrs/a", json!({"value": 9}), 204, ""),
            case("partial dataset", M::PATCH, "/urn:x:1/attrs/m", json!({"value": 9, "datasetId": "urn:d:1"}), 204, ""),
            case(
                "partial other kind",
                M::PATCH,
                "/urn:x:1/attrs/a",
                json!({"type": "Relationship", "object": "urn:x:2"}),
                400,
                "BadRequestData",
            ),
            case(
                "partial unknown attribute",
                M::PATCH,
                "/urn:x:1/attrs/zzz",
                json!({"value": 9}),
                404,
                "ResourceNotFound",
            ),
            case(
                "partial unknown entity",
                M::PATCH,
                "/urn:x:none/attrs/a",
                json!({"value": 9}),
                404,
                "ResourceNotFound",
            ),
            case("partial scope", M::PATCH, "/urn:x:1/attrs/scope", json!({"value": "/b"}), 400, "BadRequestData"),
            case("partial illegal name", M::PATCH, "/urn:x:1/attrs/a(b", json!({"value": 9}), 400, "BadRequestData"),
            case("replace attribute", M::PUT, "/urn:x:1/attrs/a", json!({"type": "Property", "value": "x"}), 204, ""),
            case(
                "replace unknown attribute",
                M::PUT,
                "/urn:x:1/attrs/zzz",
                json!({"type": "Property", "value": "x"}),
                404,
                "ResourceNotFound",
            ),
            case(
                "replace scope",
                M::PUT,
                "/urn:x:1/attrs/scope",
                json!({"type": "Property", "value": "x"}),
                400,
                "BadRequestData",
            ),
            case("delete attribute", M::DELETE, "/urn:x:1/attrs/a", Value::Null, 204, ""),
            case("delete dataset", M::DELETE, "/urn:x:1/attrs/m?datasetId=urn:d:1", Value::Null, 204, ""),
            case(
                "delete unknown dataset",
                M::DELETE,
                "/urn:x:1/attrs/m?datasetId=urn:d:9",
                Value::Null,
                404,
                "ResourceNotFound",
            ),
            case("delete bad dataset", M::DELETE, "/urn:x:1/attrs/m?datasetId=x", Value::Null, 400, "BadRequestData"),
            case("delete all instances", M::DELETE, "/urn:x:1/attrs/m?deleteAll=true", Value::Null, 204, ""),
            case("delete scope", M::DELETE, "/urn:x:1/attrs/scope", Value::Null, 204, ""),
            case("delete unknown attribute", M::DELETE, "/urn:x:1/attrs/zzz", Value::Null, 404, "ResourceNotFound"),
            case("delete entity", M::DELETE, "/urn:x:1", Value::Null, 204, ""),
            case("delete unknown entity", M::DELETE, "/urn:x:none", Value::Null, 404, "ResourceNotFound"),
            case("retrieve", M::GET, "/urn:x:1", Value::Null, 200, ""),
            case("retrieve wrong type", M::GET, "/urn:x:1?type=U", Value::Null, 404, "ResourceNotFound"),
            case("retrieve missing attrs", M::GET, "/urn:x:1?attrs=zzz", Value::Null, 404, "ResourceNotFound"),
            case("retrieve unknown", M::GET, "/urn:x:none", Value::Null, 404, "ResourceNotFound"),
            case("retrieve bad id", M::GET, "/nonsense", Value::Null, 400, "BadRequestData"),
            case("retrieve odd parameter", M::GET, "/urn:x:1?odd=1", Value::Null, 400, "InvalidRequest"),
            case(
                "retrieve geometryProperty",
                M::GET,
                "/urn:x:1?geometryProperty=location",
                Value::Null,
                400,
                "BadRequestData",
            ),
            case("purge", M::DELETE, "?type=T", Value::Null, 204, ""),
            case("purge nothing", M::DELETE, "?type=U", Value::Null, 204, ""),
            case("purge all", M::DELETE, "", Value::Null, 400, "BadRequestData"),
            case("purge by id alone", M::DELETE, "?id=urn:x:1", Value::Null, 400, "BadRequestData"),
            case("purge by id, local", M::DELETE, "?id=urn:x:1&local=true", Value::Null, 204, ""),
            case("purge by any type", M::DELETE, "?type=*", Value::Null, 204, ""),
            case("purge, drop and keep", M::DELETE, "?type=T&drop=a&keep=m", Value::Null, 400, "BadRequestData"),
            case("purge, drop linked", M::DELETE, "?type=T&drop=r%7Ba%7D", Value::Null, 400, "BadRequestData"),
            case("purge, keep linked", M::DELETE, "?type=T&keep=r%7Ba%7D", Value::Null, 400, "BadRequestData"),
            case("purge, q linked", M::DELETE, "?q=r%7Ba%7D==1", Value::Null, 400, "BadRequestData"),
            case("purge, drop id", M::DELETE, "?type=T&drop=id", Value::Null, 400, "BadRequestData"),
            case("purge, empty drop", M::DELETE, "?type=T&drop=", Value::Null, 400, "BadRequestData"),
            case("purge, bad q", M::DELETE, "?q=a==", Value::Null, 400, "BadRequestData"),
            case("purge, half a geoquery", M::DELETE, "?georel=within", Value::Null, 400, "BadRequestData"),
            case("purge, bad local", M::DELETE, "?type=T&local=yes", Value::Null, 400, "InvalidRequest"),
            case("purge, odd parameter", M::DELETE, "?type=T&limit=1", Value::Null, 400, "InvalidRequest"),
        ]
    };
    run(async {
        for broker in Broker::every().await {
            for (i, case) in cases().into_iter().enumerate() {
                let tenant = format!("case{i}");
                let made = broker.post(ENTITIES, &sample("urn:x:1")).header("NGSILD-Tenant", &tenant).send().await;
                assert_eq!(made.status, 201);
                let mut asking =
                    broker.ask(case.method, &format!("{ENTITIES}{}", case.path)).header("NGSILD-Tenant", &tenant);
                if !case.body.is_null() {
                    asking = asking.body(&case.body);
                }
                let answer = asking.send().await;
                let what = format!("{} on {}: {}", case.what, broker.kind, answer.text);
                assert_eq!(answer.status, case.status, "{what}");
                assert_eq!(answer.header("NGSILD-Tenant"), Some(tenant.as_str()), "{what}");
                if !case.error.is_empty() {
                    assert_eq!(answer.error(), case.error, "{what}");
                    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
                    assert!(answer.header("link").is_none(), "{what}");
                }
            }
        }
    });
}

#[test]
fn what_is_written_is_read_at_once() {
    run(async {
        for broker in Broker::every().await {
            let answer = broker.post(ENTITIES, &sample("urn:x:1")).send().await;
            assert_eq!(answer.header("location"), Some("/ngsi-ld/v1/entities/urn:x:1"));
            for n in 0..20 {
                let path = format!("{ENTITIES}/urn:x:1/attrs/a");
                assert_eq!(broker.ask(Method::PATCH, &path).body(&json!({"value": n})).send().await.status, 204);
                assert_eq!(broker.simplified("urn:x:1").await["a"], n);
                let found = broker.get(&format!("{ENTITIES}?type=T&format=simplified&q=a=={n}")).send().await.json();
                assert_eq!(found[0]["a"], n, "a cached answer must not be older than an acknowledged write");
            }
        }
    });
}

/// Rules that a status alone does not show.
#[test]
fn the_small_print_of_writing() {
    run(async {
        for broker in Broker::every().await {
            let path = format!("{ENTITIES}/urn:x:1");
            let attrs = format!("{path}/attrs");
            let ask = async |method: Method, path: &str, body: Value| broker.ask(method, path).body(&body).send().await;
            // What is refused leaves no trace, not even a tenant.
            let refused =
                broker.post(ENTITIES, &json!({"id": "urn:x:1"})).header("NGSILD-Tenant", "never").send().await;
            assert_eq!(refused.status, 400);
            assert_eq!(broker.get(&path).header("NGSILD-Tenant", "never").send().await.error(), "NonexistentTenant");

            broker.create(&sample("urn:x:1")).await;
            let done = ask(Method::PATCH, &path, json!({"a": 2})).await;
            assert_eq!((done.status, done.header("content-length"), done.text.as_str()), (204, None, ""));
            let trailing = broker.ask(Method::PATCH, &path).raw("application/json", "{\"a\": 3} {}").send().await;
            assert_eq!(trailing.error(), "InvalidRequest", "something after the end");
            for (method, status) in [(Method::PATCH, 204), (Method::PUT, 415), (Method::POST, 415)] {
                let path = if method == Method::POST { ENTITIES } else { &path };
                let body = sample("urn:x:1").to_string();
                let answer = broker.ask(method.clone(), path).raw("application/merge-patch+json", body).send().await;
                assert_eq!(answer.status, status, "merge-patch by {method}");
            }
            // Types are added, never taken away, but by replacing everything.
            assert_eq!(ask(Method::POST, &attrs, json!({"type": "U"})).await.status, 204);
            assert_eq!(ask(Method::PATCH, &attrs, json!({"type": ["V", "T"]})).await.status, 204);
            assert_eq!(ask(Method::PATCH, &path, json!({"type": "W"})).await.status, 204);
            assert_eq!(broker.simplified("urn:x:1").await["type"], json!(["T", "U", "V", "W"]));
            assert_eq!(ask(Method::PATCH, &path, json!({"type": "urn:ngsi-ld:null"})).await.status, 400);
            // Scopes: appended without overwriting, replaced by updating, ignored when there is none to update.
            ask(Method::POST, &format!("{attrs}?options=noOverwrite"), json!({"scope": "/b"})).await;
            assert_eq!(broker.simplified("urn:x:1").await["scope"], json!(["/a", "/b"]));
            ask(Method::PATCH, &attrs, json!({"scope": "/c"})).await;
            assert_eq!(broker.simplified("urn:x:1").await["scope"], json!("/c"));
            broker.ask(Method::DELETE, &format!("{attrs}/scope")).send().await;
            assert_eq!(ask(Method::PATCH, &attrs, json!({"scope": "/d"})).await.status, 204);
            assert!(broker.simplified("urn:x:1").await.get("scope").is_none());
            // One attribute, of which one instance is new and the other is there: told as not updated.
            let both = json!({"m": [{"value": 9, "datasetId": "urn:d:1"}, {"value": 9, "datasetId": "urn:d:2"}]});
            let partly = ask(Method::POST, &format!("{attrs}?options=noOverwrite"), both).await;
            assert_eq!((partly.status, &partly.json()["updated"]), (207, &json!([])));
            assert_eq!(partly.header("content-type"), Some("application/json"));
            let shown = broker.simplified("urn:x:1").await;
            assert_eq!(shown["m"], json!({"dataset": {"@none": 1, "urn:d:1": 2, "urn:d:2": 9}}));
            // Nulls delete one instance only.
            let null = json!({"m": {"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:d:2"}});
            assert_eq!(ask(Method::PATCH, &attrs, null).await.status, 204);
            assert_eq!(ask(Method::PATCH, &path, json!({"m": "urn:ngsi-ld:null"})).await.status, 204);
            assert_eq!(broker.simplified("urn:x:1").await["m"], json!({"dataset": {"urn:d:1": 2}}));
            assert_eq!(ask(Method::PATCH, &format!("{attrs}/m"), json!({"value": 1})).await.status, 404, "no default");
            let none = format!("{attrs}/m?datasetId=@none");
            assert_eq!(broker.ask(Method::DELETE, &none).send().await.status, 404);
            // What is not overwritten keeps its end as well.
            let end = |year: i32| json!({"expiresAt": format!("{year}-01-01T00:00:00Z")});
            ask(Method::POST, &attrs, end(2090)).await;
            ask(Method::POST, &format!("{attrs}?options=noOverwrite"), end(2091)).await;
            let shown = broker.get(&format!("{path}?options=sysAttrs")).send().await.json();
            assert_eq!(shown["expiresAt"], "2090-01-01T00:00:00Z");
        }
    });
}

#[test]
fn a_simplified_merge_leaves_what_it_does_not_say() {
    run(async {
        for broker in Broker::every().await {
            let observed = "2020-01-01T00:00:00Z";
            broker
                .create(&json!({
                    "id": "urn:x:1", "type": "T",
                    "t": {"value": 20, "unitCode": "CEL", "observedAt": observed},
                    "l": {"languageMap": {"ja": "駅", "en": "station"}}, "r": {"object": "urn:x:2"}
                }))
                .await;
            let path = format!("{ENTITIES}/urn:x:1?format=simplified&lang=ja&observedAt=2021-01-01T00:00:00Z");
            let patch = json!({"t": 21, "l": "駅舎", "r": "urn:x:3", "type": "U", "scope": "/a", "new": 1});
            let merged = broker.ask(Method::PATCH, &path).body(&patch).send().await;
            assert_eq!(merged.status, 204, "{}", merged.text);
            let shown = broker.get(&format!("{ENTITIES}/urn:x:1?format=concise")).send().await.json();
            assert_eq!(
                shown,
                json!({
                    "id": "urn:x:1", "type": ["T", "U"], "scope": "/a",
                    "t": {"value": 21, "unitCode": "CEL", "observedAt": "2021-01-01T00:00:00Z"},
                    "l": {"languageMap": {"ja": "駅舎", "en": "station"}}, "r": {"object": "urn:x:3"}, "new": 1
                })
            );
        }
    });
}

#[test]
fn ids_and_names_survive_the_path() {
    run(async {
        for broker in Broker::every().await {
            for id in ["https://example.jp/施設/1?a=b#c", "urn:x:a%20b", "urn:x:日本"] {
                let created = broker.post(ENTITIES, &json!({"id": id, "type": "T", "名称": 1})).send().await;
                let location = created.header("location").expect("what was created has a place").to_owned();
                let at_location = broker.get(&location).send().await;
                assert_eq!((at_location.status, at_location.json()["id"].as_str()), (200, Some(id)), "{location}");
                let path = format!("{ENTITIES}/{}", percent(id));
                let entity = broker.get(&path).send().await;
                assert_eq!((entity.status, entity.json()["id"].as_str()), (200, Some(id)), "{}", entity.text);
                let name = percent("名称");
                let change = broker.ask(Method::PATCH, &format!("{path}/attrs/{name}")).body(&json!({"value": 2}));
                assert_eq!(change.send().await.status, 204);
                let iri = percent("https://uri.etsi.org/ngsi-ld/default-context/名称");
                assert_eq!(broker.ask(Method::DELETE, &format!("{path}/attrs/{iri}")).send().await.status, 204);
                assert_eq!(broker.ask(Method::DELETE, &path).send().await.status, 204);
            }
        }
    });
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn partial_failures_name_attributes_in_full() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&sample("urn:x:1")).await;
            let path = format!("{ENTITIES}/urn:x:1/attrs?options=noOverwrite");
            let answer = broker.post(&path, &json!({"a": 2, "b": 1})).send().await;
            let body = answer.json();
            assert_eq!(body["updated"], json!(["https://uri.etsi.org/ngsi-ld/default-context/b"]));
            assert_eq!(body["notUpdated"][0]["attributeName"], "https://uri.etsi.org/ngsi-ld/default-context/a");
            assert!(body["notUpdated"][0]["reason"].as_str().unwrap().contains("noOverwrite"));
        }
    });
}
