//! What IRIs lead to, read again by a parser of its own form each time.

use std::collections::BTreeSet;

use oxrdfio::{RdfFormat, RdfParser};
use serde_json::{Value, json};

use crate::support::{Answer, Broker, encode, run};

/// The forms of RDF that documents come in, with their words for `format`.
const FORMS: [(&str, &str); 3] =
    [("text/turtle", "ttl"), ("application/ld+json", "jsonld"), ("application/n-triples", "nt")];

/// The triples of an answer, written as N-Triples, by the parser for its media type.
pub(crate) fn triples(answer: &Answer) -> BTreeSet<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let kind = answer.headers("content-type");
    let format = RdfFormat::from_media_type(&kind).unwrap_or_else(|| panic!("{kind} is no form of RDF"));
    let quads = RdfParser::from_format(format).for_slice(answer.text.as_bytes());
    quads.map(|quad| quad.unwrap_or_else(|e| panic!("{kind}: {e}: {}", answer.text)).to_string()).collect()
}

/// The triples at an address: the same in every form, asked for in each way.
pub(crate) async fn same_in_all_forms(broker: &Broker, path: &str) -> BTreeSet<String> {
    let mut known: Option<BTreeSet<String>> = None;
    for (media, word) in FORMS {
        let negotiated = broker.get(path).header("accept", media).send().await;
        assert_eq!(negotiated.headers("content-type").split(';').next().unwrap(), media, "{path}");
        assert!(negotiated.headers("vary").contains("Accept"), "{path}");
        let found = triples(&negotiated);
        let named = broker.get(&format!("{path}?format={word}")).send().await;
        assert_eq!(triples(&named), found, "{path} as {word}");
        let links = negotiated.headers("link");
        for (other, word) in FORMS.iter().filter(|(other, _)| *other != media) {
            let link = format!("{path}?format={word}>; rel=\"alternate\"; type=\"{other}\"");
            assert!(links.contains(&link), "{link} in {links}");
        }
        let tag = negotiated.headers("etag");
        let again = broker.get(path).header("accept", media).header("if-none-match", &tag).send().await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path} as {media}");
        assert_eq!(known.get_or_insert_with(|| found.clone()), &found, "{path} as {media}");
    }
    known.unwrap()
}

pub(crate) fn aed(number: u32) -> Value {
    json!({
        "id": format!("urn:ngsi-ld:AED:990019:{number}"), "type": "https://w3id.org/hiroba/vocab/AED",
        "https://schema.org/name": {"type": "LanguageProperty", "languageMap": {"ja": "広場市役所", "en": "City \"Hall\"\n\\"}},
        "https://schema.org/address": {"type": "Property", "value": {"addressLocality": "広場市"}},
        "https://w3id.org/hiroba/vocab/column/own%20column": {"type": "Property", "value": 1.5},
        "https://w3id.org/hiroba/vocab/hasChildEquipment": {"type": "Property", "value": true},
        "big": {"type": "Property", "value": 12345678901234567_i64},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.5, 35.5]}},
        "at": {"type": "Property", "value": {"@type": "DateTime", "@value": "2026-04-01T00:00:00Z"}},
    })
}

#[test]
fn an_entity_s_iri_is_described_alike_in_every_form() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&aed(1)).await;
            let path = "/id/urn:ngsi-ld:AED:990019:1";
            let said = same_in_all_forms(&broker, path).await;
            let id = "<urn:ngsi-ld:AED:990019:1>";
            for expected in [
                format!("{id} <https://schema.org/name> \"広場市役所\"@ja"),
                format!("{id} <https://schema.org/name> \"City \\\"Hall\\\"\\n\\\\\"@en"),
                "<urn:ngsi-ld:AED:990019:1#address> <https://schema.org/addressLocality> \"広場市\"".to_owned(),
            ] {
                assert!(said.iter().any(|triple| triple.starts_with(&expected)), "{expected} in {said:#?}");
            }
            // Encoded to the last character, as clients that build addresses do; and by a node below it.
            for other in [encode("urn:ngsi-ld:AED:990019:1"), encode("urn:ngsi-ld:AED:990019:1#address")] {
                assert_eq!(triples(&broker.get(&format!("/id/{other}")).send().await), said, "{other}");
            }
            // The explorer's own files say the same.
            for ending in ["ttl", "nt"] {
                let file = broker.get(&format!("/entities/urn:ngsi-ld:AED:990019:1.{ending}")).send().await;
                assert_eq!(triples(&file), said, "{ending}");
            }
            let before = broker.get(path).send().await.headers("etag");
            let change = json!({"big": {"type": "Property", "value": 2}});
            broker
                .ask(reqwest::Method::PATCH, "/ngsi-ld/v1/entities/urn:ngsi-ld:AED:990019:1")
                .body(&change)
                .send()
                .await;
            let after = broker.get(path).header("if-none-match", &before).send().await;
            assert_eq!(after.status, 200, "what has changed is sent anew");
        }
    });
}

#[test]
fn people_are_led_to_a_page_that_names_the_other_forms() {
    run(async {
        let broker = Broker::sqlite().await;
        broker.create(&aed(1)).await;
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let address = format!("{}/id/urn:ngsi-ld:AED:990019:1?lang=en", broker.base);
        let led = client.get(address).header("accept", "text/html,*/*;q=0.8").send().await.unwrap();
        assert_eq!(led.status().as_u16(), 303);
        assert_eq!(led.headers()["location"], "/entities/urn:ngsi-ld:AED:990019:1?lang=en");
        let page = broker.get("/id/urn:ngsi-ld:AED:990019:1").header("accept", "text/html").send().await;
        assert_eq!(page.status, 200);
        for (media, word) in FORMS {
            let id = "urn%3Angsi%2Dld%3AAED%3A990019%3A1";
            let link = format!("<link rel=\"alternate\" type=\"{media}\" href=\"/id/{id}?format={word}\">");
            assert!(page.text.contains(&link), "{link} in {}", page.text);
            assert_eq!(broker.get(&format!("/id/{id}?format={word}")).send().await.status, 200);
        }
    });
}

