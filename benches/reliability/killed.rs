//! Writes go on while the broker is killed again and again. Every write that was acknowledged must have been told to
//! whoever subscribed, in order.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hiroba_benches::wire::{Reply, Wire, request};

use crate::Arguments;
use crate::broker::{Broker, Database};
use crate::judge::{Told, Verdict};
use crate::plan::{self, ENTITIES, WRITERS};
use crate::receiver::Receiver;

/// How long nothing may come before what is missing counts as lost. Longer than any pause between two attempts.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long to look for what comes again after everything has come.
const AFTERWARDS: Duration = Duration::from_secs(3);
/// How soon a writer tries again.
const AGAIN: Duration = Duration::from_millis(20);

/// What a writer did.
#[derive(Debug, Default)]
struct Journal {
    acknowledged: Vec<Told>,
    /// When each was.
    at: Vec<Instant>,
    /// Writes whose answer was lost, and that were sent once more.
    repeated: u64,
    /// Answers that asked to come later.
    refused: u64,
}

impl Journal {
    /// Whether it was acknowledged.
    fn note(&mut self, told: Told, sent: std::io::Result<Reply>) -> bool {
        match sent {
            Ok(reply) if reply.status == 204 => {
                self.acknowledged.push(told);
                self.at.push(Instant::now());
                return true;
            }
            Ok(reply) if reply.status == 503 => self.refused += 1,
            Ok(reply) => panic!("{told:?}: {} {}", reply.status, String::from_utf8_lossy(&reply.body)),
            // It may have been done.
            Err(_) => self.repeated += 1,
        }
        false
    }
}

/// A kill, and how long it took until things went on.
#[derive(Debug, Clone, Copy)]
struct Kill {
    at: Instant,
    listening: Duration,
}

pub(crate) async fn run(arguments: &Arguments, program: &Path, kind: &str) -> bool {
    if kind == "sqlite" && arguments.brokers > 1 {
        println!("{kind}: one process at a time; --brokers is for postgis");
        return true;
    }
    let database = Database::open(kind);
    let mut brokers: Vec<Broker> = (0..arguments.brokers).map(|_| Broker::start(program, &database)).collect();
    let addresses: Vec<_> = brokers.iter().map(|broker| broker.address).collect();
    let filters = plan::filters();
    let receiver = Receiver::start(filters.len()).await;
    prepare(&receiver, &filters, addresses[0]).await;

    let length = Duration::from_secs_f64(arguments.minutes * 60.0);
    let until = Instant::now() + length;
    let pause = Duration::from_secs_f64(WRITERS as f64 / arguments.rate);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let journal = Arc::new(Mutex::new(Journal::default()));
            let addresses = addresses.clone();
            let seed = arguments.seed + writer as u64;
            let task = tokio::spawn(write(writer, addresses, until, pause, seed, Arc::clone(&journal)));
            (task, journal)
        })
        .collect();
    let mut kills = Vec::new();
    let mut random = fastrand::Rng::with_seed(arguments.seed);
    let slot = length / u32::try_from(arguments.kills.max(1)).unwrap();
    for number in 0..arguments.kills {
        let start = until - length + slot * u32::try_from(number).unwrap();
        let moment = start + slot.mul_f64(0.05 + 0.85 * random.f64());
        tokio::time::sleep_until(moment.into()).await;
        let mut broker = brokers.remove(0);
        let at = Instant::now();
        let broker = tokio::task::spawn_blocking(move || {
            broker.kill();
            broker.restart();
            broker
        });
        brokers.push(broker.await.unwrap());
        kills.push(Kill { at, listening: at.elapsed() });
    }
    let mut journals = Vec::new();
    for (task, journal) in writers {
        task.await.unwrap();
        journals.push(std::mem::take(&mut *journal.lock().unwrap()));
    }
    let ended = Instant::now();
    let verdict = judge(&filters, &journals, &receiver).await;
    report(arguments, kind, &verdict, &journals, &receiver, &kills, ended);
    verdict.holds()
}

/// The entities, then the subscriptions.
async fn prepare(receiver: &Receiver, filters: &[plan::Filter], address: std::net::SocketAddr) {
    let mut wire = Wire::open(address).await.unwrap();
    for number in 0..ENTITIES {
        let reply =
            wire.ask(&request("POST", "/ngsi-ld/v1/entities", &plan::entity(number).to_string())).await.unwrap();
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    }
    for (number, filter) in filters.iter().enumerate() {
        let body = filter.subscription(number, &receiver.uri(number)).to_string();
        let reply = wire.ask(&request("POST", "/ngsi-ld/v1/subscriptions", &body)).await.unwrap();
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    }
}

