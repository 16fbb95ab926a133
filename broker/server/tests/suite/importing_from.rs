//! `hiroba import` of addresses and folders.

use serde_json::Value;

use crate::support::{Broker, hiroba, run};
use crate::web::{Web, aeds, toilets, zip};

const DATASET: &str = "urn:ngsi-ld:Dataset:131016:aed";

struct Imported {
    code: i32,
    stdout: String,
    stderr: String,
}

fn import(arguments: &[&str]) -> Imported {
    let output = hiroba(&[&["import"], arguments].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    Imported { code: output.status.code().unwrap(), stdout, stderr }
}

impl Imported {
    fn json(&self) -> Value {
        serde_json::from_str(self.stdout.trim()).unwrap_or_else(|e| panic!("{e}: {} {}", self.stdout, self.stderr))
    }

    /// A value for each line.
    fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }
}

#[test]
fn a_file_at_an_address_is_read_only_when_reading_it_may_change_something() {
    run(async {
        for broker in Broker::every().await {
            let web = Web::start().await;
            let place = broker.place();
            let path = "/data/aed%20list.csv";
            let url = web.offer(path, &aeds(&[(1, "玄関"), (2, "受付")]));
            let fetch = |more: &[&str]| {
                let common = [url.as_str(), "--allow-private-egress", "--report", "json", &place[0], &place[1]];
                let imported = import(&[&common, more].concat());
                assert_eq!(imported.code, 0, "{}", imported.stderr);
                imported.json()
            };
            let first = fetch(&[]);
            assert_eq!((first["file"].as_str(), first["version"]["version"].as_i64()), (Some("aed list.csv"), Some(1)));
            assert_eq!(first["version"]["source"], url.as_str());
            assert_eq!(web.asked(path), [200]);

            let again = fetch(&[]);
            assert_eq!(
                (again["notModified"].as_bool(), again["version"].as_i64(), again["dataset"].as_str()),
                (Some(true), Some(1), Some(DATASET)),
                "{again}"
            );
            assert_eq!(web.asked(path), [304]);

            // Other settings may publish the same file in another way.
            let licensed = fetch(&["--licence", "CC0"]);
            assert_eq!((web.asked(path), licensed["version"]["version"].as_i64()), (vec![200], Some(2)), "{licensed}");
            fetch(&["--licence", "CC0"]);
            assert_eq!(web.asked(path), [304]);
            fetch(&["--licence", "CC0", "--again"]);
            assert_eq!(web.asked(path), [200]);

            // A changed file is a new version.
            web.offer(path, &aeds(&[(1, "2階"), (2, "受付")]));
            let changed = fetch(&["--licence", "CC0"]);
            assert_eq!(changed["version"]["version"], 3, "{changed}");
            assert_eq!(changed["published"]["changed"], 2, "the place and the data set: {changed}");
            fetch(&["--licence", "CC0"]);
            assert_eq!(web.asked(path), [200, 304]);

            // Where its version was undone, the file says something else than the database.
            let undone = hiroba(&["dataset", "undo", DATASET, &place[0], &place[1]]);
            assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
            let back = fetch(&["--licence", "CC0"]);
            assert_eq!((web.asked(path), back["version"]["version"].as_i64()), (vec![200], Some(5)), "{back}");
        }
    });
}

