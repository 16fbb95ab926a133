//! Queries and representations over HTTP (clauses 5.7.2, 6.3.10, 6.4.3.2, 6.23).

use serde_json::{Value, json};

use crate::support::{Answer, Broker, encode, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

async fn fill(broker: &Broker) {
    let batch: Vec<Value> = (0..10)
        .map(|n| {
            json!({
                "id": format!("urn:x:{n}"), "type": if n % 2 == 0 { json!("Even") } else { json!(["Odd", "Number"]) },
                "n": n, "word": format!("w{}", n % 3), "scope": format!("/s/l{}", n % 2),
                "label": {"languageMap": {"ja": format!("番号{n}"), "en": format!("number {n}")}},
                "location": {"type": "Point", "coordinates": [139.0 + f64::from(n) / 100.0, 35.0]}
            })
        })
        .collect();
    assert_eq!(broker.post("/ngsi-ld/v1/entityOperations/create", &json!(batch)).send().await.status, 201);
}

fn ids(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let items = body.as_array().or_else(|| body["features"].as_array()).unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().trim_start_matches("urn:x:").to_owned()).collect()
}

#[test]
fn every_selection_finds_what_it_says() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            for (query, expected) in [
                ("type=Even", "0 2 4 6 8"),
                ("type=Odd,Even&limit=3", "0 1 2"),
                ("type=(Odd;Number)", "1 3 5 7 9"),
                ("type=Nothing", ""),
                ("type=*&limit=2", "0 1"),
                ("id=urn:x:3,urn:x:1&type=Odd", "1 3"),
                ("id=urn:x:3&local=true", "3"),
                ("idPattern=x:[45]$&local=true", "4 5"),
                ("attrs=n&limit=1", "0"),
                ("q=n>7", "8 9"),
                ("type=Even&q=n>5|word==\"w0\"", "0 6 8"),
                ("q=label[ja]==\"番号7\"", "7"),
                ("q=label~=\"[12]$\"", "1 2"),
                ("type=Even&scopeQ=/s/l0", "0 2 4 6 8"),
                ("type=Even&scopeQ=/s/l1", ""),
                ("type=Odd&scopeQ=/s/%23", "1 3 5 7 9"),
                ("georel=near;maxDistance==1000&geometry=Point&coordinates=[139.03,35]", "2 3 4"),
                (
                    "georel=within&geometry=Polygon&coordinates=[[[138.9,34.9],[139.015,34.9],[139.015,35.1],[138.9,35.1],[138.9,34.9]]]",
                    "0 1",
                ),
                ("type=Even&local=true&orderBy=n;desc", "8 6 4 2 0"),
                ("type=Even,Odd&local=true&orderBy=word,n;desc&limit=4", "9 6 3 0"),
                ("type=Even&local=true&orderBy=location;dist-asc&orderFrom=[139.049,35]&limit=3", "4 6 2"),
                ("type=Even&offset=3", "6 8"),
                ("type=Even&offset=99", ""),
            ] {
                let query: Vec<String> = query
                    .split('&')
                    .map(|pair| pair.split_once('=').unwrap())
                    .map(|(name, value)| format!("{name}={}", encode(&value.replace("%23", "#"))))
                    .collect();
                let answer = broker.get(&format!("{ENTITIES}?{}", query.join("&"))).send().await;
                assert_eq!(answer.status, 200, "{query:?}: {}", answer.text);
                assert_eq!(ids(&answer).join(" "), expected, "{query:?} on {}", broker.kind);
            }
            // What clients that are older than type=* send for it.
            for (query, expected) in [
                ("idPattern=.*&limit=1000", "0 1 2 3 4 5 6 7 8 9"),
                ("idPattern=.*&id=urn:x:3", "3"),
                ("idPattern=.*&q=createdAt<2020-01-01T00:00:00Z", ""),
            ] {
                let answer = broker.get(&format!("{ENTITIES}/?{query}")).send().await;
                assert_eq!((answer.status, ids(&answer).join(" ").as_str()), (200, expected), "{query}");
            }
            for query in [
                "",
                "local=false",
                "idPattern=urn:.*",
                "idPattern=.*&local=false",
                "id=urn:x:3",
                "scopeQ=/s",
                "pick=n",
                "q=createdAt>2020-01-01T00:00:00Z",
            ] {
                let answer = broker.get(&format!("{ENTITIES}?{query}")).send().await;
                assert_eq!((answer.status, answer.error().as_str()), (400, "BadRequestData"), "too wide: {query}");
            }
        }
    });
}

