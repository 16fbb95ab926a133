//! `hiroba import`: files on their way into a database or a broker.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Broker, eventually, hiroba, run};

const HEADER: &str = "市区町村コード,NO,名称,住所,緯度,経度,設置位置,小児対応設備の有無";

/// A file of AEDs: the rows behind the usual header.
fn file(folder: &Path, name: &str, rows: &[&str]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
    path
}

struct Imported {
    code: i32,
    stdout: String,
    stderr: String,
}

fn import(file: &Path, arguments: &[&str]) -> Imported {
    let output = hiroba(&[&["import", file.to_str().unwrap()], arguments].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    Imported { code: output.status.code().unwrap(), stdout, stderr }
}

impl Imported {
    fn published(&self) -> Value {
        let report: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout));
        report["published"].clone()
    }
}

const TWO: [&str; 2] = [
    "131016,1,広場市役所,東京都千代田区一番町1-1,35.68712,139.74012,1階受付,有",
    "131016,2,中央公民館,東京都千代田区一番町2-3,35.68801,139.74122,玄関,無",
];

async fn count(broker: &Broker) -> String {
    let path = "/ngsi-ld/v1/entities?type=https://w3id.org/hiroba/vocab/AED&limit=0&count=true";
    let answer = broker.get(path).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.header("NGSILD-Results-Count").unwrap().to_owned()
}

#[test]
fn importing_again_writes_only_what_differs_into_databases_and_brokers_alike() {
    run(async {
        for remote in [false, true] {
            for broker in Broker::every().await {
                let folder = tempfile::tempdir().unwrap();
                let place = if remote { ["--to".to_owned(), broker.base.clone()] } else { broker.place() };
                let arguments = [&place[0], place[1].as_str(), "--report", "json"];
                let kind = broker.kind;
                let aed = file(folder.path(), "aed.csv", &TWO);

                let first = import(&aed, &arguments);
                assert_eq!(first.code, 0, "{kind}: {}", first.stderr);
                assert_eq!(first.published(), json!({"created": 3, "changed": 0, "unchanged": 0}), "{kind}");
                assert_eq!(count(&broker).await, "2", "{kind}");

                let again = import(&aed, &arguments);
                assert_eq!(again.published(), json!({"created": 0, "changed": 0, "unchanged": 3}), "{kind}");

                let moved = TWO[1].replace("玄関", "2階事務室");
                let aed = file(folder.path(), "aed.csv", &[TWO[0], &moved]);
                // The data set tells the checksum of its file, so that it changes too.
                let changed = import(&aed, &arguments);
                assert_eq!(changed.published(), json!({"created": 0, "changed": 2, "unchanged": 1}), "{kind}");
                let entity = broker.simplified("urn:ngsi-ld:AED:131016:2").await;
                let position = &entity["https://w3id.org/hiroba/vocab/installationPosition"];
                assert_eq!(*position, json!("2階事務室"), "{kind}: {entity}");
                // 3 at first, 2 since: what is the same leaves no trace in the history. The feed waits for transactions of
                // other databases of the same server.
                eventually("the feed tells five changes", async || {
                    broker.get("/changes?limit=100").send().await.text.lines().count() == 5
                })
                .await;
            }
        }
    });
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let aed = file(folder.path(), "aed.csv", &TWO);
    let data = folder.path().join("data");
    let dry = import(&aed, &["--dry-run", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    for part in ["AED設置箇所一覧 (aed)", "131016 千代田区", "2 read = 2 entities", "nothing (--dry-run)"] {
        assert!(dry.stdout.contains(part), "{part} in {}", dry.stdout);
    }
    assert!(!data.exists());
}

#[test]
fn how_a_table_was_read_is_written_down_once_and_followed() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("131016_books.csv");
    std::fs::write(&list, "番号,書名,担当\n1,広場の歴史,山野\n2,町の地図,川辺\n").unwrap();
    let mapping = folder.path().join("131016_books.csv.hiroba.toml");
    let save = ["--dry-run", "--save-mapping", mapping.to_str().unwrap()];
    let first = import(&list, &save);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(first.stdout.contains("none fits; taken for one of its own: books (books)"), "{}", first.stdout);
    let text = std::fs::read_to_string(&mapping).unwrap();
    std::fs::write(&mapping, text.replace("header = \"担当\"", "header = \"担当\"\nskip = true")).unwrap();
    // What a person has edited is not written over.
    let again = import(&list, &save);
    assert_eq!(again.code, 1, "{}", again.stdout);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    let found = import(&list, &["--dry-run"]);
    assert!(found.stdout.contains("mapping    131016_books.csv.hiroba.toml"), "{}{}", found.stdout, found.stderr);
    std::fs::write(&mapping, "type = \"Book\"\n").unwrap();
    let wrong = import(&list, &["--dry-run"]);
    assert_eq!(wrong.code, 3);
    assert!(wrong.stderr.contains("131016_books.csv.hiroba.toml, line 1, column 8"), "{}", wrong.stderr);
}

#[test]
fn rows_that_are_refused_are_told_and_the_others_published() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            let place = broker.place();
            let aed =
                file(folder.path(), "aed.csv", &[TWO[0], "131016,3,,東京都千代田区一番町9,35.6,139.7,1階,有", TWO[1]]);
            let imported = import(&aed, &[&place[0], &place[1]]);
            assert_eq!(imported.code, 3, "{}{}", imported.stdout, imported.stderr);
            assert!(imported.stdout.contains("3 read = 2 entities + 0 merged + 0 set aside + 1 refused"));
            assert!(imported.stdout.contains("row 3"), "{}", imported.stdout);
            assert_eq!(count(&broker).await, "2", "{}", broker.kind);
        }
    });
}

