//! What must not be taken, and what must not break anything.

use reqwest::Method;
use serde_json::json;

use super::{LIST, exists, form, send, send_form};
use crate::support::{Broker, encode, run};

#[test]
fn files_that_cannot_be_imported_are_refused_with_a_reason() {
    run(async {
        let broker = Broker::sqlite_with(&["--max-upload", "1"]).await;
        let open_quote = "名称,住所,緯度,経度,設置位置\nA,広場市1,35.5,139.5,\"玄関\nB,広場市2,35.5,139.5,玄関\n";
        let huge = "あ".repeat(400_000);
        for (name, content, status, word) in [
            ("empty.csv", "", 400, "empty"),
            ("page.csv", "<!doctype html><html><body>404</body></html>", 400, "web page"),
            ("letter.pdf", "%PDF-1.7\n%\u{e2}\u{e3}", 400, "PDF"),
            ("title.csv", "公共施設一覧\n", 400, "no header row"),
            ("quote.csv", open_quote, 400, "quotation mark"),
            ("huge.csv", huge.as_str(), 413, "larger than"),
        ] {
            for preview in ["true", "false"] {
                let query = format!("filename={name}&preview={preview}");
                let answer = send(&broker, &query, content.to_owned()).await;
                assert_eq!(answer.status, status, "{name}: {}", answer.text);
                let problem = answer.json();
                assert!(problem["detail"].as_str().unwrap().contains(word), "{name}: {problem}");
                if status == 400 {
                    assert_eq!(problem["errors"][0]["file"], name, "{problem}");
                    assert!(!answer.text.contains("--dataset"), "there are no options of a command here");
                }
            }
        }
        let answer = send(&broker, "filename=quote.csv", open_quote).await;
        assert_eq!(answer.json()["errors"][0]["row"], 2, "{}", answer.text);
        assert_eq!(broker.get("/changes").send().await.text, "");
        assert_eq!(send(&broker, "filename=aed.csv", LIST).await.status, 201, "it goes on working");
    });
}

#[test]
fn a_file_of_unknown_length_ends_at_the_limit() {
    run(async {
        let broker = Broker::sqlite_with(&["--max-upload", "1"]).await;
        let chunks = futures_util::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 64 << 10])));
        let body = reqwest::Body::wrap_stream(chunks);
        let answer = send(&broker, "filename=a.csv", body).await;
        assert_eq!(answer.status, 413, "{}", answer.text);
    });
}

#[test]
fn a_zip_bomb_is_refused() {
    run(async {
        let broker = Broker::sqlite().await;
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer.start_file("aed.csv", zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, LIST.as_bytes()).unwrap();
        std::io::Write::write_all(&mut writer, &vec![b'\n'; 64 << 20]).unwrap();
        let bomb = writer.finish().unwrap().into_inner();
        assert!(bomb.len() < 1 << 20);
        let answer = send(&broker, "filename=a.zip", bomb).await;
        assert!([400, 413].contains(&answer.status), "{} {}", answer.status, answer.text);
        assert!(!exists(&broker).await);
    });
}

#[test]
fn of_a_path_in_a_file_s_name_only_the_name_is_left() {
    run(async {
        let broker = Broker::sqlite().await;
        for name in ["../../../tmp/hiroba-escape.csv", "C:\\temp\\hiroba-escape.csv", "/tmp/hiroba-escape.csv"] {
            let answer = send(&broker, &format!("filename={}&preview=true", encode(name)), LIST).await;
            assert_eq!((answer.status, &answer.json()["fileName"]), (200, &json!("hiroba-escape.csv")), "{name}");
            assert!(!std::path::Path::new("/tmp/hiroba-escape.csv").exists());
        }
        for name in ["..", "a\nb", &"a".repeat(300)] {
            let answer = send(&broker, &format!("filename={}", encode(name)), LIST).await;
            assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        }
        let unnamed = send(&broker, "", LIST).await;
        assert_eq!(unnamed.status, 400);
        assert!(unnamed.text.contains("filename"), "{}", unnamed.text);
    });
}

#[test]
fn what_is_told_wrong_is_refused_before_anything_is_read() {
    run(async {
        let broker = Broker::sqlite().await;
        for (query, word) in [
            ("municipality=123456", "six digits"),
            ("issued=yesterday", "expected a day"),
            ("gone=perhaps", "keep, mark or remove"),
            ("preview=maybe", "true or false"),
            ("surelyUnknown=1", "known here"),
            ("dataset=nothing", "there is no data set"),
        ] {
            let answer = send(&broker, &format!("filename=aed.csv&{query}"), LIST).await;
            assert_eq!(answer.status, 400, "{query}: {}", answer.text);
            assert!(answer.text.contains(word), "{query}: {}", answer.text);
        }
        for (fields, file) in [
            (vec![("surelyUnknown", "1")], Some(("aed.csv", LIST))),
            (vec![("gone", "mark"), ("gone", "keep")], Some(("aed.csv", LIST))),
            (vec![], Some(("", ""))),
            (vec![("preview", "true")], None),
        ] {
            let answer = send_form(&broker, &fields, file).await;
            assert_eq!(answer.status, 400, "{fields:?} {}", answer.text);
        }
        let (kind, body) = form(&[], Some(("aed.csv", LIST)));
        let cut = body.as_bytes()[..body.len() / 2].to_vec();
        let answer = broker.ask(Method::POST, "/imports").raw(kind, cut).send().await;
        assert_eq!(answer.status, 400, "a form that ends too early: {}", answer.text);
        assert!(!exists(&broker).await);
    });
}

