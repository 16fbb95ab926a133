//! Going on where one was.

use std::time::{Duration, SystemTime};

use hiroba_store::{Options, Position, Store};
use ngsild::DateTime;
use serde_json::json;

use super::{Listener, pairs, thing};
use crate::support::{Broker, run};

#[test]
fn who_comes_back_after_the_broker_was_killed_misses_nothing() {
    run(async {
        for broker in Broker::every().await {
            let kind = broker.kind;
            let path = "/stream?type=T&format=simplified";
            let mut stream = Listener::open(&broker, path).await;
            broker.create(&thing("urn:x:1", 1)).await;
            broker.create(&thing("urn:x:2", 1)).await;
            assert_eq!(stream.told(1).await, pairs(&[("created", "urn:x:1")]));
            let seen = stream.last_id.clone();
            for n in 0..200 {
                broker.set("urn:x:1", &json!({"n": n})).await;
            }
            broker.delete("urn:x:2").await;
            drop(stream);
            let broker = broker.kill_and_restart().await;
            broker.create(&thing("urn:x:3", 1)).await;
            // The parameter of a page that was loaded long ago stays in its URL.
            let path = format!("{path}&lastEventId=0-0");
            let mut stream = Listener::open_with(&broker, &path, &[("Last-Event-ID", &seen)]).await;
            assert_eq!(stream.told(1).await, pairs(&[("created", "urn:x:2")]), "on {kind}");
            for n in 0..200 {
                let entity = json!({"id": "urn:x:1", "type": "T", "n": n});
                assert_eq!(stream.event().await, ("updated".to_owned(), entity), "on {kind}");
            }
            assert_eq!(stream.told(2).await, pairs(&[("deleted", "urn:x:2"), ("created", "urn:x:3")]), "on {kind}");
            broker.create(&thing("urn:x:4", 1)).await;
            assert_eq!(stream.told(1).await, pairs(&[("created", "urn:x:4")]), "it goes on live on {kind}");
        }
    });
}

#[test]
fn what_the_log_no_longer_tells_is_told_as_a_reset() {
    run(async {
        for broker in Broker::every().await {
            let mut stream = Listener::open(&broker, "/stream").await;
            let start = stream.last_id.clone();
            for n in 0..5 {
                broker.create(&thing(&format!("urn:x:{n}"), n)).await;
            }
            stream.told(3).await;
            let seen = stream.last_id.clone();
            let [_, place] = broker.place();
            let store = Store::open(Options::new(place)).await.unwrap();
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            store.drop_history_before(DateTime::from_micros(i64::try_from(now.as_micros()).unwrap())).await.unwrap();
            broker.create(&thing("urn:x:new", 1)).await;
            broker.changes("/changes", 1).await;
            for lost in [start.as_str(), seen.as_str(), "9000000000000-1"] {
                let path = format!("/stream?type=T&lastEventId={lost}");
                let mut stream = Listener::open(&broker, &path).await;
                let (event, data) = stream.event().await;
                assert_eq!(event, "reset", "after {lost} on {}", broker.kind);
                assert_eq!(data["position"].as_str(), Some(stream.last_id.as_str()));
                let id = format!("urn:x:after-{lost}");
                broker.create(&thing(&id, 1)).await;
                assert_eq!(stream.told(1).await, pairs(&[("created", &id)]), "on {}", broker.kind);
                // The position that came with the reset is one to go on from.
                let path = format!("/stream?type=T&lastEventId={}", data["position"].as_str().unwrap());
                let mut again = Listener::open(&broker, &path).await;
                assert_eq!(again.told(1).await, pairs(&[("created", &id)]), "on {}", broker.kind);
            }
        }
    });
}

#[test]
fn a_sign_of_life_moves_the_position_on_however_busy_others_are() {
    run(async {
        let broker = Broker::sqlite().await;
        let mut stream = Listener::open(&broker, "/stream?type=T").await;
        let mut busy = Listener::open(&broker, "/stream?type=U").await;
        let start = stream.last_id.clone();
        broker.create(&json!({"id": "urn:x:1", "type": "U"})).await;
        let writing = async {
            for n in 0.. {
                broker.set("urn:x:1", &json!({"n": n})).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        let block = tokio::select! {
            block = stream.block() => block.unwrap(),
            () = writing => panic!("writing has no end"),
        };
        assert!(block.starts_with(':'), "{block}");
        let known: Position = stream.last_id.parse().unwrap();
        assert!(known > start.parse().unwrap());
        busy.told(20).await;
        assert!(known > busy.last_id.parse().unwrap());
    });
}

#[test]
fn several_processes_on_one_database_tell_the_same() {
    run(async {
        for broker in Broker::every().await {
            let other = broker.another().await;
            let mut here = Listener::open(&broker, "/stream?type=T").await;
            let mut there = Listener::open(&other, "/stream?type=T").await;
            for n in 0..20 {
                broker.create(&thing(&format!("urn:x:{n}"), n)).await;
            }
            let told = here.told(20).await;
            assert_eq!(told, there.told(20).await, "on {}", broker.kind);
            assert_eq!(told.last(), pairs(&[("created", "urn:x:19")]).last());
            // Positions mean the same to both.
            let mut moved =
                Listener::open_with(&other, "/stream?type=T", &[("Last-Event-ID", here.last_id.as_str())]).await;
            broker.create(&thing("urn:x:20", 1)).await;
            assert_eq!(moved.told(1).await, pairs(&[("created", "urn:x:20")]), "on {}", broker.kind);
        }
    });
}
