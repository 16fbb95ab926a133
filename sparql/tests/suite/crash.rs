//! `kill -9` at any time loses nothing and duplicates nothing.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Broker, Sidecar, aeds};

#[tokio::test]
async fn a_sidecar_that_is_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    for batch in 0..8 {
        broker.upsert(&aeds(batch * 100..(batch + 1) * 100)).await;
        broker.upsert_for("other", &aeds(batch * 50..(batch + 1) * 50)).await;
    }
    // While it makes its first copy.
    for pause in [5, 60, 150, 400] {
        let mut sidecar = Sidecar::start(broker.url(), folder.path()).await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        sidecar.process.kill();
    }
    let mut sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    // It may have been killed before it could say so.
    let copies = |sidecar: &Sidecar| sidecar.process.log().matches("the new copy is complete").count();
    let made = copies(&sidecar);
    assert!(made <= 1, "one copy is made: {made}");
    // While it follows: entities are written over and over, some are deleted.
    for round in 0_u32..6 {
        for batch in 0..3 {
            let mut entities = aeds(batch * 100..(batch + 1) * 100);
            for entity in &mut entities {
                entity["round"] = json!({"type": "Property", "value": round});
            }
            broker.upsert(&entities).await;
            broker.upsert_for("other", &entities[..50]).await;
            broker.upsert_for(&format!("of round {round}").replace(' ', "/"), &entities[..10]).await;
        }
        let gone: Vec<String> = (round * 50..round * 50 + 25).map(|n| format!("urn:ngsi-ld:AED:372013:{n}")).collect();
        broker.delete(&gone).await;
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 37)).await;
        sidecar.process.kill();
        sidecar = Sidecar::start(broker.url(), folder.path()).await;
    }
    sidecar.catch_up(&broker).await;
    assert_eq!(copies(&sidecar), made, "the rest is followed");
    let followed = sidecar.dump().await;
    let mut others = Vec::new();
    for tenant in ["other", "of/round/0", "of/round/3", "of/round/5"] {
        others.push((tenant.to_owned(), sidecar.dump_of(tenant).await));
    }

    let other = tempfile::tempdir().unwrap();
    let fresh_sidecar = Sidecar::start(broker.url(), other.path()).await;
    fresh_sidecar.catch_up(&broker).await;
    let fresh = fresh_sidecar.dump().await;
    assert_eq!(followed.len(), fresh.len());
    assert!(
        followed == fresh,
        "the quads differ: {:?}",
        followed.iter().find(|line| fresh.binary_search(line).is_err())
    );
    assert!(fresh.len() > 20_000, "{}", fresh.len());
    for (tenant, some) in others {
        assert!(some.len() > 500, "{tenant} {}", some.len());
        assert!(some == fresh_sidecar.dump_of(&tenant).await, "{tenant}: the quads differ");
    }
}

#[tokio::test]
async fn a_data_folder_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_hiroba-sparql"))
        .args(["--listen", "127.0.0.1:0", "--data-dir", folder.path().join("sidecar").to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("in use by another process"), "{output:?}");
    let usage =
        std::process::Command::new(env!("CARGO_BIN_EXE_hiroba-sparql")).arg("--broker=nowhere").output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
}
