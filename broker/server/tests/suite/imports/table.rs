//! The report of a table as a page, and the file that it should have been.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{counts, form, send};
use crate::support::{Answer, Broker, eventually, run};

/// Every row has something to put right, and the last is refused.
const SLOPPY: &str = "全国地方公共団体コード,NO,名称,住所,緯度,経度,設置位置,小児対応設備の有無,電話番号\n\
    990019,1,ひろば市役所,広場県広場市中央１丁目１,35.501,139.501,1階,○,０９９－１２３－４５６７\n\
    990019,2,みなみ公民館,広場県広場市南2-2,139.502,35.502,受付,×,099(123)4568\n\
    合計,,2,,,,,,\n\
    990019,3,,広場県広場市北3-3,35.503,139.503,,,\n";
/// No list of the standard.
const OWN: &str = "桜の名所,本数,見頃\n中央公園,120,4月上旬\n川沿いの道,80,4月中旬\n";
const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// Sends a file for a preview, and gives the path of its import.
async fn preview(broker: &Broker, name: &str, content: &str) -> String {
    let answer = send(broker, &format!("filename={name}&preview=true"), content.to_owned()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.header("location").unwrap().to_owned()
}

async fn publish(broker: &Broker, place: &str) {
    let answer = broker.ask(Method::POST, &format!("{place}?publish=true")).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

async fn visit(broker: &Broker, path: &str, language: &str) -> Answer {
    broker.get(path).header("accept", HTML).header("accept-language", language).send().await
}

/// What a browser saves: status, headers, bytes.
async fn download(broker: &Broker, path: &str) -> (StatusCode, reqwest::header::HeaderMap, Vec<u8>) {
    let answer = reqwest::get(format!("{}{path}", broker.base)).await.unwrap();
    (answer.status(), answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

#[test]
fn the_report_is_a_page_in_both_languages_before_and_after_publishing() {
    run(async {
        for broker in Broker::every().await {
            let place = preview(&broker, "aed.csv", SLOPPY).await;
            for published in [false, true] {
                if published {
                    publish(&broker, &place).await;
                }
                for (language, words) in [
                    ("ja", ["<html lang=\"ja\">", "公開できない行", "名称がありません", "合計"]),
                    ("en", ["<html lang=\"en\">", "Rows that were refused", "the row has no name", "合計"]),
                ] {
                    let report = visit(&broker, &format!("{place}/report?table=1&lang={language}"), "fr").await;
                    assert_eq!(report.status, 200, "{}", report.text);
                    for word in words {
                        assert!(report.text.contains(word), "{word} in {}", report.text);
                    }
                    assert!(report.header("content-type").unwrap().starts_with("text/html"));
                    assert_eq!(report.header("cache-control"), Some("private, no-store"));
                    assert!(report.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
                    let chosen = visit(&broker, &format!("{place}/report"), language).await;
                    assert_eq!(chosen.text, report.text, "the first table, in the browser's language");
                }
            }
            let json = broker.get(&format!("{place}/report")).header("accept", "application/json").send().await;
            assert_eq!((json.status, json.text.as_str()), (406, "text/html"));
        }
    });
}

#[test]
fn a_corrected_file_imports_again_and_changes_nothing() {
    run(async {
        for broker in Broker::every().await {
            let place = preview(&broker, "aed.csv", SLOPPY).await;
            let mut files = Vec::new();
            for (query, ending, kind) in [
                ("", "csv", "text/csv; charset=utf-8; header=present"),
                ("?format=csv&encoding=cp932", "csv", "text/csv; charset=Shift_JIS; header=present"),
                ("?table=1&format=xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                ("?format=geojson&layout=current", "geojson", "application/geo+json"),
            ] {
                let (status, headers, bytes) = download(&broker, &format!("{place}/corrected{query}")).await;
                assert_eq!((status.as_u16(), &headers["content-type"]), (200, &kind.parse().unwrap()), "{query}");
                let name = format!("filename*=UTF-8''aed%2Dcorrected%2E{ending}");
                assert!(headers["content-disposition"].to_str().unwrap().ends_with(&name), "{headers:?}");
                assert_eq!(headers["cache-control"], "private, no-store");
                assert_eq!(headers["content-length"], bytes.len().to_string().as_str());
                files.push((ending, bytes));
            }
            let text = String::from_utf8(files[0].1.clone()).unwrap();
            assert_eq!(text.lines().count(), 3, "a header and what is published: {text}");
            assert!(text.contains("35.502,139.502"), "what was exchanged is put right: {text}");
            let old = download(&broker, &format!("{place}/corrected?layout=old")).await;
            assert_ne!(old.2, files[0].1, "the old layout is another one");

            let place = preview(&broker, "aed-corrected.csv", &text).await;
            let (_, _, twice) = download(&broker, &format!("{place}/corrected")).await;
            assert_eq!(String::from_utf8(twice).unwrap(), text, "what is corrected stays as it is");

            assert_eq!(send(&broker, "filename=aed.csv", SLOPPY).await.status, 201);
            let published = values(&broker).await;
            assert_eq!(send(&broker, "filename=aed.csv", files[0].1.clone()).await.status, 201);
            assert_eq!(values(&broker).await, published, "it says the same, without what was put right");
            for (ending, bytes) in files {
                let again = send(&broker, &format!("filename=aed.{ending}"), bytes).await;
                let table = &again.json()["tables"][0];
                let entities = counts(&table["entities"], ["created", "changed", "unchanged", "marked"]);
                assert_eq!(entities, [0, 0, 2, 0], "{ending}: {table}");
                assert_eq!(counts(&table["report"]["rows"], ["read", "entities", "setAside", "refused"]), [2, 2, 0, 0]);
            }
        }
    });
}

/// What is published, without what is said of the file's own writing.
async fn values(broker: &Broker) -> Vec<Value> {
    let mut values = Vec::new();
    for number in [1, 2] {
        let mut entity = broker.simplified(&format!("urn:ngsi-ld:AED:990019:{number}")).await;
        let members = entity.as_object_mut().unwrap();
        members.retain(|name, _| name != "sourceValue" && name != "dataIssues");
        values.push(entity);
    }
    values
}

#[test]
fn after_publishing_the_corrected_file_is_gone_and_the_answer_says_where_to_download() {
    run(async {
        for broker in Broker::every().await {
            let place = preview(&broker, "aed.csv", SLOPPY).await;
            publish(&broker, &place).await;
            let gone = broker.get(&format!("{place}/corrected")).send().await;
            assert_eq!(gone.status, 404, "{}", gone.text);
            let detail = gone.json()["detail"].as_str().unwrap().to_owned();
            let advice = detail.rsplit(' ').next().unwrap();
            assert_eq!(advice, "/data/aed.csv?layout=current");
            let instead = broker.get(advice).send().await;
            assert!(instead.status == 200 && instead.text.contains("ひろば市役所"), "{}", instead.text);
            let page = visit(&broker, &format!("{place}/corrected"), "ja").await;
            assert_eq!(page.status, 404);
            assert!(page.text.contains("公開済みのため") && page.text.contains(advice), "{}", page.text);
            assert!(!page.text.contains("公開できません"), "it is published: {}", page.text);
            let result = visit(&broker, &place, "ja").await.text;
            for link in [format!("{place}/report?table=1"), advice.to_owned(), "/data/aed.xlsx".to_owned()] {
                assert!(result.contains(&format!("href=\"{}", link.replace('&', "&#38;"))), "{link} in {result}");
            }
            assert!(!result.contains("/corrected"), "{result}");
        }
    });
}

#[test]
fn a_table_that_is_not_there_is_not_found() {
    run(async {
        let broker = Broker::sqlite().await;
        let place = preview(&broker, "aed.csv", SLOPPY).await;
        for part in ["report", "corrected"] {
            for table in ["9", "2", "0"] {
                let answer = broker.get(&format!("{place}/{part}?table={table}")).send().await;
                assert_eq!(answer.status, 404, "{part} {table}: {}", answer.text);
                assert!(answer.json()["detail"].as_str().unwrap().contains(&format!("no table {table} ")));
            }
            let wrong = broker.get(&format!("{place}/{part}?table=first")).send().await;
            assert_eq!(wrong.status, 400, "{}", wrong.text);
            assert_eq!(broker.get(&format!("/imports/nothing/{part}")).send().await.status, 404);
            let page = visit(&broker, &format!("{place}/{part}?table=9"), "ja").await;
            assert!(page.status == 404 && page.text.contains("9番目の表"), "{}", page.text);
        }
        for (query, says) in [
            ("format=pdf", "'pdf' is not one of csv, xlsx, geojson"),
            ("layout=new", "'new' is not one of current, old"),
            ("encoding=utf-16", "'utf-16' is not one of utf-8, cp932"),
            ("format=xlsx&encoding=cp932", "only CSV"),
            ("form=csv", "unknown parameter 'form'"),
        ] {
            let answer = broker.get(&format!("{place}/corrected?{query}")).send().await;
            assert!(answer.status == 400 && answer.text.contains(says), "{query}: {}", answer.text);
        }
    });
}

#[test]
fn a_table_of_its_own_has_a_report_and_no_corrected_file() {
    run(async {
        let broker = Broker::sqlite().await;
        let place = preview(&broker, "sakura.csv", OWN).await;
        assert_eq!(visit(&broker, &format!("{place}/report"), "ja").await.status, 200);
        let answer = broker.get(&format!("{place}/corrected")).send().await;
        assert!(answer.status == 404 && answer.text.contains("no layout"), "{} {}", answer.status, answer.text);
        for (language, sentence) in [("ja", "標準の一覧ではない"), ("en", "none of the standard")] {
            let page = visit(&broker, &place, language).await.text;
            assert!(page.contains(sentence) && !page.contains("/corrected"), "{sentence} in {page}");
        }
    });
}

#[test]
fn every_table_of_a_file_has_its_own_report_and_corrected_file() {
    run(async {
        let broker = Broker::sqlite().await;
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let toilets = "名称,住所,緯度,経度,男性トイレ数,女性トイレ数,バリアフリートイレ数\n\
            駅前公衆トイレ,広場県広場市駅前1-1,35.504,139.504,2,3,1\n";
        for (name, content) in [("toilet.csv", toilets), ("map.pdf", "%PDF"), ("aed.csv", SLOPPY)] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut writer, content.as_bytes()).unwrap();
        }
        let archive = writer.finish().unwrap().into_inner();
        let answer = send(&broker, "filename=lists.zip&preview=true", archive).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let place = answer.header("location").unwrap();
        assert!(visit(&broker, place, "ja").await.text.contains("map.pdf: 表ではありません。"));
        let page = visit(&broker, place, "en").await.text;
        assert!(page.contains("map.pdf: it is no table."), "{page}");
        for (at, table) in answer.json()["tables"].as_array().unwrap().iter().enumerate() {
            let (number, dataset) = (at + 1, table["report"]["dataset"].as_str().unwrap());
            let (name, stem) =
                if dataset == "aed" { ("ひろば市役所", "aed") } else { ("駅前公衆トイレ", "toilet") };
            let (_, headers, bytes) = download(&broker, &format!("{place}/corrected?table={number}")).await;
            assert!(String::from_utf8(bytes).unwrap().contains(name), "{dataset} is table {number}");
            let disposition = headers["content-disposition"].to_str().unwrap();
            assert!(disposition.contains(&format!("''{stem}%2Dcorrected")), "{disposition}");
            let report = visit(&broker, &format!("{place}/report?table={number}"), "en").await;
            assert!(report.text.contains(table["report"]["title"].as_str().unwrap()), "{}", report.text);
            assert!(page.contains(&format!("{place}/corrected?table={number}&#38;format=xlsx")), "{number} in {page}");
        }
    });
}

#[test]
fn strangers_get_neither_report_nor_corrected_file() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "secret").unwrap();
        for broker in Broker::every_with(&["--token-file", file.to_str().unwrap()]).await {
            let asking = broker.ask(Method::POST, "/imports?filename=aed.csv&preview=true");
            let asking = asking.header("authorization", "Bearer secret").header("NGSILD-Tenant", "east");
            let place = asking.raw("text/csv", SLOPPY).send().await.header("location").unwrap().to_owned();
            for part in ["report", "corrected"] {
                let ask = || broker.get(&format!("{place}/{part}")).header("NGSILD-Tenant", "east");
                assert_eq!(ask().send().await.status, 401);
                assert_eq!(ask().header("authorization", "Bearer wrong").send().await.status, 401);
                assert_eq!(ask().header("cookie", "hiroba-import=other").send().await.status, 401);
                assert_eq!(ask().header("authorization", "Bearer secret").send().await.status, 200);
                let other = broker.get(&format!("{place}/{part}")).header("authorization", "Bearer secret");
                assert_eq!(other.send().await.status, 404, "it belongs to its tenant");
            }
        }
    });
}

