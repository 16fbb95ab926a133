//! Writing and reading back.

use std::sync::Arc;

use hiroba_store::{Outcome, Page, Stored, Write};
use hiroba_vocab::Tenant;
use ngsild::Entity;
use serde_json::json;

use crate::*;

fn numbered(n: usize) -> Value {
    json!({"id": format!("urn:x:{n}"), "type": "T", "n": n})
}

fn with_value(stored: &Stored, value: i64) -> Arc<Entity> {
    let mut changed = Entity::clone(&stored.entity);
    changed.attributes[&name("n")][0].is = ngsild::AttributeValue::Property(json!(value));
    Arc::new(changed)
}

#[test]
fn what_is_created_is_read_back_also_after_reopening() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let body = json!({
                "id": "urn:x:1", "type": ["A", "B"], "scope": "/a/b",
                "n": {"value": 1, "observedAt": "2020-01-01T00:00:00.5Z", "unitCode": "C62", "s": {"value": "text"}},
                "location": {"type": "Point", "coordinates": [139.7, 35.6]},
                "名称": {"languageMap": {"ja": "駅"}}
            });
            create_all(&store, tenant, [body.clone()]).await;
            assert_eq!(*load(&store, tenant, "urn:x:1").await.unwrap().entity, *entity(body.clone()));
            drop(store);
            let store = database.open().await;
            let stored = load(&store, tenant, "urn:x:1").await.unwrap();
            assert_eq!(*stored.entity, *entity(body));
            assert!(load(&store, tenant, "urn:x:2").await.is_none());
        }
    });
}

#[test]
fn a_write_is_made_only_on_what_its_writer_saw() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, [numbered(1)]).await;
            let again = store.write(tenant, &[create(&entity(numbered(1)))], at(1)).await.unwrap();
            assert_eq!(again, [Outcome::Conflict], "it exists already");

            let seen = load(&store, tenant, "urn:x:1").await.unwrap();
            let change = |value| Write { before: Some(seen.clone()), after: Some(with_value(&seen, value)) };
            let first = store.write(tenant, &[change(2)], at(1)).await.unwrap();
            assert!(matches!(first[0], Outcome::Done { version, .. } if version > seen.version));
            let second = store.write(tenant, &[change(3)], at(1)).await.unwrap();
            assert_eq!(second, [Outcome::Conflict], "somebody was faster");
            let now = load(&store, tenant, "urn:x:1").await.unwrap();
            assert_eq!(*now.entity, *with_value(&seen, 2), "the cache knows better after a conflict");

            let delete = |stored: &Stored| Write { before: Some(stored.clone()), after: None };
            assert_eq!(store.write(tenant, &[delete(&seen)], at(2)).await.unwrap(), [Outcome::Conflict]);
            assert!(matches!(store.write(tenant, &[delete(&now)], at(2)).await.unwrap()[0], Outcome::Done { .. }));
            assert!(load(&store, tenant, "urn:x:1").await.is_none());
            create_all(&store, tenant, [numbered(1)]).await;
            assert_eq!(
                store.write(tenant, &[delete(&now)], at(3)).await.unwrap(),
                [Outcome::Conflict],
                "a new entity of the same id is another one"
            );
        }
    });
}

#[test]
fn a_batch_is_one_commit_with_an_outcome_each() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, [numbered(5)]).await;
            let writes: Vec<Write> = (0..1_000).map(|n| create(&entity(numbered(n)))).collect();
            let outcomes = store.write(tenant, &writes, at(0)).await.unwrap();
            let conflicts: Vec<usize> = (0..1_000).filter(|n| outcomes[*n] == Outcome::Conflict).collect();
            assert_eq!(conflicts, [5]);
            let answer = store.query(tenant, &typed("T"), everything(), at(0)).await.unwrap();
            assert_eq!(answer.total, Some(1_000));
            assert_eq!(ids(&answer.entities)[..3], ["urn:x:5", "urn:x:0", "urn:x:1"], "in the order of creation");
        }
    });
}

