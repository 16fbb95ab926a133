//! `/datasets` and `/.well-known/void`: what is published, how much, where, and where it came from.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::linked_data::{same_in_all_forms, triples};
use crate::support::{Broker, hiroba, run};

const DATASET: &str = "urn:ngsi-ld:Dataset:131016:aed";
const LICENCE: &str = "https://creativecommons.org/licenses/by/4.0/";

/// Publishes a list of two AEDs.
fn import(broker: &Broker, folder: &Path, name: &str) {
    let file = folder.join("131016_aed.csv");
    let row = |number: u32, name: &str| {
        format!("131016,{number},{name},東京都千代田区一番町1-{number},35.68712,139.74012,1階受付,有")
    };
    let header = "市区町村コード,NO,名称,住所,緯度,経度,設置位置,小児対応設備の有無";
    std::fs::write(&file, format!("{header}\n{}\n{}\n", row(1, name), row(2, "公民館"))).unwrap();
    let [option, place] = broker.place();
    let told = ["--licence", "CC BY 4.0", "--source", "https://example.org/131016_aed.csv"];
    let output = hiroba(&[&["import", file.to_str().unwrap(), &option, &place][..], &told].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn has(said: &BTreeSet<String>, expected: &str) {
    assert!(said.iter().any(|line| line.starts_with(expected)), "{expected} in {said:#?}");
}

#[test]
fn a_data_set_tells_of_its_files_its_licence_and_every_import() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            import(&broker, folder.path(), "市役所");
            import(&broker, folder.path(), "市役所 本庁舎");
            let path = format!("/datasets/{DATASET}");
            let said = same_in_all_forms(&broker, &path).await;
            let (dcat, prov, base) = ("http://www.w3.org/ns/dcat#", "http://www.w3.org/ns/prov#", &broker.base);
            let here = format!("{base}{path}");
            for expected in [
                format!("<{DATASET}> <{dcat}distribution> <{here}#csv>"),
                format!("<{here}#csv> <{dcat}downloadURL> <{base}/data/AED.csv>"),
                format!("<{here}#csv> <http://purl.org/dc/terms/license> <{LICENCE}"),
                format!("<{DATASET}> <{dcat}version> \"2\""),
                format!("<{here}#version-1> <{prov}endedAtTime> "),
                format!("<{here}#version-2> <{prov}used> <{here}#file-2>"),
                format!("<{here}#file-2> <http://purl.org/dc/terms/title> \"131016_aed.csv\""),
                // And in the short triples, which SPARQL has.
                format!("<{DATASET}> <{prov}wasGeneratedBy> <{DATASET}#import>"),
                format!("<{DATASET}#import> <{prov}endedAtTime> "),
                format!("<{DATASET}#sourceFile> <{dcat}downloadURL> <https://example.org/131016_aed.csv>"),
                format!("<{DATASET}#sourceFile> <http://purl.org/dc/terms/license> <{LICENCE}"),
            ] {
                has(&said, &expected);
            }
            for ending in ["ttl", "jsonld", "nt"] {
                assert_eq!(triples(&broker.get(&format!("{path}.{ending}")).send().await), said, "{ending}");
            }
            // What it says of files here is there.
            assert_eq!(broker.get("/data/AED.csv").send().await.status, 200);
            let catalogue = same_in_all_forms(&broker, "/datasets").await;
            has(&catalogue, &format!("<{base}/datasets> <{dcat}dataset> <{DATASET}>"));
            has(&catalogue, &format!("<{DATASET}> <{prov}wasGeneratedBy>"));
            let page = broker.get(&path).header("accept", "text/html").send().await;
            assert!(page.status == 200 && page.headers("content-type").starts_with("text/html"), "{}", page.text);
            for (path, status) in [
                ("/datasets/urn:x:none", 404),
                ("/datasets/urn:ngsi-ld:AED:131016:1", 404),
                ("/datasets/x", 400),
                ("/datasets?format=rdf", 400),
            ] {
                let answer = broker.get(path).send().await;
                assert_eq!(answer.status, status, "{path}: {}", answer.text);
            }
            assert_eq!(broker.get("/datasets").header("accept", "image/png").send().await.status, 406);
            // An id that looks as if it had an ending, and both.
            broker.create(&json!({"id": "urn:x:lists.nt", "type": "http://www.w3.org/ns/dcat#Dataset"})).await;
            for path in ["/datasets/urn:x:lists.nt", "/datasets/urn:x:lists.nt.ttl"] {
                let answer = broker.get(path).send().await;
                assert!(answer.status == 200 && answer.headers("content-type").starts_with("text/turtle"), "{path}");
            }
        }
    });
}

