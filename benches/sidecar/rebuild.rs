//! How long a copy takes from nothing, and whether the old one answers meanwhile.

use std::time::{Duration, Instant};

use hiroba_benches::id;

use crate::Arguments;
use crate::ask::{number, query};
use crate::pair::Pair;

/// How often the old copy is asked while the new one is made.
const ASKED: Duration = Duration::from_millis(200);

pub(crate) async fn run(arguments: &Arguments) {
    let entities = arguments.entities.unwrap_or(1_000_000);
    let mut pair = Pair::new(arguments, entities).await;
    pair.start(&["--query-timeout", "3600"]);
    println!("  a copy from nothing    {:>6.0} s", pair.caught_up().await.as_secs_f64());
    let mut connection = pair.ask().await;
    let plain = number(&mut connection, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").await;
    let named = number(&mut connection, "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }").await;
    println!("  triples                {plain} plain, {named} in named graphs");

    // Another broker with the same city: its log is another one.
    let Pair { copy, broker, sidecar, .. } = pair;
    drop((broker, sidecar));
    let mut pair = Pair::new(arguments, entities).await;
    pair.copy = copy;
    pair.start(&[]);
    let (mut answers, mut slowest) = (0, Duration::ZERO);
    let asking = async {
        let mut connection = pair.ask().await;
        loop {
            let started = Instant::now();
            connection.send(&query("/sparql", &format!("SELECT * {{ <{}> ?p ?o }}", id(answers % entities)))).await;
            (answers, slowest) = (answers + 1, slowest.max(started.elapsed()));
            tokio::time::sleep(ASKED).await;
        }
    };
    let took = tokio::select! {
        took = pair.caught_up() => took,
        () = asking => unreachable!("it asks until it is stopped"),
    };
    let slowest = slowest.as_secs_f64() * 1_000.0;
    println!("  meanwhile              {answers} answers, the slowest after {slowest:.0} ms");
    println!("  a new copy             {:>6.0} s", took.as_secs_f64());
}