#[test]
fn what_stands_for_nothing_and_forms_that_there_are_not_are_told() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&aed(1)).await;
            let id = "/id/urn:ngsi-ld:AED:990019:1";
            for (path, accept, status) in [
                ("/id/urn:ngsi-ld:AED:990019:2", "text/turtle", 404),
                ("/id/urn:ngsi-ld:AED:990019:2", "text/html", 404),
                ("/id/no-iri", "text/turtle", 400),
                (id, "image/png", 406),
                ("/id/urn:ngsi-ld:AED:990019:1?format=rdf", "text/turtle", 400),
                ("/id/urn:ngsi-ld:AED:990019:1?odd=1", "text/turtle", 400),
                ("/id/https%3A%2F%2Fw3id.org%2Fhiroba%2Fvocab%2FNothing", "text/turtle", 404),
            ] {
                let answer = broker.get(path).header("accept", accept).send().await;
                assert_eq!(answer.status, status, "{path}: {}", answer.text);
            }
            assert_eq!(broker.get("/id/urn:ngsi-ld:AED:990019:2").send().await.error(), "ResourceNotFound");
            // Another tenant's entities are not here, and ours are not there.
            let there = json!({"id": "urn:x:there", "type": "T"});
            broker.post("/ngsi-ld/v1/entities", &there).header("NGSILD-Tenant", "other").send().await;
            for (tenant, path, status) in [("other", "/id/urn:x:there", 200), ("other", id, 404), ("nobody", id, 404)] {
                let answer = broker.get(path).header("NGSILD-Tenant", tenant).send().await;
                assert_eq!(answer.status, status, "{tenant}: {}", answer.text);
            }
            assert_eq!(broker.get("/id/urn:x:there").send().await.status, 404);
        }
    });
}

#[test]
fn every_term_of_the_vocabulary_is_described_alike_in_every_form_and_as_a_page() {
    run(async {
        let broker = Broker::sqlite().await;
        let label = "<http://www.w3.org/2000/01/rdf-schema#label>";
        for (path, iri, expected) in [
            ("/vocab/AED", "https://w3id.org/hiroba/vocab/AED", "AED設置箇所"),
            ("/vocab/hasChildEquipment", "https://w3id.org/hiroba/vocab/hasChildEquipment", "@en"),
            ("/vocab/name", "https://schema.org/name", "@ja"),
            ("/vocab/code/hazardTypes", "https://w3id.org/hiroba/vocab/code/hazardTypes", "@ja"),
        ] {
            let said = same_in_all_forms(&broker, path).await;
            let labels: Vec<_> = said.iter().filter(|line| line.starts_with(&format!("<{iri}> {label}"))).collect();
            assert!(labels.iter().any(|label| label.contains(expected)), "{path}: {said:#?}");
            for (ending, kind) in
                [("ttl", "text/turtle"), ("jsonld", "application/ld+json"), ("nt", "application/n-triples")]
            {
                let file = broker.get(&format!("{path}.{ending}")).send().await;
                assert_eq!((file.headers("content-type").as_str(), triples(&file)), (kind, said.clone()), "{path}");
            }
            let page = broker.get(path).header("accept", "text/html").header("accept-language", "en").send().await;
            assert!(page.headers("content-type").starts_with("text/html"), "{path}");
            assert!(page.text.contains(iri) && page.text.contains("rel=\"alternate\" type=\"text/turtle\""), "{path}");
            // The same by its IRI.
            let led =
                broker.get(&format!("/id/{}", encode(iri))).header("accept", "application/n-triples").send().await;
            assert_eq!(triples(&led), said, "{iri}");
        }
        let code = broker.get("/vocab/code/hazardTypes/flood").send().await;
        assert!(triples(&code).iter().any(|line| line.contains("\"洪水\"@ja")), "{}", code.text);
        let range = broker.get("/vocab/hasChildEquipment.nt").send().await;
        assert!(range.text.contains("<http://www.w3.org/2000/01/rdf-schema#range>"), "{}", range.text);
        assert!(range.text.contains("domainIncludes> <https://w3id.org/hiroba/vocab/AED>"), "{}", range.text);
        let whole = same_in_all_forms(&broker, "/vocab").await;
        assert!(whole.len() > 5_000, "{}", whole.len());
        let index = broker.get("/vocab").header("accept", "text/html").send().await;
        assert!(index.text.contains("href=\"/vocab/AED\""), "{}", index.text);
    });
}

#[test]
fn a_column_of_a_city_s_own_is_known_as_long_as_some_entity_has_it() {
    run(async {
        for broker in Broker::every().await {
            let path = "/vocab/column/own%20column";
            assert_eq!(broker.get(path).send().await.status, 404);
            broker.create(&aed(1)).await;
            let said = same_in_all_forms(&broker, path).await;
            let iri = "<https://w3id.org/hiroba/vocab/column/own%20column>";
            assert!(said.iter().all(|line| line.starts_with(iri)) && said.len() == 2, "{said:#?}");
            assert_eq!(broker.get("/vocab/column/nobody%20has%20this").send().await.status, 404);
        }
    });
}
