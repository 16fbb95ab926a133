//! Entity maps over HTTP (clauses 4.5.25, 5.5.14, 5.14, 6.32, 6.34).

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ngsild::DateTime;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Broker, encode, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const MAPS: &str = "/ngsi-ld/v1/entityMaps";
const QUERY: &str = "/ngsi-ld/v1/entityOperations/query";
const HEADER: &str = "NGSILD-EntityMap";

/// Entities `urn:x:0` and on of type T, with the value `n`.
async fn town(broker: &Broker, count: usize) {
    let all: Vec<Value> = (0..count).map(|n| json!({"id": format!("urn:x:{n}"), "type": "T", "n": n})).collect();
    assert_eq!(broker.post("/ngsi-ld/v1/entityOperations/create", &json!(all)).send().await.status, 201);
}

async fn delete(broker: &Broker, numbers: &[usize]) {
    for n in numbers {
        assert_eq!(broker.ask(Method::DELETE, &format!("{ENTITIES}/urn:x:{n}")).send().await.status, 204);
    }
}

/// The numbers of the entities in an answer.
fn numbers(answer: &Answer) -> Vec<usize> {
    let body = answer.json();
    let of = |entity: &Value| entity["id"].as_str().unwrap().trim_start_matches("urn:x:").parse().unwrap();
    body.as_array().unwrap_or_else(|| panic!("{body}")).iter().map(of).collect()
}

/// The numbers of the entities in a map.
async fn members(broker: &Broker, map: &str) -> Vec<usize> {
    let body = broker.get(&format!("{MAPS}/{map}")).send().await.json();
    let of = |id: &String| id.trim_start_matches("urn:x:").parse().unwrap();
    body["entityMap"].as_object().unwrap_or_else(|| panic!("{body}")).keys().map(of).collect()
}

fn map_of(answer: &Answer) -> String {
    answer.header(HEADER).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text)).to_owned()
}

/// How many seconds an instant is away.
fn seconds_until(at: &Value) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    DateTime::parse(at.as_str().unwrap()).unwrap().micros() / 1_000_000 - i64::try_from(now).unwrap()
}

async fn until(broker: &Broker, map: &str) -> i64 {
    seconds_until(&broker.get(&format!("{MAPS}/{map}")).send().await.json()["expiresAt"])
}

#[test]
fn a_map_is_made_for_a_query_in_the_url_or_in_the_body() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 4).await;
            let by_get = format!("{MAPS}?type=T&q={}", encode("n>=1"));
            // What says nothing here is passed over, whatever it says.
            let irrelevant = format!("{by_get}&limit=0&offset=x&count=odd&geometryProperty=a&entityMap=odd");
            let body = json!({"type": "Query", "entities": [{"type": "T"}], "q": "n>=1"});
            let answers = [
                broker.get(&by_get).send().await,
                broker.get(&irrelevant).header(HEADER, "urn:x:none").send().await,
                broker.post(MAPS, &body).send().await,
                broker.post(&format!("{MAPS}?limit=-1"), &body).send().await,
            ];
            for answer in answers {
                assert_eq!(
                    (answer.status, answer.header("content-type")),
                    (201, Some("application/json")),
                    "{}",
                    answer.text
                );
                let (map, made) = (map_of(&answer), answer.json());
                assert_eq!(made["id"], map);
                assert_eq!(made["type"], "EntityMap");
                assert_eq!(
                    made["entityMap"],
                    json!({"urn:x:1": ["@none"], "urn:x:2": ["@none"], "urn:x:3": ["@none"]})
                );
                assert_eq!(made["linkedMaps"], json!({}));
                assert!((590..=600).contains(&seconds_until(&made["expiresAt"])), "{made}");
                assert_eq!(made.as_object().unwrap().len(), 5);
                assert!(answer.headers("link").contains("json-ld#context"));
                let location = answer.header("location").unwrap();
                for path in [location.to_owned(), format!("/ngsi-ld/v1/entityMap/{map}")] {
                    let read = broker.get(&path).send().await;
                    assert_eq!((read.status, read.json()), (200, made.clone()), "{path}");
                }
            }
            let linked = broker.get(&by_get).header("accept", "application/ld+json").send().await;
            assert!(linked.status == 201 && linked.json()["@context"].is_string());
            let ordered = broker.get(&format!("{MAPS}?type=T&local=true&orderBy={}", encode("n;desc"))).send().await;
            assert_eq!(members(&broker, &map_of(&ordered)).await, [3, 2, 1, 0]);
            let nothing = broker.get(&format!("{MAPS}?type=None")).send().await;
            assert_eq!((nothing.status, nothing.json()["entityMap"].clone()), (201, json!({})));
        }
    });
}

