//! Parse, expand, evaluate, index, render: what a request costs without network and database.
//!
//! `cargo bench -p hiroba-benches --bench core`. Each group has a line to compare with, from the same run.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a bench may stop when its set-up fails")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hiroba_benches::{document, entities, entity};
use hiroba_store::{Options, Store, TenantId, Write};
use hiroba_vocab::Tenant;
use hiroba_vocab::ngsi_ld::CORE_CONTEXT;
use json_ld::syntax::{Parse as _, Value as JsonLdValue};
use json_ld::{Expand as _, Process as _};
use ngsild::change::Change;
use ngsild::jsonld::Context;
use ngsild::query::filter::Expansions;
use ngsild::query::{EntitySelector, GeoQuery, Q, Query, TypeSelection, matches};
use ngsild::render::{EntityDocument, Form, Rendering};
use ngsild::subscription::{Fragment, Index, Subscription, Use, Watch};
use ngsild::{DateTime, Entity, LinkedEntities};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// An AED: nine attributes, two of them structured.
fn sample() -> Value {
    document(0)
}

/// Bytes to JSON: the part of reading an entity that is not ours.
fn parse(c: &mut Criterion) {
    let bytes = sample().to_string();
    let context = Context::vocabulary();
    let mut group = c.benchmark_group("parse");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("serde_json alone", |b| b.iter(|| serde_json::from_str::<Value>(black_box(&bytes)).unwrap()));
    group.bench_function("bytes to entity", |b| {
        b.iter(|| entity(serde_json::from_str(black_box(&bytes)).unwrap(), context).unwrap());
    });
    group.finish();
}

/// JSON to an entity with expanded names, against the library `json-ld` with the same context processed before.
fn expand_names(c: &mut Criterion) {
    let context = Context::vocabulary();
    let plain = sample();
    let mut group = c.benchmark_group("expand");
    group.bench_function("to an entity", |b| {
        b.iter_batched(|| plain.clone(), |plain| entity(plain, context).unwrap(), BatchSize::SmallInput);
    });

    let runtime = Runtime::new().unwrap();
    let (value, _) = JsonLdValue::parse_str(&plain.to_string()).unwrap();
    let text = hiroba_vocab::context::context()["@context"].to_string();
    let (local, _) = JsonLdValue::parse_str(&text).unwrap();
    let local: json_ld::syntax::context::Context = json_ld::syntax::from_value(local).unwrap();
    let processed = runtime.block_on(local.process(&mut (), &json_ld::NoLoader, None)).unwrap().into_processed();
    group.bench_function("by the library json-ld", |b| {
        b.iter(|| {
            let (context, options) = (processed.clone(), json_ld::expansion::Options::default());
            let mut names = ();
            let expanded = value.expand_full(&mut names, context, None, &json_ld::NoLoader, options, ());
            runtime.block_on(expanded).unwrap().len()
        });
    });
    group.finish();
}

fn query(context: &Context, kind: &str, q: Option<&str>, near: bool) -> Query {
    let types = kind.parse::<TypeSelection>().unwrap().resolve(context).unwrap();
    let point = json!([139.11, 36.39]);
    Query {
        selectors: vec![EntitySelector { types, ..EntitySelector::default() }],
        filter: q.map(|q| q.parse::<Q>().unwrap().resolve(context, &Expansions::default()).unwrap()),
        geo: near.then(|| {
            GeoQuery::new("near;maxDistance==1000", "Point", &point, context.expand_name("location").unwrap()).unwrap()
        }),
        ..Query::default()
    }
}

/// The evaluator over ten thousand entities.
fn evaluate(c: &mut Criterion) {
    let context = Context::vocabulary();
    let city = entities(10_000).unwrap();
    let now = DateTime::from_micros(0);
    let mut group = c.benchmark_group("evaluate 10,000");
    group.throughput(Throughput::Elements(city.len() as u64));
    for (name, query) in [
        ("type", query(context, "AED", None, false)),
        ("number", query(context, "EvacuationSite", Some("capacity>=1000"), false)),
        ("pattern", query(context, "AED", Some("name[ja]~=^青葉台"), false)),
        ("near", query(context, "AED", None, true)),
    ] {
        assert!(city.iter().any(|entity| matches(&query, entity, now)), "{name} finds something");
        group.bench_function(name, |b| {
            b.iter(|| city.iter().filter(|entity| matches(black_box(&query), entity, now)).count());
        });
    }
    group.finish();
}

