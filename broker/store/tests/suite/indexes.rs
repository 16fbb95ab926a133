//! Value indexes: built beside writers, used when ready, never changing an answer.

use std::time::Duration;

use hiroba_store::{Outcome, Write};
use ngsild::query::filter::IndexPath;
use serde_json::json;

use crate::*;

fn body(n: usize, value: usize) -> Value {
    json!({"id": format!("urn:x:{n}"), "type": "T", "n": value, "word": format!("w{}", value % 10)})
}

fn path() -> IndexPath {
    IndexPath::attribute(name("n"))
}

#[test]
fn an_index_makes_a_query_exact_and_changes_nothing_else() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, (0..500).map(|n| body(n, n))).await;
            let queries = ["n==7", "n>490", "n==3..5", "n==1,2,3", "n!=7", "n>=100;word==w3", "n<3|n>497"];
            let mut before = Vec::new();
            for q in queries {
                let answer = store.query(tenant, &with_q(typed("T"), q), everything(), at(0)).await.unwrap();
                assert!(!answer.work.exact, "{q}");
                before.push(answer);
            }
            store.create_index(&path()).await.unwrap();
            store.create_index(&path()).await.unwrap();
            for (q, before) in queries.iter().zip(&before) {
                let answer = store.query(tenant, &with_q(typed("T"), q), everything(), at(0)).await.unwrap();
                assert_eq!(ids(&answer.entities), ids(&before.entities), "{q}");
                assert_eq!(answer.total, before.total, "{q}");
                let decides = !q.contains("!=") && !q.contains("word");
                assert_eq!(answer.work.exact, decides, "{q}");
            }
            let answer = store.query(tenant, &with_q(typed("T"), "n==7"), everything(), at(0)).await.unwrap();
            assert_eq!(answer.work.candidates, 1, "one row is read, not five hundred");

            let index = store.indexes().await.unwrap().remove(0);
            assert!(index.ready && index.path == path());
            store.drop_index(index.id).await.unwrap();
            let answer = store.query(tenant, &with_q(typed("T"), "n==7"), everything(), at(0)).await.unwrap();
            assert!(!answer.work.exact && ids(&answer.entities) == ["urn:x:7"]);
        }
    });
}

/// A type among many sets of types, and beside others, however few lead the way.
#[test]
fn an_index_finds_entities_of_a_type_whatever_other_types_they_have() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            store.create_index(&path()).await.unwrap();
            let body = |n: usize| {
                let mut body = body(n, n % 3);
                body["type"] = match n % 12 {
                    0 => json!("Other"),
                    1 => json!("T"),
                    kind => json!(["T", format!("T{kind}")]),
                };
                body
            };
            for (first, last) in [(0, 3), (3, 60)] {
                create_all(&store, tenant, (first..last).map(body).collect::<Vec<_>>()).await;
                let answer = store.query(tenant, &with_q(typed("T"), "n==1"), everything(), at(0)).await.unwrap();
                let expected: Vec<String> =
                    (0..last).filter(|n| n % 3 == 1 && n % 12 != 0).map(|n| format!("urn:x:{n}")).collect();
                assert_eq!(ids(&answer.entities), expected);
                assert!(answer.work.driven && answer.work.exact);
            }
        }
    });
}

/// While the index is built, entities are created, changed and deleted. Afterwards it must say what the evaluator says.
#[test]
fn an_index_built_beside_writers_is_complete() {
    run(async {
        for database in databases().await {
            // Two processes: one builds, the other writes and learns of it on the way.
            let (store, other) = (database.open().await, database.open().await);
            let tenant = default_tenant(&store).await;
            for start in (0..3_000).step_by(1_000) {
                create_all(&store, tenant, (start..start + 1_000).map(|n| body(n, n % 50))).await;
            }
            let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
            let writers: Vec<_> = [store.clone(), other]
                .into_iter()
                .enumerate()
                .map(|(which, writer)| {
                    let stop = Arc::clone(&stop);
                    tokio::spawn(async move {
                        let mut n = which;
                        let mut made = 10_000 * (which + 1);
                        while !stop.load(Ordering::Relaxed) {
                            n = (n + 37) % 3_000;
                            made += 1;
                            create_all(&writer, tenant, [body(made, made % 50)]).await;
                            let Some(seen) = load(&writer, tenant, &format!("urn:x:{n}")).await else { continue };
                            let after = (n % 5 != 0).then(|| entity(body(n, (n + made) % 50)));
                            let outcome =
                                writer.write(tenant, &[Write { before: Some(seen), after }], at(1)).await.unwrap();
                            assert!(matches!(outcome[0], Outcome::Done { .. } | Outcome::Conflict));
                        }
                    })
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(50)).await;
            store.create_index(&path()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            stop.store(true, Ordering::Relaxed);
            for writer in writers {
                writer.await.unwrap();
            }
            let fresh = database.open().await;
            let all = fresh.query(tenant, &typed("T"), everything(), at(0)).await.unwrap();
            for value in 0..50 {
                let query = with_q(typed("T"), &format!("n=={value}"));
                let answer = fresh.query(tenant, &query, everything(), at(0)).await.unwrap();
                assert!(answer.work.exact);
                let expected: Vec<&str> = all
                    .entities
                    .iter()
                    .filter(|stored| ngsild::query::matches(&query, &stored.entity, at(0)))
                    .map(|stored| stored.entity.id.as_str())
                    .collect();
                assert_eq!(ids(&answer.entities), expected, "n=={value}");
            }
        }
    });
}

#[test]
fn a_query_that_looked_at_too_much_gets_its_index() {
    run(async {
        for database in databases().await {
            let store = database.open_with(|options| options.observe_after = 300).await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, (0..400).map(|n| body(n, n))).await;
            let query = with_q(typed("T"), "n==399");
            let first = store.query(tenant, &query, everything(), at(0)).await.unwrap();
            assert!(!first.work.exact);
            let built = async {
                while !store.query(tenant, &query, everything(), at(0)).await.unwrap().work.exact {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), built).await.expect("the index is built by itself");
            assert_eq!(store.indexes().await.unwrap()[0].origin, "observed");
        }
    });
}
