//! `hiroba harvest` and `hiroba serve --harvest`: files that are fetched regularly.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Broker, eventually, hiroba, run};
use crate::web::{Web, aeds, toilets, zip};

/// A harvest file with sources and their other keys.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    fn new(sources: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("harvest.toml");
        let sources: Vec<String> =
            sources.iter().map(|(url, keys)| format!("[[source]]\nurl = \"{url}\"\n{keys}\n")).collect();
        std::fs::write(&path, sources.join("\n")).unwrap();
        Self { _folder: folder, path }
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn once(file: &File, broker: &Broker, more: &[&str]) -> Output {
    let place = broker.place();
    let arguments = ["harvest", "--once", file.path(), "--allow-private-egress", &place[0], &place[1]];
    hiroba(&[&arguments, more].concat())
}

fn status(broker: &Broker) -> Vec<Value> {
    let place = broker.place();
    let output = hiroba(&["harvest", "status", "--json", &place[0], &place[1]]);
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The latest version of each data set: the end of its id, and the number.
fn versions(broker: &Broker) -> Vec<(String, i64)> {
    let place = broker.place();
    let output = hiroba(&["dataset", "list", "--json", &place[0], &place[1]]);
    let read = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        let (id, version) = (entry["dataset"].as_str().unwrap(), entry["version"].as_i64());
        (id.rsplit(':').next().unwrap().to_owned(), version.unwrap_or_else(|| panic!("{entry}")))
    };
    text(&output.stdout).lines().map(read).collect()
}

fn versioned(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect()
}

#[test]
fn every_source_is_fetched_once_and_one_that_fails_stops_no_other() {
    run(async {
        for broker in Broker::every().await {
            let web = Web::start().await;
            let missing = web.url("/missing.csv");
            let aed = web.offer("/aed.csv", &aeds(&[(1, "玄関")]));
            let file = File::new(&[
                (&missing, "every = \"1d\""),
                (&aed, "at = \"03:00\"\nlicence = \"CC0\""),
                (&web.offer("/toilets.csv", &toilets(2)), "every = \"6h\"\nname = \"toilets\""),
            ]);
            let dry = once(&file, &broker, &["--dry-run"]);
            assert_eq!(dry.status.code(), Some(1), "{}", text(&dry.stderr));
            assert!(text(&dry.stderr).contains("3 sources, 1 failed; nothing was published"), "{}", text(&dry.stderr));
            assert!(text(&dry.stdout).contains("toilets\n"), "{}", text(&dry.stdout));
            assert_eq!((status(&broker), versions(&broker)), (vec![], vec![]));

            let first = once(&file, &broker, &[]);
            let said = text(&first.stderr);
            assert_eq!(first.status.code(), Some(1), "{said}");
            assert!(said.contains("3 sources: 2 changed, 0 unchanged, 1 failed"), "{said}");
            assert!(said.contains("It may have moved"), "{said}");
            assert_eq!(versions(&broker), versioned(&[("aed", 1), ("public_toilet", 1)]));

            web.offer("/aed.csv", &aeds(&[(1, "2階")]));
            web.asked("/toilets.csv");
            let second = text(&once(&file, &broker, &[]).stderr);
            assert!(second.contains("3 sources: 1 changed, 1 unchanged, 1 failed"), "{second}");
            assert_eq!(web.asked("/toilets.csv"), [304]);
            assert_eq!(versions(&broker), versioned(&[("aed", 2), ("public_toilet", 1)]));

            let known = status(&broker);
            let [of_aed, of_missing, of_toilets] = known.as_slice() else { panic!("{known:?}") };
            assert_eq!(
                (of_aed["url"].as_str(), of_aed["versions"][0]["version"].as_i64()),
                (Some(aed.as_str()), Some(2))
            );
            assert_eq!((of_missing["failures"].as_i64(), of_toilets["failures"].as_i64()), (Some(2), Some(0)));
            assert!(of_missing["error"].as_str().unwrap().contains("404") && of_missing["succeededAt"].is_null());
            let place = broker.place();
            let shown = text(&hiroba(&["harvest", "status", &place[0], &place[1]]).stdout);
            assert!(shown.contains("2 failed\tnever imported") && shown.contains("version 2 of"), "{shown}");
        }
    });
}