#[test]
fn post_queries_mean_the_same() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            let path = "/ngsi-ld/v1/entityOperations/query";
            for (body, expected) in [
                (json!({"entities": [{"type": "Even"}]}), "0 2 4 6 8"),
                (json!({"entities": [{"type": "Even", "id": "urn:x:2"}, {"type": "Odd", "idPattern": "3$"}]}), "2 3"),
                (json!({"entities": [{"type": "*"}], "q": "n<2"}), "0 1"),
                (json!({"attrs": ["n"], "q": "n==5"}), "5"),
                (
                    json!({"geoQ": {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [139.03, 35]}}),
                    "2 3 4",
                ),
                (json!({"entities": [{"type": "Even"}], "scopeQ": "/s/#", "pick": ["id"]}), "0 2 4 6 8"),
            ] {
                let mut body = body;
                body["type"] = json!("Query");
                let answer = broker.post(path, &body).send().await;
                assert_eq!(
                    (answer.status, ids(&answer).join(" ").as_str()),
                    (200, expected),
                    "{body} on {}",
                    broker.kind
                );
            }
            let ordered = json!({"type": "Query", "entities": [{"type": "Even"}], "ordering": {"orderBy": ["n;desc"]}});
            let answer = broker.post(&format!("{path}?local=true&limit=2&count=true"), &ordered).send().await;
            assert_eq!((ids(&answer).join(" ").as_str(), answer.header("NGSILD-Results-Count")), ("8 6", Some("5")));
            for body in [
                json!({"entities": [{"type": "Even"}]}),
                json!({"type": "Query"}),
                json!({"type": "Query", "entities": []}),
                json!({"type": "Query", "entities": [{"id": "urn:x:1"}]}),
                json!({"type": "Query", "attrs": []}),
                json!({"type": "Query", "q": 5}),
                json!({"type": "Query", "odd": 5}),
                json!({"type": "Query", "entities": [{"type": "Even"}], "temporalQ": {}}),
                json!([]),
            ] {
                let answer = broker.post(path, &body).send().await;
                assert_eq!((answer.status, answer.error().as_str()), (400, "BadRequestData"), "{body}");
            }
        }
    });
}

#[test]
fn paging_links_lead_through_the_whole_result() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            let mut path = format!("{ENTITIES}?type=Even,Odd&limit=4&count=true&format=simplified&pick=id");
            let (mut seen, mut pages) = (Vec::new(), Vec::new());
            loop {
                let answer = broker.get(&path).send().await;
                assert_eq!(answer.header("NGSILD-Results-Count"), Some("10"));
                seen.extend(ids(&answer));
                let links = answer.headers("link");
                pages.push((links.contains("rel=\"prev\""), links.contains("rel=\"next\"")));
                let next = links.split(", ").find(|link| link.contains("rel=\"next\""));
                let Some(next) = next else { break };
                assert!(next.contains("type=\"application/ld+json\""), "{next}");
                path = next[1..next.find('>').unwrap()].to_owned();
                assert!(path.starts_with("/ngsi-ld/v1/entities?"), "{path}");
            }
            assert_eq!(seen.join(" "), "0 1 2 3 4 5 6 7 8 9");
            assert_eq!(pages, [(false, true), (true, true), (true, false)]);
            let count = broker.get(&format!("{ENTITIES}?type=None&limit=0&count=true")).send().await;
            assert_eq!(
                (count.status, count.text.as_str(), count.header("NGSILD-Results-Count")),
                (200, "[]", Some("0"))
            );
        }
    });
}