#[test]
fn refusals_and_reasons_are_in_the_language_of_the_page() {
    run(async {
        for broker in Broker::every().await {
            let place = preview(&broker, "aed.csv", SLOPPY).await;
            for (language, words, others) in [
                (
                    "ja",
                    ["名称がありません", "合計", "100点中", "評価"],
                    ["the row has no name", "grade", "It is a total"],
                ),
                ("en", ["the row has no name", "total", "of 100", "grade"], ["名称がありません", "100点中", "評価"]),
            ] {
                let page = visit(&broker, &place, language).await.text;
                for word in words {
                    assert!(page.contains(word), "{word} in {page}");
                }
                for word in others {
                    assert!(!page.contains(word), "no {word} in {page}");
                }
            }
            let whole = preview(&broker, "whole.csv", &SLOPPY.replace("990019,3,,", "990019,3,きた駅,")).await;
            for (language, note) in
                [("ja", "公開できない行は入っていません"), ("en", "not have the rows that are refused")]
            {
                assert!(visit(&broker, &place, language).await.text.contains(note), "{note}");
                assert!(!visit(&broker, &whole, language).await.text.contains(note), "nothing is refused");
            }
            let undo = |language: &'static str| {
                let asking = broker.ask(Method::POST, &format!("{place}?undo=true")).header("accept", HTML);
                asking.header("accept-language", language).send()
            };
            let (ja, en) = (undo("ja").await, undo("en").await);
            assert!(ja.status == 409 && ja.text.contains("取り消すものがありません"), "{}", ja.text);
            assert!(en.status == 409 && en.text.contains("no version to take back"), "{}", en.text);
            let content = "<!doctype html><html><body>404</body></html>";
            let (kind, body) = form(&[("preview", "true")], Some(("page.csv", content)));
            let sent = broker.ask(Method::POST, "/imports").raw(kind, body).send().await;
            assert_eq!(sent.status, 400);
            let place = sent.header("location").unwrap();
            for (language, word) in [("ja", "page.csvはウェブページ（HTML）です"), ("en", "web page")] {
                eventually("it has failed", async || visit(&broker, place, language).await.text.contains(word)).await;
                let report = visit(&broker, &format!("{place}/report"), language).await;
                assert_eq!(report.status, 404, "a file that cannot be read has no report");
            }
        }
    });
}