#[test]
fn files_that_cannot_be_read_say_what_to_do_and_leave_nothing_behind() {
    run(async {
        let broker = Broker::sqlite().await;
        let place = broker.place();
        let folder = tempfile::tempdir().unwrap();
        let bad = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let open_quote = format!("{HEADER}\n{}\n131016,9,\"x,y\n", TWO[0]);
        for (path, code, says) in [
            (bad("empty.csv", b""), 3, "empty"),
            (folder.path().join("missing.csv"), 1, "cannot be read"),
            (bad("page.csv", b"<!DOCTYPE html><html><body>404</body></html>"), 3, "web page"),
            (bad("photo.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), 3, "binary data"),
            (bad("text.csv", "これは表ではありません\n".as_bytes()), 3, "header"),
            (bad("numbers.csv", b"1,2\n3,4\n"), 3, "header"),
            (bad("book.xlsx", b"PK\x03\x04 and then nothing"), 3, "damaged"),
            (bad("quote.csv", open_quote.as_bytes()), 3, "row 3"),
        ] {
            let imported = import(&path, &[&place[0], &place[1]]);
            assert_eq!(imported.code, code, "{path:?}: {}", imported.stderr);
            assert!(imported.stderr.contains(says), "{path:?}: {}", imported.stderr);
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(imported.stderr.contains(name), "{path:?}: {}", imported.stderr);
            let json = import(&path, &["--dry-run", "--report", "json"]);
            let line: Value = serde_json::from_str(&json.stdout).unwrap();
            assert!(line["error"].as_str().unwrap().contains(says), "{line}");
        }
        assert_eq!(broker.get("/changes").send().await.text, "");
    });
}

#[test]
fn one_bad_file_does_not_keep_the_others_back() {
    run(async {
        let broker = Broker::sqlite().await;
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.csv");
        std::fs::write(&empty, "").unwrap();
        let aed = file(folder.path(), "aed.csv", &TWO);
        let place = broker.place();
        let imported = import(&empty, &[aed.to_str().unwrap(), &place[0], &place[1]]);
        assert_eq!(imported.code, 3, "{}", imported.stderr);
        assert_eq!(count(&broker).await, "2");
    });
}

#[test]
fn a_broker_that_refuses_or_is_not_there_is_told() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let aed = file(folder.path(), "aed.csv", &TWO);
        let token = folder.path().join("token");
        std::fs::write(&token, "s3cret").unwrap();
        let token = token.to_str().unwrap();
        let broker = Broker::sqlite_with(&["--token-file", token]).await;
        let refused = import(&aed, &["--to", &broker.base]);
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.contains("--token-file") || refused.stderr.contains("401"), "{}", refused.stderr);
        assert_eq!(import(&aed, &["--to", &broker.base, "--token-file", token]).code, 0);
        let away = import(&aed, &["--to", "http://127.0.0.1:1"]);
        assert_eq!(away.code, 4);
        assert!(away.stderr.contains("127.0.0.1:1"), "{}", away.stderr);
        assert_eq!(import(&aed, &["--database", "postgres://127.0.0.1:1/x"]).code, 4);
        assert_eq!(import(&aed, &["--to", "ftp://x"]).code, 2);
        assert_eq!(import(&aed, &["--municipality", "131017", "--dry-run"]).code, 2);
        assert_eq!(import(&aed, &["--issued", "2026-13-45", "--dry-run"]).code, 2);
        assert_eq!(import(&aed, &["--issued", "令和8年4月1日", "--dry-run"]).code, 0);
    });
}

