//! More writes than the broker can take. What it acknowledges must be there, its goodput must not fall, and everybody else
//! must be told when to come again.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hiroba_benches::wire::{Wire, request};
use serde_json::{Value, json};

use crate::Arguments;
use crate::broker::{Broker, Database};
use crate::judge::{Told, Verdict};
use crate::load::{self, Outcome, TYPES, closed, open};
use crate::receiver::Receiver;

/// How many connections look for the highest goodput.
const CONNECTIONS: [usize; 4] = [32, 128, 512, 1_500];
/// How many are too many: twice as many as the broker lets in to write.
const CROWD: usize = 3_000;
/// For how long each time.
const LOOK: Duration = Duration::from_secs(6);
/// Each part of a run has its own numbers.
const PART: u64 = 10_000_000;
/// How long nothing may come before what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(90);
/// How many entities are read back at a time.
const PAGE: usize = 50;

pub(crate) async fn run(arguments: &Arguments, program: &Path, kind: &str) -> bool {
    if let Some(last) = arguments.apart {
        // What is started from here on inherits it.
        run_on(&format!("0-{}", last - 1));
    }
    let database = Database::open(kind);
    let mut broker = Broker::start(program, &database);
    if let Some(last) = arguments.apart {
        run_on(&last.to_string());
    }
    let receiver = Receiver::start(arguments.subscriptions).await;
    subscribe(&receiver, arguments.subscriptions, &broker).await;
    println!("{kind}, {} subscriptions:", arguments.subscriptions);

    let mut written: Vec<u64> = Vec::new();
    let mut part = 0;
    let (mut peak, mut peak_with) = (0.0_f64, 0);
    let mut look = async |connections: usize, written: &mut Vec<u64>| {
        part += PART;
        let outcome = closed(broker.address, connections, LOOK, part).await;
        println!("  {connections:>5} connections       {:>8.0} writes/s {}", outcome.goodput(), latencies(&outcome));
        written.extend(outcome.acknowledged.iter().map(|(number, _)| number));
        outcome.goodput()
    };
    for connections in CONNECTIONS {
        let goodput = look(connections, &mut written).await;
        if goodput > peak {
            (peak, peak_with) = (goodput, connections);
        }
    }
    let rate = peak * arguments.times;
    let over = open(broker.address, rate, Duration::from_secs_f64(arguments.seconds), PART * 100).await;
    written.extend(over.acknowledged.iter().map(|(number, _)| number));
    let crowd = closed(broker.address, CROWD, Duration::from_secs_f64(arguments.seconds), PART * 200).await;
    written.extend(crowd.acknowledged.iter().map(|(number, _)| number));
    // Once more: what else runs on this machine comes and goes, and tables grow.
    let after = look(peak_with, &mut written).await;
    println!("  {} times as much, {} s, {} connections:", arguments.times, arguments.seconds, over.connections);
    println!(
        "  sent                   {:>8.0} a second ({} found no connection)",
        over.sent as f64 / over.elapsed.as_secs_f64(),
        over.late
    );
    report(&over, peak, after);
    println!("  {CROWD} connections that send again as soon as they are answered, {} s:", arguments.seconds);
    report(&crowd, peak, after);

    let mut good = over.without_retry_after + crowd.without_retry_after == 0;
    if arguments.subscriptions > 0 {
        let (verdict, took) = told(arguments, &written, &receiver).await;
        println!("  notifications          {verdict:?}");
        println!("  all told               {:>8.1} s after the last write", took.as_secs_f64());
        good &= verdict.holds();
    }
    // Read from the disk, not from memory.
    broker.kill();
    broker.restart();
    let missing = written.len() - there(&broker, &written).await;
    let refused = over.refused.iter().chain(&crowd.refused);
    let sample: Vec<u64> = refused.copied().take(20_000).collect();
    let half_done = there(&broker, &sample).await;
    println!("  acknowledged, all told {:>8}, of which not there after kill -9: {missing}", written.len());
    println!("  of {} refused, there all the same: {half_done}", sample.len());
    good && missing == 0
}

