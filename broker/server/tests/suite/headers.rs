//! Headers of answers, whatever the operation (clauses 6.3.2 to 6.3.6, 6.3.10, 6.3.14; RFC 9110, RFC 5789).

use reqwest::Method;
use serde_json::json;

use crate::support::{Broker, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

#[test]
fn answers_without_a_body_say_nothing_of_one() {
    run(async {
        for broker in Broker::every().await {
            let created = broker.post(ENTITIES, &json!({"id": "urn:x:a%20b", "type": "T"})).send().await;
            assert_eq!((created.status, created.header("location")), (201, Some("/ngsi-ld/v1/entities/urn:x:a%2520b")));
            broker.create(&json!({"id": "urn:x:1", "type": "T", "a": 1})).await;
            for (method, path, body) in [
                (Method::PATCH, "/urn:x:1", json!({"a": 2})),
                (Method::PATCH, "/urn:x:1/attrs/a", json!({"value": 3})),
                (Method::PUT, "/urn:x:1", json!({"type": "T"})),
                (Method::DELETE, "/urn:x:1", json!({})),
            ] {
                let done = broker.ask(method.clone(), &format!("{ENTITIES}{path}")).body(&body).send().await;
                let headers = (done.header("content-length"), done.header("content-type"), done.header("link"));
                assert_eq!((done.status, headers), (204, (None, None, None)), "{method} {path}");
            }
        }
    });
}

#[test]
fn an_answer_that_is_known_already_tells_what_it_depends_on() {
    run(async {
        let broker = Broker::sqlite().await;
        broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
        for path in [format!("{ENTITIES}/urn:x:1"), format!("{ENTITIES}?type=T")] {
            let whole = broker.get(&path).send().await;
            let known = broker.get(&path).header("if-none-match", whole.header("etag").unwrap()).send().await;
            assert_eq!((known.status, known.text.as_str()), (304, ""));
            assert_eq!((known.header("etag"), known.header("vary")), (whole.header("etag"), whole.header("vary")));
            let vary = whole.headers("vary");
            for name in ["Accept", "Link", "NGSILD-Tenant", "NGSILD-EntityMap", "Prefer"] {
                assert!(vary.split(", ").any(|known| known == name), "{vary}");
            }
        }
    });
}

#[test]
fn whoever_sends_the_wrong_media_type_learns_the_right_ones() {
    run(async {
        let broker = Broker::sqlite().await;
        let types = "application/json, application/ld+json, application/merge-patch+json";
        for path in ["entities/urn:x:1", "entities/urn:x:1/attrs", "entities/urn:x:1/attrs/a", "entityMaps/urn:x:1"] {
            let path = format!("/ngsi-ld/v1/{path}");
            let refused = broker.ask(Method::PATCH, &path).raw("text/plain", "{}").send().await;
            assert_eq!((refused.status, refused.text.as_str(), refused.header("accept-patch")), (415, "", Some(types)));
            let options = broker.ask(Method::OPTIONS, &path).send().await;
            assert_eq!((options.status, options.header("accept-patch")), (204, Some(types)));
            assert!(options.header("allow").unwrap().contains("PATCH"));
        }
        let posted = broker.ask(Method::POST, ENTITIES).raw("text/plain", "{}").send().await;
        assert_eq!((posted.status, posted.header("accept-patch")), (415, None));
        for path in ["types", "attributes", "entityMaps", "info/sourceIdentity", "jsonldContexts"] {
            let path = format!("/ngsi-ld/v1/{path}?type=T");
            let refused = broker.get(&path).header("accept", "application/geo+json").send().await;
            assert_eq!(
                (refused.status, refused.text.as_str()),
                (406, "application/json, application/ld+json"),
                "{path}"
            );
        }
    });
}

#[test]
fn the_tenant_is_told_in_errors_too_and_errors_link_to_nothing() {
    run(async {
        for broker in Broker::every().await {
            let created = broker.post(ENTITIES, &json!({"id": "urn:x:1", "type": "T"})).header("NGSILD-Tenant", "t");
            assert_eq!(created.send().await.header("NGSILD-Tenant"), Some("t"));
            for (method, path, status) in [
                (Method::GET, "entities/urn:x:2", 404),
                (Method::GET, "entities/nonsense", 400),
                (Method::GET, "entities?surelyUnknown=1", 400),
                (Method::GET, "nothing", 404),
                (Method::DELETE, "types", 405),
                (Method::GET, "entityMaps/urn:x:1", 404),
            ] {
                let answer = broker.ask(method.clone(), &format!("/ngsi-ld/v1/{path}")).header("NGSILD-Tenant", "t");
                let answer = answer.header("accept", "application/ld+json").send().await;
                assert_eq!((answer.status, answer.header("NGSILD-Tenant")), (status, Some("t")), "{method} {path}");
                let headers = (answer.header("content-type"), answer.header("link"));
                assert_eq!(headers, (Some("application/json"), None), "{method} {path}");
            }
            for path in ["entities?type=T", "types"] {
                let wrong = broker.get(&format!("/ngsi-ld/v1/{path}")).header("NGSILD-Tenant", "a b").send().await;
                assert_eq!((wrong.status, wrong.header("NGSILD-Tenant")), (400, None), "what is no name is not told");
                assert_eq!(broker.get(&format!("/ngsi-ld/v1/{path}")).send().await.header("NGSILD-Tenant"), None);
            }
        }
    });
}

#[test]
fn pages_link_to_each_other_with_all_that_they_need() {
    run(async {
        for broker in Broker::every().await {
            for n in 0..5 {
                broker.create(&json!({"id": format!("urn:x:{n}"), "type": "T", "n": n})).await;
            }
            let links = async |path: &str| {
                let links = broker.get(path).send().await.headers("link");
                let of = |rel: &str| {
                    let link = links.split(", ").find(|link| link.contains(&format!("rel=\"{rel}\"")))?;
                    assert!(link.contains("type=\"application/ld+json\""), "{link}");
                    Some(link.split(['<', '>']).nth(1).unwrap().to_owned())
                };
                (of("next"), of("prev"))
            };
            let first = format!("{ENTITIES}?type=T&q=n%3E=0&limit=2");
            let (next, prev) = links(&first).await;
            assert_eq!(prev, None);
            let second = next.unwrap();
            assert!(second.starts_with(&format!("{ENTITIES}?type=T&")), "path and query, no host: {second}");
            let (next, prev) = links(&second).await;
            let last = next.unwrap();
            assert!(prev.unwrap().ends_with("limit=2&offset=0"));
            let (next, prev) = links(&last).await;
            assert_eq!((next, prev.as_deref()), (None, Some(second.as_str())));
            assert_eq!(broker.get(&last).send().await.json()[0]["id"], "urn:x:4");
            assert_eq!(links(&format!("{ENTITIES}?type=T&limit=0&count=true")).await, (None, None));
            assert_eq!(links(&format!("{ENTITIES}?type=T&limit=5")).await, (None, None));
        }
    });
}
