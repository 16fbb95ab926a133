//! The log as history: read by time, recorded into the past, amended, forgotten.

use hiroba_store::{Amendment, HistoryRange, HistoryRecord, Marked, Position, Recording, Version};
use ngsild::read::{Nulls, Reader};
use ngsild::temporal::{Clock, Recorded, Span};
use ngsild::write::add_instances;
use serde_json::json;

use crate::*;

const ALL: Span = Span { clock: Clock::Recorded, from: i64::MIN, before: i64::MAX };

/// Records instances of an attribute `n`, with the seconds at which they were observed as values.
async fn record(store: &Store, tenant: TenantId, text: &str, seconds: &[i64], now: i64) -> Outcome {
    let series: Vec<Value> = seconds
        .iter()
        .map(|second| json!({"type": "Property", "value": second, "observedAt": at(*second).to_string()}))
        .collect();
    let context = Context::core();
    let reader = Reader { context: &context, nulls: Nulls::Refused };
    let fragment = reader.temporal(json!({"type": "T", "n": series}), at(now)).unwrap();
    let (id, types) = (id(text), fragment.types.clone());
    let before = store.entity(tenant, &id).await.unwrap();
    let former = before.is_none() && store.last_record(tenant, &id).await.unwrap().is_some();
    let added = add_instances(before.as_ref().map(|stored| &*stored.entity), &id, fragment, at(now)).unwrap();
    let after = (!former).then(|| Arc::new(added.entity));
    let recording = Recording { id, types, before, after, instances: added.instances };
    store.record(tenant, recording, at(now)).await.unwrap()
}

/// Reads to the end in pages of `page` records.
async fn read(
    store: &Store,
    tenant: TenantId,
    text: &str,
    span: Span,
    descending: bool,
    page: usize,
) -> Vec<HistoryRecord> {
    let range = HistoryRange { span, descending, limit: page };
    let (mut place, mut all) = (range.start(), Vec::new());
    loop {
        let records = store.history(tenant, &[(id(text), place)], &range).await.unwrap().remove(0);
        let end = records.len() < page;
        all.extend(records);
        match all.last() {
            Some(last) if !end => place = range.place(last),
            _ => return all,
        }
    }
}

fn versions(records: &[HistoryRecord]) -> Vec<i64> {
    records.iter().map(|record| record.version.0).collect()
}

#[test]
fn records_are_found_by_what_they_tell_and_by_when_they_were_made() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let mut random = fastrand::Rng::with_seed(7);
            for now in 0..120 {
                let count = if random.u8(..4) == 0 { random.usize(2..5) } else { 1 };
                let seconds: Vec<i64> = (0..count).map(|_| random.i64(0..60)).collect();
                record(&store, tenant, "urn:x:1", &seconds, 1_000 + now).await;
                record(&store, tenant, "urn:x:2", &[now], 1_000 + now).await;
            }
            let all = read(&store, tenant, "urn:x:1", ALL, false, 50).await;
            assert_eq!(all.len(), 120);
            for _ in 0..60 {
                let (one, other) = (random.i64(-5..70), random.i64(-5..70));
                let clock = if random.bool() { Clock::Observed } else { Clock::Recorded };
                let start = if clock == Clock::Observed { 0 } else { 1_030 };
                let bound = |second: i64| at(start + second).micros();
                let span = Span { clock, from: bound(one.min(other)), before: bound(one.max(other)) };
                let holds = |record: &&HistoryRecord| {
                    let (first, last) = match clock {
                        Clock::Observed => (record.first, record.last),
                        Clock::Recorded => (record.at, record.at),
                    };
                    last.micros() >= span.from && first.micros() < span.before
                };
                let mut expected: Vec<&HistoryRecord> = all.iter().filter(holds).collect();
                let descending = random.bool();
                expected.sort_by_key(|record| match (clock, descending) {
                    (Clock::Recorded, _) => (0, record.version),
                    (Clock::Observed, false) => (record.first.micros(), record.version),
                    (Clock::Observed, true) => (record.last.micros(), record.version),
                });
                if descending {
                    expected.reverse();
                }
                let page = random.usize(1..40);
                let found = read(&store, tenant, "urn:x:1", span, descending, page).await;
                let expected: Vec<i64> = expected.into_iter().map(|record| record.version.0).collect();
                assert_eq!(versions(&found), expected, "{span:?} {descending} {page}");
            }
        }
    });
}

