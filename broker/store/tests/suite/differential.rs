//! One meaning, many stores: random worlds and random queries give the same ids by the evaluator, SQLite and PostGIS.
//!
//! Each case is a tenant of its own in one database, so the tenants' data lie beside each other in every index.

use std::sync::Arc;

use hiroba_store::{Page, Store, TenantId};
use hiroba_vocab::Tenant;
use ngsild::LinkedEntities;
use ngsild::jsonld::Context;
use ngsild::query::filter::IndexPath;
use ngsild::query::{EntitySelector, Filter, GeoQuery, Query, TypeSelection, matches_linked};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::*;

const TEXTS: [&str; 11] =
    ["", "a", "b", "ab", "a\0b", "a\u{1}", "a\u{1}\u{1}b", "高松", "2020-01-01T00:00:00Z", "2020-06-01", "10:00:00Z"];

fn long(n: usize) -> String {
    // Texts that agree on everything that an index keeps of them.
    format!("{}{n}", "x".repeat(205))
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (-3..4_i64).prop_map(Value::from),
        1 => Just(json!(0.5)),
        1 => any::<bool>().prop_map(Value::from),
        3 => (0..TEXTS.len()).prop_map(|i| json!(TEXTS[i])),
        3 => (0..3_usize).prop_map(|n| json!(long(n))),
        1 => Just(json!({"@type": "DateTime", "@value": "2020-01-01T00:00:00.000Z"})),
    ]
}

fn attribute() -> impl Strategy<Value = Value> {
    let target =
        || (0..9_u8).prop_map(|n| json!(if n < 4 { format!("urn:t:{n}") } else { format!("urn:x:{}", n - 4) }));
    prop_oneof![
        4 => scalar().prop_map(|value| json!({"type": "Property", "value": value})),
        2 => vec(scalar(), 0..3).prop_map(|items| json!({"type": "Property", "value": items})),
        1 => (scalar(), scalar()).prop_map(|(a, b)| json!({"type": "Property", "value": {"k": a, "l": {"m": b}}})),
        1 => vec(scalar(), 0..3).prop_map(|items| json!({"type": "ListProperty", "valueList": items})),
        3 => target().prop_map(|t| json!({"type": "Relationship", "object": t})),
        1 => vec(target(), 1..3).prop_map(|t| json!({"type": "Relationship", "object": t})),
        1 => target().prop_map(|t| json!({"type": "Relationship", "object": t, "objectType": "A"})),
        1 => vec(target(), 1..3).prop_map(|t| json!({"type": "ListRelationship", "objectList": t})),
        1 => Just(json!({"type": "LanguageProperty", "languageMap": {"ja": "高松", "en": "a"}})),
        1 => (scalar(), scalar()).prop_map(|(a, b)| json!([{"value": a}, {"value": b, "datasetId": "urn:d:1"}])),
        1 => (scalar(), scalar()).prop_map(|(a, b)| json!({"value": a, "observedAt": "2020-01-01T00:00:00Z", "sub": {"value": b}})),
    ]
}

/// Places where things go wrong: poles, the antimeridian, borders, and ordinary ones.
fn position() -> impl Strategy<Value = (f64, f64)> {
    let near = |centre: f64| (-3..4_i32).prop_map(move |n| centre + f64::from(n) / 1_000.0);
    prop_oneof![
        (near(139.0), near(35.0)),
        (prop_oneof![Just(180.0), Just(-180.0), Just(179.999), Just(-179.999)], near(0.0)),
        (-180.0..180.0_f64, prop_oneof![Just(90.0), Just(-90.0), Just(89.9999)]),
        (-180.0..180.0_f64, -90.0..90.0_f64),
    ]
}

fn geometry() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => position().prop_map(|(x, y)| json!({"type": "Point", "coordinates": [x, y]})),
        1 => (position(), position()).prop_map(|(a, b)| json!({"type": "LineString", "coordinates": [[a.0, a.1], [b.0, b.1]]})),
        1 => square(),
    ]
}

fn square() -> impl Strategy<Value = Value> {
    (position(), 0.001..0.01_f64).prop_map(|((x, y), size)| {
        let (x, y) = (x.clamp(-179.9, 179.9), y.clamp(-89.9, 89.9));
        json!({"type": "Polygon", "coordinates": [[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]]})
    })
}

