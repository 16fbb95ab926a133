//! Pages, downloads and linked data, as a browser or a program gets them.

use serde_json::{Value, json};

use crate::support::{Answer, Broker, encode, run};

async fn broker_with_places() -> Vec<Broker> {
    let brokers = Broker::every().await;
    for broker in &brokers {
        let context = format!("{}/contexts/hiroba.jsonld", broker.base);
        broker
            .create(&json!({
                "@context": context, "id": "urn:ngsi-ld:AED:990019:1", "type": "AED",
                "name": {"type": "LanguageProperty", "languageMap": {"ja": "広場市役所", "en": "Hiroba City Hall"}},
                "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.5, 35.5]}},
                "hasChildEquipment": true,
                "installationPosition": {"type": "Property", "value": "1階, \"受付\" <script>alert(1)</script>"},
            }))
            .await;
        broker
            .create(&json!({
                "@context": context, "id": "urn:ngsi-ld:AED:990019:2", "type": "AED", "name": "公民館",
                "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.6, 35.6]}},
            }))
            .await;
        broker
            .create(&json!({
                "@context": context, "id": "urn:ngsi-ld:Dataset:990019:aed", "type": "Dataset", "title": "AED設置箇所一覧",
                "entityType": {"type": "VocabProperty", "vocab": "AED"},
                "license": "https://creativecommons.org/licenses/by/4.0/deed.ja",
            }))
            .await;
    }
    brokers
}

async fn page(broker: &Broker, path: &str, language: &str) -> Answer {
    broker.get(path).header("accept", "text/html,*/*;q=0.8").header("accept-language", language).send().await
}

#[test]
fn the_first_page_shows_data_sets_in_the_reader_s_language() {
    run(async {
        for broker in broker_with_places().await {
            let japanese = page(&broker, "/", "ja").await;
            assert_eq!(japanese.status, 200);
            for part in ["lang=\"ja\"", "AED設置箇所一覧", "2件", "/data/AED.csv"] {
                assert!(japanese.text.contains(part), "{part} in {}", japanese.text);
            }
            let english = page(&broker, "/?lang=en", "ja").await;
            assert!(english.text.contains("lang=\"en\"") && english.text.contains("Licence"), "{}", english.text);
            // The choice is kept, and nothing from elsewhere is allowed.
            assert!(english.header("set-cookie").unwrap().starts_with("hiroba-language=en"));
            let policy = english.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'self'") && !policy.contains("http"), "{policy}");
            let program = broker.get("/").header("accept", "application/json").send().await.json();
            assert_eq!(program["datasets"][0]["title"], "AED設置箇所一覧");
            assert_eq!(program["datasets"][0]["entities"], 2);
        }
    });
}

#[test]
fn a_type_s_page_searches_and_escapes() {
    run(async {
        for broker in broker_with_places().await {
            let all = page(&broker, "/data/AED", "ja").await;
            assert!(all.text.contains("広場市役所") && all.text.contains("公民館"), "{}", all.text);
            assert!(!all.text.contains("<script>alert"), "markup in data stays text");
            for (search, expected) in [("役所", [true, false]), ("CITY", [true, false]), ("公(", [false, false])] {
                let found = page(&broker, &format!("/data/AED?search={}", encode(search)), "ja").await;
                assert_eq!(found.status, 200, "{}", found.text);
                let names = ["広場市役所", "公民館"].map(|name| found.text.contains(&format!(">{name}</a>")));
                assert_eq!(names, expected, "{search}");
            }
            assert_eq!(page(&broker, "/data/Nowhere", "ja").await.status, 404);
        }
    });
}

#[test]
fn downloads_are_whole_and_machine_readable() {
    run(async {
        for broker in broker_with_places().await {
            let csv = broker.get("/data/AED.csv").send().await;
            assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
            let mut reader = csv::Reader::from_reader(csv.text.trim_start_matches('\u{feff}').as_bytes());
            let head: Vec<String> = reader.headers().unwrap().iter().map(ToOwned::to_owned).collect();
            let rows: Vec<Vec<String>> =
                reader.records().map(|row| row.unwrap().iter().map(ToOwned::to_owned).collect()).collect();
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[1][head.iter().position(|title| title == "name_ja").unwrap()], "公民館");
            let column = |name: &str| head.iter().position(|title| title == name).unwrap_or_else(|| panic!("{head:?}"));
            assert_eq!(rows[0][column("id")], "urn:ngsi-ld:AED:990019:1");
            assert_eq!(rows[0][column("installationPosition")], "1階, \"受付\" <script>alert(1)</script>");

            let features = broker.get("/data/AED.geojson").send().await;
            assert_eq!(features.header("content-type"), Some("application/geo+json"));
            let features = features.json();
            assert_eq!(features["features"][0]["geometry"]["coordinates"], json!([139.5, 35.5]));
            assert_eq!(features["features"].as_array().unwrap().len(), 2);
            let empty = broker.get("/data/PublicToilet.geojson").send().await.json();
            assert_eq!(empty, json!({"type": "FeatureCollection", "features": []}), "a type without entities yet");
            // A data set of another type, all of whose entities are gone.
            let dataset = json!({
                "@context": format!("{}/contexts/hiroba.jsonld", broker.base), "id": "urn:ngsi-ld:Dataset:990019:lamp",
                "type": "Dataset", "entityType": {"type": "VocabProperty", "vocab": "Lamp"},
            });
            broker.create(&dataset).await;
            assert_eq!(broker.get("/data/Lamp.csv").send().await.status, 200);
            for ending in ["csv", "geojson"] {
                let nowhere = broker.get(&format!("/data/Nowhere.{ending}")).send().await;
                assert_eq!(nowhere.status, 404, "{ending}");
                assert!(nowhere.text.contains("no entity has this type"), "{}", nowhere.text);
            }
        }
    });
}