#[test]
fn many_new_entities_at_once_are_as_good_as_one_after_the_other() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let body = |n: usize| {
                json!({
                    "id": format!("urn:x:{n:03}"), "type": "T", "scope": format!("/s/area{}", n % 3), "n": n,
                    "location": {"type": "Point", "coordinates": [139.0 + n as f64 / 1e3, 35.5]}
                })
            };
            create_all(&store, tenant, [body(7)]).await;
            let writes: Vec<Write> = (0..250).map(|n| create(&entity(body(n)))).collect();
            let outcomes = store.write(tenant, &writes, at(1)).await.unwrap();
            let conflicts: Vec<usize> = (0..250).filter(|n| outcomes.get(*n) == Some(&Outcome::Conflict)).collect();
            assert_eq!(conflicts, [7], "what was there stays, and holds up nothing else");

            let more: Vec<Write> = (250..600).map(|n| create(&entity(body(n)))).collect();
            let outcomes = store.write(tenant, &more, at(2)).await.unwrap();
            for (write, outcome) in more.iter().zip(&outcomes) {
                let after = write.after.as_ref().unwrap();
                let Outcome::Done { version, seq } = outcome else { panic!("{} is new", after.id) };
                let stored = load(&store, tenant, after.id.as_str()).await.unwrap();
                assert_eq!((stored.version, stored.seq, &stored.entity), (*version, *seq, after));
            }
            let store = database.open().await;
            let found = store.query(tenant, &typed("T"), everything(), at(3)).await.unwrap();
            let mut expected: Vec<String> = (0..600).filter(|n| *n != 7).map(|n| format!("urn:x:{n:03}")).collect();
            expected.insert(0, "urn:x:007".to_owned());
            assert_eq!(ids(&found.entities), expected, "in the order of creation");
            let near = with_q(typed("T"), "n>=590");
            assert_eq!(store.query(tenant, &near, everything(), at(3)).await.unwrap().entities.len(), 10);
            let changes = told(&store, Position::default(), 600).await;
            assert_eq!(changes.len(), 600, "each has its record");
        }
    });
}

#[test]
fn concurrent_increments_are_all_counted() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, [numbered(0)]).await;
            let workers = (0..8).map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for _ in 0..20 {
                        loop {
                            let seen = load(&store, tenant, "urn:x:0").await.unwrap();
                            let ngsild::AttributeValue::Property(value) = &seen.entity.attributes[&name("n")][0].is
                            else {
                                panic!("n is a Property");
                            };
                            let next = with_value(&seen, value.as_i64().unwrap() + 1);
                            let write = Write { before: Some(seen), after: Some(next) };
                            if store.write(tenant, &[write], at(1)).await.unwrap() != [Outcome::Conflict] {
                                break;
                            }
                        }
                    }
                })
            });
            for worker in workers.collect::<Vec<_>>() {
                worker.await.unwrap();
            }
            let end = load(&store, tenant, "urn:x:0").await.unwrap();
            assert_eq!(end.entity.attributes[&name("n")][0].is, ngsild::AttributeValue::Property(json!(160)));
        }
    });
}

#[test]
fn tenants_never_see_each_other() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let default = default_tenant(&store).await;
            let other_name = Tenant::parse("other").unwrap();
            assert_eq!(store.tenant(&other_name).await.unwrap(), None);
            let other = store.create_tenant(&other_name).await.unwrap();
            assert_eq!(store.create_tenant(&other_name).await.unwrap(), other);
            let body = |value: i64| {
                json!({"id": "urn:x:1", "type": "T", "n": value, "scope": "/s",
                       "location": {"type": "Point", "coordinates": [1, 2]}})
            };
            create_all(&store, default, [body(1)]).await;
            create_all(&store, other, [body(2), numbered(7)]).await;
            let path = ngsild::query::filter::IndexPath::attribute(name("n"));
            store.create_index(&path).await.unwrap();
            let near = ngsild::query::GeoQuery::new(
                "near;maxDistance==10",
                "Point",
                &json!([1, 2]),
                Context::core().expand("location").unwrap(),
            )
            .unwrap();
            for (tenant, value, count) in [(default, 1, 1), (other, 2, 2)] {
                let stored = load(&store, tenant, "urn:x:1").await.unwrap();
                assert_eq!(stored.entity.attributes[&name("n")][0].is, ngsild::AttributeValue::Property(json!(value)));
                for (query, expected) in [
                    (typed("T"), count),
                    (Query::default(), count),
                    (with_q(typed("T"), &format!("n=={value}")), 1),
                    (with_q(typed("T"), &format!("n=={}", 3 - value)), 0),
                    (Query { scope: Some("/s".parse().unwrap()), ..Query::default() }, 1),
                    (Query { geo: Some(near.clone()), ..Query::default() }, 1),
                ] {
                    let answer = store.query(tenant, &query, everything(), at(0)).await.unwrap();
                    assert_eq!(answer.total, Some(expected), "{query:?}");
                }
                let shapes: u64 = store.shapes(tenant).await.unwrap().iter().map(|shape| shape.entities).sum();
                assert_eq!(shapes, count);
            }
            let missing = store.entity(default, &id("urn:x:7")).await.unwrap();
            assert!(missing.is_none());
        }
    });
}

