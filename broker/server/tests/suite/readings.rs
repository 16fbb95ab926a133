//! Readings of docs/conformance.md that a client can notice and that no other file proves, one sentence each.

mod consumption;
mod model;
mod provision;
mod steps;

use steps::Reading;

use crate::support::{Broker, run};

#[test]
fn readings_of_the_data_model_and_of_contexts_are_as_the_page_says() {
    run(hold(model::readings()));
}

#[test]
fn readings_of_provision_are_as_the_page_says() {
    run(hold(provision::readings()));
}

#[test]
fn readings_of_queries_and_of_http_are_as_the_page_says() {
    run(hold(consumption::readings()));
}

/// Each reading in a tenant of its own, on every store.
async fn hold(readings: Vec<Reading>) {
    let mut wrong = Vec::new();
    for broker in Broker::every().await {
        for (n, Reading { sentence, steps }) in readings.iter().enumerate() {
            for step in steps {
                wrong.extend(step.take(&broker, &format!("reading{n}"), sentence).await);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