#[test]
fn an_archive_at_an_address_is_read_again_when_one_of_its_lists_was_undone() {
    run(async {
        for broker in Broker::every().await {
            let web = Web::start().await;
            let place = broker.place();
            let lists = [("aed.csv", &*aeds(&[(1, "玄関")])), ("toilets.csv", &toilets(2)), ("map.pdf", "%PDF-1.7")];
            let url = web.offer("/lists.zip", &zip(&lists));
            let fetch = || {
                let imported =
                    import(&[url.as_str(), "--allow-private-egress", "--report", "json", &place[0], &place[1]]);
                assert_eq!(imported.code, 0, "{}", imported.stderr);
                imported.lines()
            };
            let first = fetch();
            let [aed, toilet, rest] = first.as_slice() else { panic!("{first:?}") };
            for (table, dataset) in [(aed, "aed"), (toilet, "public_toilet")] {
                assert_eq!((table["dataset"].as_str(), table["version"]["version"].as_i64()), (Some(dataset), Some(1)));
                assert_eq!(table["version"]["source"], url.as_str());
            }
            assert_eq!((rest["file"].as_str(), rest["leftOut"][0]["name"].as_str()), (Some(&*url), Some("map.pdf")));

            let again = fetch();
            assert!(again.len() == 2 && again.iter().all(|table| table["notModified"] == true), "{again:?}");
            assert_eq!(web.asked("/lists.zip"), [200, 304]);

            let undone = hiroba(&["dataset", "undo", "public_toilet", &place[0], &place[1]]);
            assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
            let back = fetch();
            assert_eq!(
                (&back[0]["version"], &back[1]["version"]["version"]),
                (&Value::Null, &Value::from(3)),
                "{back:?}"
            );
            fetch();
            assert_eq!(web.asked("/lists.zip"), [200, 304]);
        }
    });
}

#[test]
fn addresses_that_bring_no_table_say_what_to_do() {
    run(async {
        let web = Web::start().await;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let data = data.to_str().unwrap();
        let good = web.offer("/good.csv", &aeds(&[(1, "玄関")]));
        let page = "<!DOCTYPE html><html><body>お探しのページはありません</body></html>";
        let credentials = good.replace("http://", "http://me:secret@");
        let closed = "http://127.0.0.1:1/a.csv";
        for (url, flags, code, says) in [
            (web.url("/missing.csv").as_str(), &["--allow-private-egress"][..], 1, "it may have moved"),
            (&web.answers("/closed.csv", 403, &[], ""), &["--allow-private-egress"], 1, "not open to everybody"),
            (&web.answers("/broken.csv", 500, &[], ""), &["--allow-private-egress"], 1, "Try again later"),
            (&web.answers("/moved.csv", 300, &[], ""), &["--allow-private-egress"], 1, "address of the file itself"),
            (
                &web.answers("/p.csv", 200, &["content-type: text/html"], page),
                &["--allow-private-egress"],
                3,
                "web page",
            ),
            (
                &web.answers("/q.csv", 200, &["content-type: text/csv"], page),
                &["--allow-private-egress"],
                3,
                "web page",
            ),
            (&web.answers("/e.csv", 200, &[], ""), &["--allow-private-egress"], 3, "is empty"),
            (
                &web.answers("/half.csv", 200, &["content-length: 900000"], &aeds(&[(1, "玄関")])),
                &["--allow-private-egress"],
                1,
                "try again later",
            ),
            (&web.answers("/in.csv", 302, &["location: /in.csv"], ""), &["--allow-private-egress"], 1, "redirects"),
            (&good, &[], 1, "--allow-private-egress"),
            (&good, &["--allow-private-egress", "--offline"], 1, "--offline"),
            (closed, &["--allow-private-egress"], 1, "refused"),
            (&credentials, &["--allow-private-egress"], 1, "password"),
            ("http://", &[], 1, "not an address"),
        ] {
            let imported = import(&[&[url, "--data-dir", data], flags].concat());
            assert_eq!(imported.code, code, "{url}: {}", imported.stderr);
            let error = imported.stderr.to_lowercase();
            assert!(error.contains(&says.to_lowercase()) && error.contains(&url.to_lowercase()), "{url}: {error}");
            let dry = import(&[&[url, "--dry-run", "--report", "json"], flags].concat());
            assert_eq!(dry.code, code, "{url}: {}", dry.stderr);
        }
    });
}