#[test]
fn what_was_taken_back_does_not_come_again_until_the_file_changes() {
    run(async {
        for broker in Broker::every().await {
            let web = Web::start().await;
            let place = broker.place();
            let list = |position| aeds(&[(1, position), (2, "受付")]);
            // This server says nothing by which it could tell whether the file has changed.
            let silent = |text: &str| web.answers("/aed.csv", 200, &[], text);
            let file = File::new(&[(&silent(&list("玄関")), "every = \"1d\"")]);
            let fetch = |more: &[&str], expected: &str| {
                let said = text(&once(&file, &broker, more).stderr);
                assert!(said.contains(expected), "{expected}: {said}");
            };
            fetch(&[], "1 changed, 0 unchanged");
            silent(&list("誤り"));
            fetch(&[], "1 changed, 0 unchanged");
            let undone = hiroba(&["dataset", "undo", "aed", &place[0], &place[1]]);
            assert!(undone.status.success(), "{}", text(&undone.stderr));
            fetch(&[], "0 changed, 1 unchanged");
            assert_eq!(versions(&broker), versioned(&[("aed", 3)]));
            silent(&list("2階"));
            fetch(&[], "1 changed, 0 unchanged");
            fetch(&["--again"], "0 changed, 1 unchanged");
            assert_eq!(versions(&broker), versioned(&[("aed", 4)]));
        }
    });
}

#[test]
fn every_table_of_an_archive_is_remembered() {
    run(async {
        for broker in Broker::every().await {
            let web = Web::start().await;
            let place = broker.place();
            let lists = |position, count| {
                zip(&[("aed.csv", &aeds(&[(1, position)])), ("toilets.csv", &toilets(count)), ("map.pdf", "%PDF-1.7")])
            };
            let file = File::new(&[(&web.offer("/lists.zip", &lists("玄関", 1)), "every = \"1d\"")]);
            let fetch = |expected: &str| {
                let output = once(&file, &broker, &[]);
                let (said, shown) = (text(&output.stderr), text(&output.stdout));
                assert!(output.status.success() && said.contains(expected), "{expected}: {said}");
                shown
            };
            let shown = fetch("1 changed, 0 unchanged");
            assert!(shown.contains("left out   map.pdf"), "{shown}");
            let shown = fetch("0 changed, 1 unchanged");
            assert_eq!(shown.matches("not modified since it became version 1 of").count(), 2, "{shown}");
            assert_eq!(web.asked("/lists.zip"), [200, 304]);

            // A list that was taken back stays so, although the other one is as the file says.
            let undone = hiroba(&["dataset", "undo", "public_toilet", &place[0], &place[1]]);
            assert!(undone.status.success(), "{}", text(&undone.stderr));
            fetch("0 changed, 1 unchanged");
            assert_eq!(versions(&broker), versioned(&[("aed", 1), ("public_toilet", 2)]));

            // Only the list that changed is a new version, and that is enough for the file to count as changed.
            web.offer("/lists.zip", &lists("玄関", 3));
            fetch("1 changed, 0 unchanged");
            assert_eq!(versions(&broker), versioned(&[("aed", 1), ("public_toilet", 3)]));
            let known = status(&broker);
            let kept = known[0]["versions"].as_array().unwrap().iter();
            let kept: Vec<Option<i64>> = kept.map(|one| one["version"].as_i64()).collect();
            assert_eq!(kept, [Some(1), Some(3)], "{known:?}");
        }
    });
}

