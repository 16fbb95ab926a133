//! Linked entity retrieval over HTTP (clauses 4.5.23, 4.21, 4.9, 5.7.1, 5.7.2).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Broker, encode, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const QUERY: &str = "/ngsi-ld/v1/entityOperations/query";

/// A bus stop and its line, operator and stops, the names that links to nothing have, and a circle.
async fn fill(broker: &Broker) {
    let batch = json!([
        {"id": "urn:x:bus1", "type": "Bus", "number": 1, "seats": 40,
         "line": [{"object": "urn:x:lineA"}, {"object": "urn:x:lineB", "datasetId": "urn:d:plan"}],
         "drivers": {"object": ["urn:x:ann", "urn:x:ben", "urn:x:nobody"], "objectType": "Person"},
         "location": {"type": "Point", "coordinates": [139.0, 35.0]}},
        {"id": "urn:x:bus2", "type": "Bus", "number": 2, "seats": 60, "line": {"object": "urn:x:lineB"},
         "drivers": {"object": "urn:x:lineA", "objectType": "Person"}},
        {"id": "urn:x:lineA", "type": "Line", "label": {"languageMap": {"ja": "甲線", "en": "Line A"}}, "length": {"value": 12, "unitCode": "KMT"},
         "operator": {"object": "urn:x:firm"}, "stops": {"objectList": ["urn:x:stop2", "urn:x:nowhere", "urn:x:stop1"]}},
        {"id": "urn:x:lineB", "type": "Line", "label": {"languageMap": {"ja": "乙線"}}, "length": 30, "operator": {"object": "urn:x:firm"}},
        {"id": "urn:x:firm", "type": ["Firm", "Organization"], "name": "City Bus", "fleet": {"object": ["urn:x:bus1", "urn:x:bus2"]}},
        {"id": "urn:x:ann", "type": "Person", "name": "Ann"},
        {"id": "urn:x:ben", "type": "Person", "name": "Ben"},
        {"id": "urn:x:stop1", "type": "Stop", "name": "Hall", "location": {"type": "Point", "coordinates": [139.1, 35.1]}},
        {"id": "urn:x:stop2", "type": "Stop", "name": "Park"},
        {"id": "urn:x:self", "type": "Loop", "next": {"object": "urn:x:self"}}
    ]);
    let answer = broker.post("/ngsi-ld/v1/entityOperations/create", &batch).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

/// `a=b&c=d` with the values percent-encoded.
fn query(text: &str) -> String {
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

async fn get(broker: &Broker, path: &str, text: &str) -> Answer {
    broker.get(&format!("{ENTITIES}{path}?{}", query(text))).send().await
}

fn ids(answer: &Answer) -> String {
    let body = answer.json();
    let items = body.as_array().or_else(|| body["features"].as_array()).unwrap_or_else(|| panic!("{body}"));
    let ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
    ids.join(" ").replace("urn:x:", "")
}

#[test]
fn a_retrieved_entity_holds_the_entities_that_it_links_to() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            let ann = json!({"id": "urn:x:ann", "type": "Person", "name": "Ann"});
            let ben = json!({"id": "urn:x:ben", "type": "Person", "name": "Ben"});
            let drivers = json!([ann, ben, "urn:x:nobody"]);
            let park = json!({"id": "urn:x:stop2", "type": "Stop", "name": "Park"});
            for (path, text, expected) in [
                (
                    "/urn:x:bus1",
                    "join=inline&pick=id,drivers{id,type,name}&format=simplified",
                    json!({"id": "urn:x:bus1", "drivers": drivers}),
                ),
                (
                    "/urn:x:bus1",
                    "join=@none&pick=id,drivers&format=simplified",
                    json!({"id": "urn:x:bus1", "drivers": ["urn:x:ann", "urn:x:ben", "urn:x:nobody"]}),
                ),
                (
                    "/urn:x:bus1",
                    "join=inline&pick=drivers{name}",
                    json!({"drivers": {"type": "Relationship", "object": ["urn:x:ann", "urn:x:ben", "urn:x:nobody"], "objectType": "Person",
                        "entity": [{"name": {"type": "Property", "value": "Ann"}}, {"name": {"type": "Property", "value": "Ben"}}]}}),
                ),
                (
                    "/urn:x:bus1",
                    "join=inline&pick=line{length}&format=concise",
                    json!({"line": [
                        {"object": "urn:x:lineA", "entity": {"length": {"value": 12, "unitCode": "KMT"}}},
                        {"object": "urn:x:lineB", "datasetId": "urn:d:plan", "entity": {"length": 30}}]}),
                ),
                (
                    "/urn:x:bus1",
                    "join=inline&pick=line{length}&format=simplified&datasetId=urn:d:plan",
                    json!({"line": {"dataset": {"urn:d:plan": {}}}}),
                ),
                (
                    "/urn:x:bus2",
                    "join=inline&joinLevel=2&pick=line{label,operator{name}},drivers&lang=en&format=keyValues",
                    // What drivers leads to is no Person.
                    json!({"line": {"label": "乙線", "operator": {"name": "City Bus"}}, "drivers": "urn:x:lineA"}),
                ),
                (
                    "/urn:x:lineA",
                    "join=inline&pick=stops{name}",
                    json!({"stops": {"type": "ListRelationship",
                        "objectList": [{"object": "urn:x:stop2"}, {"object": "urn:x:nowhere"}, {"object": "urn:x:stop1"}],
                        "entityList": [{"name": {"type": "Property", "value": "Park"}}, {"name": {"type": "Property", "value": "Hall"}}]}}),
                ),
                (
                    "/urn:x:lineA",
                    "join=inline&omit=location,label,length,operator&format=simplified",
                    json!({"id": "urn:x:lineA", "type": "Line", "stops": [park, "urn:x:nowhere", {"id": "urn:x:stop1", "type": "Stop", "name": "Hall"}]}),
                ),
                (
                    "/urn:x:lineB",
                    "join=inline&joinLevel=3&pick=operator{fleet{number,line{length}}}&format=simplified",
                    // The way back to where it began is not gone; lineB is above.
                    json!({"operator": {"fleet": [
                        {"number": 1, "line": {"dataset": {"@none": {"length": 12}, "urn:d:plan": "urn:x:lineB"}}},
                        {"number": 2, "line": "urn:x:lineB"}]}}),
                ),
                (
                    "/urn:x:lineB",
                    "join=inline&joinLevel=1&containedBy=urn:x:other,urn:x:firm&pick=operator&format=simplified",
                    json!({"operator": "urn:x:firm"}),
                ),
                (
                    "/urn:x:self",
                    "join=inline&joinLevel=10&format=simplified",
                    json!({"id": "urn:x:self", "type": "Loop", "next": "urn:x:self"}),
                ),
            ] {
                let answer = get(&broker, path, text).await;
                assert_eq!(answer.status, 200, "{path}?{text}: {}", answer.text);
                assert_eq!(answer.json(), expected, "{path}?{text} on {}", broker.kind);
            }
            let sys = get(&broker, "/urn:x:bus2", "join=inline&options=sysAttrs").await.json();
            assert!(
                sys["line"]["entity"]["createdAt"].is_string()
                    && sys["line"]["entity"]["length"]["modifiedAt"].is_string()
            );
        }
    });
}

