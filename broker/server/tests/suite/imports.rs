//! Files are sent over HTTP, previewed, published.

mod hostile;
mod pages;
mod table;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, Broker, eventually, run};

const LIST: &str = "市区町村コード,NO,名称,住所,緯度,経度,設置位置,小児対応設備の有無\n\
    990019,1,ひろば市役所,広場県広場市中央1-1,35.501,139.501,1階,有\n\
    990019,2,みなみ公民館,広場県広場市南2-2,35.502,139.502,受付,パッドのみ\n\
    990019,3,,広場県広場市北3-3,35.503,139.503,,\n";
const FIRST: &str = "/ngsi-ld/v1/entities/urn:ngsi-ld:AED:990019:1";

/// Sends a file as the body itself.
async fn send(broker: &Broker, query: &str, content: impl Into<reqwest::Body>) -> Answer {
    broker.ask(Method::POST, &format!("/imports?{query}")).raw("text/csv", content).send().await
}

/// A form as browsers send it: fields, then the file.
fn form(fields: &[(&str, &str)], file: Option<(&str, &str)>) -> (&'static str, String) {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    if let Some((name, content)) = file {
        body += "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"";
        body += &format!("{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n{content}\r\n");
    }
    ("multipart/form-data; boundary=edge", body + "--edge--\r\n")
}

async fn send_form(broker: &Broker, fields: &[(&str, &str)], file: Option<(&str, &str)>) -> Answer {
    let (kind, body) = form(fields, file);
    broker.ask(Method::POST, "/imports").raw(kind, body).send().await
}

async fn exists(broker: &Broker) -> bool {
    broker.get(FIRST).send().await.status == 200
}

fn counts(value: &Value, names: [&str; 4]) -> [u64; 4] {
    names.map(|name| value[name].as_u64().unwrap_or_else(|| panic!("{name} in {value}")))
}

#[test]
fn a_file_is_published_with_its_report_and_its_version() {
    run(async {
        for broker in Broker::every().await {
            let query =
                "filename=aed.csv&licence=CC%20BY%204.0&issued=%E4%BB%A4%E5%92%8C8%E5%B9%B44%E6%9C%881%E6%97%A5";
            let answer = send(&broker, query, LIST).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
            let body = answer.json();
            assert_eq!((&body["state"], &body["action"]), (&"done".into(), &"publish".into()));
            let table = &body["tables"][0];
            let rows = counts(&table["report"]["rows"], ["read", "entities", "setAside", "refused"]);
            assert_eq!(rows, [3, 2, 0, 1], "{table}");
            assert_eq!(table["report"]["refused"][0]["row"], 4);
            let version = &table["version"];
            assert_eq!((&version["version"], &version["fileName"]), (&1.into(), &"aed.csv".into()), "{version}");
            assert!(exists(&broker).await, "what was answered is published");
            let dataset = table["dataset"].as_str().unwrap();
            let entity = broker.simplified(dataset).await.to_string();
            assert!(entity.contains("2026-04-01") && entity.contains("creativecommons.org"), "{entity}");
            // The result is kept under its address.
            let place = answer.header("location").unwrap();
            let kept = broker.get(place).send().await;
            assert_eq!((kept.status, &kept.json()["tables"]), (200, &body["tables"]));
            assert_eq!(kept.header("cache-control"), Some("no-store"));
        }
    });
}

#[test]
fn publishing_the_same_file_again_makes_no_new_version() {
    run(async {
        for broker in Broker::every().await {
            assert_eq!(send(&broker, "filename=aed.csv", LIST).await.status, 201);
            let again = send(&broker, "filename=aed.csv", LIST).await;
            assert_eq!(again.status, 200, "{}", again.text);
            let table = &again.json()["tables"][0];
            assert_eq!((&table["new"], &table["version"]["version"]), (&false.into(), &1.into()));
            let entities = counts(&table["entities"], ["created", "changed", "unchanged", "marked"]);
            assert_eq!(entities, [0, 0, 2, 0]);
        }
    });
}

#[test]
fn a_preview_writes_nothing_and_says_what_would_be_done() {
    run(async {
        for broker in Broker::every().await {
            let first = send(&broker, "filename=aed.csv&preview=true", LIST).await;
            assert_eq!(first.status, 200, "{}", first.text);
            let names = ["created", "changed", "unchanged", "gone"];
            let table = first.json()["tables"][0].clone();
            assert_eq!(counts(&table["entities"], names), [2, 0, 0, 0]);
            assert_eq!(table["first"][0]["id"], "urn:ngsi-ld:AED:990019:1");
            assert_eq!(table["first"][0]["type"], "AED");
            assert!(!exists(&broker).await, "a preview writes nothing");
            assert_eq!(broker.get("/changes").send().await.text, "");

            assert_eq!(send(&broker, "filename=aed.csv", LIST).await.status, 201);
            let other = LIST.replace("受付", "玄関").replace("990019,1,ひろば市役所", "990019,4,ひろば駅");
            let next = send(&broker, "filename=aed.csv&preview=true", other).await.json();
            assert_eq!(counts(&next["tables"][0]["entities"], names), [1, 1, 0, 1], "{next}");
            assert!(exists(&broker).await);
        }
    });
}

