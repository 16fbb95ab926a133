//! Subscriptions over HTTP: what clients say of them (5.8.1 to 5.8.5, 6.10, 6.11), and dead letters.

use futures_util::future::join_all;
use hiroba_store::{NewNotification, NewSubscription, Store};
use hiroba_vocab::{Iri, Tenant};
use ngsild::DateTime;
use ngsild::jsonld::Context;
use ngsild::subscription::{Fragment, Subscription, Use};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Asking, Broker, run};

const SUBSCRIPTIONS: &str = "/ngsi-ld/v1/subscriptions";
const CORE: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";
const LATER: &str = "2199-01-01T00:00:00Z";

fn path(id: &str) -> String {
    format!("{SUBSCRIPTIONS}/{id}")
}

/// A subscription to entities of type T.
fn of_type_t(id: &str) -> Value {
    json!({
        "id": id, "type": "Subscription", "entities": [{"type": "T"}],
        "notification": {"endpoint": {"uri": "http://receiver.example/hook"}},
    })
}

/// The same with other members in their places; null takes one away.
fn with(mut body: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(name)),
            value => body[name.as_str()] = value.clone(),
        }
    }
    body
}

fn to(endpoint: Value) -> Value {
    json!({"notification": {"endpoint": endpoint}})
}

async fn create(broker: &Broker, body: &Value) {
    let answer = broker.post(SUBSCRIPTIONS, body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

async fn patch(broker: &Broker, id: &str, body: &Value) -> Answer {
    broker.ask(Method::PATCH, &path(id)).body(body).send().await
}

async fn shown(broker: &Broker, id: &str) -> Value {
    let answer = broker.get(&path(id)).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, if answer.text.is_empty() { String::new() } else { answer.error() })
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn link(url: &str) -> String {
    format!("<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")
}

#[test]
fn a_subscription_is_created_shown_changed_and_deleted() {
    run(async {
        for broker in Broker::every().await {
            let body = with(of_type_t("urn:s:1"), json!({"q": "a>5", "throttling": 2.5, "watchedAttributes": ["a"]}));
            let created = broker.post(SUBSCRIPTIONS, &body).send().await;
            assert_eq!((created.status, created.text.as_str()), (201, ""));
            assert_eq!(created.header("location"), Some("/ngsi-ld/v1/subscriptions/urn:s:1"));
            let again = broker.post(SUBSCRIPTIONS, &body).send().await;
            assert_eq!(outcome(&again), (409, "AlreadyExists".into()));
            assert!(again.text.contains("urn:s:1"), "{}", again.text);

            let expected = with(body.clone(), json!({"status": "active"}));
            assert_eq!(shown(&broker, "urn:s:1").await, expected);
            let detailed = broker.get(&format!("{}?options=sysAttrs", path("urn:s:1"))).send().await.json();
            let created_at = detailed["createdAt"].clone();
            assert!(created_at.is_string() && detailed["modifiedAt"] == created_at, "{detailed}");

            let change = json!({"q": "urn:ngsi-ld:null", "isActive": false, "description": "d", "status": "expired"});
            let changed = patch(&broker, "urn:s:1", &change).await;
            assert_eq!((changed.status, changed.text.as_str()), (204, ""));
            let paused = json!({"q": null, "isActive": false, "description": "d", "status": "paused"});
            let broker = broker.kill_and_restart().await;
            assert_eq!(shown(&broker, "urn:s:1").await, with(body.clone(), paused));
            let detailed = broker.get(&format!("{}?options=sysAttrs", path("urn:s:1"))).send().await.json();
            assert!(detailed["createdAt"] == created_at && detailed["modifiedAt"] != created_at, "{detailed}");

            let deleted = broker.ask(Method::DELETE, &path("urn:s:1")).send().await;
            assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
            for method in [Method::GET, Method::DELETE] {
                let gone = broker.ask(method, &path("urn:s:1")).send().await;
                assert_eq!(outcome(&gone), (404, "ResourceNotFound".into()));
                assert!(gone.text.contains("urn:s:1") && !gone.text.contains("Entity"), "{}", gone.text);
            }
            assert_eq!(outcome(&patch(&broker, "urn:s:1", &change).await), (404, "ResourceNotFound".into()));
        }
    });
}

#[test]
fn a_subscription_without_an_id_gets_one() {
    run(async {
        let broker = Broker::sqlite().await;
        let body = with(of_type_t(""), json!({"id": null}));
        let mut found = Vec::new();
        for _ in 0..2 {
            let created = broker.post(SUBSCRIPTIONS, &body).send().await;
            let location = created.header("location").unwrap().to_owned();
            let told = broker.get(&location).send().await.json();
            assert!(told["id"].as_str().unwrap().starts_with("urn:ngsi-ld:Subscription:"), "{told}");
            assert!(location.ends_with(told["id"].as_str().unwrap()), "{location}");
            found.push(location);
        }
        assert_ne!(found[0], found[1]);
        create(&broker, &of_type_t("urn:s:a%20b")).await;
        assert_eq!(shown(&broker, "urn:s:a%2520b").await["id"], "urn:s:a%20b");
    });
}

#[test]
fn what_is_no_subscription_is_refused_with_its_place() {
    run(async {
        let broker = Broker::sqlite().await;
        for (members, place) in [
            (json!({"type": "Query"}), "type"),
            (json!({"id": "nonsense"}), "/id"),
            (json!({"entities": null}), "entities"),
            (json!({"entities": []}), "/entities"),
            (json!({"watchedAttributes": []}), "/watchedAttributes"),
            (json!({"notificationTrigger": ["entityMoved"]}), "/notificationTrigger"),
            (json!({"timeInterval": 5, "throttling": 5}), "throttling"),
            (json!({"timeInterval": 0}), "/timeInterval"),
            (json!({"q": "(a>5"}), "q, character"),
            (json!({"scopeQ": "a b"}), "scopeQ"),
            (json!({"geoQ": {"georel": "beside"}}), "geo"),
            (json!({"expiresAt": "2001-01-01T00:00:00Z"}), "/expiresAt"),
            (json!({"isActive": "yes"}), "/isActive"),
            (json!({"surelyUnknown": 1}), "surelyUnknown"),
            (json!({"jsonldContext": "nonsense"}), "/jsonldContext"),
            (json!({"notification": null}), "notification"),
            (json!({"notification": {}}), "endpoint"),
            (to(json!({})), "uri"),
            (to(json!({"uri": "nonsense"})), "uri"),
            (to(json!({"uri": "ftp://receiver.example/"})), "uri"),
            (to(json!({"uri": "http://receiver.example:port/"})), "/notification/endpoint/uri"),
            (to(json!({"uri": "mqtt://receiver.example"})), "topic"),
            (to(json!({"uri": "mqtts://receiver.example/a/+/b"})), "/notification/endpoint/uri"),
            (to(json!({"uri": "mqtt://receiver.example/a/%23"})), "/notification/endpoint/uri"),
            (to(json!({"uri": "mqtt://receiver.example/a%00"})), "/notification/endpoint/uri"),
            (
                to(json!({"uri": format!("mqtt://receiver.example/{}", "a".repeat(2_048))})),
                "/notification/endpoint/uri",
            ),
            (to(json!({"uri": "mqtt://%20/topic"})), "/notification/endpoint/uri"),
            (
                to(json!({"uri": "mqtt://a.example/t", "accept": "application/geo+json"})),
                "/notification/endpoint/accept",
            ),
            (
                to(json!({"uri": "mqtt://a.example/t", "notifierInfo": [{"key": "MQTT-QoS", "value": "3"}]})),
                "/notification/endpoint/notifierInfo",
            ),
            (to(json!({"uri": "http://receiver.example/", "accept": "text/html"})), "accept"),
        ] {
            let refused = broker.post(SUBSCRIPTIONS, &with(of_type_t("urn:s:1"), members.clone())).send().await;
            assert_eq!(outcome(&refused), (400, "BadRequestData".into()), "{members}: {}", refused.text);
            assert!(refused.text.contains(place), "{members}: {} tells {place}", refused.text);
        }
        assert_eq!(broker.get(SUBSCRIPTIONS).send().await.json(), json!([]));

        create(&broker, &of_type_t("urn:s:1")).await;
        let before = shown(&broker, "urn:s:1").await;
        for (change, place) in [
            (json!({"id": "urn:s:2"}), "/id"),
            (json!({"entities": null}), "entities"),
            (json!({"notification": "urn:ngsi-ld:null"}), "notification"),
            (json!({"timeInterval": 5, "watchedAttributes": ["a"]}), "watchedAttributes"),
            (json!({"description": "d", "expiresAt": "2001-01-01T00:00:00Z"}), "/expiresAt"),
            (to(json!({"uri": "mqtt://receiver.example/+"})), "/notification/endpoint/uri"),
        ] {
            let refused = patch(&broker, "urn:s:1", &change).await;
            assert_eq!(outcome(&refused), (400, "BadRequestData".into()), "{change}: {}", refused.text);
            assert!(refused.text.contains(place), "{change}: {}", refused.text);
            assert_eq!(shown(&broker, "urn:s:1").await, before, "{change}");
        }
    });
}

#[test]
fn a_subscription_that_has_ended_is_readable_and_can_be_woken() {
    run(async {
        for broker in Broker::every().await {
            let soon = DateTime::from_micros(now().micros() + 1_000_000);
            create(&broker, &with(of_type_t("urn:s:1"), json!({"expiresAt": soon}))).await;
            assert_eq!(shown(&broker, "urn:s:1").await["status"], "active");
            tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
            assert_eq!(shown(&broker, "urn:s:1").await["status"], "expired");
            assert_eq!(patch(&broker, "urn:s:1", &json!({"isActive": true})).await.status, 204);
            assert_eq!(shown(&broker, "urn:s:1").await["status"], "expired");
            assert_eq!(patch(&broker, "urn:s:1", &json!({"expiresAt": LATER})).await.status, 204);
            assert_eq!(shown(&broker, "urn:s:1").await["status"], "active");
        }
    });
}

#[test]
fn names_are_told_in_the_reader_s_context() {
    run(async {
        for broker in Broker::every().await {
            let written = json!({"Shop": "https://schema.org/Store", "name": "https://schema.org/name"});
            let members = json!({
                "entities": [{"type": "Shop"}], "watchedAttributes": ["name"], "@context": [written, CORE],
            });
            create(&broker, &with(of_type_t("urn:s:1"), members)).await;
            let told = shown(&broker, "urn:s:1").await;
            let names = json!([{"type": "https://schema.org/Store"}]);
            assert_eq!((&told["entities"], &told["watchedAttributes"]), (&names, &json!(["https://schema.org/name"])));

            // What was written in place is hosted, so that notifications can refer to it.
            let hosted = broker.get("/ngsi-ld/v1/jsonldContexts?kind=ImplicitlyCreated").send().await.json();
            let url = hosted[0].as_str().unwrap_or_else(|| panic!("one is hosted: {hosted}"));
            let answer = broker.get(&path("urn:s:1")).header("link", &link(url)).send().await;
            let told = answer.json();
            assert_eq!((&told["entities"], &told["watchedAttributes"]), (&json!([{"type": "Shop"}]), &json!(["name"])));
            assert!(answer.headers("link").contains(url) && told.get("@context").is_none(), "{told}");
            for asked in [path("urn:s:1"), SUBSCRIPTIONS.to_owned()] {
                let asking = broker.get(&asked).header("link", &link(url)).header("accept", "application/ld+json");
                let answer = asking.send().await;
                let (kind, told) = (answer.header("content-type").unwrap().to_owned(), answer.json());
                let told = told.get(0).unwrap_or(&told);
                assert_eq!((kind.as_str(), &told["@context"]), ("application/ld+json", &json!(url)), "{asked}");
                assert_eq!(told["entities"], json!([{"type": "Shop"}]));
            }
        }
    });
}

#[test]
fn the_context_of_notifications_must_be_there() {
    run(async {
        let closed = Broker::sqlite().await;
        let open = Broker::sqlite_with(&["--allow-private-egress"]).await;
        let no_context = format!("{}/version", open.base);
        let missing = format!("{}/ngsi-ld/v1/jsonldContexts/none", open.base);
        for (broker, url, status, error) in [
            (&closed, "http://127.0.0.1:1/c.jsonld", 504, "LdContextNotAvailable"),
            (&open, missing.as_str(), 504, "LdContextNotAvailable"),
            (&open, no_context.as_str(), 400, "BadRequestData"),
        ] {
            let body = with(of_type_t("urn:s:1"), json!({"jsonldContext": url}));
            let refused = broker.post(SUBSCRIPTIONS, &body).send().await;
            assert_eq!(outcome(&refused), (status, error.into()), "{url}: {}", refused.text);
            assert!(refused.text.contains("jsonldContext"), "{}", refused.text);
            create(broker, &of_type_t("urn:s:2")).await;
            let refused = patch(broker, "urn:s:2", &json!({"jsonldContext": url})).await;
            assert_eq!(outcome(&refused), (status, error.into()), "{url}: {}", refused.text);
            assert_eq!(broker.ask(Method::DELETE, &path("urn:s:2")).send().await.status, 204);
        }
        let added =
            open.post("/ngsi-ld/v1/jsonldContexts", &json!({"@context": {"a": "http://a.example/"}})).send().await;
        let url = format!("{}{}", open.base, added.header("location").unwrap());
        create(&open, &with(of_type_t("urn:s:1"), json!({"jsonldContext": url}))).await;
        assert_eq!(shown(&open, "urn:s:1").await["jsonldContext"], json!(url));
    });
}

#[test]
fn the_list_comes_in_pages_with_links_and_a_count() {
    run(async {
        for broker in Broker::every().await {
            assert_eq!(broker.get(SUBSCRIPTIONS).send().await.json(), json!([]));
            for n in 0..5 {
                create(&broker, &of_type_t(&format!("urn:s:{n}"))).await;
            }
            let list = async |query: &str| broker.get(&format!("{SUBSCRIPTIONS}?{query}")).send().await;
            let first = list("limit=2&count=true&options=sysAttrs").await;
            assert_eq!(ids(&first.json()), ["urn:s:0", "urn:s:1"]);
            assert_eq!(first.header("ngsild-results-count"), Some("5"));
            assert!(first.json()[0]["createdAt"].is_string());
            let links = first.headers("link");
            assert!(links.contains("offset=2>; rel=\"next\"") && !links.contains("rel=\"prev\""), "{links}");
            let middle = list("limit=2&offset=2").await;
            assert_eq!(
                (ids(&middle.json()), middle.header("ngsild-results-count")),
                (vec!["urn:s:2", "urn:s:3"], None)
            );
            let links = middle.headers("link");
            assert!(links.contains("offset=4>; rel=\"next\"") && links.contains("offset=0>; rel=\"prev\""), "{links}");
            let last = list("limit=2&offset=4").await;
            assert_eq!(ids(&last.json()), ["urn:s:4"]);
            assert!(!last.headers("link").contains("rel=\"next\""));
            let none = list("limit=0&count=true").await;
            assert_eq!((none.json(), none.header("ngsild-results-count")), (json!([]), Some("5")));
            for (query, error) in [
                ("limit=0", "BadRequestData"),
                ("offset=-1", "BadRequestData"),
                ("count=maybe", "InvalidRequest"),
                ("options=keyValues", "InvalidRequest"),
            ] {
                assert_eq!(outcome(&list(query).await), (400, error.into()), "{query}");
            }
        }
    });
}

#[test]
fn changes_at_the_same_moment_are_all_there() {
    run(async {
        for broker in Broker::every().await {
            create(&broker, &of_type_t("urn:s:1")).await;
            let changes = [
                json!({"description": "d"}),
                json!({"subscriptionName": "n"}),
                json!({"q": "a>5"}),
                json!({"throttling": 5}),
                json!({"scopeQ": "/a"}),
                json!({"lang": "ja"}),
                json!({"watchedAttributes": ["a"]}),
                json!({"expiresAt": LATER}),
            ];
            for answer in join_all(changes.iter().map(|change| patch(&broker, "urn:s:1", change))).await {
                assert_eq!(answer.status, 204, "{}", answer.text);
            }
            let expected = changes.into_iter().fold(of_type_t("urn:s:1"), with);
            assert_eq!(shown(&broker, "urn:s:1").await, with(expected, json!({"status": "active"})), "{}", broker.kind);
        }
    });
}

#[test]
fn a_tenant_comes_to_be_with_its_first_subscription_and_sees_its_own_alone() {
    run(async {
        for broker in Broker::every().await {
            let of = async |asking: Asking<'_>, tenant: &str| asking.header("NGSILD-Tenant", tenant).send().await;
            let wrong = with(of_type_t("urn:s:1"), to(json!({"uri": "mqtt://receiver.example/+"})));
            assert_eq!(of(broker.post(SUBSCRIPTIONS, &wrong), "city").await.status, 400);
            let unknown = of(broker.get(SUBSCRIPTIONS), "city").await;
            assert_eq!(outcome(&unknown), (404, "NonexistentTenant".into()), "what is refused leaves nothing");
            let created = of(broker.post(SUBSCRIPTIONS, &of_type_t("urn:s:1")), "city").await;
            assert_eq!((created.status, created.header("ngsild-tenant")), (201, Some("city")));
            assert_eq!(ids(&of(broker.get(SUBSCRIPTIONS), "city").await.json()), ["urn:s:1"]);
            assert_eq!(broker.get(SUBSCRIPTIONS).send().await.json(), json!([]));
            for asking in [
                broker.get(&path("urn:s:1")),
                broker.ask(Method::DELETE, &path("urn:s:1")),
                broker.ask(Method::PATCH, &path("urn:s:1")).body(&json!({"isActive": false})),
                broker.get("/subscriptions/urn:s:1/deadLetters"),
            ] {
                let answer = asking.send().await;
                assert_eq!(outcome(&answer), (404, "ResourceNotFound".into()), "{}", answer.text);
            }
            create(&broker, &of_type_t("urn:s:1")).await;
            assert_eq!(of(broker.ask(Method::DELETE, &path("urn:s:1")), "city").await.status, 204);
            assert_eq!(shown(&broker, "urn:s:1").await["status"], "active");
        }
    });
}

#[test]
fn a_tenant_has_as_many_as_it_may_have() {
    run(async {
        for broker in Broker::every_with(&["--max-subscriptions", "40"]).await {
            let id = |n: usize| format!("urn:ngsi-ld:Subscription:{n}");
            for n in 0..40 {
                create(&broker, &of_type_t(&id(n))).await;
            }
            for n in 40..43 {
                let refused = broker.post(SUBSCRIPTIONS, &of_type_t(&id(n))).send().await;
                assert_eq!(refused.status, 422, "{}", refused.text);
                assert!(refused.text.contains("can have 40 subscriptions"), "{}", refused.text);
            }
            assert_eq!(broker.ask(Method::DELETE, &path(&id(7))).send().await.status, 204);
            create(&broker, &of_type_t(&id(43))).await;
            let refused = broker.post(SUBSCRIPTIONS, &of_type_t(&id(44))).send().await;
            assert_eq!(refused.status, 422, "{}", refused.text);
            let other = broker.post(SUBSCRIPTIONS, &of_type_t(&id(0)));
            assert_eq!(other.header("NGSILD-Tenant", "other").send().await.status, 201, "others have their own");
        }
    });
}

#[test]
fn only_those_with_the_token_see_where_notifications_go() {
    run(async {
        let token = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(token.path(), "a-secret-of-some-length").unwrap();
        let broker = Broker::sqlite_with(&["--token-file", token.path().to_str().unwrap()]).await;
        let secret = json!([{"key": "Authorization", "value": "Bearer of-the-receiver"}]);
        let body = with(of_type_t("urn:s:1"), to(json!({"uri": "http://receiver.example/", "receiverInfo": secret})));
        let known =
            async |asking: Asking<'_>| asking.header("authorization", "Bearer a-secret-of-some-length").send().await;
        assert_eq!(known(broker.post(SUBSCRIPTIONS, &body)).await.status, 201);
        let snapshot = json!({"id": "urn:sn:1", "type": "Snapshot",
            "snapshotQueries": [{"type": "Query", "entities": [{"type": "T"}]}]});
        let made = known(broker.post("/ngsi-ld/v1/snapshots", &snapshot)).await;
        assert!([201, 202].contains(&made.status), "{}", made.text);
        for hidden in [
            SUBSCRIPTIONS,
            "/ngsi-ld/v1/subscriptions/urn:s:1",
            "/ngsi-ld/v1/%73ubscriptions/urn:s:1",
            "/subscriptions/urn:s:1/deadLetters",
            "/%73ubscriptions/urn:s:1/deadLetters",
            "/%63hanges",
            "/ngsi-ld/v1/snapshots/urn:sn:1",
        ] {
            assert_eq!(broker.get(hidden).send().await.status, 401, "{hidden}");
            assert_eq!(known(broker.get(hidden)).await.status, 200, "{hidden}");
        }
        assert_eq!(broker.ask(Method::OPTIONS, SUBSCRIPTIONS).send().await.status, 204, "no secret");
    });
}

fn now() -> DateTime {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    DateTime::from_micros(i64::try_from(now.as_micros()).unwrap())
}

/// Leaves three notifications of a subscription that were given up.
async fn give_up_three(store: Store) {
    let tenant = store.create_tenant(&Tenant::default_tenant()).await.unwrap();
    let fragment = Fragment::read(&of_type_t("urn:s:1"), Use::Create, &Context::core()).unwrap();
    let id = Iri::parse("urn:s:1").unwrap();
    let subscription = Subscription::create(id, fragment, CORE.to_owned(), now()).unwrap();
    let document = serde_json::to_string(&subscription).unwrap();
    store
        .add_subscription(tenant, NewSubscription { id: "urn:s:1".into(), document, expires_at: None, context: None })
        .await
        .unwrap();
    let until = DateTime::from_micros(now().micros() + 10_000_000);
    let matching = store.claim_matching("test", now(), until).await.unwrap().unwrap();
    let made = |n: i64| NewNotification {
        tenant,
        subscription: "urn:s:1".into(),
        payload: json!({"id": format!("urn:n:{n}"), "type": "Notification"}).to_string(),
        at: now(),
        of: now(),
    };
    let all: Vec<NewNotification> = (1..=3).map(made).collect();
    assert!(store.note_notifications(&matching, matching.position, &all, until).await.unwrap());
    store.release_matching(&matching).await.unwrap();
    let claim = store.claim_deliveries("test", now(), until, 1).await.unwrap().remove(0);
    while let Some(next) = store.next_notifications(&claim, 1).await.unwrap().pop() {
        assert!(store.gave_up(&claim, next.number, now(), "it answered 410", now()).await.unwrap());
    }
    store.release_delivery(&claim, now()).await.unwrap();
}

#[test]
fn dead_letters_are_told_and_sent_after_all() {
    run(async {
        for broker in Broker::every_after(give_up_three).await {
            let letters = "/subscriptions/urn:s:1/deadLetters";
            let told = broker.get(&format!("{letters}?limit=2")).send().await;
            let list = told.json()["deadLetters"].clone();
            assert_eq!(list.as_array().unwrap().len(), 2);
            assert_eq!(list[0]["notification"], json!({"id": "urn:n:1", "type": "Notification"}));
            assert_eq!(list[0]["error"], "it answered 410");
            assert!(list[0]["givenUpAt"].is_string() && list[0]["at"].is_string(), "{list}");
            assert_eq!((&told.json()["waiting"], &told.json()["lost"]), (&json!(0), &json!(0)));
            let (first, second) = (list[0]["number"].as_i64().unwrap(), list[1]["number"].as_i64().unwrap());
            let next = format!("<{letters}?limit=2&after={second}>; rel=\"next\"");
            assert!(told.headers("link").contains(&next), "{}", told.headers("link"));
            let rest = broker.get(&format!("{letters}?limit=2&after={second}")).send().await;
            assert_eq!(rest.json()["deadLetters"].as_array().unwrap().len(), 1);
            assert_eq!(rest.headers("link"), "");

            let replay = format!("{letters}/replay");
            for wrong in [json!([]), json!({"numbers": []}), json!({"numbers": ["1"]}), json!({"odd": 1})] {
                let refused = broker.post(&replay, &wrong).send().await;
                assert_eq!(outcome(&refused), (400, "BadRequestData".into()), "{wrong}: {}", refused.text);
            }
            let one = broker.post(&replay, &json!({"numbers": [first, 999_999]})).send().await;
            assert_eq!((one.status, one.json()), (200, json!({"replayed": 1})));
            let left = broker.get(letters).send().await.json();
            assert_eq!(left["deadLetters"][0]["number"], json!(second));
            assert_eq!(broker.ask(Method::POST, &replay).send().await.json(), json!({"replayed": 2}));
            assert_eq!(broker.get(letters).send().await.json()["deadLetters"], json!([]));
            for unknown in ["/subscriptions/urn:s:9/deadLetters", "/subscriptions/urn:s:1/letters"] {
                assert_eq!(broker.get(unknown).send().await.status, 404, "{unknown}");
            }
            let unknown = broker.ask(Method::POST, "/subscriptions/urn:s:9/deadLetters/replay").send().await;
            assert_eq!(outcome(&unknown), (404, "ResourceNotFound".into()));
        }
    });
}
