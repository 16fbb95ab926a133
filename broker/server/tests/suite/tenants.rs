//! Tenants over HTTP (clauses 4.14, 5.5.10, 6.3.14).

use reqwest::Method;
use serde_json::json;

use crate::support::{Broker, eventually, run};

#[test]
fn a_tenant_comes_to_be_by_creating_and_sees_only_its_own() {
    run(async {
        for broker in Broker::every().await {
            let entities = "/ngsi-ld/v1/entities";
            let (a, b) = ("tenant_a", "urn:ngsi-ld:tenant:b");
            for (method, path) in [
                (Method::GET, "/ngsi-ld/v1/entities/urn:x:1"),
                (Method::GET, "/ngsi-ld/v1/entities?type=T"),
                (Method::GET, "/ngsi-ld/v1/types"),
                (Method::DELETE, "/ngsi-ld/v1/entities/urn:x:1"),
            ] {
                let answer = broker.ask(method, path).header("NGSILD-Tenant", a).send().await;
                assert_eq!((answer.status, answer.error().as_str()), (404, "NonexistentTenant"), "{path}");
                assert_eq!(answer.header("NGSILD-Tenant"), Some(a), "errors are answers too");
            }
            let body = json!({"id": "urn:x:1", "type": "T", "n": 1});
            assert_eq!(broker.post(entities, &body).header("NGSILD-Tenant", a).send().await.status, 201);
            assert_eq!(broker.post(entities, &body).header("NGSILD-Tenant", b).send().await.status, 201);
            assert_eq!(broker.get("/ngsi-ld/v1/entities/urn:x:1").send().await.status, 404);
            let change = broker.ask(Method::PATCH, "/ngsi-ld/v1/entities/urn:x:1").header("NGSILD-Tenant", b);
            assert_eq!(change.body(&json!({"n": 2})).send().await.status, 204);
            for (tenant, n) in [(a, 1), (b, 2)] {
                let answer = broker
                    .get("/ngsi-ld/v1/entities?type=T&format=simplified")
                    .header("NGSILD-Tenant", tenant)
                    .send()
                    .await;
                assert_eq!((answer.header("NGSILD-Tenant"), &answer.json()[0]["n"]), (Some(tenant), &json!(n)));
            }
            let batch = broker
                .post("/ngsi-ld/v1/entityOperations/upsert", &json!([body]))
                .header("NGSILD-Tenant", "by_batch")
                .send()
                .await;
            assert_eq!(batch.status, 201);
            eventually("the feed tells whose the changes are", async || {
                let feed = broker.get("/changes").send().await.text;
                feed.contains("\"tenant\":\"tenant_a\"") && feed.contains("\"tenant\":\"by_batch\"")
            })
            .await;
        }
    });
}