#[test]
fn licence_and_source_stay_until_somebody_tells_others() {
    run(async {
        for remote in [false, true] {
            for broker in Broker::every().await {
                let folder = tempfile::tempdir().unwrap();
                let aed = file(folder.path(), "aed.csv", &TWO);
                let place = if remote { ["--to".to_owned(), broker.base.clone()] } else { broker.place() };
                let url = "https://www.city.example/aed.csv";
                for (told, licence) in [
                    (&["--licence", "CC BY 4.0", "--source", url][..], "by/4.0/"),
                    (&[], "by/4.0/"),
                    (&["--licence", "CC0"], "zero/1.0/"),
                ] {
                    let imported = import(&aed, &[&[place[0].as_str(), &place[1]], told].concat());
                    assert_eq!(imported.code, 0, "{}", imported.stderr);
                    // The broker learns a moment later of what another process wrote.
                    eventually(&format!("{}: {licence} and {url}", broker.kind), async || {
                        let dataset = broker.simplified("urn:ngsi-ld:Dataset:131016:aed").await.to_string();
                        dataset.contains(licence) && dataset.contains(url)
                    })
                    .await;
                }
            }
        }
    });
}

#[test]
fn a_tenant_has_its_own() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            let aed = file(folder.path(), "aed.csv", &TWO);
            assert_eq!(import(&aed, &["--to", &broker.base, "--tenant", "ward"]).code, 0);
            let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:AED:131016:1";
            assert_eq!(broker.get(path).send().await.status, 404, "{}", broker.kind);
            assert_eq!(broker.get(path).header("NGSILD-Tenant", "ward").send().await.status, 200, "{}", broker.kind);
        }
    });
}

#[test]
fn an_export_imported_again_changes_nothing_in_any_database() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            let place = broker.place();
            let place = [place[0].as_str(), place[1].as_str()];
            let aed = file(folder.path(), "aed.csv", &TWO);
            assert_eq!(import(&aed, &place).code, 0);
            for ending in ["csv", "xlsx", "geojson"] {
                let path = folder.path().join(format!("export.{ending}"));
                let written = ["export", "aed", "--format", ending, "--output", path.to_str().unwrap()];
                let output = hiroba(&[&written[..], &place[..]].concat());
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                let again = import(&path, &[&place[..], &["--report", "json"]].concat());
                // Only the data set's own entity differs: it names its file.
                assert_eq!(
                    again.published(),
                    json!({"created": 0, "changed": 1, "unchanged": 2}),
                    "{ending}: {}",
                    again.stderr
                );
            }
            let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
            let from = |from: &[&str], to: &str| {
                let output = hiroba(&[&["export", "aed", "--output", &file(to)][..], from].concat());
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                std::fs::read_to_string(file(to)).unwrap()
            };
            assert_eq!(from(&["--from", &broker.base], "remote.csv"), from(&place, "local.csv"), "{}", broker.kind);
            let unknown = hiroba(&[&["export", "nothing"][..], &place[..]].concat());
            assert!(String::from_utf8_lossy(&unknown.stderr).contains("there is no data set 'nothing'"));
        }
    });
}

