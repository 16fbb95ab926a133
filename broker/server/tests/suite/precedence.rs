//! When several things are wrong, the first in the order method, Accept, Content-Type, tenant, parameters, body, existence
//! is told, by every operation alike.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Broker, run};

/// An operation, and what can be wrong with a request for it.
struct Operation {
    method: Method,
    /// The path, with `{id}` where there is one.
    path: &'static str,
    /// Whether the answer can be of several media types.
    negotiates: bool,
    /// A parameter with a value that is wrong, if the operation has such.
    parameter: Option<&'static str>,
    /// What the query string holds when it is right.
    query: Option<&'static str>,
    /// A body that is right, and one that is JSON but wrong.
    body: Option<(Value, Value)>,
    /// What it answers when there is no such tenant, and when the tenant is there but not the entity.
    missing: (u16, u16),
}

/// What is wrong with a request, in the order in which it is told: status, and a word of the answer that tells it.
const FAULTS: [(&str, u16, &str); 9] = [
    ("accept", 406, "application/ld+json"),
    ("content type", 415, ""),
    ("tenant", 400, "NGSILD-Tenant"),
    ("unknown parameter", 400, "surelyUnknown"),
    ("parameter", 400, "BadRequestData"),
    ("id", 400, "BadRequestData"),
    ("no JSON", 400, "InvalidRequest"),
    ("body", 400, "BadRequestData"),
    ("existence", 404, ""),
];

fn operation(method: Method, path: &'static str) -> Operation {
    let reads = method == Method::GET;
    Operation { method, path, negotiates: reads, parameter: None, query: None, body: None, missing: (404, 404) }
}

impl Operation {
    fn parameter(mut self, parameter: &'static str) -> Self {
        self.parameter = Some(parameter);
        self
    }

    fn body(mut self, right: Value, wrong: Value) -> Self {
        self.body = Some((right, wrong));
        self
    }

    fn missing(mut self, tenant: u16, entity: u16) -> Self {
        self.missing = (tenant, entity);
        self
    }

    fn query(mut self, query: &'static str) -> Self {
        self.query = Some(query);
        self
    }

    fn negotiated(mut self) -> Self {
        self.negotiates = true;
        self
    }

    /// Whether a request for this operation can have this fault.
    fn can_have(&self, fault: &str) -> bool {
        match fault {
            "accept" => self.negotiates,
            "content type" | "no JSON" | "body" => self.body.is_some(),
            "parameter" => self.parameter.is_some(),
            "id" => self.path.contains("{id}"),
            _ => true,
        }
    }

    async fn send(&self, broker: &Broker, faults: &[&str], tenant: &str) -> Answer {
        let has = |fault: &str| faults.contains(&fault);
        let path = self.path.replace("{id}", if has("id") { "nonsense" } else { "urn:x:none" });
        let mut query = Vec::new();
        query.extend(has("unknown parameter").then_some("surelyUnknown=1"));
        query.extend(self.parameter.filter(|_| has("parameter")));
        query.extend(self.query.filter(|_| !has("parameter")));
        let asking = broker.ask(self.method.clone(), &format!("/ngsi-ld/v1{path}?{}", query.join("&")));
        let asking = asking.header("accept", if has("accept") { "text/html" } else { "*/*" });
        let asking = match if has("tenant") { "a tenant" } else { tenant } {
            "" => asking,
            tenant => asking.header("NGSILD-Tenant", tenant),
        };
        let Some((right, wrong)) = &self.body else { return asking.send().await };
        let kind = if has("content type") { "text/plain" } else { "application/json" };
        let body = match (has("no JSON"), has("body")) {
            (true, _) if right.is_array() => "[{\"a\":".to_owned(),
            (true, _) => "{\"a\":".to_owned(),
            (false, true) => wrong.to_string(),
            (false, false) => right.to_string(),
        };
        asking.raw(kind, body).send().await
    }
}

