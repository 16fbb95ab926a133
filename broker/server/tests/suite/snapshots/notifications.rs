//! Who asked for it is told how a snapshot is (clause 5.3.4).

use super::*;
use crate::receiver::Receiver;

async fn in_west(asking: Asking<'_>) -> Answer {
    asking.header("NGSILD-Tenant", "west").send().await
}

/// A snapshot of T that tells a receiver how it is.
fn telling(id: &str, receiver: &Receiver, path: &str) -> Value {
    let mut body = of_type(id, "T");
    body["endpoint"] = json!(format!("{}{path}", receiver.address));
    body
}

#[test]
fn a_receiver_is_told_of_every_change_of_status() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(&["--allow-private-egress"]).await.into_iter().enumerate() {
            let place = format!("/told/{n}");
            let entity = broker.post(ENTITIES, &json!({"id": "urn:x:1", "type": "T"}));
            assert_eq!(in_west(entity).await.status, 201);
            let mut body = telling("urn:s:1", &receiver, &place);
            body["snapshotQueries"] = json!([typed("T"), typed("None")]);
            body["receiverInfo"] =
                json!([{"key": "X-Key", "value": "secret"}, {"key": "Authorization", "value": "Bearer t"}]);
            assert_eq!(in_west(broker.post(SNAPSHOTS, &body)).await.status, 201);
            let prepared = receiver.letters(&place, 1).await[0].clone();
            let told = prepared.body.as_object().unwrap();
            let mut names: Vec<&str> = told.keys().map(String::as_str).collect();
            names.sort_unstable();
            let members = [
                "expiresAt",
                "id",
                "notifiedAt",
                "snapshotId",
                "snapshotPriority",
                "snapshotQueriesDetails",
                "snapshotStatus",
                "type",
            ];
            assert_eq!(names, members);
            assert!(told["id"].as_str().unwrap().starts_with("urn:ngsi-ld:SnapshotNotification:"));
            assert_eq!((&told["type"], &told["snapshotId"]), (&json!("SnapshotNotification"), &json!("urn:s:1")));
            assert_eq!((&told["snapshotStatus"], &told["snapshotPriority"]), (&json!("partial"), &json!(5)));
            assert_eq!(told["snapshotQueriesDetails"], json!([{"resultStatus": "success"}, {"resultStatus": "empty"}]));
            assert!(instant(&told["expiresAt"]) > instant(&told["notifiedAt"]));
            for header in [
                "content-type: application/json",
                "x-key: secret",
                "authorization: bearer t",
                "ngsild-tenant: west",
                "rel=\"http://www.w3.org/ns/json-ld#context\"",
            ] {
                assert!(prepared.head.contains(header), "{header} in {}", prepared.head);
            }
            let patch = broker.ask(Method::PATCH, &path("urn:s:1")).body(&json!({"snapshotPriority": 7}));
            assert_eq!(in_west(patch).await.status, 200);
            assert_eq!(receiver.letters(&place, 2).await[1].body["snapshotPriority"], 7);
            assert_eq!(in_west(broker.ask(Method::PATCH, &path("urn:s:1")).body(&json!({}))).await.status, 200);
            assert_eq!(in_west(broker.ask(Method::DELETE, &path("urn:s:1"))).await.status, 204);
            let deleted = receiver.letters(&place, 3).await[2].body.clone();
            assert!(instant(&deleted["expiresAt"]) < instant(&deleted["notifiedAt"]), "{deleted}");
            assert_ne!(deleted["id"], told["id"], "each has an id of its own");
        }
    });
}

#[test]
fn expiry_and_purge_are_told_as_deletions() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(&["--allow-private-egress"]).await.into_iter().enumerate() {
            for (id, place) in [("urn:s:1", format!("/expires/{n}")), ("urn:s:2", format!("/purged/{n}"))] {
                let snapshot = prepare(&broker, &telling(id, &receiver, &place)).await;
                assert_eq!(snapshot["snapshotStatus"], "empty");
                assert_eq!(receiver.letters(&place, 1).await[0].body["snapshotStatus"], "empty");
            }
            let brief = broker.ask(Method::PATCH, &path("urn:s:1")).body(&json!({"snapshotLifetime": "PT0.2S"}));
            assert_eq!(brief.send().await.status, 200);
            let purge = format!("{SNAPSHOTS}?q={}", encode("id==\"urn:s:2\""));
            assert_eq!(broker.ask(Method::DELETE, &purge).send().await.status, 204);
            for (place, count) in [(format!("/expires/{n}"), 3), (format!("/purged/{n}"), 2)] {
                let letters = receiver.letters(&place, count).await;
                let last = &letters[count - 1].body;
                assert!(instant(&last["expiresAt"]) < instant(&last["notifiedAt"]), "{place}: {last}");
            }
        }
    });
}

#[test]
fn a_receiver_that_fails_is_asked_again_and_harms_nobody() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(&["--allow-private-egress"]).await.into_iter().enumerate() {
            let busy = format!("/503/1/{n}");
            for (id, place) in
                [("urn:s:1", busy.clone()), ("urn:s:2", format!("/400/{n}")), ("urn:s:3", format!("/302/{n}"))]
            {
                assert_eq!(prepare(&broker, &telling(id, &receiver, &place)).await["snapshotStatus"], "empty");
            }
            let mut nobody = of_type("urn:s:4", "T");
            nobody["endpoint"] = json!("http://127.0.0.1:1/");
            assert_eq!(prepare(&broker, &nobody).await["snapshotStatus"], "empty");
            // What comes later waits its turn.
            broker.ask(Method::PATCH, &path("urn:s:1")).body(&json!({"snapshotPriority": 9})).send().await;
            let letters = receiver.letters(&busy, 3).await;
            assert_eq!(letters[0].body, letters[1].body, "the same again");
            let priorities: Vec<_> = letters.iter().map(|letter| letter.body["snapshotPriority"].as_u64()).collect();
            assert_eq!(priorities, [Some(5), Some(5), Some(9)]);
            assert_eq!(receiver.letters(&format!("/400/{n}"), 1).await.len(), 1, "a refusal is final");
            assert_eq!(receiver.letters(&format!("/302/{n}"), 1).await.len(), 1);
            assert!(receiver.letters("/redirected", 0).await.is_empty(), "redirects are not followed");
        }
    });
}

#[test]
fn receivers_at_private_addresses_are_not_called_unless_it_is_allowed() {
    run(async {
        let receiver = Receiver::start().await;
        for broker in Broker::every().await {
            assert_eq!(prepare(&broker, &telling("urn:s:1", &receiver, "/closed")).await["snapshotStatus"], "empty");
            broker.ask(Method::PATCH, &path("urn:s:1")).body(&json!({"snapshotPriority": 9})).send().await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert!(receiver.letters("/closed", 0).await.is_empty());
        }
    });
}
