//! `hiroba dataset`, and the same over HTTP.

use std::path::Path;

use serde_json::{Value, json};

use super::{csv, run};
use crate::support::{Broker, eventually, hiroba};

const ID: &str = "urn:ngsi-ld:Dataset:131016:aed";

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

fn command(place: &[String; 2], arguments: &[&str]) -> Ended {
    let output = hiroba(&[arguments, &[place[0].as_str(), &place[1]]].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    Ended { code: output.status.code().unwrap(), stdout, stderr }
}

fn import(place: &[String; 2], folder: &Path, rows: &[(u8, &str)]) -> Ended {
    let rows: Vec<(u8, String)> = rows.iter().map(|(number, position)| (*number, (*position).to_owned())).collect();
    let path = folder.join("aed.csv");
    std::fs::write(&path, csv(&rows)).unwrap();
    command(place, &["import", path.to_str().unwrap()])
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn versions_are_listed_compared_undone_and_removed_by_command_and_told_over_http() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            let place = broker.place();
            let first = import(&place, folder.path(), &[(1, "玄関"), (2, "玄関")]);
            assert!(first.stdout.contains(&format!("version    1 of {ID}")), "{}", first.stdout);
            let second = import(&place, folder.path(), &[(1, "受付"), (3, "=1+1")]);
            assert!(second.stdout.contains("1 no longer in the source: marked with absentSince"), "{}", second.stdout);
            let again = import(&place, folder.path(), &[(1, "受付"), (3, "=1+1")]);
            assert!(again.stdout.contains("no new one: everything is as in version 2"), "{}", again.stdout);

            let list = lines(&command(&place, &["dataset", "list", "--json"]).stdout);
            assert_eq!(list.len(), 1);
            assert_eq!(
                (&list[0]["dataset"], &list[0]["version"], &list[0]["members"]),
                (&json!(ID), &json!(2), &json!(2))
            );
            let text = command(&place, &["dataset", "versions", "aed"]).stdout;
            assert_eq!(text.lines().count(), 3, "{text}");
            let diff = command(&place, &["dataset", "diff", "aed"]).stdout;
            assert!(diff.contains("installationPosition: 玄関 → 受付"), "{diff}");
            assert!(diff.ends_with("version 1 to 2: 1 added, 1 changed, 1 removed\n"), "{diff}");
            let csv = command(&place, &["dataset", "diff", ID, "0", "2", "--format", "csv"]).stdout;
            assert!(
                csv.starts_with("kind,id,name,attribute,before,after\nadded,urn:ngsi-ld:AED:131016:1,施設1,,,\n"),
                "{csv}"
            );
            let json_lines = lines(&command(&place, &["dataset", "diff", "aed", "2", "1", "--format", "json"]).stdout);
            let kinds: Vec<&str> = json_lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
            assert_eq!(kinds, ["changed", "added", "removed"]);

            let changes = format!("/datasets/{ID}/changes");
            let told = broker.get(&format!("{changes}?from=2&to=1")).send().await.json();
            assert_eq!(told, json!(json_lines), "{}", broker.kind);
            let page = broker.get(&format!("{changes}?limit=1")).send().await;
            assert_eq!(page.json().as_array().unwrap().len(), 1);
            let link = page.headers("link");
            let next = link.split_once('<').unwrap().1.split_once('>').unwrap().0;
            let next = broker.get(next).send().await.json();
            assert_eq!(next[0]["id"], "urn:ngsi-ld:AED:131016:2");

            let undone = command(&place, &["dataset", "undo", "aed"]);
            assert_eq!(undone.code, 0, "{}", undone.stderr);
            let told = broker.get(&format!("/datasets/{ID}/versions")).send().await.json();
            let told: Vec<_> = told.as_array().unwrap().iter().map(|v| (&v["version"], &v["state"])).collect();
            let (published, gone) = (json!("published"), json!("undone"));
            assert_eq!(told, [(&json!(3), &published), (&json!(2), &gone), (&json!(1), &published)]);
            let page = broker.get(&format!("/datasets/{ID}/versions?below=3&limit=1")).send().await;
            assert_eq!(page.json()[0]["version"], 2);
            assert!(page.headers("link").contains("below=2"), "{}", page.headers("link"));
            eventually("the broker shows what the undo brought back", async || {
                broker.get("/ngsi-ld/v1/entities/urn:ngsi-ld:AED:131016:3").send().await.status == 404
            })
            .await;

            assert_eq!(command(&place, &["dataset", "remove", ID]).code, 0);
            let list = lines(&command(&place, &["dataset", "list", "--json"]).stdout);
            assert_eq!((&list[0]["kind"], &list[0]["members"]), (&json!("removal"), &json!(0)));
        }
    });
}