fn operations() -> Vec<Operation> {
    use Method as M;
    let bad_name = || json!({"a b": 1});
    let one = |body: Value| json!([body]);
    let past = "type=T&timerel=after&timeAt=2026-04-01T00:00:00Z";
    let past_query = || json!({"type": "Query", "entities": [{"type": "T"}], "temporalQ": {"timerel": "after", "timeAt": "2026-04-01T00:00:00Z"}});
    let snapshot = || json!({"type": "Snapshot", "snapshotQueries": [{"type": "Query", "entities": [{"type": "T"}]}]});
    let subscription = || {
        let endpoint = json!({"uri": "http://receiver.example/"});
        json!({"type": "Subscription", "entities": [{"type": "T"}], "notification": {"endpoint": endpoint}})
    };
    let registration = || {
        let information = json!([{"entities": [{"type": "T"}]}]);
        json!({"type": "ContextSourceRegistration", "endpoint": "http://source.example", "information": information})
    };
    vec![
        operation(M::GET, "/entities").query("type=T").parameter("type=T&limit=-1").missing(404, 200),
        operation(M::DELETE, "/entities").query("type=T").parameter("type=T&drop=a%7Bb%7D").missing(404, 204),
        operation(M::POST, "/entities")
            .body(json!({"id": "urn:x:new", "type": "T"}), json!({"id": "urn:x:new"}))
            .missing(201, 201),
        operation(M::GET, "/entities/{id}").parameter("lang=not_one"),
        operation(M::PATCH, "/entities/{id}").parameter("observedAt=now").body(json!({"a": 1}), bad_name()),
        operation(M::PUT, "/entities/{id}").parameter("type=%28").body(json!({"type": "T"}), json!({"a": 1})),
        operation(M::DELETE, "/entities/{id}").parameter("type=%28"),
        operation(M::POST, "/entities/{id}/attrs").parameter("type=%28").body(json!({"a": 1}), bad_name()),
        operation(M::PATCH, "/entities/{id}/attrs")
            .parameter("type=%28")
            .body(json!({"a": 1}), json!({"a": {"type": "Property"}})),
        operation(M::PATCH, "/entities/{id}/attrs/a")
            .parameter("type=%28")
            .body(json!({"value": 1}), json!("urn:ngsi-ld:null")),
        operation(M::PUT, "/entities/{id}/attrs/a")
            .parameter("type=%28")
            .body(json!({"value": 1}), json!("urn:ngsi-ld:null")),
        operation(M::DELETE, "/entities/{id}/attrs/a").parameter("deleteAll=true&datasetId=x"),
        operation(M::POST, "/entityOperations/create")
            .body(one(json!({"id": "urn:x:b1", "type": "T"})), json!([]))
            .missing(201, 201),
        operation(M::POST, "/entityOperations/upsert")
            .body(one(json!({"id": "urn:x:b2", "type": "T"})), json!([]))
            .missing(201, 201),
        operation(M::POST, "/entityOperations/update")
            .body(one(json!({"id": "urn:x:none"})), json!([]))
            .missing(404, 207),
        operation(M::POST, "/entityOperations/merge")
            .body(one(json!({"id": "urn:x:none"})), json!([]))
            .missing(404, 207),
        operation(M::POST, "/entityOperations/delete").body(json!(["urn:x:none"]), json!([])).missing(404, 207),
        operation(M::POST, "/entityOperations/query")
            .negotiated()
            .parameter("limit=-1")
            .body(json!({"type": "Query", "entities": [{"type": "T"}]}), json!({"type": "Other"}))
            .missing(404, 200),
        operation(M::GET, "/temporal/entities").query(past).parameter("type=T&timerel=after").missing(404, 200),
        operation(M::POST, "/temporal/entities")
            .body(json!({"id": "urn:x:past", "type": "T", "a": 1}), json!({"id": "urn:x:past"}))
            .missing(201, 201),
        operation(M::GET, "/temporal/entities/{id}").parameter("lastN=0"),
        operation(M::DELETE, "/temporal/entities/{id}"),
        operation(M::POST, "/temporal/entities/{id}/attrs").body(json!({"a": 1}), bad_name()),
        operation(M::DELETE, "/temporal/entities/{id}/attrs/a").parameter("deleteAll=true&datasetId=x"),
        operation(M::PATCH, "/temporal/entities/{id}/attrs/a/urn:x:instance")
            .body(json!({"a": [1]}), json!({"b": [1]})),
        operation(M::DELETE, "/temporal/entities/{id}/attrs/a/urn:x:instance"),
        operation(M::POST, "/temporal/entityOperations/query")
            .negotiated()
            .parameter("limit=-1")
            .body(past_query(), json!({"type": "Query", "entities": [{"type": "T"}]}))
            .missing(404, 200),
        operation(M::GET, "/temporal/entityMaps").query(past).parameter("type=T").missing(404, 201),
        operation(M::POST, "/temporal/entityMaps")
            .negotiated()
            .parameter("entityMapLifetime=1h")
            .body(past_query(), json!({"type": "Query", "entities": [{"type": "T"}]}))
            .missing(404, 201),
        operation(M::GET, "/types").parameter("details=yes").missing(404, 200),
        operation(M::GET, "/types/Nothing"),
        operation(M::GET, "/attributes").parameter("details=yes").missing(404, 200),
        operation(M::GET, "/attributes/nothing"),
        operation(M::GET, "/entityMaps").query("type=T").parameter("type=T&q=a==").missing(404, 201),
        operation(M::POST, "/entityMaps")
            .negotiated()
            .parameter("entityMapLifetime=1h")
            .body(json!({"type": "Query", "entities": [{"type": "T"}]}), json!({"type": "Other"}))
            .missing(404, 201),
        operation(M::GET, "/entityMaps/{id}"),
        operation(M::PATCH, "/entityMaps/{id}")
            .body(json!({"expiresAt": "2199-01-01T00:00:00Z"}), json!({"expiresAt": "2001-01-01T00:00:00Z"})),
        operation(M::DELETE, "/entityMaps/{id}"),
        operation(M::GET, "/entityMap/{id}"),
        operation(M::PATCH, "/entityMap/{id}")
            .body(json!({"expiresAt": "2199-01-01T00:00:00Z"}), json!({"expiresAt": "tomorrow"})),
        operation(M::DELETE, "/entityMap/{id}"),
        operation(M::GET, "/info/sourceIdentity").missing(404, 200),
        operation(M::GET, "/jsonldContexts").parameter("kind=odd").missing(404, 200),
        operation(M::POST, "/jsonldContexts")
            .body(json!({"@context": {"a": "http://example.org/a"}}), json!({"a": 1}))
            .missing(201, 201),
        operation(M::GET, "/jsonldContexts/none").parameter("details=maybe"),
        operation(M::DELETE, "/jsonldContexts/none").parameter("reload=maybe"),
        operation(M::POST, "/snapshots").body(snapshot(), json!({"type": "Snapshot"})).missing(404, 201),
        operation(M::DELETE, "/snapshots").parameter("q=odd").missing(404, 404).query("q=snapshotPriority%3D%3D9"),
        operation(M::GET, "/snapshots/{id}"),
        operation(M::PATCH, "/snapshots/{id}").body(json!({"snapshotPriority": 1}), snapshot()),
        operation(M::DELETE, "/snapshots/{id}"),
        operation(M::GET, "/subscriptions").parameter("limit=-1").missing(404, 200),
        operation(M::POST, "/subscriptions").body(subscription(), json!({"type": "Subscription"})).missing(201, 201),
        operation(M::GET, "/subscriptions/{id}"),
        operation(M::PATCH, "/subscriptions/{id}").body(json!({"isActive": false}), json!({"isActive": 5})),
        operation(M::DELETE, "/subscriptions/{id}"),
        operation(M::GET, "/csourceSubscriptions").parameter("limit=-1").missing(404, 200),
        operation(M::POST, "/csourceSubscriptions")
            .body(subscription(), json!({"type": "Subscription"}))
            .missing(201, 201),
        operation(M::GET, "/csourceSubscriptions/{id}"),
        operation(M::PATCH, "/csourceSubscriptions/{id}").body(json!({"isActive": false}), json!({"isActive": 5})),
        operation(M::DELETE, "/csourceSubscriptions/{id}"),
        operation(M::GET, "/csourceRegistrations").query("type=T").parameter("type=T&csf=%28").missing(404, 200),
        operation(M::POST, "/csourceRegistrations")
            .body(registration(), json!({"type": "ContextSourceRegistration"}))
            .missing(201, 201),
        operation(M::GET, "/csourceRegistrations/{id}"),
        operation(M::PATCH, "/csourceRegistrations/{id}").body(json!({"description": "d"}), json!({"mode": 5})),
        operation(M::DELETE, "/csourceRegistrations/{id}"),
        operation(M::POST, "/snapshots/{id}/clone").body(json!({"type": "Snapshot"}), snapshot()),
    ]
}