#[test]
fn an_entity_s_address_answers_in_the_form_asked_for() {
    run(async {
        for broker in broker_with_places().await {
            let path = "/entities/urn:ngsi-ld:AED:990019:1";
            for (accept, ending, kind, part) in [
                ("text/html", ".html", "text/html", "広場市役所"),
                ("text/turtle", ".ttl", "text/turtle", "\"Hiroba City Hall\"@en"),
                ("application/n-triples", ".nt", "application/n-triples", "<https://schema.org/name>"),
                ("application/ld+json", ".jsonld", "application/ld+json", "\"@context\""),
            ] {
                let negotiated = broker.get(path).header("accept", accept).send().await;
                let direct = broker.get(&format!("{path}{ending}")).send().await;
                for answer in [negotiated, direct] {
                    assert_eq!(answer.status, 200, "{accept}: {}", answer.text);
                    assert!(answer.header("content-type").unwrap().starts_with(kind), "{accept}");
                    assert!(answer.text.contains(part), "{accept}: {}", answer.text);
                }
            }
            assert_eq!(broker.get("/entities/urn:x:none").header("accept", "text/turtle").send().await.status, 404);
            assert_eq!(page(&broker, "/entities/no-uri", "ja").await.status, 404);
            assert_eq!(broker.get(path).header("accept", "image/png").send().await.status, 406);
        }
    });
}

#[test]
fn clients_that_name_no_context_get_the_vocabulary_if_the_operator_says_so() {
    run(async {
        let broker = Broker::sqlite_with(&["--vocabulary-by-default"]).await;
        broker.create(&json!({"id": "urn:ngsi-ld:AED:1", "type": "AED", "hasChildEquipment": true})).await;
        let plain = broker.get("/ngsi-ld/v1/entities?type=AED").send().await;
        assert_eq!(plain.json()[0]["hasChildEquipment"]["value"], true);
        let link = plain.header("link").unwrap();
        assert!(link.starts_with(&format!("<{}/contexts/hiroba.jsonld>", broker.base)), "{link}");
        let url = hiroba_vocab::context::context()["@context"]["AED"].clone();
        let url = url.as_str().or_else(|| url["@id"].as_str()).unwrap().to_owned();
        // A client with another @context sees the full name.
        let other = "<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"";
        let types: Value = broker.get("/ngsi-ld/v1/types").header("link", other).send().await.json();
        let name = types["typeList"][0].as_str().unwrap().to_owned();
        assert!(name == url || name.ends_with("/AED"), "{name}");
        assert!(name.starts_with("http"), "{name}");
    });
}

#[test]
fn the_sparql_page_holds_the_query_of_its_address_and_what_the_editor_completes() {
    run(async {
        for (arguments, running) in [(&[][..], false), (&["--sparql", "http://127.0.0.1:9"][..], true)] {
            let broker = Broker::sqlite_with(arguments).await;
            let context = format!("{}/contexts/hiroba.jsonld", broker.base);
            broker
                .create(&json!({"@context": context, "id": "urn:ngsi-ld:AED:1", "type": "AED", "name": "公民館"}))
                .await;
            let query = "ASK { <urn:a> ?p \"</textarea><script>alert(1)</script>\" }";
            let asked = page(&broker, &format!("/explore/sparql?query={}", encode(query)), "en").await;
            assert_eq!((asked.status, asked.text.contains("<hiroba-sparql")), (200, running), "{}", asked.text);
            assert!(!asked.text.contains("<script>alert"), "markup in a query stays text");
            assert_eq!(asked.text.contains("ASK { &#60;urn:a&#62;"), running, "{}", asked.text);
            assert_eq!(asked.text.contains(" asked>"), running);
            assert_eq!(asked.text.contains("https://w3id.org/hiroba/vocab/AED"), running);
            let policy = asked.header("content-security-policy").unwrap();
            assert!(!policy.contains("unsafe-eval") && policy.starts_with("default-src 'self'"), "{policy}");
            let japanese = page(&broker, "/explore/sparql", "ja").await;
            assert!(
                japanese.text.contains("SPARQL で調べる") && !japanese.text.contains(" asked>"),
                "{}",
                japanese.text
            );
            assert_eq!(japanese.text.contains("hiroba-sparql --broker"), !running, "how to have it");
        }
    });
}

#[test]
fn sparql_without_a_sidecar_says_how_to_have_one() {
    run(async {
        let broker = Broker::sqlite().await;
        let answer = broker.get("/sparql?query=ASK%20%7B%7D").send().await;
        assert_eq!(answer.status, 404);
        assert!(answer.text.contains("--sparql"), "{}", answer.text);
    });
}