#[test]
fn flat_answers_are_arrays_of_linking_entities_and_then_linked_ones() {
    run(async {
        let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";
        for broker in Broker::every().await {
            fill(&broker).await;
            for (path, text, expected) in [
                ("/urn:x:bus1", "join=flat", "bus1 lineA lineB ann ben"),
                ("/urn:x:ann", "join=flat", "ann"),
                ("/urn:x:self", "join=flat&joinLevel=5", "self"),
                ("/urn:x:bus1", "join=flat&pick=id,line", "bus1 lineA lineB"),
                ("/urn:x:bus1", "join=flat&datasetId=@none&pick=id,line", "bus1 lineA"),
                (
                    "/urn:x:bus1",
                    "join=flat&joinLevel=2&pick=id,line,stops,operator",
                    "bus1 lineA lineB firm stop2 stop1",
                ),
                ("/urn:x:bus1", "join=flat&joinLevel=2&pick=id,line{id,stops{id}}", "bus1 lineA lineB stop2 stop1"),
                ("/urn:x:bus1", "join=flat&joinLevel=1&containedBy=urn:x:lineA,urn:x:ben", "bus1 lineB ann"),
                ("", "type=Bus&join=flat&omit=drivers", "bus1 bus2 lineA lineB"),
                ("", "type=Bus,Line&join=flat&omit=drivers", "bus1 bus2 lineA lineB firm stop2 stop1"),
                ("", "type=Bus&limit=1&join=flat&omit=drivers", "bus1 lineA lineB"),
                ("", "type=Nothing&join=flat", ""),
            ] {
                let answer = get(&broker, path, text).await;
                assert_eq!(answer.status, 200, "{path}?{text}: {}", answer.text);
                assert_eq!(ids(&answer), expected, "{path}?{text} on {}", broker.kind);
                let path = format!("{ENTITIES}{path}?{}", query(text));
                let geo = broker.get(&path).header("accept", "application/geo+json").send().await;
                assert_eq!(
                    (ids(&geo).as_str(), &geo.json()["type"], &geo.json()["@context"]),
                    (expected, &json!("FeatureCollection"), &json!(core))
                );
                let ld = broker.get(&path).header("accept", "application/ld+json").send().await;
                assert!(ld.json().as_array().unwrap().iter().all(|entity| entity["@context"] == core), "{path}");
            }
            let paged = get(&broker, "", "type=Bus&limit=1&count=true&join=flat").await;
            assert_eq!(paged.header("NGSILD-Results-Count"), Some("2"), "linked entities do not count");
            assert!(paged.headers("link").contains("rel=\"next\"") && paged.headers("link").contains("join=flat"));
            let path = format!("{ENTITIES}/urn:x:bus1?join=inline&pick={}", encode("line{id}"));
            let ld = broker.get(&path).header("accept", "application/ld+json").send().await.json();
            assert!(ld["@context"] == core && ld["line"][0]["entity"] == json!({"id": "urn:x:lineA"}));
            let geo = broker.get(&path).header("accept", "application/geo+json").send().await.json();
            assert_eq!(geo["properties"]["line"][0]["entity"], json!({"id": "urn:x:lineA"}));
            let point = json!({"type": "Point", "coordinates": [139.1, 35.1]});
            let stops =
                broker.get(&format!("{ENTITIES}/urn:x:lineA?join=flat")).header("accept", "application/geo+json");
            assert_eq!(stops.send().await.json()["features"][3]["geometry"], point);
        }
    });
}