#[test]
fn a_server_fetches_what_is_due_and_a_restart_fetches_nothing_anew() {
    run(async {
        for broker in Broker::every().await {
            let web = Web::start().await;
            let file = File::new(&[
                (&web.url("/missing.csv"), "every = \"1d\""),
                (&web.offer("/aed.csv", &aeds(&[(1, "玄関")])), "every = \"1d\"\nname = \"aed\""),
                (&web.offer("/toilets.csv", &toilets(1)), "at = \"03:00\"\ntenant = \"ward\""),
            ]);
            let arguments = ["--harvest", file.path(), "--allow-private-egress"];
            let broker = broker.stop_and_restart_with(&arguments).await;
            let kind = broker.kind;
            eventually(&format!("the sources are fetched on {kind}"), async || {
                let metrics = broker.get("/metrics").send().await.text;
                metrics.matches("hiroba_harvest_runs_total{").count() == 3
            })
            .await;
            let metrics = broker.get("/metrics").send().await.text;
            for line in [
                "hiroba_harvest_runs_total{source=\"aed\",outcome=\"changed\"} 1".to_owned(),
                format!("hiroba_harvest_runs_total{{source=\"{}\",outcome=\"failed\"}} 1", web.url("/missing.csv")),
            ] {
                assert!(metrics.contains(&line), "{line} in {metrics}");
            }
            assert!(metrics.contains("hiroba_harvest_last_success_timestamp_seconds{source=\"aed\"} 1"), "{metrics}");
            assert_eq!(versions(&broker), versioned(&[("aed", 1)]));
            let toilet = "/ngsi-ld/v1/entities/urn:ngsi-ld:PublicToilet:131016:1";
            assert_eq!(broker.get(toilet).header("NGSILD-Tenant", "ward").send().await.status, 200, "{kind}");
            for (path, expected) in [("/missing.csv", 404), ("/aed.csv", 200), ("/toilets.csv", 200)] {
                assert_eq!(web.asked(path), [expected], "{path} on {kind}");
            }

            let broker = broker.stop_and_restart_with(&arguments).await;
            // What was known before tells that the sources were looked at.
            eventually(&format!("the sources are looked at on {kind}"), async || {
                let metrics = broker.get("/metrics").send().await.text;
                metrics.matches("hiroba_harvest_last_success_timestamp_seconds{").count() == 2
            })
            .await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            for path in ["/missing.csv", "/aed.csv", "/toilets.csv"] {
                assert!(web.asked(path).is_empty(), "{path} on {kind}");
            }
        }
    });
}

#[test]
fn a_file_that_changes_becomes_a_version_while_the_server_runs() {
    run(async {
        let web = Web::start().await;
        let file = File::new(&[(&web.offer("/aed.csv", &aeds(&[(1, "玄関")])), "every = \"10s\"")]);
        let broker = Broker::sqlite_with(&["--harvest", file.path(), "--allow-private-egress"]).await;
        let position = async || {
            let entity = broker.simplified("urn:ngsi-ld:AED:131016:1").await;
            entity["https://w3id.org/hiroba/vocab/installationPosition"].clone()
        };
        eventually("the file is published", async || position().await == "玄関").await;
        web.offer("/aed.csv", &aeds(&[(1, "2階")]));
        eventually("the new file is published", async || position().await == "2階").await;
        assert_eq!(versions(&broker), versioned(&[("aed", 2)]));
        assert_eq!(web.asked("/aed.csv"), [200, 200]);
    });
}

#[test]
fn a_source_that_hangs_keeps_neither_requests_nor_the_end_waiting() {
    run(async {
        let web = Web::start().await;
        let file = File::new(&[(&web.hangs("/slow.csv"), "every = \"1h\"")]);
        let mut broker = Broker::sqlite_with(&["--harvest", file.path(), "--allow-private-egress"]).await;
        let mut asked = 0;
        eventually("the source is asked", async || {
            asked += web.asked("/slow.csv").len();
            asked == 1
        })
        .await;
        assert_eq!(broker.get("/ready").send().await.status, 200);
        let began = Instant::now();
        let kill = Command::new("kill").args(["-TERM", &broker.process.id().to_string()]).status().unwrap();
        assert!(kill.success() && broker.process.wait().unwrap().success());
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        let known = status(&broker);
        assert_eq!(known[0]["failures"], 1, "what did not end is tried again soon: {known:?}");
    });
}

#[test]
fn nothing_is_fetched_offline_and_a_wrong_file_is_told_at_the_start() {
    run(async {
        let web = Web::start().await;
        let file = File::new(&[(&web.offer("/aed.csv", &aeds(&[(1, "玄関")])), "every = \"1d\"")]);
        let broker = Broker::sqlite_with(&["--harvest", file.path(), "--allow-private-egress", "--offline"]).await;
        let offline = once(&file, &broker, &["--offline"]);
        assert!(text(&offline.stderr).contains("--offline"), "{}", text(&offline.stderr));
        assert_eq!(broker.get("/ready").send().await.status, 200);
        assert!(web.asked("/aed.csv").is_empty());

        let wrong = File::new(&[("https://city.example/a.csv", "every = \"1d\"\nlicense = \"CC0\"")]);
        for arguments in [
            &["harvest", "--once", wrong.path(), "--dry-run"][..],
            &["serve", "--listen", "127.0.0.1:0", "--harvest", wrong.path()],
        ] {
            let output = hiroba(arguments);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("harvest.toml, line 4: ") && said.contains("Did you mean licence?"), "{said}");
        }
        assert_eq!(hiroba(&["harvest"]).status.code(), Some(2));
    });
}