#[test]
fn the_first_thing_that_is_wrong_is_told() {
    run(async {
        for broker in Broker::every().await {
            for (n, operation) in operations().into_iter().enumerate() {
                let tenant = format!("unknown_{n}");
                let all: Vec<&str> =
                    FAULTS.iter().map(|(fault, ..)| *fault).filter(|fault| operation.can_have(fault)).collect();
                for (i, fault) in all.iter().enumerate() {
                    let (_, status, word) = FAULTS.iter().find(|(known, ..)| known == fault).unwrap();
                    let answer = operation.send(&broker, &all[i..], &tenant).await;
                    let what = format!(
                        "{} {} with {:?} on {}: {}",
                        operation.method,
                        operation.path,
                        &all[i..],
                        broker.kind,
                        answer.text
                    );
                    if *fault == "existence" {
                        assert_eq!(answer.status, operation.missing.0, "{what}");
                        if answer.status == 404 {
                            assert_eq!(answer.error(), "NonexistentTenant", "{what}");
                        }
                        let answer = operation.send(&broker, &[], "").await;
                        assert_eq!(answer.status, operation.missing.1, "{what}, then {}", answer.text);
                        continue;
                    }
                    // A flag with another word is InvalidRequest (6.3.20), like every word that is not known.
                    let flag = *fault == "parameter" && what.contains("is true or false");
                    let word = if flag { "InvalidRequest" } else { word };
                    assert_eq!(answer.status, *status, "{what}");
                    assert!(answer.text.contains(word), "{what} should tell {word}");
                }
            }
        }
    });
}