#[test]
fn what_is_wrong_with_a_query_is_wrong_for_a_map() {
    run(async {
        for broker in Broker::every_with(&["--max-entity-map-size", "3"]).await {
            town(&broker, 4).await;
            for query in [
                "",
                "type=T&q=n==",
                "id=nonsense",
                "type=T&georel=within",
                "type=T&orderBy=n",
                "type=T&entityMapLifetime=1h",
                "type=T&entityMapLifetime=PT0S",
            ] {
                let answer = broker.get(&format!("{MAPS}?{query}")).send().await;
                assert_eq!(
                    (answer.status, answer.error().as_str()),
                    (400, "BadRequestData"),
                    "{query}: {}",
                    answer.text
                );
            }
            for query in ["type=T&odd=1", "type=T&splitEntities=maybe", "type=T&format=odd"] {
                assert_eq!(broker.get(&format!("{MAPS}?{query}")).send().await.error(), "InvalidRequest", "{query}");
            }
            for body in [
                json!({"type": "Query"}),
                json!({"type": "Other", "entities": [{"type": "T"}]}),
                json!({"type": "Query", "entities": [{"type": "T"}], "entityMapLifetime": "PT"}),
                json!({"type": "Query", "entities": [{"type": "T"}], "splitEntities": "yes"}),
                json!({"type": "Query", "entities": [{"type": "T"}], "temporalQ": {"timerel": "before"}}),
            ] {
                assert_eq!(broker.post(MAPS, &body).send().await.error(), "BadRequestData", "{body}");
            }
            assert_eq!(
                broker.get(&format!("{MAPS}?type=T")).header("accept", "application/geo+json").send().await.status,
                406
            );
            let other = broker.get(&format!("{MAPS}?type=T")).header("NGSILD-Tenant", "none").send().await;
            assert_eq!(other.error(), "NonexistentTenant");
            for path in [MAPS, ENTITIES] {
                for order in ["", "&local=true&orderBy=n"] {
                    let many = broker.get(&format!("{path}?type=T&entityMap=true{order}")).send().await;
                    assert_eq!((many.status, many.error().as_str()), (403, "TooManyResults"), "{}", many.text);
                }
            }
            assert_eq!(broker.get(&format!("{MAPS}?type=T&id=urn:x:1,urn:x:2,urn:x:3")).send().await.status, 201);
            assert_eq!(broker.get("/ngsi-ld/v1/entityMap").send().await.status, 404);
        }
    });
}

