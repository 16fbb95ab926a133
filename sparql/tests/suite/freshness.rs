//! A client that knows a position of the log gets no older answer, or is told to come back.

use std::time::{Duration, Instant};

use crate::harness::{Broker, Sidecar, aed};

const NOT_BEFORE: &str = "Hiroba-Not-Before";

#[tokio::test]
async fn an_answer_is_not_older_than_the_position_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    broker.upsert(&[aed(0)]).await;
    sidecar.catch_up(&broker).await;
    for number in 1..30 {
        let tenant = if number % 2 == 0 { "" } else { "other" };
        broker.upsert_for(tenant, &[aed(number)]).await;
        let head = broker.head().await;
        let query = format!("ASK {{ <urn:ngsi-ld:AED:372013:{number}> ?p ?o }}");
        // Before the first change of a tenant has come it is unknown here; with a position that is waited for too.
        let request = sidecar.request(&query, "text/csv").header("NGSILD-Tenant", tenant).header(NOT_BEFORE, &head);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{number}");
        assert_eq!(answer.headers()["hiroba-position"], head.as_str(), "{number}");
        assert!(answer.headers()["access-control-expose-headers"].to_str().unwrap().contains("Hiroba-Position"));
        assert_eq!(answer.text().await.unwrap(), "true", "{number}");
    }
}

#[tokio::test]
async fn a_position_that_does_not_come_is_waited_for_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&[aed(0)]).await;
    let sidecar =
        Sidecar::start_with(broker.url(), folder.path(), &["--query-timeout", "2", "--max-queries", "2"]).await;
    sidecar.catch_up(&broker).await;
    // More than there are places for queries: who waits takes none.
    let started = Instant::now();
    let waiting = (0..8).map(|_| sidecar.request("ASK {}", "*/*").header(NOT_BEFORE, "0-999999").send());
    let waiting = futures_util::future::join_all(waiting);
    let other = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(sidecar.ask("ASK {}", "*/*").await.status(), 200);
        started.elapsed()
    };
    let (answers, other) = tokio::join!(waiting, other);
    assert!(other < Duration::from_millis(1_500), "{other:?}");
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        let text = answer.text().await.unwrap();
        assert!(text.contains("0-999999") && text.contains("try again"), "{text}");
    }
    assert!((2..5).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    for wrong in ["7", "0-x", "-1-2"] {
        let answer = sidecar.request("ASK {}", "*/*").header(NOT_BEFORE, wrong).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{wrong}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(NOT_BEFORE) && text.contains("0-1234"), "{text}");
    }
}