fn body() -> impl Strategy<Value = Value> {
    let types = prop_oneof![Just(json!("A")), Just(json!("B")), Just(json!(["A", "B"])), Just(json!(["B", "C"]))];
    let scope = option::of(prop_oneof![Just("/s"), Just("/s/t"), Just("/s/t/u"), Just("/st"), Just("s/x")]);
    (types, scope, vec(option::of(attribute()), 3), option::of(geometry())).prop_map(
        |(types, scope, attributes, place)| {
            let mut body = json!({"type": types});
            let members = body.as_object_mut().unwrap();
            members.extend(scope.map(|scope| ("scope".to_owned(), json!(scope))));
            for (name, attribute) in ["a", "b", "c"].iter().zip(attributes) {
                members.extend(attribute.map(|attribute| ((*name).to_owned(), attribute)));
            }
            members.extend(place.map(|value| ("location".to_owned(), json!({"type": "GeoProperty", "value": value}))));
            body
        },
    )
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (-3..4_i64).prop_map(|n| n.to_string()),
        1 => Just("0.5".to_owned()),
        1 => any::<bool>().prop_map(|value| value.to_string()),
        2 => (0..TEXTS.len()).prop_map(|i| json!(TEXTS[i]).to_string()),
        2 => (7..TEXTS.len()).prop_map(|i| TEXTS[i].to_owned()),
        3 => (0..3_usize).prop_map(|n| json!(long(n)).to_string()),
        1 => (0..4_u8).prop_map(|n| format!("urn:t:{n}")),
    ]
}

/// A way to linked entities, with `@` for what is asked there.
fn link() -> impl Strategy<Value = String> {
    let types = prop_oneof![5 => Just(""), 1 => Just("A:"), 1 => Just("B,C:")];
    (prop_oneof![4 => Just("a"), 4 => Just("b"), 4 => Just("c"), 1 => Just("missing")], types)
        .prop_map(|(name, types)| format!("{name}{{{types}@}}"))
}

fn condition() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        6 => prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(ToOwned::to_owned),
        1 => Just("a[k]".to_owned()),
        1 => Just("a[l.m]".to_owned()),
        1 => Just("a.sub".to_owned()),
        1 => Just("b.observedAt".to_owned()),
        1 => Just("a[ja]".to_owned()),
        1 => Just("a[*]".to_owned()),
        1 => Just("missing".to_owned()),
    ];
    let path = prop_oneof![
        3 => path.clone(),
        1 => (link(), path.clone()).prop_map(|(link, path)| link.replace('@', &path)),
        1 => (link(), link(), path).prop_map(|(first, second, path)| first.replace('@', &second.replace('@', &path))),
    ];
    let test = prop_oneof![
        1 => Just(String::new()),
        3 => literal().prop_map(|value| format!("=={value}")),
        2 => literal().prop_map(|value| format!("!={value}")),
        1 => vec(literal(), 2..4).prop_map(|values| format!("=={}", values.join(","))),
        1 => (literal(), literal()).prop_map(|(from, to)| format!("=={from}..{to}")),
        1 => (literal(), literal()).prop_map(|(from, to)| format!("!={from}..{to}")),
        3 => (prop_oneof![Just(">"), Just(">="), Just("<"), Just("<=")], literal()).prop_map(|(op, value)| format!("{op}{value}")),
        1 => Just("~=^a".to_owned()),
        1 => Just("!~=^a".to_owned()),
    ];
    (path, test).prop_map(|(path, test)| path + &test)
}

fn q() -> impl Strategy<Value = String> {
    condition().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..3).prop_map(|items| format!("({})", items.join(";"))),
            vec(inner, 2..3).prop_map(|items| format!("({})", items.join("|"))),
        ]
    })
}

fn geo_query() -> impl Strategy<Value = (String, Value)> {
    let near = (any::<bool>(), 0.0..500_000.0_f64)
        .prop_map(|(max, metres)| format!("near;{}Distance=={metres}", if max { "max" } else { "min" }));
    let point = position().prop_map(|(x, y)| json!({"type": "Point", "coordinates": [x, y]}));
    prop_oneof![
        (near, prop_oneof![point, geometry()]),
        (
            prop_oneof![
                Just("within"),
                Just("intersects"),
                Just("disjoint"),
                Just("overlaps"),
                Just("contains"),
                Just("equals")
            ]
            .prop_map(ToOwned::to_owned),
            prop_oneof![square(), geometry()]
        ),
    ]
}

#[derive(Debug, Clone)]
struct Asked {
    types: Option<String>,
    ids: Vec<usize>,
    id_pattern: Option<String>,
    attributes: Vec<&'static str>,
    q: Option<String>,
    geo: Option<(String, Value)>,
    scope: Option<&'static str>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let types = option::of(
        prop_oneof![Just("A"), Just("B"), Just("A,C"), Just("(A;B)"), Just("(A;B),C"), Just("Unknown")]
            .prop_map(ToOwned::to_owned),
    );
    let ids = prop_oneof![4 => Just(Vec::new()), 1 => vec(0..20_usize, 1..4)];
    let pattern = option::weighted(
        0.2,
        prop_oneof![Just("^urn:x:1".to_owned()), Just("[02468]$".to_owned()), Just(".*".to_owned())],
    );
    let attributes = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["a"]), 1 => Just(vec!["b", "missing"]), 1 => Just(vec!["missing"])];
    let scope = option::weighted(
        0.3,
        prop_oneof![
            Just("/s"),
            Just("/s/#"),
            Just("/s/+"),
            Just("/+/t"),
            Just("/#"),
            Just("(/s/#;/s/t)"),
            Just("/st|/s/x")
        ],
    );
    (types, ids, pattern, attributes, option::weighted(0.7, q()), option::weighted(0.3, geo_query()), scope).prop_map(
        |(types, ids, id_pattern, attributes, q, geo, scope)| Asked {
            types,
            ids,
            id_pattern,
            attributes,
            q,
            geo,
            scope,
        },
    )
}