#[test]
fn without_the_token_nothing_is_taken_and_nothing_is_shown() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "secret\n").unwrap();
        let broker = Broker::sqlite_with(&["--token-file", file.to_str().unwrap()]).await;
        assert_eq!(send(&broker, "filename=aed.csv", LIST).await.status, 401);
        assert_eq!(send_form(&broker, &[("token", "wrong")], Some(("aed.csv", LIST))).await.status, 401);
        assert_eq!(send_form(&broker, &[], Some(("aed.csv", LIST))).await.status, 401);
        let headed = broker.ask(Method::POST, "/imports?filename=aed.csv").header("authorization", "Bearer secret");
        let headed = headed.raw("text/csv", LIST).send().await;
        assert_eq!(headed.status, 201, "{}", headed.text);
        let formed = send_form(&broker, &[("token", "secret"), ("preview", "true")], Some(("aed.csv", LIST))).await;
        assert_eq!(formed.status, 200, "{}", formed.text);
        assert!(!formed.text.contains("secret"));
        let place = formed.header("location").unwrap();
        assert_eq!(broker.get(place).send().await.status, 401);
        assert_eq!(broker.ask(Method::POST, &format!("{place}?publish=true")).send().await.status, 401);
        assert_eq!(broker.ask(Method::DELETE, place).send().await.status, 401);
        assert_eq!(broker.get("/imports/nothing").send().await.status, 401, "whether there is one is not told");
        assert_eq!(broker.get(place).header("authorization", "Bearer secret").send().await.status, 200);
    });
}

#[test]
fn pages_of_other_servers_cannot_send_files() {
    run(async {
        let broker = Broker::sqlite().await;
        let host = broker.base.clone();
        for (headers, status) in [
            (vec![("origin", "https://evil.example")], 403),
            (vec![("origin", "null")], 403),
            (vec![("sec-fetch-site", "cross-site")], 403),
            (vec![("sec-fetch-site", "same-site"), ("origin", "http://other.localhost")], 403),
            (vec![("sec-fetch-site", "cross-site"), ("origin", host.as_str())], 403),
            (vec![("sec-fetch-site", "same-origin"), ("origin", host.as_str())], 200),
            (vec![("origin", host.as_str())], 200),
            (vec![], 200),
        ] {
            let mut asking = broker.ask(Method::POST, "/imports?filename=aed.csv&preview=true");
            for (name, value) in &headers {
                asking = asking.header(name, value);
            }
            let answer = asking.raw("text/plain", LIST).send().await;
            assert_eq!(answer.status, status, "{headers:?}: {}", answer.text);
        }
        let answer = send(&broker, "filename=aed.csv&preview=true", LIST).await;
        let place = answer.header("location").unwrap();
        for method in [Method::POST, Method::DELETE] {
            let asking = broker.ask(method, place).header("origin", "https://evil.example");
            assert_eq!(asking.send().await.status, 403);
        }
    });
}

#[test]
fn a_file_belongs_to_its_tenant() {
    run(async {
        for broker in Broker::every().await {
            let asking = broker.ask(Method::POST, "/imports?filename=aed.csv").header("NGSILD-Tenant", "east");
            let answer = asking.raw("text/csv", LIST).send().await;
            assert_eq!(answer.status, 201, "{}", answer.text);
            assert!(!exists(&broker).await, "it is published for its tenant alone");
            let place = answer.header("location").unwrap();
            assert_eq!(broker.get(place).send().await.status, 404);
            assert_eq!(broker.get(place).header("NGSILD-Tenant", "east").send().await.status, 200);
        }
    });
}

#[test]
fn the_oldest_results_give_way_and_files_do_not_pile_up() {
    run(async {
        let broker = Broker::sqlite().await;
        let mut places = Vec::new();
        for n in 0..66 {
            let answer = send(&broker, &format!("filename=aed{n}.csv"), LIST).await;
            assert!([200, 201].contains(&answer.status), "{}", answer.text);
            places.push(answer.header("location").unwrap().to_owned());
        }
        assert_eq!(broker.get(&places[0]).send().await.status, 404);
        assert_eq!(broker.get(&places[65]).send().await.status, 200);
    });
}
