//! The change log: complete, ordered, followed across processes.

use std::time::Duration;

use hiroba_store::{Position, Write};
use ngsild::change::Operation;
use serde_json::json;

use crate::*;

fn numbered(n: usize) -> Value {
    json!({"id": format!("urn:x:{n}"), "type": "T", "n": n})
}

#[test]
fn every_commit_is_in_the_log_once_and_in_order() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let start = store.head().await.unwrap();
            assert!(store.changes(start, 10).await.unwrap().is_empty());
            create_all(&store, tenant, [numbered(1), numbered(2)]).await;
            let seen = load(&store, tenant, "urn:x:1").await.unwrap();
            store.write(tenant, &[create(&entity(numbered(1)))], at(1)).await.unwrap();
            store.write(tenant, &[Write { before: Some(seen), after: None }], at(2)).await.unwrap();
            let changes = told(&store, start, 3).await;
            let told: Vec<_> = changes.iter().map(|c| (c.entity.as_str(), c.change.operation, c.at == at(2))).collect();
            assert_eq!(
                told,
                [
                    ("urn:x:1", Operation::Created, false),
                    ("urn:x:2", Operation::Created, false),
                    ("urn:x:1", Operation::Deleted, true)
                ],
                "a conflict leaves no trace"
            );
            assert!(changes.windows(2).all(|pair| pair[0].position < pair[1].position));
            let rest = store.changes(changes[0].position, 1).await.unwrap();
            assert_eq!(rest[0].position, changes[1].position, "a reader goes on where it stopped");
            let end = store.head().await.unwrap();
            assert!(store.changes(end, 10).await.unwrap().is_empty());
            assert_eq!(store.changes(Position::default(), 10).await.unwrap().len(), 3);
        }
    });
}

/// Writers commit in another order than they began; a reader that goes on from its last position must miss nothing.
#[test]
fn a_reader_beside_many_writers_misses_nothing() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let writers: Vec<_> = (0..8)
                .map(|writer| {
                    let store = store.clone();
                    tokio::spawn(async move {
                        for n in 0..60 {
                            let body = json!({"id": format!("urn:x:{writer}:{n}"), "type": "T", "n": n});
                            store.write(tenant, &[create(&entity(body))], at(0)).await.unwrap();
                        }
                    })
                })
                .collect();
            let mut seen = std::collections::HashSet::new();
            let mut position = Position::default();
            let mut quiet = 0;
            while seen.len() < 480 && quiet < 200 {
                let changes = store.changes(position, 50).await.unwrap();
                quiet = if changes.is_empty() { quiet + 1 } else { 0 };
                for change in changes {
                    assert!(change.position > position);
                    position = change.position;
                    assert!(seen.insert(change.entity), "told twice");
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            for writer in writers {
                writer.await.unwrap();
            }
            assert_eq!(seen.len(), 480);
        }
    });
}

#[test]
fn one_process_learns_what_another_wrote() {
    run(async {
        for database in databases().await {
            let (here, there) = (database.open().await, database.open().await);
            let tenant = default_tenant(&here).await;
            create_all(&here, tenant, [numbered(1)]).await;
            let seen = load(&there, tenant, "urn:x:1").await.unwrap();
            let generation = there.generation(tenant);
            let mut woken = there.watch();
            let mut changed = Entity::clone(&seen.entity);
            changed.attributes.clear();
            let write = Write { before: load(&here, tenant, "urn:x:1").await, after: Some(changed.into()) };
            here.write(tenant, &[write], at(1)).await.unwrap();
            let learned = async {
                woken.changed().await.unwrap();
                while !load(&there, tenant, "urn:x:1").await.unwrap().entity.attributes.is_empty() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), learned)
                .await
                .expect("the cache lets go of what has changed");
            let moved = async {
                while there.generation(tenant) == generation {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), moved).await.expect("answers are worked out anew");
        }
    });
}

#[test]
fn whoever_reads_of_a_change_gets_the_entity_as_it_was_after_it_or_later() {
    run(async {
        for database in databases().await {
            let (here, there) = (database.open().await, database.open().await);
            let tenant = default_tenant(&here).await;
            create_all(&here, tenant, [numbered(1)]).await;
            let writer = here.clone();
            let writing = tokio::spawn(async move {
                for n in 0..200 {
                    let before = load(&writer, tenant, "urn:x:1").await;
                    let after = Some(entity(json!({"id": "urn:x:1", "type": "T", "n": n})));
                    writer.write(tenant, &[Write { before, after }], at(n)).await.unwrap();
                }
            });
            for reader in [here, there] {
                let (mut position, mut told) = (Position::default(), 0);
                while told < 201 {
                    for record in reader.changes(position, 1_000).await.unwrap() {
                        let seen = [(record.entity.clone(), record.version)];
                        let now = reader.entities_since(tenant, &seen).await.unwrap().remove(0).unwrap();
                        assert!(now.version >= record.version, "{:?} is older than {:?}", now.version, record.version);
                        (position, told) = (record.position, told + 1);
                    }
                }
            }
            writing.await.unwrap();
        }
    });
}

#[test]
fn the_log_begins_where_nothing_that_it_still_has_is_missed() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            assert_eq!(store.beginning().await.unwrap(), None, "nothing has happened yet");
            for (n, second) in [(1, 0), (2, 86_400), (3, 50 * 86_400), (4, 51 * 86_400)] {
                store.write(tenant, &[create(&entity(numbered(n)))], at(second)).await.unwrap();
            }
            told(&store, Position::default(), 4).await;
            let first = store.beginning().await.unwrap().unwrap();
            assert!(store.tells_all_after(first).await.unwrap());
            assert_eq!(store.changes(first, 10).await.unwrap().len(), 4);
            store.drop_history_before(at(50 * 86_400)).await.unwrap();
            assert!(!store.tells_all_after(first).await.unwrap(), "two changes after it are gone");
            let later = store.beginning().await.unwrap().unwrap();
            assert!(later > first && store.tells_all_after(later).await.unwrap());
            let left: Vec<_> = store.changes(later, 10).await.unwrap().into_iter().map(|record| record.at).collect();
            assert_eq!(left, [at(50 * 86_400), at(51 * 86_400)]);
        }
    });
}

#[test]
fn a_log_begins_while_others_still_write_what_comes_before() {
    run(async {
        let Some(database) = postgis().await else { return };
        let store = database.open().await;
        let tenant = default_tenant(&store).await;
        let (other, connection) = tokio_postgres::connect(&database.address, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other.batch_execute("begin; select pg_current_xact_id()").await.unwrap();
        store.write(tenant, &[create(&entity(numbered(1)))], at(0)).await.unwrap();
        assert_eq!(store.changes(Position::default(), 10).await.unwrap().len(), 0, "the other's changes come first");
        let beginning = store.beginning().await.unwrap().unwrap();
        assert!(store.tells_all_after(beginning).await.unwrap());
        other.batch_execute("commit").await.unwrap();
        assert_eq!(told(&store, beginning, 1).await.len(), 1);
    });
}

#[test]
fn entities_whose_history_was_forgotten_are_known_by_it() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, [numbered(1), numbered(2)]).await;
            let ids = ["urn:x:1", "urn:x:2", "urn:x:none"].map(|id| EntityId::parse(id).unwrap());
            assert!(store.rewritten(tenant, &ids).await.unwrap().is_empty());
            store.forget_history(tenant, &ids[1]).await.unwrap();
            assert_eq!(store.rewritten(tenant, &ids).await.unwrap(), [ids[1].clone()]);
        }
    });
}