fn resolve(asked: &Asked, prefix: &str) -> Option<Query> {
    let context = Context::core();
    let types =
        asked.types.as_ref().and_then(|types| types.parse::<TypeSelection>().unwrap().resolve(&context).unwrap());
    let ids = asked.ids.iter().map(|n| id(&format!("{prefix}{n}"))).collect();
    let id_pattern = asked.id_pattern.as_ref().map(|pattern| pattern.parse().unwrap());
    let mut query = Query {
        selectors: vec![EntitySelector { ids, id_pattern, types }],
        attributes: asked.attributes.iter().map(|text| name(text)).collect(),
        scope: asked.scope.map(|scope| scope.parse().unwrap()),
        ..Query::default()
    };
    if let Some((georel, geometry)) = &asked.geo {
        let kind = geometry["type"].as_str().unwrap();
        query.geo =
            Some(GeoQuery::new(georel, kind, &geometry["coordinates"], context.expand("location").unwrap()).unwrap());
    }
    if let Some(q) = &asked.q {
        let q = q.parse::<Q>().ok()?;
        query.filter = Some(q.resolve_linked(&context, &Expansions::default(), 2).ok()?);
    }
    Some(query)
}

async fn answer(store: &Store, tenant: TenantId, query: &Query) -> (Vec<String>, bool) {
    let answer = store.query(tenant, query, everything(), at(0)).await.unwrap();
    assert_eq!(answer.total, Some(answer.entities.len() as u64));
    let found: Vec<String> = ids(&answer.entities).into_iter().map(ToOwned::to_owned).collect();
    // A page in the middle must be that part of the whole.
    let page = Page { after: 0, offset: 1, limit: 2, count: false };
    let part = store.query(tenant, query, page, at(0)).await.unwrap();
    let expected: Vec<&str> = found.iter().skip(1).take(2).map(String::as_str).collect();
    assert_eq!(ids(&part.entities), expected);
    assert_eq!(part.more, found.len() > 3);
    (found, answer.work.exact)
}

#[test]
fn evaluator_and_databases_agree() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            // Half of the paths are indexed, so that both ways are taken.
            for path in [
                IndexPath::attribute(name("a")),
                IndexPath { inside: vec!["k".to_owned()], ..IndexPath::attribute(name("a")) },
                IndexPath {
                    member: Some(ngsild::query::filter::SystemMember::ObservedAt),
                    ..IndexPath::attribute(name("b"))
                },
                IndexPath::attribute(name("b")),
            ] {
                store.create_index(&path).await.unwrap();
            }
            let store = &store;
            let mut runner = TestRunner::new(Config { cases: 80, failure_persistence: None, ..Config::default() });
            let handle = tokio::runtime::Handle::current();
            let case = std::cell::Cell::new(0);
            let exact = std::cell::Cell::new(0_usize);
            let linking = std::cell::Cell::new(0_usize);
            tokio::task::block_in_place(|| {
                runner
                    .run(&(vec(body(), 1..20), vec(asked(), 25)), |(bodies, questions)| {
                        case.set(case.get() + 1);
                        let prefix = "urn:x:";
                        let bodies: Vec<Value> = bodies
                            .into_iter()
                            .enumerate()
                            .map(|(n, mut body)| {
                                body["id"] = json!(format!("{prefix}{n}"));
                                body
                            })
                            .collect();
                        let entities: Vec<Arc<Entity>> = bodies.iter().cloned().map(entity).collect();
                        let mut linked = LinkedEntities::new();
                        entities.iter().for_each(|one| linked.insert(one.id.clone(), Some(Arc::clone(one)), at(0)));
                        let tenant_name = Tenant::parse(&format!("case{}", case.get())).unwrap();
                        handle.block_on(async {
                            let tenant = store.create_tenant(&tenant_name).await.unwrap();
                            create_all(store, tenant, bodies.clone()).await;
                            for asked in &questions {
                                let Some(query) = resolve(asked, prefix) else { continue };
                                let expected: Vec<&str> = entities
                                    .iter()
                                    .filter(|entity| matches_linked(&query, entity, &linked, at(0)))
                                    .map(|entity| entity.id.as_str())
                                    .collect();
                                let (found, decided) = answer(store, tenant, &query).await;
                                exact.set(exact.get() + usize::from(decided));
                                let follows = query.filter.as_ref().is_some_and(Filter::follows_links);
                                linking.set(linking.get() + usize::from(follows && !found.is_empty()));
                                prop_assert_eq!(&found, &expected, "{} {:?}", store.describe(), asked);
                            }
                            Ok(())
                        })
                    })
                    .unwrap();
            });
            assert!(exact.get() > 100, "the databases decided only {} times", exact.get());
            assert!(linking.get() > 10, "linked entities mattered only {} times", linking.get());
        }
    });
}
