//! `hiroba index`: value indexes by hand.

use crate::support::{Broker, hiroba, run};

#[test]
fn indexes_are_created_listed_and_dropped_while_the_broker_runs() {
    run(async {
        for broker in Broker::every().await {
            let place = broker.place();
            let index = |words: &[&str]| {
                let output = hiroba(&[&["index"], words, &[place[0].as_str(), &place[1]]].concat());
                let text = |bytes| String::from_utf8(bytes).unwrap();
                (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
            };
            let kind = broker.kind;
            assert_eq!(index(&["list"]).1, "", "{kind}");
            let (code, _, stderr) = index(&["create", "capacity"]);
            assert_eq!(code, 0, "{kind}: {stderr}");
            let (_, list, _) = index(&["list"]);
            let fields: Vec<&str> = list.trim_end().split('\t').collect();
            assert_eq!((fields[1], fields[3]), ("capacity", "ready"), "{kind}: {list}");
            for (words, says) in [
                (&["create", "a;b"][..], "no path"),
                (&["create", "=="], "character 1"),
                (&["drop", "4711"], "no index 4711"),
            ] {
                let (code, _, stderr) = index(words);
                assert_eq!(code, 1, "{kind}: {words:?}");
                assert!(stderr.contains(says), "{kind}: {words:?}: {stderr}");
            }
            assert_eq!(index(&["drop", fields[0]]).0, 0, "{kind}");
            assert_eq!(index(&["list"]).1, "", "{kind}");
        }
    });
}