#[test]
fn media_types_decide_where_the_context_goes() {
    run(async {
        let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";
        for broker in Broker::every().await {
            fill(&broker).await;
            let path = format!("{ENTITIES}/urn:x:1");
            let plain = broker.get(&path).send().await;
            assert_eq!(plain.header("content-type"), Some("application/json"));
            assert!(plain.headers("link").contains(core) && plain.json().get("@context").is_none());
            let ld = broker.get(&path).header("accept", "application/ld+json").send().await;
            assert_eq!(ld.header("content-type"), Some("application/ld+json"));
            assert!(ld.header("link").is_none() && ld.json()["@context"] == core);
            let geo = broker.get(&path).header("accept", "application/geo+json").send().await;
            assert_eq!((geo.json()["type"].as_str(), geo.json()["@context"].as_str()), (Some("Feature"), Some(core)));
            let geo =
                broker.get(&path).header("accept", "application/geo+json").header("prefer", "body=json").send().await;
            assert!(geo.headers("link").contains(core) && geo.json().get("@context").is_none());
            let list =
                broker.get(&format!("{ENTITIES}?type=Even")).header("accept", "application/ld+json").send().await;
            assert!(list.json().as_array().unwrap().iter().all(|entity| entity["@context"] == core));
            let list = broker
                .get(&format!("{ENTITIES}?type=Even&format=simplified"))
                .header("accept", "application/geo+json")
                .send()
                .await;
            assert_eq!(list.json()["features"][1]["properties"]["n"], 2);
            let types = broker.get("/ngsi-ld/v1/types").header("accept", "application/geo+json").send().await;
            assert_eq!(types.status, 406);
            let wrong = broker.get(&path).header("accept", "text/turtle").send().await;
            assert!(wrong.status == 406 && wrong.text.contains("application/ld+json"));
        }
    });
}

#[test]
fn shapes_of_answers_follow_the_parameters() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            let get = async |query: &str| broker.get(&format!("{ENTITIES}/urn:x:1?{query}")).send().await.json();
            assert_eq!(get("pick=id,n").await, json!({"id": "urn:x:1", "n": {"type": "Property", "value": 1}}));
            assert_eq!(
                get("omit=location,label,scope&format=simplified").await,
                json!({"id": "urn:x:1", "type": ["Odd", "Number"], "n": 1, "word": "w1"})
            );
            assert_eq!(
                get("attrs=n&format=concise").await,
                json!({"id": "urn:x:1", "type": ["Odd", "Number"], "n": 1})
            );
            assert_eq!(get("lang=en&pick=label&format=simplified").await, json!({"label": "number 1"}));
            assert_eq!(
                get("lang=fr,ja;q=0.5&pick=label").await["label"],
                json!({"type": "Property", "value": "番号1", "lang": "ja"})
            );
            let sys = get("options=sysAttrs&pick=n,createdAt").await;
            assert!(
                sys["createdAt"].is_string() && sys["n"]["modifiedAt"].is_string() && sys.get("modifiedAt").is_none()
            );
            for (query, error) in [
                ("options=odd", "InvalidRequest"),
                ("format=odd", "InvalidRequest"),
                ("pick=", "BadRequestData"),
                ("pick=r{a}", "BadRequestData"),
                ("join=sideways", "BadRequestData"),
            ] {
                let answer = broker
                    .get(&format!("{ENTITIES}/urn:x:1?{}", query.replace('{', "%7B").replace('}', "%7D")))
                    .send()
                    .await;
                assert_eq!(answer.error(), error, "{query}");
            }
        }
    });
}

#[test]
fn entity_tags_spare_what_is_known() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            for path in [format!("{ENTITIES}/urn:x:1"), format!("{ENTITIES}?type=Odd")] {
                let first = broker.get(&path).send().await;
                let tag = first.header("etag").unwrap().to_owned();
                let again = broker.get(&path).header("if-none-match", &tag).send().await;
                assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
                let other = broker
                    .get(&path)
                    .header("if-none-match", &tag)
                    .header("accept", "application/ld+json")
                    .send()
                    .await;
                assert_eq!(other.status, 200, "another representation is not known");
                let change =
                    broker.ask(reqwest::Method::PATCH, &format!("{ENTITIES}/urn:x:1")).body(&json!({"n": "changed"}));
                assert_eq!(change.send().await.status, 204);
                let changed = broker.get(&path).header("if-none-match", &tag).send().await;
                assert!(changed.status == 200 && changed.text.contains("changed"), "{path}");
            }
        }
    });
}

