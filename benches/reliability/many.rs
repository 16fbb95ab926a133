//! What it costs that there are many subscriptions which do not want a change, when ten others do.

use std::path::Path;
use std::time::{Duration, Instant};

use hiroba_benches::wire::{Wire, request};
use serde_json::{Value, json};

use crate::Arguments;
use crate::broker::{Broker, Database};
use crate::load::id_of;
use crate::receiver::Receiver;

/// Beside how few they are measured, and how many there are unless it is said.
const FEW: usize = 100;
const MANY: usize = 100_000;
/// How many of them want each change.
const WANTED: usize = 10;
/// How many entities are changed in turns, and how many changes there are.
const ENTITIES: u64 = 100;
const CHANGES: u64 = 500;
/// How often it is measured: the median counts.
const ROUNDS: u64 = 5;
/// How many times as long it may take.
const AT_MOST: f64 = 2.0;
/// How long a notification is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(arguments: &Arguments, program: &Path, kind: &str) -> bool {
    println!("{kind}: {CHANGES} changes, each for {WANTED} subscriptions");
    let many = if arguments.subscriptions == 0 { MANY } else { arguments.subscriptions };
    assert!(many >= FEW, "--subscriptions is {FEW} at least");
    let few = measure(program, kind, FEW).await;
    let many = measure(program, kind, many).await;
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    println!("  ratio {ratio:.2}");
    ratio <= AT_MOST
}

/// How long it takes from the first change to the last notification.
async fn measure(program: &Path, kind: &str, subscriptions: usize) -> Duration {
    let database = Database::open(kind);
    let broker = Broker::start(program, &database);
    let receiver = Receiver::start(WANTED).await;
    let mut wire = Wire::open(broker.address).await.unwrap();
    let started = Instant::now();
    for number in 0..subscriptions {
        let body = subscription(number, &receiver.uri(number));
        tell(&mut wire, "POST", "/ngsi-ld/v1/subscriptions", &body, 201).await;
    }
    let made = started.elapsed();
    for entity in 0..ENTITIES {
        tell(&mut wire, "POST", "/ngsi-ld/v1/entities", &json!({"id": id_of(entity), "type": "Reading"}), 201).await;
    }
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        let started = Instant::now();
        for change in 0..CHANGES {
            let path = format!("/ngsi-ld/v1/entities/{}", id_of(change % ENTITIES));
            tell(&mut wire, "PATCH", &path, &json!({"level": round * CHANGES + change}), 204).await;
        }
        let expected = usize::try_from(round * CHANGES).unwrap();
        while receiver.got.lock().unwrap().letters.iter().any(|of_one| of_one.len() < expected) {
            assert!(started.elapsed() < PATIENCE, "{:?} came", receiver.so_far());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        rounds.push(started.elapsed());
    }
    {
        let got = receiver.got.lock().unwrap();
        let (expected, strange) = (usize::try_from(ROUNDS * CHANGES).unwrap() * WANTED, got.strange);
        assert_eq!((got.at.len(), strange), (expected, 0), "each comes once, and nothing that nobody wanted");
    }
    rounds.sort();
    let median = rounds[rounds.len() / 2];
    println!("  {subscriptions:>7} subscriptions, made in {:>5.1} s: {median:.2?}", made.as_secs_f64());
    median
}

/// The first ones want the changes. The others are of the same type but another attribute or entity, or of another type.
fn subscription(number: usize, uri: &str) -> Value {
    let mut body = match number % 3 {
        _ if number < WANTED => json!({"entities": [{"type": "Reading"}], "watchedAttributes": ["level"]}),
        0 => json!({"entities": [{"type": "Reading"}], "watchedAttributes": [format!("attribute{number}")]}),
        1 => json!({"entities": [{"type": "Reading", "id": format!("urn:ngsi-ld:Reading:other:{number}")}]}),
        _ => json!({"entities": [{"type": format!("Type{number}")}]}),
    };
    body["type"] = json!("Subscription");
    body["notification"] = json!({"endpoint": {"uri": uri}});
    body
}

async fn tell(wire: &mut Wire, method: &str, path: &str, body: &Value, status: u16) {
    let reply = wire.ask(&request(method, path, &body.to_string())).await.unwrap();
    assert_eq!(reply.status, status, "{}", String::from_utf8_lossy(&reply.body));
}
