//! Entity maps of temporal queries over HTTP (clauses 5.5.14, 5.14.5, 6.35).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Broker, encode, run};

const TEMPORAL: &str = "/ngsi-ld/v1/temporal/entities";
const MAPS: &str = "/ngsi-ld/v1/temporal/entityMaps";
const QUERY: &str = "/ngsi-ld/v1/temporal/entityOperations/query";
const HEADER: &str = "NGSILD-EntityMap";

fn at(second: usize) -> String {
    format!("2026-04-01T00:{:02}:{:02}Z", second / 60, second % 60)
}

/// Entities `urn:x:0` and on of type T; each has a value `n` of its own, observed at second 10 and at second 20 + n.
async fn town(broker: &Broker, count: usize) {
    for n in 0..count {
        let measured = |second| json!({"type": "Property", "value": n, "observedAt": at(second)});
        let body = json!({"id": format!("urn:x:{n}"), "type": "T", "n": [measured(10), measured(20 + n)]});
        assert_eq!(broker.post(TEMPORAL, &body).send().await.status, 201);
    }
}

/// Everything that was observed from second 0 on.
fn always() -> String {
    format!("timerel=after&timeAt={}", at(0))
}

async fn delete(broker: &Broker, root: &str, n: usize) {
    assert_eq!(broker.ask(Method::DELETE, &format!("/ngsi-ld/v1/{root}/urn:x:{n}")).send().await.status, 204);
}

fn number(id: &str) -> usize {
    id.trim_start_matches("urn:x:").parse().unwrap()
}

/// The numbers of the entities in an answer.
fn numbers(answer: &Answer) -> Vec<usize> {
    let body = answer.json();
    let entities = body.as_array().unwrap_or_else(|| panic!("{body}"));
    entities.iter().map(|entity| number(entity["id"].as_str().unwrap())).collect()
}

/// The numbers of the entities in a map.
async fn members(broker: &Broker, map: &str) -> Vec<usize> {
    let body = broker.get(&format!("/ngsi-ld/v1/entityMaps/{map}")).send().await.json();
    body["entityMap"].as_object().unwrap_or_else(|| panic!("{body}")).keys().map(|id| number(id)).collect()
}

fn map_of(answer: &Answer) -> String {
    answer.header(HEADER).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text)).to_owned()
}

fn query(more: Value) -> Value {
    let mut body = json!({
        "type": "Query", "entities": [{"type": "T"}], "temporalQ": {"timerel": "after", "timeAt": at(0)},
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn a_map_is_made_for_a_temporal_query_and_holds_what_is_gone() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 4).await;
            delete(&broker, "entities", 1).await;
            let by_get = format!("{MAPS}?type=T&q={}&{}", encode("n>=1"), always());
            let body = query(json!({"q": "n>=1"}));
            for answer in [
                broker.get(&by_get).send().await,
                // What says nothing here is passed over, whatever it says.
                broker.get(&format!("{by_get}&limit=0&offset=x&count=odd&entityMap=odd&lastN=1")).send().await,
                broker.post(MAPS, &body).send().await,
                broker.post(&format!("{MAPS}?limit=-1"), &body).header(HEADER, "urn:x:none").send().await,
            ] {
                assert_eq!(answer.status, 201, "{}", answer.text);
                let (map, made) = (map_of(&answer), answer.json());
                assert_eq!((made["id"].as_str(), made["type"].as_str()), (Some(&*map), Some("EntityMap")));
                let expected = json!({"urn:x:2": ["@none"], "urn:x:3": ["@none"], "urn:x:1": ["@none"]});
                assert_eq!(made["entityMap"], expected);
                assert_eq!(members(&broker, &map).await, [2, 3, 1], "those that exist come first");
                assert!(answer.header("location").unwrap().ends_with(&format!("/ngsi-ld/v1/entityMaps/{map}")));
            }
            let ordered = format!("{MAPS}?type=T&local=true&orderBy={}&{}", encode("id;desc"), always());
            assert_eq!(members(&broker, &map_of(&broker.get(&ordered).send().await)).await, [3, 2, 1, 0]);
            let late = broker.get(&format!("{MAPS}?type=T&timerel=after&timeAt={}", at(22))).send().await;
            assert_eq!(members(&broker, &map_of(&late)).await, [2, 3], "the others have nothing in the interval");
        }
    });
}

