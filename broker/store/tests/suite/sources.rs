//! Addresses that files are fetched from.

use hiroba_store::{Delivered, Delivery, SourceEntry, SourceKey};

use crate::*;

fn key(url: &str) -> SourceKey {
    SourceKey { url: url.to_owned(), part: String::new() }
}

fn delivery(version: i64) -> Delivery {
    Delivery {
        etag: Some("\"a\"".to_owned()),
        last_modified: None,
        sha256: "00ff".to_owned(),
        settings: "s".to_owned(),
        versions: vec![
            Delivered { dataset: id("urn:ngsi-ld:Dataset:131016:aed"), version },
            Delivered { dataset: id("urn:ngsi-ld:Dataset:131016:aed:東"), version: version + 1 },
        ],
    }
}

#[test]
fn an_attempt_counts_as_a_failure_until_it_has_succeeded() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let key = key("https://city.example/a.csv");
            assert_eq!(store.source(tenant, &key).await.unwrap(), None);
            assert!(store.try_source(tenant, &key, None, at(1), "unfinished").await.unwrap());
            let begun = SourceEntry {
                key: key.clone(),
                tried_at: at(1),
                succeeded_at: None,
                failures: 1,
                error: Some("unfinished".to_owned()),
                delivery: None,
            };
            assert_eq!(store.source(tenant, &key).await.unwrap().as_ref(), Some(&begun));

            store.source_failed(tenant, &key, "404".to_owned()).await.unwrap();
            assert!(store.try_source(tenant, &key, Some(at(1)), at(2), "unfinished").await.unwrap());
            assert_eq!(store.source(tenant, &key).await.unwrap().unwrap().failures, 2);

            store.source_succeeded(tenant, &key, at(3), &delivery(1)).await.unwrap();
            let done = SourceEntry {
                tried_at: at(2),
                succeeded_at: Some(at(3)),
                failures: 0,
                error: None,
                delivery: Some(delivery(1)),
                ..begun
            };
            drop(store);
            let store = database.open().await;
            assert_eq!(store.source(tenant, &key).await.unwrap().as_ref(), Some(&done), "it outlives the process");

            // What is known of the last file stays when a later attempt fails.
            assert!(store.try_source(tenant, &key, Some(at(2)), at(4), "unfinished").await.unwrap());
            store.source_failed(tenant, &key, "500".to_owned()).await.unwrap();
            let failed = store.source(tenant, &key).await.unwrap().unwrap();
            assert_eq!((failed.failures, failed.error.as_deref()), (1, Some("500")));
            assert_eq!((failed.succeeded_at, failed.delivery), (Some(at(3)), Some(delivery(1))));
        }
    });
}

#[test]
fn of_several_who_would_try_one_does() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let key = key("https://city.example/a.csv");
            let attempt = async |before: Option<i64>, now| {
                store.try_source(tenant, &key, before.map(at), at(now), "unfinished").await.unwrap()
            };
            assert!(attempt(None, 1).await);
            for before in [None, Some(0)] {
                assert!(!attempt(before, 2).await, "{before:?}");
            }
            assert!(attempt(Some(1), 3).await);
            assert!(!attempt(Some(1), 3).await);
            assert_eq!(store.source(tenant, &key).await.unwrap().unwrap().failures, 2);
        }
    });
}

#[test]
fn tenants_and_tables_of_one_address_are_told_apart() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let other = store.create_tenant(&Tenant::parse("other").unwrap()).await.unwrap();
            let whole = key("https://city.example/b.xlsx");
            let sheet = SourceKey { part: "sheet".to_owned(), ..whole.clone() };
            let first = key("https://city.example/a.csv");
            for key in [&sheet, &whole, &first] {
                store.source_succeeded(tenant, key, at(1), &delivery(1)).await.unwrap();
            }
            let listed: Vec<SourceKey> =
                store.sources(tenant).await.unwrap().into_iter().map(|source| source.key).collect();
            assert_eq!(listed, [first, whole.clone(), sheet]);
            assert!(store.sources(other).await.unwrap().is_empty());
            assert_eq!(store.source(other, &whole).await.unwrap(), None);
        }
    });
}
