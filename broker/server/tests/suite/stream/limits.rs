//! Many streams, slow ones, and the end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Listener, pairs, request, thing};
use crate::support::{Broker, run};

#[test]
fn who_does_not_read_slows_nobody_and_loses_nothing() {
    run(async {
        for broker in Broker::every().await {
            let mut slow = TcpStream::connect(broker.base.trim_start_matches("http://")).unwrap();
            slow.write_all(b"GET /stream?type=T&format=simplified HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut status = [0; 15];
            slow.read_exact(&mut status).unwrap();
            assert_eq!(&status, b"HTTP/1.1 200 OK");
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
            let last = batches * size - 1;
            let told = tokio::task::spawn_blocking(move || read_until(slow, &format!("\"n\":{last},"))).await.unwrap();
            let events = told.lines().filter_map(|line| line.strip_prefix("data: "));
            let told: Vec<Value> =
                events.map(|data| serde_json::from_str::<Value>(data).unwrap()["n"].take()).collect();
            assert_eq!(told, (0..=last).map(Value::from).collect::<Vec<_>>(), "on {}", broker.kind);
        }
    });
}

/// The events of a stream up to one that holds some text. Markers of chunks are taken out.
fn read_until(stream: TcpStream, end: &str) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = BufReader::with_capacity(1 << 20, stream);
    let mut text = String::new();
    loop {
        // What is left of the head, and the marker of a chunk: both end as lines do.
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream goes on");
        let Ok(length) = usize::from_str_radix(line.trim(), 16) else { continue };
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).unwrap();
        chunk.truncate(length);
        let chunk = String::from_utf8(chunk).unwrap();
        text.push_str(&chunk);
        if chunk.contains(end) {
            return text;
        }
    }
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
        // The first sign of life after it went is answered with an error, which the second one meets.
        let gone = Instant::now();
        while !open(1).await {
            assert!(gone.elapsed() < Duration::from_secs(40), "a stream whose client is gone is closed");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
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