#[test]
fn a_query_makes_a_map_and_pages_go_by_it() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 10).await;
            let query = format!("{ENTITIES}?type=T&q={}&limit=3", encode("n>=0"));
            let first = broker.get(&format!("{query}&count=true&entityMap=true")).send().await;
            assert_eq!((first.status, numbers(&first)), (201, vec![0, 1, 2]));
            assert_eq!(first.header("NGSILD-Results-Count"), Some("10"));
            assert!(first.headers("link").contains("offset=3"), "{}", first.headers("link"));
            let map = map_of(&first);
            assert!(first.header("location").unwrap().ends_with(&map));
            assert!(first.header("etag").is_none(), "it cannot be asked for again unchanged");
            // What comes is no candidate; what goes, or no longer matches, makes room.
            broker.create(&json!({"id": "urn:x:10", "type": "T", "n": 10})).await;
            delete(&broker, &[1, 4]).await;
            let changed = broker.ask(Method::PATCH, &format!("{ENTITIES}/urn:x:6/attrs/n")).body(&json!({"value": -1}));
            assert_eq!(changed.send().await.status, 204);
            let page = async |offset: usize| {
                let answer = broker.get(&format!("{query}&offset={offset}")).header(HEADER, &map).send().await;
                assert_eq!((answer.status, answer.header(HEADER)), (200, Some(map.as_str())), "{}", answer.text);
                (numbers(&answer), answer.headers("link").contains("rel=\"next\""))
            };
            assert_eq!(page(3).await, (vec![3, 5, 7], true), "filled up, and nothing is left out");
            assert_eq!(members(&broker, &map).await, [0, 1, 2, 3, 5, 7, 8, 9], "pages before are not looked at");
            assert_eq!(page(6).await, (vec![8, 9], false));
            assert_eq!(page(0).await, (vec![0, 2, 3], true));
            assert_eq!(members(&broker, &map).await, [0, 2, 3, 5, 7, 8, 9]);
            assert_eq!(page(7).await, (vec![], false));
            assert_eq!(page(usize::MAX).await, (vec![], false));
            let count = broker.get(&format!("{ENTITIES}?type=T&q={}&limit=0&count=true", encode("n>=0")));
            let count = count.header(HEADER, &map).send().await;
            assert_eq!((count.header("NGSILD-Results-Count"), count.text.as_str()), (Some("7"), "[]"));
            let whole = broker.get(&format!("{ENTITIES}?type=T&q={}&count=true", encode("n>=0"))).send().await;
            assert_eq!(whole.header("NGSILD-Results-Count"), Some("8"), "without the map there is one more");
        }
    });
}

/// Whatever goes, comes back or changes between pages: nobody is shown twice, the order stays, and whoever matched all the
/// time is shown.
#[test]
fn pages_of_a_map_show_everything_once_whatever_happens_between_them() {
    run(async {
        let mut runner = TestRunner::deterministic();
        let mut sample =
            |strategy: BoxedStrategy<Vec<(usize, usize)>>| strategy.new_tree(&mut runner).unwrap().current();
        for broker in Broker::every().await {
            for round in 0..8 {
                let kind = format!("T{round}");
                let id = |n: usize| format!("urn:{round}:{n}");
                let entity = |n: usize| json!({"id": id(n), "type": &kind, "n": 1});
                let all: Vec<Value> = (0..25).map(entity).collect();
                assert_eq!(broker.post("/ngsi-ld/v1/entityOperations/create", &json!(all)).send().await.status, 201);
                let limit = 1 + round % 5;
                let query = format!("{ENTITIES}?type={kind}&q={}&limit={limit}", encode("n==1"));
                let first = broker.get(&format!("{query}&entityMap=true")).send().await;
                let (map, mut page) = (map_of(&first), first);
                let (mut seen, mut disturbed) = (Vec::new(), HashSet::new());
                loop {
                    let ids = page.json().as_array().unwrap().clone();
                    seen.extend(ids.iter().map(|entity| entity["id"].as_str().unwrap().to_owned()));
                    let Some(next) = next_page(&page) else { break };
                    for (n, what) in sample(vec((0..25_usize, 0..3_usize), 0..4).boxed()) {
                        disturbed.insert(id(n));
                        let path = format!("{ENTITIES}/{}", id(n));
                        match what {
                            0 => broker.ask(Method::DELETE, &path).send().await,
                            1 => broker.ask(Method::PATCH, &path).body(&json!({"n": 2})).send().await,
                            _ => broker.post(ENTITIES, &entity(n)).send().await,
                        };
                    }
                    broker.create(&json!({"id": id(100 + seen.len()), "type": &kind, "n": 1})).await;
                    page = broker.get(&next).header(HEADER, &map).send().await;
                    assert_eq!(page.status, 200);
                }
                let place = |id: &String| id.rsplit(':').next().unwrap().parse::<usize>().unwrap();
                let places: Vec<usize> = seen.iter().map(place).collect();
                assert!(places.is_sorted_by(|a, b| a < b) && places.iter().all(|n| *n < 25), "{places:?}");
                let missing: Vec<String> =
                    (0..25).map(id).filter(|id| !seen.contains(id) && !disturbed.contains(id)).collect();
                assert!(missing.is_empty(), "{missing:?} with pages of {limit} on {}", broker.kind);
            }
        }
    });
}