/// Changes its entities one after the other, each change as often as it takes until it is acknowledged.
async fn write(
    writer: usize,
    addresses: Vec<std::net::SocketAddr>,
    until: Instant,
    pause: Duration,
    seed: u64,
    journal: Arc<Mutex<Journal>>,
) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut wire: Option<Wire> = None;
    let mut at = writer % addresses.len();
    let mut due = Instant::now();
    for value in 1.. {
        if Instant::now() >= until {
            return;
        }
        let entity = random.u64(0..ENTITIES / WRITERS as u64) * WRITERS as u64 + writer as u64;
        let path = format!("/ngsi-ld/v1/entities/{}/attrs", plan::id_of(entity));
        let ask = request("PATCH", &path, &plan::attributes(value).to_string());
        loop {
            let sent = match &mut wire {
                Some(open) => open.ask(&ask).await,
                None => match Wire::open(addresses[at]).await {
                    Ok(opened) => wire.insert(opened).ask(&ask).await,
                    Err(_) => {
                        at = (at + 1) % addresses.len();
                        tokio::time::sleep(AGAIN).await;
                        continue;
                    }
                },
            };
            let broken = sent.is_err();
            if journal.lock().unwrap().note(Told { entity, value }, sent) {
                break;
            }
            if broken {
                wire = None;
            }
            tokio::time::sleep(AGAIN).await;
        }
        // What an outage took is not made up for: the rate stays below what is told.
        due = (due + pause).max(Instant::now());
        tokio::time::sleep_until(due.into()).await;
    }
}

/// Waits until everything has come, or nothing comes any more.
async fn judge(filters: &[plan::Filter], journals: &[Journal], receiver: &Receiver) -> Verdict {
    let verdict = || {
        let got = receiver.got.lock().unwrap();
        let mut verdict = Verdict { unwanted: got.strange, ..Verdict::default() };
        for (filter, received) in filters.iter().zip(&got.letters) {
            let of = |journal: &Journal| {
                journal.acknowledged.iter().copied().filter(|told| filter.wants(*told)).collect::<Vec<_>>()
            };
            let expected: Vec<Vec<Told>> = journals.iter().map(of).collect();
            verdict.add(&expected, received, |entity| usize::try_from(entity).unwrap() % WRITERS);
        }
        verdict
    };
    let started = Instant::now();
    loop {
        let (_, last) = receiver.so_far();
        let quiet = last.map_or(started, |last| last.max(started)).elapsed();
        let now = verdict();
        if quiet >= PATIENCE || now.lost == 0 && quiet >= AFTERWARDS {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn report(
    arguments: &Arguments,
    kind: &str,
    verdict: &Verdict,
    journals: &[Journal],
    receiver: &Receiver,
    kills: &[Kill],
    ended: Instant,
) {
    let total = |count: fn(&Journal) -> u64| journals.iter().map(count).sum::<u64>();
    let acknowledged = total(|journal| journal.acknowledged.len() as u64);
    let (arrivals, writes) = (receiver.got.lock().unwrap().at.clone(), {
        let mut at: Vec<Instant> = journals.iter().flat_map(|journal| journal.at.iter().copied()).collect();
        at.sort_unstable();
        at
    });
    let longest = |of: &dyn Fn(&Kill) -> Duration| kills.iter().map(of).max().unwrap_or_default().as_secs_f64();
    let until_next = |times: &[Instant], kill: &Kill| {
        let next = times.partition_point(|at| *at <= kill.at + kill.listening.mul_f64(0.5));
        times.get(next).map_or(Duration::MAX, |at| *at - kill.at)
    };
    println!("{kind}, {} broker(s), {} minutes, {} kills:", arguments.brokers, arguments.minutes, kills.len());
    println!(
        "  writes acknowledged     {acknowledged:>8}   ({:.0} a second)",
        acknowledged as f64 / arguments.minutes / 60.0
    );
    println!("  writes sent again       {:>8}   (their answer was lost)", total(|journal| journal.repeated));
    println!("  writes told to wait     {:>8}   (503)", total(|journal| journal.refused));
    println!("  notifications expected  {:>8}", verdict.expected);
    println!("  received                {:>8}", verdict.received);
    println!("  duplicates              {:>8}", verdict.duplicates);
    println!("  lost                    {:>8}", verdict.lost);
    println!("  out of order            {:>8}", verdict.out_of_order);
    println!("  unwanted                {:>8}", verdict.unwanted);
    println!("  listening again after   {:>8.2} s at most", longest(&|kill| kill.listening));
    println!("  next write after        {:>8.2} s at most", longest(&|kill| until_next(&writes, kill)));
    println!("  next notification after {:>8.2} s at most", longest(&|kill| until_next(&arrivals, kill)));
    let last = arrivals.iter().max().map_or(Duration::ZERO, |last| last.saturating_duration_since(ended));
    println!("  the last notification came {:.2} s after the last write", last.as_secs_f64());
}
