//! The pages on which staff publish files, as a browser without scripts uses them.

use reqwest::Method;

use super::{LIST, exists, form};
use crate::support::{Answer, Broker, eventually, run};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// A browser: its cookie goes along.
async fn visit(broker: &Broker, method: Method, path: &str, cookie: &str, body: Option<(&str, String)>) -> Answer {
    let asking = broker.ask(method, path).header("accept", HTML).header("accept-language", "en");
    let asking = if cookie.is_empty() { asking } else { asking.header("cookie", cookie) };
    match body {
        None => asking.send().await,
        Some((kind, body)) => {
            let asking = asking.header("origin", &broker.base).header("sec-fetch-site", "same-origin");
            asking.raw(kind, body).send().await
        }
    }
}

#[test]
fn staff_choose_a_file_look_at_the_preview_and_publish_it() {
    run(async {
        for broker in Broker::every().await {
            let first = visit(&broker, Method::GET, "/", "", None).await;
            assert!(first.text.contains("href=\"/imports\""), "the first page leads there");
            let page = visit(&broker, Method::GET, "/imports", "", None).await;
            assert_eq!(page.status, 200);
            for part in ["<label for=\"file\">", "enctype=\"multipart/form-data\"", "<option value=\"aed\">"] {
                assert!(page.text.contains(part), "{part} in {}", page.text);
            }
            assert!(!page.text.contains("type=\"password\""), "no token is needed");
            assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'self'"));

            // The client follows to the preview as browsers do.
            let sent = form(&[("preview", "true"), ("licence", "CC BY 4.0")], Some(("aed.csv", LIST)));
            let preview = visit(&broker, Method::POST, "/imports", "", Some((sent.0, sent.1))).await;
            assert_eq!(preview.status, 200, "{}", preview.text);
            assert!(preview.text.contains("aed.csv") && preview.text.contains("role=\"status\""), "{}", preview.text);
            let place = place_of(&broker).await;
            eventually("the preview is there", async || {
                visit(&broker, Method::GET, &place, "", None).await.text.contains("name=\"publish\"")
            })
            .await;
            let preview = visit(&broker, Method::GET, &place, "", None).await;
            for part in [
                "aed.csv",
                "AED設置箇所一覧",
                "Rows of the file",
                "パッドのみ",
                "role=\"status\"",
                "ひろば市役所",
                "the row has no name",
                "value=\"CC BY 4.0\"",
            ] {
                assert!(preview.text.contains(part), "{part} in {}", preview.text);
            }
            assert!(!exists(&broker).await, "looking publishes nothing");
            let chosen = "publish=true&licence=CC+BY+4.0&dataset=aed&gone=mark".to_owned();
            let kind = "application/x-www-form-urlencoded";
            let result = visit(&broker, Method::POST, &place, "", Some((kind, chosen))).await;
            assert_eq!(result.status, 200, "{}", result.text);
            eventually("it is published", async || exists(&broker).await).await;
            eventually("the result is shown", async || {
                visit(&broker, Method::GET, &place, "", None).await.text.contains("Published as version 1")
            })
            .await;
            let result = visit(&broker, Method::GET, &place, "", None).await;
            assert!(result.text.contains("/datasets/") && !result.text.contains("name=\"publish\""));
            assert!(result.text.contains("name=\"undo\""));
            visit(&broker, Method::POST, &place, "", Some((kind, "undo=true".to_owned()))).await;
            eventually("it is taken back", async || !exists(&broker).await).await;
        }
    });
}

/// Sends a file for a preview, and gives the path of its page.
async fn place_of(broker: &Broker) -> String {
    let (kind, body) = form(&[("preview", "true"), ("licence", "CC BY 4.0")], Some(("aed.csv", LIST)));
    let answer = broker.ask(Method::POST, "/imports").raw(kind, body).send().await;
    answer.header("location").unwrap().to_owned()
}

#[test]
fn what_is_wrong_is_told_on_the_page() {
    run(async {
        let broker = Broker::sqlite_with(&["--max-upload", "1"]).await;
        for (file, status, word) in [
            (Some(("big.csv", "a".repeat(2 << 20))), 413, "too large"),
            (None, 400, "no part &#39;file&#39;"),
            (Some(("", String::new())), 400, "no file was chosen"),
        ] {
            let (kind, body) = form(&[], file.as_ref().map(|(name, content)| (*name, content.as_str())));
            let page = visit(&broker, Method::POST, "/imports", "", Some((kind, body))).await;
            assert_eq!(page.status, status, "{word}");
            assert!(page.text.contains("role=\"alert\"") && page.text.contains(word), "{word} in {}", page.text);
        }
        let nowhere = visit(&broker, Method::GET, "/imports/nothing", "", None).await;
        assert_eq!(nowhere.status, 404);
        assert!(nowhere.text.contains("no longer here"));
        let japanese = broker.get("/imports?lang=ja").header("accept", HTML).send().await;
        assert!(japanese.text.contains("ファイルを公開する"));
    });
}