#[test]
fn redirects_names_and_wrong_media_types_do_not_matter() {
    run(async {
        let web = Web::start().await;
        let list = aeds(&[(1, "玄関")]);
        let named = [
            "content-type: text/html; charset=utf-8",
            "content-disposition: attachment; filename*=UTF-8''%E5%BA%83%E5%A0%B4.csv",
        ];
        web.answers("/download?id=7", 200, &named, &list);
        let url = web.answers("/latest", 302, &["location: /download?id=7"], "");
        let dry = import(&[&url, "--dry-run", "--allow-private-egress", "--report", "json"]);
        assert_eq!((dry.code, dry.json()["file"].as_str()), (0, Some("広場.csv")), "{}", dry.stderr);

        // A broker keeps no versions, so that nothing is known of what was fetched before.
        let broker = Broker::sqlite().await;
        for created in [2, 0] {
            let sent = import(&[&url, "--to", &broker.base, "--allow-private-egress", "--report", "json"]);
            assert_eq!(
                (sent.code, sent.json()["published"]["created"].as_i64()),
                (0, Some(created)),
                "{}",
                sent.stderr
            );
        }
        assert_eq!(web.asked("/latest"), [302, 302, 302]);
        let dataset = broker.simplified(DATASET).await.to_string();
        assert!(dataset.contains(&url), "{dataset}");
    });
}

#[test]
fn a_folder_is_every_table_below_it_and_every_file_is_accounted_for() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            let put = |name: &str, text: &str| {
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            };
            put("b/toilets.csv", &toilets(3));
            put("a/aed.csv", &aeds(&[(1, "玄関"), (2, "受付")]));
            put("c/broken.csv", "");
            put("readme.pdf", "%PDF");
            put(".git/x.csv", &aeds(&[(9, "x")]));
            let place = broker.place();
            let root = folder.path().to_str().unwrap();
            let imported = import(&[root, &place[0], &place[1]]);
            assert_eq!(imported.code, 3, "{}", imported.stderr);
            let end = imported.stdout.split("3 files: ").nth(1).unwrap_or_else(|| panic!("{}", imported.stdout));
            for says in [
                "2 read, 1 failed",
                "published  7 created, 0 changed, 0 unchanged",
                &format!("failed     {root}/c/broken.csv"),
                &format!("passed over 1, which by their names are no tables: {root}/readme.pdf"),
            ] {
                assert!(end.contains(says), "{says} in {end}");
            }
            assert!(!end.contains("warning"), "{end}");
            let (one, other) = (imported.stdout.find("aed.csv").unwrap(), imported.stdout.find("toilets.csv").unwrap());
            assert!(one < other, "in the order of the paths");
            assert!(imported.stderr.contains("broken.csv is empty"), "{}", imported.stderr);
        }
    });
}

#[test]
fn two_files_of_one_data_set_in_a_folder_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let data = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("east.csv"), aeds(&[(1, "玄関")])).unwrap();
    std::fs::write(folder.path().join("west.csv"), aeds(&[(2, "受付")])).unwrap();
    let place = [folder.path().to_str().unwrap(), "--data-dir", data.path().to_str().unwrap()];
    let marked = import(&place);
    assert!(
        marked.stdout.contains("are all aed of 131016") && marked.stdout.contains("--gone keep"),
        "{}",
        marked.stdout
    );
    let kept = import(&[&place[..], &["--gone", "keep"]].concat());
    assert!(!kept.stdout.contains("warning"), "{}", kept.stdout);
    let json = import(&[&place[..], &["--report", "json"]].concat());
    assert_eq!(json.stdout.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 2);
    assert!(json.stderr.contains("2 files: 2 read"), "a script reads a line for each file: {}", json.stderr);
    // Lists of one kind in one file are told apart, and are no reason for a warning.
    let archives = tempfile::tempdir().unwrap();
    let lists = [("east.csv", &*aeds(&[(1, "玄関")])), ("west.csv", &aeds(&[(2, "受付")]))];
    std::fs::write(archives.path().join("lists.zip"), zip(&lists)).unwrap();
    std::fs::write(archives.path().join("toilets.csv"), toilets(1)).unwrap();
    let both = import(&[archives.path().to_str().unwrap(), "--dry-run"]);
    assert!(both.stdout.contains("2 files: 2 read") && !both.stdout.contains("warning"), "{}", both.stdout);
    assert_eq!(both.stdout.matches("data set ").count(), 3, "{}", both.stdout);
    let empty = import(&[data.path().to_str().unwrap(), "--dry-run"]);
    assert_eq!(empty.code, 1);
    assert!(empty.stderr.contains("holds no table"), "{}", empty.stderr);
}