#[test]
fn pages_of_a_temporal_query_go_by_a_map() {
    run(async {
        for broker in Broker::every().await {
            town(&broker, 8).await;
            let all = format!("{TEMPORAL}?type=T&{}&limit=3", always());
            let first = broker.get(&format!("{all}&count=true&entityMap=true&entityMapLifetime=PT1H")).send().await;
            assert_eq!((first.status, numbers(&first)), (201, vec![0, 1, 2]), "{}", first.text);
            assert_eq!(first.header("NGSILD-Results-Count"), Some("8"));
            let map = map_of(&first);
            assert!(first.header("location").unwrap().ends_with(&map));
            // The past of an entity that goes stays where it was; what is forgotten makes room; what comes is no candidate.
            delete(&broker, "entities", 4).await;
            delete(&broker, "temporal/entities", 5).await;
            let new =
                json!({"id": "urn:x:8", "type": "T", "n": {"type": "Property", "value": 8, "observedAt": at(10)}});
            assert_eq!(broker.post(TEMPORAL, &new).send().await.status, 201);
            let page = async |url: &str| {
                let answer = broker.get(url).header(HEADER, &map).send().await;
                assert_eq!((answer.status, answer.header(HEADER)), (200, Some(map.as_str())), "{}", answer.text);
                (numbers(&answer), answer.headers("link").contains("rel=\"next\""))
            };
            assert_eq!(page(&format!("{all}&offset=3")).await, (vec![3, 4, 6], true));
            assert_eq!(members(&broker, &map).await, [0, 1, 2, 3, 4, 6, 7]);
            assert_eq!(page(&format!("{all}&offset=6")).await, (vec![7], false));
            assert_eq!(page(&format!("{all}&offset={}", usize::MAX)).await, (vec![], false));
            let counted = broker.get(&format!("{all}&offset=3&count=true")).header(HEADER, &map).send().await;
            assert_eq!(counted.header("NGSILD-Results-Count"), Some("7"));
            // Another interval, other ids and other forms go by the map, and take nothing out of it.
            let later = format!("{TEMPORAL}?type=T&timerel=after&timeAt={}&limit=2", at(23));
            assert_eq!(page(&later).await, (vec![3, 4], true));
            assert_eq!(page(&format!("{later}&offset=2")).await, (vec![6, 7], false));
            assert_eq!(page(&format!("{all}&id=urn:x:4,urn:x:8,urn:x:2")).await, (vec![2, 4], false));
            assert_eq!(page(&format!("{all}&id=urn:x:2&offset={}", usize::MAX)).await, (vec![], false));
            assert_eq!(page(&format!("{all}&q={}", encode("n==6"))).await, (vec![6], false));
            let sums = format!("{all}&format=aggregatedValues&aggrMethods=sum&offset=5");
            assert_eq!(page(&sums).await, (vec![6, 7], false));
            assert_eq!(members(&broker, &map).await, [0, 1, 2, 3, 4, 6, 7]);
            let wide = broker.get(&format!("{TEMPORAL}?{}", always())).header(HEADER, &map).send().await;
            assert_eq!(wide.error(), "BadRequestData", "a map does not make a query narrow");
            // A map of entities as they are serves as well.
            let present = map_of(&broker.get("/ngsi-ld/v1/entityMaps?type=T&id=urn:x:8,urn:x:0").send().await);
            let answer = broker.get(&all).header(HEADER, &present).send().await;
            assert_eq!((answer.status, numbers(&answer)), (200, vec![0, 8]));
            let lost = broker.get(&all).header(HEADER, "urn:x:lost").send().await;
            assert_eq!((lost.status, numbers(&lost)), (201, vec![0, 1, 2]), "a new one is made");
            assert_eq!(members(&broker, &map_of(&lost)).await, [0, 1, 2, 3, 6, 7, 8, 4]);
        }
    });
}