#[test]
fn void_counts_what_there_is_and_leads_to_all_of_it() {
    run(async {
        for broker in Broker::every_with(&["--sparql", "http://127.0.0.1:9"]).await {
            let folder = tempfile::tempdir().unwrap();
            import(&broker, folder.path(), "市役所");
            broker.create(&json!({"id": "urn:x:1", "type": ["https://w3id.org/hiroba/vocab/AED", "T"], "n": 1})).await;
            let there = json!({"id": "urn:x:there", "type": "Elsewhere"});
            broker.post("/ngsi-ld/v1/entities", &there).header("NGSILD-Tenant", "other").send().await;
            let path = "/.well-known/void";
            let plain = broker.get(path).send().await;
            assert!(plain.headers("content-type").starts_with("text/turtle"), "Turtle unless asked for another form");
            assert!(plain.headers("cache-control").contains("max-age=60"));
            let said = same_in_all_forms(&broker, path).await;
            let (void, base) = ("http://rdfs.org/ns/void#", &broker.base);
            let dataset = format!("<{base}{path}#dataset>");
            let integer = "<http://www.w3.org/2001/XMLSchema#integer>";
            for expected in [
                // Two AEDs, their data set, and one more.
                format!("{dataset} <{void}entities> \"4\"^^{integer}"),
                format!("{dataset} <{void}sparqlEndpoint> <{base}/sparql>"),
                format!("{dataset} <{void}dataDump> <{base}/dumps/all.nq.gz>"),
                format!("{dataset} <{void}uriLookupEndpoint> <{base}/id/>"),
                format!("{dataset} <{void}vocabulary> <https://schema.org/>"),
                format!("{dataset} <{void}subset> <{DATASET}>"),
                format!("<{DATASET}> <http://purl.org/dc/terms/license> <{LICENCE}"),
                format!("{dataset} <http://www.w3.org/2000/01/rdf-schema#seeAlso> <{base}/ldes>"),
            ] {
                has(&said, &expected);
            }
            // Each partition by its own number.
            let count = |kind: &str, name: &str, predicate: &str| {
                let of = said.iter().find(|line| line.ends_with(&format!(" <{void}{kind}> <{name}>"))).unwrap();
                let node = of.split(' ').next().unwrap();
                let line = said.iter().find(|line| line.starts_with(&format!("{node} <{void}{predicate}> "))).unwrap();
                line.split('"').nth(1).unwrap().to_owned()
            };
            assert_eq!(count("class", "https://w3id.org/hiroba/vocab/AED", "entities"), "3");
            assert_eq!(count("property", "https://schema.org/name", "distinctSubjects"), "2");
            assert!(!said.iter().any(|line| line.contains("Elsewhere")), "another tenant's types are not here");
            let other = triples(&broker.get(path).header("NGSILD-Tenant", "other").send().await);
            has(&other, &format!("{dataset} <{void}dataDump> <{base}/dumps/other/all.nq.gz>"));
            has(&other, &format!("{dataset} <{void}entities> \"1\""));
            assert_eq!(broker.get(path).header("accept", "text/html").send().await.status, 406);
            // The lookup endpoint leads back to what was counted.
            let looked_up = broker.get("/id/urn%3Ax%3A1").send().await;
            assert_eq!(looked_up.status, 200, "{}", looked_up.text);
        }
    });
}

#[test]
fn without_a_sidecar_nothing_is_promised_that_only_it_has() {
    run(async {
        let broker = Broker::sqlite().await;
        let said = triples(&broker.get("/.well-known/void").send().await);
        assert!(!said.iter().any(|line| line.contains("sparqlEndpoint") || line.contains("dataDump")), "{said:#?}");
        let dump = broker.get("/dumps/all.nq.gz").send().await;
        assert_eq!(dump.status, 404, "{}", dump.text);
        assert!(dump.text.contains("--sparql"), "{}", dump.text);
    });
}