#[test]
fn what_is_recorded_of_the_past_leaves_the_present_alone() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            record(&store, tenant, "urn:x:1", &[10], 100).await;
            record(&store, tenant, "urn:x:1", &[5], 101).await;
            let current = load(&store, tenant, "urn:x:1").await.unwrap();
            assert_eq!(current.entity.attributes[&name("n")][0].observed_at, Some(at(10)));
            let outcome = store.write(tenant, &[Write { before: Some(current), after: None }], at(102)).await.unwrap();
            assert!(matches!(outcome[0], Outcome::Done { .. }));
            // The entity is gone and stays so; its past grows.
            assert!(matches!(record(&store, tenant, "urn:x:1", &[7], 103).await, Outcome::Done { .. }));
            assert!(load(&store, tenant, "urn:x:1").await.is_none());
            let told: Vec<usize> = read(&store, tenant, "urn:x:1", ALL, false, 10)
                .await
                .iter()
                .map(|record| record.instances.len())
                .collect();
            assert_eq!(told, [1, 1, 1, 1]);
            let former = store.former_entities(tenant, "", 10).await.unwrap();
            assert_eq!((former.len(), former[0].id.as_str(), former[0].deleted_at), (1, "urn:x:1", at(102)));
            let ends = store.marked_history(tenant, &id("urn:x:1"), Marked::Ends, 10).await.unwrap();
            assert_eq!(ends.len(), 2, "the deletion, and what was told after it");
            // Once it exists again, a record that expects otherwise is refused.
            create_all(&store, tenant, [json!({"id": "urn:x:1", "type": "T"})]).await;
            let instances = read(&store, tenant, "urn:x:1", ALL, false, 10).await.remove(0).instances;
            let late = Recording { id: id("urn:x:1"), types: Vec::new(), before: None, after: None, instances };
            assert_eq!(store.record(tenant, late, at(104)).await.unwrap(), Outcome::Conflict);
            assert!(store.former_entities(tenant, "", 10).await.unwrap().is_empty());
        }
    });
}

#[test]
fn records_are_amended_and_forgotten_while_the_log_stays_as_it_was() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            create_all(&store, tenant, [json!({"id": "urn:x:1", "type": "T", "a": 1, "b": 2, "scope": "/s"})]).await;
            let key = id("urn:x:1");
            let record = store.last_record(tenant, &key).await.unwrap().unwrap();
            assert_eq!(record.instances.len(), 3);
            assert_eq!(store.marked_history(tenant, &key, Marked::Scope, 10).await.unwrap().len(), 1);
            let mut instances = record.instances.clone();
            instances.retain(
                |instance| matches!(&instance.is, Recorded::Attribute { name: known, .. } if *known == name("a")),
            );
            let amend = |record: &HistoryRecord, instances: &[_]| {
                vec![Amendment { record: record.clone(), instances: instances.to_vec(), modified: true }]
            };
            assert!(store.amend_history(tenant, &key, amend(&record, &instances)).await.unwrap());
            assert!(
                !store.amend_history(tenant, &key, amend(&record, &instances)).await.unwrap(),
                "seen before the change"
            );
            let amended = store.history_record(tenant, &key, record.version).await.unwrap().unwrap();
            assert_eq!((amended.instances, amended.types.len()), (instances, 1));
            assert_eq!(store.marked_history(tenant, &key, Marked::Amended, 10).await.unwrap().len(), 1);
            assert!(store.marked_history(tenant, &key, Marked::Scope, 10).await.unwrap().is_empty());
            assert!(store.forget_history(tenant, &key).await.unwrap());
            assert!(!store.forget_history(tenant, &key).await.unwrap());
            assert!(store.last_record(tenant, &key).await.unwrap().is_none());
            assert!(store.history_record(tenant, &key, Version(record.version.0)).await.unwrap().is_none());
            let told = told(&store, Position::default(), 1).await;
            assert_eq!(told[0].change.attributes.len(), 2, "followers of the log still hear of it");
        }
    });
}

#[test]
fn what_is_not_matched_with_subscriptions_yet_is_not_dropped() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            store.add_subscription(tenant, subscriptions::new("s", "x")).await.unwrap();
            for now in [0, 40 * 86_400, 80 * 86_400] {
                record(&store, tenant, "urn:x:1", &[now], now).await;
            }
            let left = async || -> Vec<_> {
                read(&store, tenant, "urn:x:1", ALL, false, 10).await.iter().map(|record| record.at).collect()
            };
            store.drop_history_before(at(90 * 86_400)).await.unwrap();
            assert_eq!(left().await, [at(0), at(40 * 86_400), at(80 * 86_400)]);
            let matching = subscriptions::matching(&store, 100).await;
            let second = told(&store, Position::default(), 3).await[1].position;
            assert!(store.note_notifications(&matching, second, &[], at(200)).await.unwrap());
            store.drop_history_before(at(90 * 86_400)).await.unwrap();
            assert_eq!(left().await, [at(80 * 86_400)]);
            assert!(store.delete_subscription(tenant, "s").await.unwrap());
            store.drop_history_before(at(90 * 86_400)).await.unwrap();
            assert!(left().await.is_empty(), "nobody waits for it");
        }
    });
}

#[test]
fn what_is_older_than_the_limit_is_dropped() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            for now in [0, 86_400, 50 * 86_400, 51 * 86_400] {
                record(&store, tenant, "urn:x:1", &[now], now).await;
            }
            store.drop_history_before(at(50 * 86_400)).await.unwrap();
            let left: Vec<_> =
                read(&store, tenant, "urn:x:1", ALL, false, 10).await.iter().map(|record| record.at).collect();
            assert_eq!(left, [at(50 * 86_400), at(51 * 86_400)]);
            assert!(load(&store, tenant, "urn:x:1").await.is_some(), "the present stays");
            create_all(&store, tenant, [json!({"id": "urn:x:2", "type": "T"})]).await;
        }
    });
}