#[test]
fn temporal_queries_in_a_body_and_retrievals_go_by_maps_too() {
    run(async {
        for broker in Broker::every_with(&["--temporal-instances", "6"]).await {
            town(&broker, 5).await;
            for (url, more) in [("limit=2&entityMap=true", json!({})), ("limit=2", json!({"entityMap": true}))] {
                let made = broker.post(&format!("{QUERY}?{url}"), &query(more)).send().await;
                assert_eq!((made.status, numbers(&made)), (201, vec![0, 1]), "{url}");
                let map = map_of(&made);
                let next = query(json!({"splitEntities": false}));
                let next = broker.post(&format!("{QUERY}?limit=2&offset=2"), &next).header(HEADER, &map).send().await;
                assert_eq!((next.status, numbers(&next), map_of(&next)), (200, vec![2, 3], map));
            }
            let part = broker.get(&format!("{TEMPORAL}?type=T&{}&entityMap=true", always())).send().await;
            assert_eq!(
                (part.status, numbers(&part)),
                (206, vec![0, 1, 2, 3, 4]),
                "a part, whether the map is new or not"
            );
            assert!(
                part.header("content-range").is_some() && part.header("location").unwrap().ends_with(&map_of(&part))
            );

            delete(&broker, "entities", 1).await;
            let made = broker.get(&format!("{TEMPORAL}/urn:x:1?entityMap=true&entityMapLifetime=PT1H")).send().await;
            assert_eq!((made.status, &made.json()["id"]), (200, &json!("urn:x:1")), "{}", made.text);
            let map = map_of(&made);
            assert_eq!(members(&broker, &map).await, [1]);
            let again = broker.get(&format!("{TEMPORAL}/urn:x:1?lastN=1")).header(HEADER, &map).send().await;
            assert_eq!((again.status, map_of(&again)), (200, map.clone()));
            let other = broker.get(&format!("{TEMPORAL}/urn:x:2")).header(HEADER, &map).send().await;
            assert_eq!((other.status, other.error().as_str()), (404, "ResourceNotFound"), "it is not in the map");
            let lost = broker.get(&format!("{TEMPORAL}/urn:x:2")).header(HEADER, "urn:x:lost").send().await;
            assert_eq!((lost.status, members(&broker, &map_of(&lost)).await), (200, vec![2]), "a new map");
            let unknown = broker.get(&format!("{TEMPORAL}/urn:x:77?entityMap=true")).send().await;
            assert_eq!((unknown.status, unknown.header(HEADER)), (404, None));
            let none = broker.get(&format!("{TEMPORAL}/urn:x:2?entityMap=false")).send().await;
            assert_eq!((none.status, none.header(HEADER)), (200, None));
        }
    });
}

#[test]
fn what_is_wrong_with_a_temporal_query_is_wrong_for_a_map() {
    run(async {
        for broker in Broker::every_with(&["--max-entity-map-size", "3"]).await {
            town(&broker, 4).await;
            for wrong in [
                "type=T",
                &always(),
                &format!("type=T&q=n==&{}", always()),
                &format!("type=T&entityMapLifetime=1h&{}", always()),
                &format!("type=T&format=aggregatedValues&{}", always()),
                &format!("type=T&orderBy=id&{}", always()),
            ] {
                let answer = broker.get(&format!("{MAPS}?{wrong}")).send().await;
                assert_eq!((answer.status, answer.error().as_str()), (400, "BadRequestData"), "{wrong}");
            }
            for wrong in ["odd=1", "splitEntities=maybe", "format=odd"] {
                let answer = broker.get(&format!("{MAPS}?type=T&{}&{wrong}", always())).send().await;
                assert_eq!(answer.error(), "InvalidRequest", "{wrong}");
            }
            for (more, place) in [
                (json!({"temporalQ": {}}), "timerel"),
                (json!({"join": "flat"}), "/join"),
                (json!({"containedBy": ["urn:x:1"]}), "/containedBy"),
                (json!({"splitEntities": 1}), "/splitEntities"),
                (json!({"entityMapLifetime": "P"}), "/entityMapLifetime"),
            ] {
                for path in [MAPS, QUERY] {
                    let refused = broker.post(path, &query(more.clone())).send().await;
                    assert_eq!(refused.error(), "BadRequestData", "{path} {more}");
                    assert!(refused.text.contains(place), "{}", refused.text);
                }
            }
            for path in [MAPS, TEMPORAL] {
                let many = broker.get(&format!("{path}?type=T&entityMap=true&{}", always())).send().await;
                assert_eq!((many.status, many.error().as_str()), (403, "TooManyResults"), "{}", many.text);
            }
            let geo = broker.get(&format!("{MAPS}?type=T&{}", always())).header("accept", "application/geo+json");
            assert_eq!(geo.send().await.status, 406);
        }
    });
}

#[test]
fn readers_without_a_token_make_maps_of_the_past() {
    run(async {
        let token = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(token.path(), "a-secret-of-some-length").unwrap();
        for broker in Broker::every_with(&["--token-file", token.path().to_str().unwrap()]).await {
            assert_eq!(broker.post(MAPS, &query(json!({}))).send().await.status, 201);
            assert_eq!(broker.post(TEMPORAL, &json!({"id": "urn:x:1", "type": "T"})).send().await.status, 401);
        }
    });
}