#[test]
fn a_download_in_the_layout_of_the_standard_imported_again_changes_nothing() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            let place = broker.place();
            let aed = file(folder.path(), "aed.csv", &TWO);
            assert_eq!(import(&aed, &[&place[0], &place[1]]).code, 0);
            for (path, name, kind) in [
                ("/data/aed.csv?layout=current", "131016_aed.csv", "text/csv; charset=utf-8; header=present"),
                ("/data/AED.csv?layout=old", "131016_aed.csv", "text/csv; charset=utf-8; header=present"),
                (
                    "/data/aed.csv?layout=current&encoding=cp932",
                    "131016_aed.csv",
                    "text/csv; charset=Shift_JIS; header=present",
                ),
                ("/data/aed.geojson?layout=current", "131016_aed.geojson", "application/geo+json"),
                (
                    "/data/aed.xlsx",
                    "131016_aed.xlsx",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                ),
            ] {
                let answer = reqwest::get(format!("{}{path}", broker.base)).await.unwrap();
                assert_eq!(answer.status(), 200, "{path}");
                assert_eq!(answer.headers()["content-type"], kind, "{path}");
                let disposition = format!("attachment; filename=\"{name}\"");
                assert_eq!(answer.headers()["content-disposition"], disposition.as_str(), "{path}");
                let download = folder.path().join(name);
                std::fs::write(&download, answer.bytes().await.unwrap()).unwrap();
                let again = import(&download, &[&place[0], &place[1], "--report", "json"]);
                // Only the data set's own entity differs: it names its file. The old layout has no place for the codes of
                // an address.
                let changed =
                    if path.ends_with("old") { continue } else { json!({"created": 0, "changed": 1, "unchanged": 2}) };
                assert_eq!(again.published(), changed, "{path}: {}", again.stderr);
            }
            let found = broker.get("/data/aed.csv?layout=current&search=中央").send().await;
            assert!(found.text.lines().count() == 2 && found.text.contains("中央公民館"), "{}", found.text);
            for (path, says) in [
                ("/data/aed.csv?layout=new", "'new' is not one of current, old"),
                ("/data/aed.csv?layout=current&encoding=utf-16", "'utf-16' is not one of utf-8, cp932"),
                ("/data/aed.csv?encoding=cp932", "with layout=current or layout=old"),
                ("/data/aed.xlsx?encoding=cp932", "only CSV"),
                ("/data/Street.xlsx", "the standard has no data set of this type"),
            ] {
                let answer = broker.get(path).send().await;
                assert!(
                    answer.status == 400 && answer.text.contains(says),
                    "{path}: {} {}",
                    answer.status,
                    answer.text
                );
            }
            // A data set without entities is the blank template.
            let blank = broker.get("/data/tourism.csv?layout=current").send().await;
            assert!(blank.status == 200 && blank.text.lines().count() == 1, "{}", blank.text);
        }
    });
}

#[test]
fn a_file_that_is_refused_says_so_in_the_language_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.csv");
    std::fs::write(&page, "<!DOCTYPE html><html><body>404</body></html>").unwrap();
    let japanese = import(&page, &["--dry-run", "--lang", "ja", "--report", "json"]);
    assert!(japanese.stderr.contains("page.csvはウェブページ（HTML）です。"), "{}", japanese.stderr);
    let line: Value = serde_json::from_str(&japanese.stdout).unwrap();
    assert!(line["error"].as_str().unwrap().contains("is a web page (HTML)"), "{line}");
    assert!(line["errorJa"].as_str().unwrap().contains("ウェブページ"), "{line}");
    assert!(import(&page, &["--dry-run", "--lang", "en"]).stderr.contains("is a web page (HTML)"));
}

#[test]
fn the_page_and_the_corrected_file_are_written_beside_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let aed =
        file(folder.path(), "aed.csv", &[TWO[0], "131016,3,,東京都千代田区一番町2-3,35.68801,139.74122,玄関,不詳"]);
    let (page, corrected) = (folder.path().join("page.html"), folder.path().join("corrected.csv"));
    let (page_name, corrected_name) = (page.to_str().unwrap(), corrected.to_str().unwrap());
    let arguments = ["--dry-run", "--lang", "ja", "--html", page_name, "--corrected", corrected_name];
    let imported = import(&aed, &arguments);
    assert_eq!(imported.code, 3, "{}", imported.stderr);
    assert!(imported.stdout.contains("名称がありません"), "{}", imported.stdout);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<html lang=\"ja\">") && page.contains("download=\"corrected.csv\""), "{page}");
    let corrected = std::fs::read_to_string(corrected).unwrap();
    assert!(corrected.starts_with("\u{FEFF}全国地方公共団体コード,ID,"), "{corrected}");
    assert_eq!(corrected.lines().count(), 2, "{corrected}");
}