/// The address of the page that follows.
fn next_page(answer: &Answer) -> Option<String> {
    let links = answer.headers("link");
    let next = links.split(", ").find(|link| link.contains("rel=\"next\""))?;
    Some(next.split(['<', '>']).nth(1).unwrap().to_owned())
}

#[test]
fn a_count_does_not_shift_pages() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 1_300).await;
            let query = format!("{ENTITIES}?type=T&count=true&limit=500");
            let map = map_of(&broker.get(&format!("{query}&entityMap=true")).send().await);
            delete(&broker, &[0, 3, 499, 500, 1_299]).await;
            let mut seen: Vec<usize> = (0..500).collect();
            for offset in [500, 1_000] {
                let page = broker.get(&format!("{query}&offset={offset}")).header(HEADER, &map).send().await;
                assert_eq!(page.header("NGSILD-Results-Count"), Some("1295"));
                seen.extend(numbers(&page));
            }
            let expected: Vec<usize> = (0..500).chain(501..1_299).collect();
            assert_eq!(seen, expected, "everything once");
        }
    });
}

#[test]
fn whoever_asks_for_something_else_takes_nothing_away() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 6).await;
            let map = map_of(&broker.get(&format!("{MAPS}?type=T")).send().await);
            let page = async |query: &str| {
                let answer = broker.get(&format!("{ENTITIES}?{query}")).header(HEADER, &map).send().await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                let count = answer.header("NGSILD-Results-Count").map(str::to_owned);
                (numbers(&answer), count)
            };
            let odd = encode("n==1,3,5");
            assert_eq!(page(&format!("type=T&q={odd}&limit=2")).await.0, [1, 3]);
            assert_eq!(
                page(&format!("type=T&q={odd}&limit=2&offset=2&count=true")).await,
                (vec![5], Some("3".to_owned()))
            );
            assert_eq!(page("type=T&id=urn:x:2,urn:x:4,urn:x:9").await.0, [2, 4]);
            assert_eq!(page("local=true&limit=2&offset=3").await.0, [3, 4]);
            assert_eq!(page("type=None").await.0, [] as [usize; 0]);
            assert_eq!(members(&broker, &map).await, [0, 1, 2, 3, 4, 5]);
            let wide = broker.get(ENTITIES).header(HEADER, &map).send().await;
            assert_eq!(wide.error(), "BadRequestData", "a map does not make a query narrow");
        }
    });
}

#[test]
fn queries_in_a_body_and_retrievals_go_by_maps_too() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 5).await;
            let ask = |more: Value| {
                let mut body = json!({"type": "Query", "entities": [{"type": "T"}], "splitEntities": true});
                body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                body
            };
            for (url, more) in [("limit=2&entityMap=true", json!({})), ("limit=2", json!({"entityMap": true}))] {
                let made = broker.post(&format!("{QUERY}?{url}"), &ask(more)).send().await;
                assert_eq!((made.status, numbers(&made)), (201, vec![0, 1]), "{url}");
                let map = map_of(&made);
                let next = broker.post(&format!("{QUERY}?limit=2&offset=2"), &ask(json!({}))).header(HEADER, &map);
                let next = next.send().await;
                assert_eq!((next.status, numbers(&next), map_of(&next)), (200, vec![2, 3], map));
            }
            let none = broker.post(QUERY, &ask(json!({"entityMap": false, "entityMapLifetime": "PT1H"}))).send().await;
            assert_eq!((none.status, none.header(HEADER)), (200, None));
            for (more, place) in [
                (json!({"entityMap": "yes"}), "/entityMap"),
                (json!({"entityMap": true, "entityMapLifetime": 5}), "/entityMapLifetime"),
                (json!({"splitEntities": 1}), "/splitEntities"),
            ] {
                let refused = broker.post(QUERY, &ask(more)).send().await;
                assert!(refused.error() == "BadRequestData" && refused.text.contains(place), "{}", refused.text);
            }

            let made = broker.get(&format!("{ENTITIES}/urn:x:1?entityMap=true&entityMapLifetime=PT1H")).send().await;
            assert_eq!((made.status, &made.json()["id"]), (200, &json!("urn:x:1")));
            let map = map_of(&made);
            assert_eq!(members(&broker, &map).await, [1]);
            assert!(until(&broker, &map).await > 3_500);
            let again = broker.get(&format!("{ENTITIES}/urn:x:1")).header(HEADER, &map).send().await;
            assert_eq!((again.status, map_of(&again)), (200, map.clone()));
            let other = broker.get(&format!("{ENTITIES}/urn:x:2")).header(HEADER, &map).send().await;
            assert_eq!((other.status, other.error().as_str()), (404, "ResourceNotFound"), "it is not in the map");
            let lost = broker.get(&format!("{ENTITIES}/urn:x:2")).header(HEADER, "urn:x:lost").send().await;
            assert_eq!((lost.status, members(&broker, &map_of(&lost)).await), (200, vec![2]), "a new map");
            let unknown = broker.get(&format!("{ENTITIES}/urn:x:77?entityMap=true")).send().await;
            assert_eq!((unknown.status, unknown.header(HEADER)), (404, None));
        }
    });
}