#[test]
fn discovery_counts_what_there_is() {
    run(async {
        for broker in Broker::every().await {
            fill(&broker).await;
            let get = async |path: &str| broker.get(&format!("/ngsi-ld/v1/{path}")).send().await;
            assert_eq!(get("types").await.json()["typeList"], json!(["Even", "Number", "Odd"]));
            let details = get("types?details=true").await.json();
            assert_eq!(details[0]["typeName"], "Even");
            assert_eq!(details[0]["attributeNames"], json!(["label", "n", "word", "location"]));
            let info = get("types/Odd").await.json();
            assert_eq!((info["type"].as_str(), info["entityCount"].as_u64()), (Some("EntityTypeInfo"), Some(5)));
            let location =
                info["attributeDetails"].as_array().unwrap().iter().find(|a| a["attributeName"] == "location");
            assert_eq!(location.unwrap()["attributeTypes"], json!(["GeoProperty"]));
            let attribute = get("attributes/n").await.json();
            assert_eq!(
                (attribute["attributeCount"].as_u64(), &attribute["typeNames"]),
                (Some(10), &json!(["Even", "Number", "Odd"]))
            );
            assert_eq!(get("attributes").await.json()["attributeList"], json!(["label", "n", "word", "location"]));
            assert_eq!(get("types/Nothing").await.status, 404);
            assert_eq!(get("attributes/nothing").await.status, 404);
            assert_eq!(get("types?details=maybe").await.status, 400);
            let iri = "https%3A%2F%2Furi.etsi.org%2Fngsi-ld%2Fdefault-context%2FEven";
            assert_eq!(get(&format!("types/{iri}")).await.json()["typeName"], "Even");
            broker.create(&json!({"id": "urn:x:late", "type": "Late", "n": 1})).await;
            assert!(get("types").await.text.contains("Late"), "discovery follows writes at once");
        }
    });
}

#[test]
fn the_same_path_serves_head_options_and_a_trailing_slash() {
    run(async {
        let broker = Broker::sqlite().await;
        fill(&broker).await;
        let head = broker.ask(reqwest::Method::HEAD, &format!("{ENTITIES}?type=Even")).send().await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        assert_eq!(broker.get(&format!("{ENTITIES}/?type=Even&limit=1000&count=true")).send().await.status, 200);
        let options =
            broker.ask(reqwest::Method::OPTIONS, ENTITIES).header("origin", "https://app.example").send().await;
        assert_eq!((options.status, options.header("allow")), (204, Some("GET, POST, DELETE, HEAD, OPTIONS")));
        assert_eq!(options.header("access-control-allow-origin"), Some("*"));
        let cors = broker.get(&format!("{ENTITIES}?type=Even")).header("origin", "https://app.example").send().await;
        assert!(cors.header("access-control-expose-headers").unwrap().contains("NGSILD-Results-Count"));
        // What asks in a body only reads, too; what writes is not for pages of others.
        for (path, allowed) in [
            ("/ngsi-ld/v1/entityOperations/query", "GET, HEAD, OPTIONS, POST"),
            ("/sparql", "GET, HEAD, OPTIONS, POST"),
            ("/ngsi-ld/v1/entityOperations/upsert", "GET, HEAD, OPTIONS"),
        ] {
            let options =
                broker.ask(reqwest::Method::OPTIONS, path).header("origin", "https://app.example").send().await;
            assert_eq!(options.header("access-control-allow-methods"), Some(allowed), "{path}");
            let post =
                broker.ask(reqwest::Method::POST, path).header("origin", "https://app.example").raw("text/plain", "");
            let may = post.send().await.header("access-control-allow-origin").is_some();
            assert_eq!(may, allowed.ends_with("POST"), "{path}");
        }
        let packed = broker.get(&format!("{ENTITIES}?type=Even")).header("accept-encoding", "gzip").send().await;
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
    });
}