#[test]
fn what_is_not_there_is_told_by_command_and_over_http() {
    run(async {
        let broker = Broker::sqlite().await;
        let folder = tempfile::tempdir().unwrap();
        let place = broker.place();
        import(&place, folder.path(), &[(1, "玄関")]);
        for (arguments, says) in [
            (&["dataset", "versions", "toilets"][..], "no versions of the data set toilets"),
            (&["dataset", "undo", "aed", "--to", "7"], "from 0"),
            (&["dataset", "diff", "aed", "1", "9"], "the latest is 1"),
            (&["dataset", "list", "--tenant", "nobody"], "no tenant 'nobody'"),
        ] {
            let ended = command(&place, arguments);
            assert_eq!(ended.code, 1, "{arguments:?}");
            assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
        }
        for (path, status) in [
            ("/datasets/urn:x:nothing/versions".to_owned(), 404),
            ("/datasets/urn:x:nothing/changes".to_owned(), 404),
            ("/datasets/nothing/versions".to_owned(), 400),
            (format!("/datasets/{ID}/changes?to=9"), 400),
            (format!("/datasets/{ID}/changes?from=x"), 400),
            (format!("/datasets/{ID}/versions?colour=red"), 400),
            (format!("/datasets/{ID}/versions"), 200),
        ] {
            assert_eq!(broker.get(&path).send().await.status, status, "{path}");
        }
        let other = broker.get(&format!("/datasets/{ID}/versions")).header("NGSILD-Tenant", "nobody").send().await;
        assert_eq!((other.status, other.error().as_str()), (404, "NonexistentTenant"));
        let html = broker.get(&format!("/datasets/{ID}/versions")).header("accept", "text/html").send().await;
        assert_eq!(html.status, 406);
    });
}

#[test]
fn what_its_source_no_longer_lists_is_in_no_file_in_the_layout_of_the_standard() {
    run(async {
        for broker in Broker::every().await {
            let folder = tempfile::tempdir().unwrap();
            let place = broker.place();
            import(&place, folder.path(), &[(1, "玄関"), (2, "玄関")]);
            import(&place, folder.path(), &[(1, "玄関")]);
            let exported = command(&place, &["export", "aed"]);
            assert!(exported.stdout.contains("施設1") && !exported.stdout.contains("施設2"), "{}", exported.stdout);
            let told = "left out: 1 entities that their source no longer lists (absentSince)";
            assert!(exported.stderr.contains(told) && exported.stderr.contains("1 rows"), "{}", exported.stderr);
            let layout = broker.get("/data/AED.csv?layout=current").send().await.text;
            assert!(layout.contains("施設1") && !layout.contains("施設2"), "{layout}");
            let marked = broker.get("/data/AED.csv").send().await.text;
            assert!(marked.contains("施設2") && marked.contains("absentSince"), "{marked}");

            command(&place, &["dataset", "remove", "aed"]);
            let none = command(&place, &["export", "aed"]);
            assert!(none.code != 0 && none.stderr.contains("there are no entities of aed"), "{}", none.stderr);
        }
    });
}

#[test]
fn who_only_reads_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nothing here");
    let place = ["--data-dir".to_owned(), missing.display().to_string()];
    for arguments in
        [&["dataset", "list"][..], &["dataset", "versions", "aed"], &["dataset", "diff", "aed"], &["export", "aed"]]
    {
        let ended = command(&place, arguments);
        let path = missing.join("hiroba.sqlite").display().to_string();
        assert!(ended.code != 0 && ended.stderr.contains(&path), "{arguments:?}: {}", ended.stderr);
    }
    assert!(!missing.exists());
}

#[test]
fn the_command_that_takes_an_import_back_works_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("city's data");
    let place = ["--data-dir".to_owned(), data.display().to_string()];
    let imported = import(&place, folder.path(), &[(1, "玄関")]);
    let told = imported.stdout.split_once("hiroba dataset").unwrap().1.split_once(" takes it back").unwrap().0;
    let program = env!("CARGO_BIN_EXE_hiroba");
    let shell = std::process::Command::new("sh").args(["-c", &format!("{program} dataset{told}")]).output().unwrap();
    assert!(shell.status.success(), "{told}: {}", String::from_utf8_lossy(&shell.stderr));
    let versions = command(&place, &["dataset", "versions", "aed"]).stdout;
    assert!(versions.contains("undo"), "{versions}");
}

#[test]
fn no_password_of_a_database_is_told() {
    run(async {
        let Some(url) = crate::support::postgis().await else { return };
        let secret = url.replace("hiroba@", "hiroba:secret@");
        assert_ne!(secret, url);
        let folder = tempfile::tempdir().unwrap();
        let imported = import(&["--database".to_owned(), secret], folder.path(), &[(1, "玄関")]);
        assert!(imported.stdout.contains(&format!(" --database {url} takes it back")), "{}", imported.stdout);
        assert!(!imported.stdout.contains("secret"), "{}", imported.stdout);
    });
}