#[test]
fn queries_ask_about_linked_entities() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            for (q, levels, expected) in [
                ("line{length}>20", 1, "bus1 bus2"),
                ("line{length}<20", 1, "bus1"),
                ("line{length}!=12", 1, "bus2"),
                ("line{label[ja]}==\"甲線\"", 1, "bus1"),
                ("line{Line:length}==30;seats>50", 1, "bus2"),
                ("line{Road:length}==30", 1, ""),
                ("line{Road,Line:length}==12|seats>50", 1, "bus1 bus2"),
                ("line{operator{name}}==\"City Bus\"", 2, "bus1 bus2"),
                ("line{operator{Organization:name}}~=^City", 2, "bus1 bus2"),
                ("line{stops{Stop:name}}==\"Hall\"", 2, "bus1"),
                ("drivers{name}", 1, "bus1"),
                ("drivers{name}!~=^A", 1, ""),
                ("line{operator}==urn:x:firm", 1, "bus1 bus2"),
            ] {
                let text = format!("q={q}&join=inline&joinLevel={levels}&type=Bus&pick=id&count=true");
                let answer = get(&broker, "", &text).await;
                assert_eq!(answer.status, 200, "{q}: {}", answer.text);
                assert_eq!(ids(&answer), expected, "{q} on {}", broker.kind);
                let count = expected.split_whitespace().count().to_string();
                assert_eq!(answer.header("NGSILD-Results-Count"), Some(count.as_str()), "{q}");
                let body = json!({"type": "Query", "entities": [{"type": "Bus"}], "q": q, "join": "flat", "joinLevel": levels, "pick": ["id"]});
                assert_eq!(ids(&broker.post(QUERY, &body).send().await), expected, "POST {q} on {}", broker.kind);
            }
            let untyped = get(&broker, "", "q=line{length}==12&join=flat&pick=id").await;
            assert_eq!(ids(&untyped), "bus1", "a path into linked entities names an attribute");
            let body = json!({
                "type": "Query", "entities": [{"type": "Bus"}], "q": "seats==60", "join": "inline", "joinLevel": 2,
                "pick": ["id", "line{label,operator{name}}"], "containedBy": ["urn:x:lineA"], "lang": "ja",
                "@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
            });
            let answer = broker.post(&format!("{QUERY}?format=simplified"), &body).send().await;
            let expected = json!([{"id": "urn:x:bus2", "line": {"label": "乙線", "operator": {"name": "City Bus"}}}]);
            assert_eq!(answer.json(), expected, "{}", answer.text);
        }
    });
}