#[test]
fn maps_live_as_long_as_was_agreed() {
    run(async {
        for broker in Broker::every_with(&["--max-entity-map-lifetime", "PT2H"]).await {
            town(&broker, 3).await;
            let made = async |lifetime: &str| {
                let query = format!("{ENTITIES}?type=T&limit=2&entityMap=true&entityMapLifetime={lifetime}");
                map_of(&broker.get(&query).send().await)
            };
            assert!((3_590..=3_600).contains(&until(&broker, &made("PT1H").await).await));
            assert!((7_190..=7_200).contains(&until(&broker, &made("P1Y").await).await), "no longer than allowed");

            let map = made("PT1H").await;
            let path = format!("{MAPS}/{map}");
            let patch = async |body: Value| broker.ask(Method::PATCH, &path).body(&body).send().await;
            let far = json!({"expiresAt": "2199-01-01T00:00:00Z", "entityMap": {"urn:x:7": ["@none"]}, "id": "urn:x:o", "type": 5});
            assert_eq!(patch(far).await.status, 204);
            assert!((7_190..=7_200).contains(&until(&broker, &map).await));
            assert_eq!(members(&broker, &map).await, [0, 1, 2], "nothing but the expiry can be changed");
            assert_eq!(patch(json!({})).await.status, 204);
            for body in [
                json!({"expiresAt": "2020-01-01T00:00:00Z"}),
                json!({"expiresAt": "tomorrow"}),
                json!({"expiresAt": null}),
                json!(["expiresAt"]),
            ] {
                let refused = patch(body.clone()).await;
                assert_eq!((refused.status, refused.error().as_str()), (400, "BadRequestData"), "{body}");
            }
            let merge = broker.ask(Method::PATCH, &path).raw("application/merge-patch+json", "{}").send().await;
            assert_eq!((merge.status, merge.header("content-length")), (204, None));

            let soon = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_millis(600);
            let soon = DateTime::from_micros(i64::try_from(soon.as_micros()).unwrap());
            assert_eq!(patch(json!({"expiresAt": soon})).await.status, 204);
            tokio::time::sleep(Duration::from_millis(700)).await;
            assert_eq!(broker.get(&path).send().await.error(), "ResourceNotFound");
            assert_eq!(patch(json!({})).await.status, 404);
            assert_eq!(patch(json!({"expiresAt": "2199-01-01T00:00:00Z"})).await.status, 404, "it does not come back");
            assert_eq!(broker.ask(Method::DELETE, &path).send().await.status, 404);
            let renewed = broker.get(&format!("{ENTITIES}?type=T&limit=2&offset=2")).header(HEADER, &map).send().await;
            assert_eq!((renewed.status, numbers(&renewed)), (201, vec![2]));
            assert_ne!(map_of(&renewed), map);
        }
    });
}