/// Leaves these processors to this program.
fn run_on(processors: &str) {
    let process = std::process::id().to_string();
    let done = Command::new("taskset").args(["-a", "-p", "-c", processors, &process]).stdout(Stdio::null()).status();
    assert!(done.unwrap().success(), "--apart needs taskset (util-linux) and more than one processor");
}

/// Each of the subscriptions wants entities of one type.
async fn subscribe(receiver: &Receiver, count: usize, broker: &Broker) {
    assert!(count as u64 <= TYPES, "at most {TYPES} subscriptions");
    let mut wire = Wire::open(broker.address).await.unwrap();
    for number in 0..count {
        let body = json!({
            "id": format!("urn:ngsi-ld:Subscription:{number}"), "type": "Subscription",
            "entities": [{"type": format!("T{number}")}],
            "notification": {"endpoint": {"uri": receiver.uri(number)}}
        });
        let reply = wire.ask(&request("POST", "/ngsi-ld/v1/subscriptions", &body.to_string())).await.unwrap();
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    }
}

fn at(times: &mut [Duration], part: f64) -> f64 {
    times.sort_unstable();
    let place = (times.len().saturating_sub(1) as f64 * part) as usize;
    times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
}

fn latencies(outcome: &Outcome) -> String {
    let mut times: Vec<Duration> = outcome.acknowledged.iter().map(|(_, took)| *took).collect();
    format!("p50 {:.0} ms, p99 {:.0} ms", at(&mut times, 0.5), at(&mut times, 0.99))
}

fn report(over: &Outcome, peak: f64, after: f64) {
    let mut refused_in = over.refused_in.clone();
    let answers = (over.acknowledged.len() + over.refused.len()).max(1) as f64;
    println!("  goodput                {:>8.0} writes/s {}", over.goodput(), latencies(over));
    println!("  to the highest before  {:>8.1} %", over.goodput() / peak * 100.0);
    println!("  to the same after it   {:>8.1} %", over.goodput() / after * 100.0);
    println!(
        "  503                    {:>8.1} %        p50 {:.0} ms, p99 {:.0} ms; without Retry-After: {}",
        over.refused.len() as f64 / answers * 100.0,
        at(&mut refused_in, 0.5),
        at(&mut refused_in, 0.99),
        over.without_retry_after
    );
    println!("  connections broken     {:>8}", over.broken);
}

/// Waits until every acknowledged write was told, or nothing comes any more.
async fn told(arguments: &Arguments, written: &[u64], receiver: &Receiver) -> (Verdict, Duration) {
    let mut expected = vec![Vec::new(); arguments.subscriptions];
    for number in written {
        if let Some(of) = usize::try_from(number % TYPES).ok().and_then(|at| expected.get_mut(at)) {
            of.push(Told { entity: *number, value: 1 });
        }
    }
    let started = Instant::now();
    loop {
        let (count, last) = receiver.so_far();
        let quiet = last.map_or(started, |last| last.max(started)).elapsed();
        if count >= written.len() || quiet > PATIENCE {
            let got = receiver.got.lock().unwrap();
            let mut verdict = Verdict { unwanted: got.strange, ..Verdict::default() };
            for (expected, received) in expected.iter().zip(&got.letters) {
                verdict.add(std::slice::from_ref(expected), received, |_| 0);
            }
            if verdict.lost == 0 || quiet > PATIENCE {
                return (verdict, last.map_or(Duration::ZERO, |last| last.saturating_duration_since(started)));
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// How many of these entities are there.
async fn there(broker: &Broker, numbers: &[u64]) -> usize {
    let mut wire = Wire::open(broker.address).await.unwrap();
    let mut found = 0;
    for page in numbers.chunks(PAGE) {
        let ids: Vec<String> = page.iter().map(|number| load::id_of(*number)).collect();
        let path = format!("/ngsi-ld/v1/entities?id={}&limit={PAGE}&format=simplified&local=true", ids.join(","));
        let reply = wire.ask(&request("GET", &path, "")).await.unwrap();
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        found += answer.as_array().unwrap().len();
    }
    found
}