#[test]
fn names_in_braces_are_those_of_the_context() {
    run(async {
        for broker in Broker::every().await {
            let context = json!({"route": "https://example.org/line", "Track": "https://example.org/Line", "km": "https://example.org/length"});
            let create = async |mut body: Value| {
                body["@context"] = context.clone();
                broker.create(&body).await;
            };
            create(json!({"id": "urn:x:b", "type": "Bus", "route": {"object": "urn:x:l"}})).await;
            create(json!({"id": "urn:x:l", "type": "Track", "km": 5})).await;
            let body = json!({"type": "Query", "q": "route{Track:km}==5", "join": "inline", "pick": ["route{km}"], "@context": context});
            let answer = broker.post(&format!("{QUERY}?format=simplified"), &body).send().await;
            assert_eq!(answer.json(), json!([{"route": {"km": 5}}]), "{}", answer.text);
            let other = json!({"type": "Query", "q": "route{Track:km}==5", "join": "inline"});
            assert_eq!(broker.post(QUERY, &other).send().await.json(), json!([]), "other names mean other attributes");
        }
    });
}

#[test]
fn what_is_wrong_with_a_join_is_told() {
    run(async {
        let broker = Broker::sqlite().await;
        fill(&broker).await;
        for (text, status, place) in [
            ("join=nested", 400, "join"),
            ("joinLevel=1", 400, "joinLevel"),
            ("join=@none&joinLevel=1", 400, "joinLevel"),
            ("join=flat&joinLevel=0", 400, "joinLevel"),
            ("join=flat&joinLevel=1.0", 400, "joinLevel"),
            ("join=flat&joinLevel=x", 400, "joinLevel"),
            ("join=flat&joinLevel=-1", 400, "joinLevel"),
            ("join=flat&joinLevel=11", 403, "joinLevel"),
            ("join=flat&containedBy=urn:x:1", 400, "containedBy"),
            ("join=flat&joinLevel=1&containedBy=x", 400, "containedBy"),
            ("containedBy=urn:x:1", 400, "containedBy"),
            ("pick=line{id}", 400, "pick"),
            ("join=@none&omit=line{id}", 400, "omit"),
            ("join=flat&pick=line{operator{id}}", 400, "pick"),
            ("join=flat&joinLevel=2&pick=line{operator{fleet{id}}}", 400, "pick"),
            ("join=flat&attrs=line{id}", 400, "attrs"),
            ("join=flat&pick=line{id", 400, "pick, character 8"),
            ("join=flat&pick=line{}", 400, "pick, character 6"),
            ("join=flat&pick=line{a}&omit=line{a}", 400, "omit"),
        ] {
            for path in ["/urn:x:bus1", ""] {
                let text = if path.is_empty() { format!("type=Bus&{text}") } else { text.to_owned() };
                let answer = get(&broker, path, &text).await;
                let error = if status == 403 { "TooComplexQuery" } else { "BadRequestData" };
                assert_eq!((answer.status, answer.error().as_str()), (status, error), "{path}?{text}: {}", answer.text);
                assert!(answer.text.contains(&format!("(at {place})")), "{path}?{text}: {}", answer.text);
            }
        }
        for (text, at) in [
            ("q=line{length}==1", "q"),
            ("q=line{length}==1&join=@none", "q"),
            ("q=line{operator{name}}&join=inline", "q"),
            ("q=line{length&join=inline", "q, character 12"),
            ("q=a.line{length}&join=inline", "q, character 7"),
        ] {
            let answer = get(&broker, "", &format!("type=Bus&{text}")).await;
            assert_eq!((answer.status, answer.error().as_str()), (400, "BadRequestData"), "{text}");
            assert!(answer.text.contains(&format!("(at {at})")), "{text}: {}", answer.text);
        }
        for (members, place) in [
            (json!({"join": "sideways"}), "join"),
            (json!({"join": 1}), "/join"),
            (json!({"joinLevel": 1}), "joinLevel"),
            (json!({"join": "flat", "joinLevel": "1"}), "/joinLevel"),
            (json!({"join": "flat", "joinLevel": 1.5}), "/joinLevel"),
            (json!({"join": "flat", "joinLevel": 0}), "joinLevel"),
            (json!({"join": "flat", "containedBy": ["urn:x:1"]}), "containedBy"),
            (json!({"join": "flat", "joinLevel": 1, "containedBy": []}), "/containedBy"),
            (json!({"pick": ["line{id}"]}), "pick"),
            (json!({"join": "flat", "pick": ["line{id", "type}"]}), "pick, character 8"),
            (json!({"q": "line{id}"}), "q"),
        ] {
            let mut body = json!({"type": "Query", "entities": [{"type": "Bus"}]});
            body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            let answer = broker.post(QUERY, &body).send().await;
            assert_eq!((answer.status, answer.error().as_str()), (400, "BadRequestData"), "{members}: {}", answer.text);
            assert!(answer.text.contains(&format!("(at {place})")), "{members}: {}", answer.text);
        }
        for text in ["type=Bus&q=line{length}==1", "type=Bus&drop=line{a}", "type=Bus&join=flat"] {
            let answer = broker.ask(Method::DELETE, &format!("{ENTITIES}?{}", query(text))).send().await;
            assert_eq!(answer.status, 400, "{text}");
        }
        assert_eq!(get(&broker, "", "type=Bus").await.json().as_array().unwrap().len(), 2);
    });
}