#[test]
fn markup_in_a_file_stays_text() {
    run(async {
        let broker = Broker::sqlite().await;
        let list = LIST.replace("ひろば市役所", "<script>alert(1)</script>").replace("設置位置", "<b>設置位置</b>");
        let (kind, body) = form(&[("preview", "true")], Some(("<i>aed<i>.csv", &list)));
        let answer = broker.ask(Method::POST, "/imports").raw(kind, body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let page = visit(&broker, Method::GET, answer.header("location").unwrap(), "", None).await;
        for markup in ["<script>alert", "<b>設置", "<i>aed"] {
            assert!(!page.text.contains(markup), "{markup} in {}", page.text);
        }
    });
}

#[test]
fn with_a_token_the_page_asks_for_it_and_a_cookie_carries_on() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "secret").unwrap();
        let broker = Broker::sqlite_with(&["--token-file", file.to_str().unwrap()]).await;
        let page = visit(&broker, Method::GET, "/imports", "", None).await;
        let (token, chooser) = (page.text.find("type=\"password\""), page.text.find("type=\"file\""));
        assert!(token.is_some() && token < chooser, "the token comes before the file");
        let (kind, body) = form(&[("token", "wrong")], Some(("aed.csv", LIST)));
        let refused = visit(&broker, Method::POST, "/imports", "", Some((kind, body))).await;
        assert_eq!(refused.status, 401);
        assert!(refused.text.contains("role=\"alert\""));

        let (kind, body) = form(&[("preview", "true"), ("token", "secret")], Some(("aed.csv", LIST)));
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request =
            client.post(format!("{}/imports", broker.base)).header("accept", HTML).header("content-type", kind);
        let sent = request.body(body).send().await.unwrap();
        assert_eq!(sent.status(), 303);
        let place = sent.headers()["location"].to_str().unwrap().to_owned();
        let cookie = sent.headers()["set-cookie"].to_str().unwrap().to_owned();
        for part in ["HttpOnly", "SameSite=Strict", &format!("Path={place}")] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        assert!(!place.contains("secret") && !cookie.contains("secret"));
        let cookie = cookie.split(';').next().unwrap();
        assert_eq!(visit(&broker, Method::GET, &place, "", None).await.status, 401);
        assert_eq!(visit(&broker, Method::GET, &place, "hiroba-import=other", None).await.status, 401);
        eventually("the preview is there", async || {
            visit(&broker, Method::GET, &place, cookie, None).await.text.contains("name=\"publish\"")
        })
        .await;
        let publish = Some(("application/x-www-form-urlencoded", "publish=true".to_owned()));
        visit(&broker, Method::POST, &place, cookie, publish).await;
        eventually("it is published", async || exists(&broker).await).await;
    });
}

#[test]
fn the_page_of_a_file_that_cannot_be_read_offers_to_correct_the_choices_and_not_to_publish() {
    run(async {
        let broker = Broker::sqlite().await;
        let sent = form(&[("preview", "true")], Some(("letter.csv", "お世話になっております。\nよろしく。\n")));
        let answer =
            broker.ask(Method::POST, "/imports").header("accept", "application/json").raw(sent.0, sent.1).send().await;
        let place = answer.header("location").unwrap().to_owned();
        let page = visit(&broker, Method::GET, &place, "", None).await.text;
        for part in [
            "cannot be published as it is. Nothing was published. Correct the choices below",
            "letter.csv is a text without columns",
            ">Correct the choices</h2>",
            "value=\"false\">Check again with these choices",
            "Choose another file",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("value=\"true\"") && !page.contains("it stopped on the way"), "{page}");
    });
}

#[test]
fn the_preview_says_that_more_than_half_of_a_list_would_go() {
    run(async {
        let broker = Broker::sqlite().await;
        let list = |rows: usize| {
            let row = |n| format!("131016,{n},施設{n},東京都千代田区一番町1-{n},35.68712,139.74012,玄関,有\n");
            let head = "市区町村コード,NO,名称,住所,緯度,経度,設置位置,小児対応設備の有無\n".to_owned();
            (1..=rows).fold(head, |list, n| list + &row(n))
        };
        let send = async |preview: &str, rows: usize| {
            let text = list(rows);
            let sent = form(&[("preview", preview)], Some(("aed.csv", &text)));
            let asking = broker.ask(Method::POST, "/imports").header("accept", "application/json");
            let answer = asking.raw(sent.0, sent.1).send().await;
            let place = answer.header("location").unwrap().to_owned();
            visit(&broker, Method::GET, &place, "", None).await.text
        };
        assert!(send("false", 12).await.contains("Published as version 1"));
        let warning = "More than half of the published list is not in this file.";
        assert!(!send("true", 6).await.contains(warning));
        assert!(send("true", 5).await.contains(warning));
        assert!(send("false", 5).await.contains("More than half of the list that was published was not in this file."));
    });
}