/// Every method of every NGSI-LD resource is in the table above.
#[test]
fn every_operation_keeps_the_order() {
    let served =
        hiroba::http::ROUTES.iter().filter_map(|(path, methods)| Some((path.strip_prefix("/ngsi-ld/v1")?, methods)));
    // One segment of any kind stands for what is in the path.
    let shape = |path: &str| {
        let fixed = |part: &&str| {
            !part.starts_with('{') && !["a", "none", "nothing", "Nothing", "urn:x:instance"].contains(part)
        };
        path.split('/').map(|part| if fixed(&part) { part } else { "*" }).collect::<Vec<_>>().join("/")
    };
    let tried: Vec<String> =
        operations().iter().map(|operation| format!("{} {}", operation.method, shape(operation.path))).collect();
    for (path, methods) in served {
        for method in *methods {
            let operation = format!("{method} {}", shape(path));
            assert!(tried.contains(&operation), "{operation}");
        }
    }
}

#[test]
fn a_method_that_is_not_there_comes_before_everything() {
    run(async {
        let broker = Broker::sqlite().await;
        for path in [
            "/entities/nonsense",
            "/types",
            "/attributes/a",
            "/entityOperations/delete",
            "/temporal/entities/nonsense",
            "/temporal/entities/nonsense/attrs/a-b/x",
            "/temporal/entityMaps",
            "/entityMaps/nonsense",
            "/info/sourceIdentity",
        ] {
            let url = format!("/ngsi-ld/v1{path}?surelyUnknown=1");
            let asking =
                broker.ask(Method::PUT, &url).header("NGSILD-Tenant", "a tenant").header("accept", "text/html");
            let asking = if path.starts_with("/entities/") { broker.ask(Method::POST, &url) } else { asking };
            let answer = asking.raw("text/plain", "{").send().await;
            assert_eq!(answer.status, 405, "{path}: {}", answer.text);
            assert!(answer.header("allow").is_some(), "{path}");
        }
    });
}