#[test]
fn a_preview_is_corrected_and_published_without_sending_the_file_again() {
    run(async {
        for broker in Broker::every().await {
            let answer = send_form(&broker, &[("preview", "true")], Some(("aed.csv", LIST))).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let place = answer.header("location").unwrap().to_owned();
            let form = "application/x-www-form-urlencoded";
            let corrected = broker.ask(Method::POST, &place).raw(form, "publisher=Hiroba&dataset=aed").send().await;
            assert_eq!((corrected.status, &corrected.json()["action"]), (200, &"preview".into()), "{}", corrected.text);
            assert!(!exists(&broker).await);
            // What was told before stays when nothing new is told.
            let published = broker.ask(Method::POST, &format!("{place}?publish=true")).send().await;
            assert_eq!(published.status, 201, "{}", published.text);
            assert_eq!(published.json()["tables"][0]["report"]["publisherName"], "Hiroba");
            // Whoever clicks twice gets the same result; another preview needs the file.
            let twice = broker.ask(Method::POST, &format!("{place}?publish=true")).send().await;
            assert_eq!((twice.status, &twice.json()["tables"]), (201, &published.json()["tables"]));
            let late = broker.ask(Method::POST, &place).raw(form, "publish=false").send().await;
            assert_eq!(late.status, 409, "{}", late.text);
            assert_eq!(broker.ask(Method::DELETE, &place).send().await.status, 204);
            assert_eq!(broker.get(&place).send().await.status, 404);
            assert!(exists(&broker).await, "what was published stays");
        }
    });
}

#[test]
fn what_a_file_published_is_taken_back_unless_there_is_a_newer_version() {
    run(async {
        for broker in Broker::every().await {
            let first = send(&broker, "filename=aed.csv", LIST).await;
            let undo = |answer: &Answer| format!("{}?undo=true", answer.header("location").unwrap());
            let undone = broker.ask(Method::POST, &undo(&first)).send().await;
            assert_eq!(undone.status, 201, "{}", undone.text);
            assert_eq!(undone.json()["undone"][0]["version"]["restores"], 0, "{}", undone.text);
            assert!(!exists(&broker).await, "it is as before");
            let twice = broker.ask(Method::POST, &undo(&first)).send().await;
            assert_eq!((twice.status, &twice.json()["undone"]), (201, &undone.json()["undone"]), "once is enough");

            let second = send(&broker, "filename=aed.csv", LIST).await;
            assert_eq!(send(&broker, "filename=aed.csv", LIST.replace("受付", "玄関")).await.status, 201);
            let late = broker.ask(Method::POST, &undo(&second)).send().await;
            assert_eq!(late.status, 409, "{}", late.text);
            assert!(exists(&broker).await && late.text.contains("newer version"), "{}", late.text);
            let preview = send(&broker, "filename=aed.csv&preview=true", LIST).await;
            let nothing = broker.ask(Method::POST, &undo(&preview)).send().await;
            assert_eq!(nothing.status, 409, "a preview has published nothing: {}", nothing.text);
            let both = broker.ask(Method::POST, &format!("{}&publish=true", undo(&preview))).send().await;
            assert_eq!(both.status, 400, "{}", both.text);
        }
    });
}

#[test]
fn who_does_not_want_to_wait_asks_later() {
    run(async {
        let broker = Broker::sqlite().await;
        let asking = broker.ask(Method::POST, "/imports?filename=aed.csv").header("prefer", "respond-async");
        let answer = asking.raw("text/csv", LIST).send().await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        let place = answer.header("location").unwrap().to_owned();
        eventually("the import ends", async || broker.get(&place).send().await.status == 200).await;
        let body = broker.get(&place).send().await.json();
        assert_eq!((&body["state"], &body["progress"]["rows"]), (&"done".into(), &3.into()), "{body}");
    });
}

#[test]
fn two_imports_of_one_data_set_at_once_take_turns() {
    run(async {
        for broker in Broker::every().await {
            let other = LIST.replace("受付", "玄関");
            let (one, two) =
                tokio::join!(send(&broker, "filename=a.csv", LIST), send(&broker, "filename=b.csv", other));
            assert_eq!((one.status, two.status), (201, 201), "{} {}", one.text, two.text);
            let number = |answer: &Answer| answer.json()["tables"][0]["version"]["version"].as_i64().unwrap();
            let mut numbers = [number(&one), number(&two)];
            numbers.sort_unstable();
            assert_eq!(numbers, [1, 2]);
        }
    });
}

#[test]
fn what_may_be_sent_is_told() {
    run(async {
        let broker = Broker::sqlite_with(&["--max-upload", "1"]).await;
        let told = broker.get("/imports").send().await.json();
        assert_eq!(told["maxBytes"], 1 << 20);
        assert!(told["datasets"].as_array().unwrap().iter().any(|dataset| dataset["dataset"] == "aed"));
    });
}
