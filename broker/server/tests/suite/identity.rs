//! Source identity over HTTP (clauses 5.15, 6.33).

use ngsild::{DateTime, Duration};
use serde_json::json;

use crate::support::{Broker, run};

const IDENTITY: &str = "/ngsi-ld/v1/info/sourceIdentity";

#[test]
fn a_source_says_who_it_is() {
    run(async {
        for broker in Broker::every_with(&["--alias", "city.example"]).await {
            let answer = broker.get(IDENTITY).send().await;
            assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
            assert!(answer.headers("link").contains("json-ld#context"));
            let body = answer.json();
            assert_eq!(body["id"], "urn:ngsi-ld:ContextSourceIdentity:city.example");
            assert_eq!(body["type"], "ContextSourceIdentity");
            assert_eq!(body["contextSourceAlias"], "city.example");
            let uptime = Duration::parse(body["contextSourceUptime"].as_str().unwrap()).unwrap().length();
            assert!(uptime.as_secs() < 600, "{uptime:?}");
            DateTime::parse(body["contextSourceTimeAt"].as_str().unwrap()).unwrap();
            assert_eq!(body.as_object().unwrap().len(), 5);

            let linked = broker.get(IDENTITY).header("accept", "application/ld+json").send().await;
            assert_eq!(linked.header("content-type"), Some("application/ld+json"));
            assert!(linked.json()["@context"].is_string() && !linked.headers("link").contains("json-ld#context"));
            assert_eq!(broker.get(IDENTITY).header("accept", "application/geo+json").send().await.status, 406);
            assert_eq!(broker.get(&format!("{IDENTITY}?a=1")).send().await.error(), "InvalidRequest");
            assert_eq!(broker.get("/ngsi-ld/v1/info").send().await.status, 404);
        }
    });
}

#[test]
fn every_tenant_is_a_source_of_its_own() {
    run(async {
        for broker in Broker::every_with(&["--alias", "city"]).await {
            let unknown = broker.get(IDENTITY).header("NGSILD-Tenant", "town/1").send().await;
            assert_eq!((unknown.status, unknown.error().as_str()), (404, "NonexistentTenant"));
            let created = broker.post("/ngsi-ld/v1/entities", &json!({"id": "urn:x:1", "type": "T"}));
            assert_eq!(created.header("NGSILD-Tenant", "town/1").send().await.status, 201);
            let answer = broker.get(IDENTITY).header("NGSILD-Tenant", "town/1").send().await;
            assert_eq!(answer.header("NGSILD-Tenant"), Some("town/1"));
            assert_eq!(answer.json()["contextSourceAlias"], "city-town%2F1");
        }
    });
}

#[test]
fn without_an_alias_the_database_has_one_that_stays() {
    run(async {
        let mut known = Vec::new();
        for broker in Broker::every().await {
            let alias = async |broker: &Broker| {
                let alias = broker.get(IDENTITY).send().await.json()["contextSourceAlias"].as_str().unwrap().to_owned();
                assert!(alias.starts_with("hiroba-") && alias.len() == 15, "{alias}");
                alias
            };
            let first = alias(&broker).await;
            let other = broker.another().await;
            assert_eq!(alias(&other).await, first, "all processes on one database are one source");
            drop(other);
            assert_eq!(alias(&broker.stop_and_restart().await).await, first);
            assert!(!known.contains(&first));
            known.push(first);
        }
    });
}