#[test]
fn answers_with_linked_entities_are_never_stale() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            let change = async |id: &str, body: Value| {
                let answer = broker.ask(Method::PATCH, &format!("{ENTITIES}/{id}")).body(&body).send().await;
                assert_eq!(answer.status, 204);
            };
            for (path, text) in [
                ("/urn:x:bus2", "join=inline&joinLevel=2"),
                ("/urn:x:bus2", "join=flat&joinLevel=2"),
                ("", "type=Bus&join=inline&joinLevel=2"),
                ("", "type=Bus&join=flat&joinLevel=2&q=line{operator{name}}~=Bus"),
            ] {
                let path = format!("{ENTITIES}{path}?{}", query(text));
                let ask = async |tag: &str| broker.get(&path).header("if-none-match", tag).send().await;
                let first = ask("\"none\"").await;
                let tag = first.header("etag").unwrap().to_owned();
                assert_eq!(ask(&tag).await.status, 304, "{path}");
                let plain = broker.get(&format!("{ENTITIES}/urn:x:bus2")).header("if-none-match", &tag).send().await;
                assert_eq!(plain.status, 200, "another answer is not known");
                let name = format!("Bus of {path}");
                change("urn:x:firm", json!({"name": name})).await;
                let changed = ask(&tag).await;
                assert!(
                    changed.status == 200 && changed.json().to_string().contains(&name),
                    "{path} on {}",
                    broker.kind
                );
            }
            let text = "join=inline&pick=drivers{name}&format=simplified";
            let names = async || get(&broker, "/urn:x:bus1", text).await.json()["drivers"].clone();
            broker.create(&json!({"id": "urn:x:nobody", "type": "Person", "name": "Cay"})).await;
            assert_eq!(names().await[2], json!({"name": "Cay"}), "what was not there is found at once");
            let gone = broker.ask(Method::DELETE, &format!("{ENTITIES}/urn:x:ann")).send().await;
            assert_eq!(gone.status, 204);
            assert_eq!(names().await, json!(["urn:x:ann", {"name": "Ben"}, {"name": "Cay"}]));
            change("urn:x:ben", json!({"expiresAt": "2020-01-01T00:00:00Z"})).await;
            assert_eq!(
                names().await,
                json!(["urn:x:ann", "urn:x:ben", {"name": "Cay"}]),
                "what has expired is not there"
            );
            let of_another = broker.post(ENTITIES, &json!({"id": "urn:x:ann", "type": "Person", "name": "Other"}));
            assert_eq!(of_another.header("NGSILD-Tenant", "other").send().await.status, 201);
            assert_eq!(names().await[0], "urn:x:ann", "what another tenant has is not there");
        }
    });
}