/// A thousand entities with their index rows and change records into SQLite, against the same texts into one bare table.
fn index(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let city = entities(1_000).unwrap();
    let texts: Vec<(String, String)> =
        city.iter().map(|entity| (entity.id.to_string(), serde_json::to_string(entity).unwrap())).collect();
    let writes: Vec<Write> =
        city.into_iter().map(|entity| Write { before: None, after: Some(Arc::new(entity)) }).collect();
    let mut group = c.benchmark_group("index 1,000");
    group.sample_size(20).throughput(Throughput::Elements(1_000));
    let new_store = || {
        let folder = tempfile::tempdir().unwrap();
        let (store, tenant) = runtime.block_on(async {
            let store = Store::open(Options::new(folder.path().display().to_string())).await.unwrap();
            let tenant: TenantId = store.create_tenant(&Tenant::default_tenant()).await.unwrap();
            (store, tenant)
        });
        (folder, store, tenant)
    };
    group.bench_function("into Hiroba's SQLite", |b| {
        b.iter_batched(
            new_store,
            |(folder, store, tenant)| {
                runtime.block_on(store.write(tenant, &writes, DateTime::from_micros(0))).unwrap();
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    let new_table = || {
        let folder = tempfile::tempdir().unwrap();
        let connection = rusqlite::Connection::open(folder.path().join("raw.sqlite")).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.execute_batch("create table entity (id text primary key, payload text not null)").unwrap();
        (folder, connection)
    };
    group.bench_function("into a bare SQLite table", |b| {
        b.iter_batched(
            new_table,
            |(folder, mut connection)| {
                let transaction = connection.transaction().unwrap();
                let mut insert = transaction.prepare("insert into entity values (?1, ?2)").unwrap();
                for text in &texts {
                    insert.execute((&text.0, &text.1)).unwrap();
                }
                drop(insert);
                transaction.commit().unwrap();
                (folder, connection)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// An entity to bytes, in every form, against writing the same JSON that is there already.
fn render(c: &mut Criterion) {
    let context = Context::vocabulary();
    let entity: Entity = entity(sample(), context).unwrap();
    let mut group = c.benchmark_group("render");
    for (name, form) in [("normalized", Form::Normalized), ("concise", Form::Concise), ("simplified", Form::Simplified)]
    {
        let document =
            EntityDocument { entity: &entity, rendering: Rendering::whole(context, form), embedded_context: None };
        group.bench_function(name, |b| b.iter(|| serde_json::to_vec(black_box(&document)).unwrap()));
    }
    let json = sample();
    group.bench_function("serde_json alone", |b| b.iter(|| serde_json::to_vec(black_box(&json)).unwrap()));
    group.finish();
}

/// A subscription to one type, or one entity, or one attribute. Every third asks for a value besides.
fn subscription(n: usize, kind: &str, id: Option<&str>, attribute: Option<&str>) -> Watch {
    let mut selector = json!({ "type": kind });
    if let Some(id) = id {
        selector["id"] = id.into();
    }
    let mut body = json!({
        "id": format!("urn:ngsi-ld:Subscription:{n}"), "type": "Subscription", "entities": [selector],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/hook"}}
    });
    if let Some(attribute) = attribute {
        body["watchedAttributes"] = json!([attribute]);
    }
    if n.is_multiple_of(3) {
        body["q"] = "capacity>=0".into();
    }
    let context = Context::vocabulary();
    let fragment = Fragment::read(&body, Use::Create, context).unwrap();
    let id = fragment.id.clone().unwrap();
    let subscription = Subscription::create(id, fragment, CORE_CONTEXT.to_owned(), DateTime::from_micros(0)).unwrap();
    Watch::of(&subscription).unwrap()
}

/// A change that ten subscriptions want, where there are a hundred of them and where there are a hundred thousand.
fn match_subscriptions(c: &mut Criterion) {
    let context = Context::vocabulary();
    let before = entity(document(1), context).unwrap();
    let mut changed = document(1);
    changed["capacity"] = json!({"type": "Property", "value": 12_345});
    let after = entity(changed, context).unwrap();
    let change = Change::between(Some(&before), Some(&after)).unwrap();
    let (kind, id) = (document(1)["type"].as_str().unwrap().to_owned(), before.id.to_string());
    let mut group = c.benchmark_group("match");
    for size in [100, 100_000] {
        let (mut index, mut watches) = (Index::default(), Vec::with_capacity(size));
        for n in 0..size {
            let wanted = n < 10;
            let watch = match n % 3 {
                0 if wanted => subscription(n, &kind, None, Some("capacity")),
                1 if wanted => subscription(n, &kind, Some(&id), None),
                _ if wanted => subscription(n, &kind, Some(&id), Some("capacity")),
                0 => subscription(n, &kind, None, Some(&format!("attribute{n}"))),
                1 => subscription(n, &kind, Some(&format!("urn:ngsi-ld:{kind}:other:{n}")), None),
                _ => subscription(n, &format!("Type{n}"), None, None),
            };
            index.insert(n, &watch);
            watches.push(watch);
        }
        let nothing = LinkedEntities::new();
        let wanted = || {
            let found = index.candidates(black_box(&change), &after.id, &after.types);
            let wants =
                |n: &usize| watches[*n].wants(&change, Some(&before), Some(&after), &nothing, after.modified_at);
            found.iter().filter(|n| wants(n).is_some()).count()
        };
        assert_eq!(wanted(), 10, "of {size}");
        group.bench_function(format!("{size} subscriptions"), |b| b.iter(wanted));
    }
    group.finish();
}

criterion_group!(core, parse, expand_names, evaluate, index, render, match_subscriptions);
criterion_main!(core);
