//! What may be asked.

use reqwest::Method;
use serde_json::json;

use super::{Listener, pairs, request, thing};
use crate::support::{Broker, encode, run};

#[test]
fn parameters_that_are_wrong_or_mean_nothing_here_are_named() {
    run(async {
        let broker = Broker::sqlite().await;
        for (query, name) in [
            ("limit=10", "limit"),
            ("offset=10", "offset"),
            ("count=true", "count"),
            ("orderBy=n", "orderBy"),
            ("collation=ja", "collation"),
            ("orderFrom=[1,2]", "orderFrom"),
            ("join=inline", "join"),
            ("joinLevel=1", "joinLevel"),
            ("containedBy=urn:x:1", "containedBy"),
            ("geometryProperty=location", "geometryProperty"),
            ("entityMap=true", "entityMap"),
            ("splitEntities=true", "splitEntities"),
            ("odd=1", "odd"),
            ("type=A%20B", "type"),
            ("id=nonsense", "id"),
            ("idPattern=(", "idPattern"),
            ("q=a==", "q"),
            ("q=a%7Bb%7D==1", "q"),
            ("georel=near", "georel"),
            ("scopeQ=a%20b", "scopeQ"),
            ("pick=a&omit=a", "omit"),
            ("lang=not_a_tag", "lang"),
            ("format=odd", "format"),
            ("options=odd", "options"),
            ("datasetId=x", "datasetId"),
            ("local=maybe", "local"),
            ("lastEventId=yesterday", "lastEventId"),
            ("tenant=a%20b", "tenant"),
            ("context=here", "context"),
            ("type=T&type=U", "type"),
        ] {
            let answer = broker.get(&format!("/stream?{query}")).send().await;
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(answer.status == 400 && detail.contains(name), "{query}: {} {detail}", answer.status);
        }
        for (name, value, status) in [
            ("Last-Event-ID", "yesterday", 400),
            ("NGSILD-Tenant", "a b", 400),
            ("NGSILD-Tenant", "nobody", 404),
            ("NGSILD-Snapshot", "urn:s:1", 422),
            ("Accept", "application/json", 406),
        ] {
            let answer = broker.get("/stream?type=T").header(name, value).send().await;
            assert_eq!(answer.status, status, "{name}: {value}: {}", answer.text);
        }
        assert_eq!(broker.get("/stream?tenant=nobody").send().await.error(), "NonexistentTenant");
    });
}

#[test]
fn the_answer_is_for_browsers_and_passes_proxies() {
    run(async {
        let broker = Broker::sqlite().await;
        let asking = [("origin", "https://dashboard.example"), ("accept-encoding", "gzip, br, zstd")];
        let mut stream = Listener::open_with(&broker, "/stream?type=T", &asking).await;
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
            ("content-encoding", "identity"),
            ("access-control-allow-origin", "*"),
        ] {
            assert_eq!(stream.headers[name], value, "{name}");
        }
        broker.create(&thing("urn:x:1", 1)).await;
        assert_eq!(stream.told(1).await, pairs(&[("created", "urn:x:1")]));
        let head = broker.ask(Method::HEAD, "/stream?type=T").send().await;
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
        assert!(broker.get("/metrics").send().await.text.contains("hiroba_streams_open 1"), "HEAD opens none");
    });
}

#[test]
fn tenants_are_told_of_their_own_only() {
    run(async {
        for broker in Broker::every().await {
            let create = async |tenant: &str, id: &str| {
                let asking = broker.post("/ngsi-ld/v1/entities", &thing(id, 1)).header("NGSILD-Tenant", tenant);
                assert_eq!(asking.send().await.status, 201);
            };
            create("west", "urn:x:before").await;
            create("east", "urn:x:before").await;
            let west = [("NGSILD-Tenant", "west")];
            let mut by_header = Listener::open_with(&broker, "/stream", &west).await;
            let mut by_url = Listener::open(&broker, "/stream?tenant=west&type=T").await;
            let mut both = Listener::open_with(&broker, "/stream?tenant=west", &west).await;
            let mut default = Listener::open(&broker, "/stream").await;
            assert_eq!(by_url.headers["ngsild-tenant"], "west");
            create("east", "urn:x:1").await;
            broker.create(&thing("urn:x:1", 1)).await;
            create("west", "urn:x:2").await;
            broker.create(&thing("urn:x:3", 1)).await;
            for stream in [&mut by_header, &mut by_url, &mut both] {
                assert_eq!(stream.told(1).await, pairs(&[("created", "urn:x:2")]), "on {}", broker.kind);
            }
            assert_eq!(default.told(2).await, pairs(&[("created", "urn:x:1"), ("created", "urn:x:3")]));
            let clash = request(&broker, "/stream?tenant=east", &west).send().await.unwrap();
            assert_eq!(clash.status().as_u16(), 400);
            // A position is of the log, which all share: what is told after it is not.
            let path = format!("/stream?tenant=west&lastEventId={}", encode(&default.last_id));
            let mut resumed = Listener::open(&broker, &path).await;
            create("east", "urn:x:4").await;
            create("west", "urn:x:5").await;
            assert_eq!(resumed.told(1).await, pairs(&[("created", "urn:x:5")]), "on {}", broker.kind);
        }
    });
}

#[test]
fn reading_stays_open_when_writing_needs_a_token() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "s3cret\n").unwrap();
        let broker = Broker::sqlite_with(&["--token-file", file.to_str().unwrap()]).await;
        let mut stream = Listener::open_with(&broker, "/stream", &[]).await;
        let body = json!({"id": "urn:x:1", "type": "T"});
        let created = broker.post("/ngsi-ld/v1/entities", &body).header("authorization", "Bearer s3cret").send().await;
        assert_eq!(created.status, 201);
        assert_eq!(stream.told(1).await, pairs(&[("created", "urn:x:1")]));
    });
}