#[test]
fn pages_cover_the_result_once_in_a_stable_order() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let bodies = (0..57)
                .map(|n| json!({"id": format!("urn:x:{n}"), "type": if n % 3 == 0 { "A" } else { "B" }, "n": n}));
            create_all(&store, tenant, bodies).await;
            for query in [typed("A,B"), typed("B"), with_q(typed("A,B"), "n>10"), with_q(typed("B"), "n~=x|n>3")] {
                let all = store.query(tenant, &query, everything(), at(0)).await.unwrap();
                let mut paged = Vec::new();
                loop {
                    let page = Page { after: 0, offset: paged.len(), limit: 7, count: false };
                    let answer = store.query(tenant, &query, page, at(0)).await.unwrap();
                    paged.extend(answer.entities);
                    if !answer.more {
                        break;
                    }
                }
                assert_eq!(ids(&paged), ids(&all.entities), "{query:?}");
                assert_eq!(all.total, Some(paged.len() as u64));
                let past = Page { after: 0, offset: 1_000, limit: 5, count: true };
                let past = store.query(tenant, &query, past, at(0)).await.unwrap();
                assert_eq!((past.entities.len(), past.total, past.more), (0, all.total, false));
                let none = Page { after: 0, offset: 0, limit: 0, count: true };
                let none = store.query(tenant, &query, none, at(0)).await.unwrap();
                assert_eq!((none.entities.len(), none.total), (0, all.total));
            }
        }
    });
}

#[test]
fn what_has_expired_is_not_found_even_when_the_database_decides() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let mut transient = numbered(1);
            transient["expiresAt"] = json!(at(10).to_string());
            create_all(&store, tenant, [transient, numbered(2)]).await;
            let count = async |seconds| {
                let answer = store.query(tenant, &typed("T"), everything(), at(seconds)).await.unwrap();
                (answer.total, answer.work.exact)
            };
            assert_eq!(count(9).await, (Some(2), true));
            assert_eq!(count(10).await, (Some(1), false));
        }
    });
}

#[test]
fn a_query_may_not_look_at_everything_there_is() {
    run(async {
        for database in databases().await {
            let store = database.open_with(|options| options.max_candidates = 100).await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, (0..500).map(numbered)).await;
            let error = store.query(tenant, &with_q(typed("T"), "n~=x"), everything(), at(0)).await.unwrap_err();
            assert!(matches!(error, hiroba_store::StoreError::TooComplex { limit: 100 }), "{error}");
        }
    });
}

#[test]
fn addresses_that_cannot_work_say_why() {
    run(async {
        let open = async |address: &str| Store::open(Options::new(address)).await.unwrap_err().to_string();
        assert!(open("mysql://x/y").await.contains("not a database address"));
        assert!(open("/proc/nothing/here").await.contains("cannot create the folder"));
        assert!(open("postgres://127.0.0.1:1/x").await.contains("cannot be reached"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("hiroba.sqlite"),
            "this is no database, but long enough to be one".repeat(50),
        )
        .unwrap();
        assert!(open(folder.path().to_str().unwrap()).await.contains("cannot be reached"));
    });
}