#[test]
fn maps_are_found_deleted_and_kept_apart() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 3).await;
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                for (id, status, error) in
                    [("nonsense", 400, "BadRequestData"), ("urn:x:none", 404, "ResourceNotFound")]
                {
                    for root in ["entityMaps", "entityMap"] {
                        let asking = broker.ask(method.clone(), &format!("/ngsi-ld/v1/{root}/{id}"));
                        let asking = if method == Method::PATCH { asking.body(&json!({})) } else { asking };
                        let answer = asking.send().await;
                        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{method} {root}/{id}");
                    }
                }
            }
            let bad = broker.get(&format!("{ENTITIES}?type=T")).header(HEADER, "no uri").send().await;
            assert_eq!((bad.status, bad.error().as_str()), (400, "BadRequestData"));
            assert!(bad.text.contains(HEADER));

            let map = map_of(&broker.get(&format!("{MAPS}?type=T")).send().await);
            let other = broker.post(ENTITIES, &json!({"id": "urn:x:9", "type": "T"})).header("NGSILD-Tenant", "other");
            assert_eq!(other.send().await.status, 201);
            let path = format!("{MAPS}/{map}");
            for method in [Method::GET, Method::DELETE] {
                let hidden = broker.ask(method, &path).header("NGSILD-Tenant", "other").send().await;
                assert_eq!(hidden.error(), "ResourceNotFound", "maps of others are not there");
            }
            let asked = broker.get(&format!("{ENTITIES}?type=T")).header(HEADER, &map).header("NGSILD-Tenant", "other");
            let asked = asked.send().await;
            assert_eq!((asked.status, numbers(&asked)), (201, vec![9]));

            // Other processes know it, and so does the next one.
            let another = broker.another().await;
            let page = another.get(&format!("{ENTITIES}?type=T&limit=1&offset=1")).header(HEADER, &map).send().await;
            assert_eq!((page.status, numbers(&page)), (200, vec![1]));
            drop(another);
            let broker = broker.kill_and_restart().await;
            assert_eq!(members(&broker, &map).await, [0, 1, 2]);
            assert_eq!(broker.ask(Method::DELETE, &path).send().await.status, 204);
            assert_eq!(broker.ask(Method::DELETE, &path).send().await.status, 404);
        }
    });
}

#[test]
fn a_purge_goes_by_a_map() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 600).await;
            let map = map_of(&broker.get(&format!("{MAPS}?type=T&q={}", encode("n>=10"))).send().await);
            broker.create(&json!({"id": "urn:x:1000", "type": "T", "n": 1_000})).await;
            let purge =
                |query: &str, map: &str| broker.ask(Method::DELETE, &format!("{ENTITIES}?{query}")).header(HEADER, map);
            for lost in ["urn:x:lost", "urn:ngsi-ld:EntityMap:1"] {
                assert_eq!(purge("type=T", lost).send().await.error(), "ResourceNotFound");
            }
            assert_eq!(purge("type=T", "lost").send().await.error(), "BadRequestData");
            assert_eq!(purge("", &map).send().await.error(), "BadRequestData", "too wide");
            assert_eq!(purge(&format!("type=T&q={}&drop=n", encode("n<20")), &map).send().await.status, 204);
            assert_eq!(broker.simplified("urn:x:15").await, json!({"id": "urn:x:15", "type": "T"}));
            assert_eq!(broker.simplified("urn:x:5").await["n"], 5);
            assert_eq!(purge("type=T", &map).send().await.status, 204);
            let left = broker.get(&format!("{ENTITIES}?type=T&limit=1000")).send().await;
            assert_eq!(numbers(&left), (0..10).chain([1_000]).collect::<Vec<_>>());
        }
    });
}

#[test]
fn readers_without_a_token_make_maps_and_change_none() {
    run(async {
        let token = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(token.path(), "a-secret-of-some-length").unwrap();
        for broker in Broker::every_with(&["--token-file", token.path().to_str().unwrap()]).await {
            let body = json!({"type": "Query", "entities": [{"type": "T"}]});
            let map = map_of(&broker.post(MAPS, &body).send().await);
            assert_eq!(broker.get(&format!("{MAPS}/{map}")).send().await.status, 200);
            for method in [Method::PATCH, Method::DELETE] {
                let refused = broker.ask(method, &format!("{MAPS}/{map}")).body(&json!({})).send().await;
                assert_eq!(refused.status, 401);
            }
        }
    });
}