#[test]
fn an_answer_holds_so_many_linked_entities_and_no_more() {
    run(async {
        for broker in Broker::every().await {
            // Each of 40 knows all: 40 × 40 at the first level, and 39 times as many at the second.
            let all: Vec<String> = (0..40).map(|n| format!("urn:k:{n}")).collect();
            let batch: Vec<Value> =
                all.iter().map(|id| json!({"id": id, "type": "Knower", "knows": {"object": all}})).collect();
            assert_eq!(broker.post("/ngsi-ld/v1/entityOperations/create", &json!(batch)).send().await.status, 201);
            for (text, status) in [
                ("join=inline&limit=40", 200),
                ("join=inline&joinLevel=2&limit=5", 200),
                ("join=inline&joinLevel=2&limit=40", 403),
                ("join=inline&joinLevel=10&limit=1", 403),
                ("join=flat&joinLevel=10&limit=40", 200),
            ] {
                let answer = get(&broker, "", &format!("type=Knower&{text}")).await;
                assert_eq!(answer.status, status, "{text}");
                if status == 403 {
                    assert_eq!(answer.error(), "TooManyResults");
                    assert!(answer.text.contains("10000 linked entities"), "{}", answer.text);
                }
            }
            // One large entity in many places.
            let blob = "x".repeat(100_000);
            broker.create(&json!({"id": "urn:k:blob", "type": "Blob", "text": blob})).await;
            let holders: Vec<Value> = (0..700)
                .map(|n| json!({"id": format!("urn:k:h{n}"), "type": "Holder", "holds": {"object": "urn:k:blob"}}))
                .collect();
            assert_eq!(broker.post("/ngsi-ld/v1/entityOperations/create", &json!(holders)).send().await.status, 201);
            let large = get(&broker, "", "type=Holder&join=inline&limit=700").await;
            assert_eq!((large.status, large.error().as_str()), (403, "TooManyResults"), "{}", &large.text[..200]);
            assert_eq!(get(&broker, "", "type=Holder&join=flat&limit=700").await.status, 200);
        }
    });
}
