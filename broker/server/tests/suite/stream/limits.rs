//! Many streams, slow ones, and the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Listener, pairs, request, thing};
use crate::support::{Broker, eventually, run};

#[test]
fn who_does_not_read_slows_nobody_and_loses_nothing() {
    run(async {
        for broker in Broker::every().await {
            let mut slow = TcpStream::connect(broker.base.trim_start_matches("http://")).unwrap();
            slow.write_all(b"GET /stream?type=T&format=simplified HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut opening = [0; 200];
            assert!(slow.read(&mut opening).unwrap() > 0);
            let mut quick = Listener::open(&broker, "/stream?type=T&format=simplified").await;
            // Far more than sockets and the changes in memory hold.
            let (batches, size, filler) = (30, 50, "x".repeat(20_000));
            let reading = async {
                for n in 0..batches * size {
                    let (event, data) = quick.event().await;
                    assert_eq!((event.as_str(), &data["n"]), ("created", &json!(n)), "on {}", broker.kind);
                }
            };
            let writing = async {
                for batch in 0..batches {
                    let entity = |n: usize| {
                        let n = batch * size + n;
                        json!({"id": format!("urn:x:{n}"), "type": "T", "n": n, "filler": filler})
                    };
                    let body: Value = (0..size).map(entity).collect();
                    let answer = broker.post("/ngsi-ld/v1/entityOperations/create", &body).send().await;
                    assert_eq!(answer.status, 201);
                }
            };
            tokio::join!(reading, writing);
            let status = std::fs::read_to_string(format!("/proc/{}/status", broker.process.id())).unwrap();
            let resident = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
            let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
            assert!(kilobytes < 400_000, "{kilobytes} kB on {}", broker.kind);
            let (last, base) = (batches * size - 1, broker.base.clone());
            let told =
                tokio::task::spawn_blocking(move || read_until(slow, &format!("\"n\":{last},"), &base)).await.unwrap();
            for n in 0..=last {
                assert!(told.contains(&format!("\"n\":{n},")), "{n} is missing on {}", broker.kind);
            }
        }
    });
}

/// What comes before some text, and the text. Markers of chunks are taken out.
fn read_until(mut stream: TcpStream, end: &str, base: &str) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (mut text, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the stream of {base} goes on");
        text.extend_from_slice(&buffer[..read]);
        // A marker may stand in the middle of an event.
        let tail = String::from_utf8_lossy(&text[text.len().saturating_sub(read + 50_000)..]).into_owned();
        if without_markers(&tail).contains(end) {
            return without_markers(&String::from_utf8_lossy(&text));
        }
    }
}

fn without_markers(text: &str) -> String {
    let is_marker = |line: &&str| line.len() < 8 && !line.is_empty() && line.bytes().all(|b| b.is_ascii_hexdigit());
    text.split("\r\n").filter(|line| !is_marker(line)).collect()
}

#[test]
fn there_are_no_more_streams_than_allowed() {
    run(async {
        let broker = Broker::sqlite_with(&["--max-streams", "2"]).await;
        let open = async |count: u32| {
            let metrics = broker.get("/metrics").send().await.text;
            metrics.contains(&format!("hiroba_streams_open {count}\n"))
        };
        assert!(open(0).await);
        let mut first = Listener::open(&broker, "/stream").await;
        let second = Listener::open(&broker, "/stream?type=T").await;
        assert!(open(2).await);
        let third = request(&broker, "/stream", &[]).send().await.unwrap();
        assert_eq!((third.status().as_u16(), third.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        assert!(third.text().await.unwrap().contains("2 streams are open already"));
        drop(second);
        eventually("a stream whose client is gone is closed", async || open(1).await).await;
        let mut again = Listener::open(&broker, "/stream").await;
        broker.create(&thing("urn:x:1", 1)).await;
        for stream in [&mut first, &mut again] {
            assert_eq!(stream.told(1).await, pairs(&[("created", "urn:x:1")]));
        }
    });
}

#[test]
fn streams_end_when_the_broker_stops() {
    run(async {
        for mut broker in Broker::every().await {
            let mut streams = Vec::new();
            for _ in 0..20 {
                streams.push(Listener::open(&broker, "/stream?type=T").await);
            }
            broker.create(&thing("urn:x:1", 1)).await;
            let kill = Command::new("kill").args(["-TERM", &broker.process.id().to_string()]).status().unwrap();
            assert!(kill.success());
            let stopped = Instant::now();
            for stream in &mut streams {
                while stream.event_or_end().await.is_some() {}
            }
            let end = broker.process.wait().unwrap();
            assert!(end.success() && stopped.elapsed() < Duration::from_secs(3), "{end} after {:?}", stopped.elapsed());
        }
    });
}
