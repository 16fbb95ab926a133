//! Queries mean the same with and without the index.

use fastrand::Rng;
use oxigraph::model::vocab::rdf;
use oxigraph::model::{GraphName, Literal, NamedNode, Quad};
use oxigraph::sparql::{CancellationToken, QueryResults, SparqlEvaluator};
use oxigraph::store::Store;

use super::*;
use crate::geometry::WKT_LITERAL;
use crate::index::{AS_WKT, INDEX, LEVELS, Loading, THIS};
use crate::query::evaluate::with_functions;
use crate::query::{guard, walk};

const PREFIXES: &str = "PREFIX geo: <http://www.opengis.net/ont/geosparql#> \
    PREFIX geof: <http://www.opengis.net/def/function/geosparql/> PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/> \
    PREFIX text: <http://jena.apache.org/text#> PREFIX s: <https://schema.org/> ";

/// The quads of a thing with a place and a name, as the mapping of entities has them.
fn thing(kind: &str, number: usize, place: &str, name: &str) -> Vec<Quad> {
    let node = |iri: String| NamedNode::new(iri).unwrap();
    let (id, at) = (node(format!("urn:{kind}:{number}")), node(format!("urn:{kind}:{number}#location")));
    let geo = |name: &str| node(format!("http://www.opengis.net/ont/geosparql#{name}"));
    let quad =
        |s: &NamedNode, p: NamedNode, o: oxigraph::model::Term| Quad::new(s.clone(), p, o, GraphName::DefaultGraph);
    let named = node(format!("urn:{kind}"));
    let name = Literal::new_language_tagged_literal(name, "ja").unwrap();
    vec![
        quad(&id, rdf::TYPE.into_owned(), named.clone().into()),
        quad(&id, geo("hasDefaultGeometry"), at.clone().into()),
        quad(&at, AS_WKT.into_owned(), Literal::new_typed_literal(place, WKT_LITERAL).into()),
        quad(&id, node("https://schema.org/name".to_owned()), name.into()),
        Quad::new(at, AS_WKT, Literal::new_typed_literal(place, WKT_LITERAL), named),
    ]
}

fn store(things: impl IntoIterator<Item = Vec<Quad>>) -> Store {
    let store = Store::new().unwrap();
    let mut index = Loading::default();
    let mut all: Vec<Quad> = things
        .into_iter()
        .flat_map(|mut quads| {
            index.add(&mut quads);
            quads
        })
        .collect();
    all.push(Quad::new(THIS, LEVELS, Literal::from(index.levels()), INDEX));
    let mut loader = store.bulk_loader().without_atomicity();
    loader.load_quads(all).unwrap();
    loader.commit().unwrap();
    store
}

/// The rows of a query, sorted, and whether it goes by the index.
fn rows(store: &Store, query: &str, with: bool) -> (Vec<String>, bool) {
    let mut query = guard::parse(&format!("{PREFIXES}{query}")).unwrap();
    if with {
        with_index(walk::pattern(&mut query), store, &CancellationToken::new()).unwrap();
    } else {
        without_index(walk::pattern(&mut query)).unwrap();
    }
    let narrowed = query.to_string().contains(INDEX.as_str());
    let prepared = with_functions(SparqlEvaluator::new())
        .with_custom_function(NamedNode::new_unchecked("urn:hiroba:sparql:goesOn"), |_| {
            Some(Literal::from(true).into())
        });
    let QueryResults::Solutions(found) = prepared.for_query(query).on_store(store).execute().unwrap() else { panic!() };
    let mut rows: Vec<String> = found.map(|row| format!("{:?}", row.unwrap())).collect();
    rows.sort();
    (rows, narrowed)
}

/// A geometry somewhere in a box, as text.
fn geometry(rng: &mut Rng, west: f64, south: f64, side: f64) -> String {
    let (x, y) = (west + rng.f64() * side, south + rng.f64() * side);
    let size = side * 0.3 * rng.f64().powi(4);
    let corner =
        |dx: f64, dy: f64| format!("{} {}", (x + dx * size).clamp(-180.0, 180.0), (y + dy * size).clamp(-90.0, 90.0));
    match rng.u8(0..10) {
        0 => format!("LINESTRING({}, {}, {})", corner(0.0, 0.0), corner(1.0, 0.2), corner(0.5, 1.0)),
        1 | 2 => format!("POLYGON(({0}, {1}, {2}, {0}))", corner(0.0, 0.0), corner(1.0, 0.1), corner(0.3, 1.0)),
        3 => format!("MULTIPOINT(({}), ({}))", corner(0.0, 0.0), corner(1.0, 1.0)),
        _ => format!("POINT({x} {y})"),
    }
}

#[test]
fn rows_are_the_same_with_and_without_the_index() {
    for (seed, west, south, side) in
        [(1, 134.0, 34.3, 0.1), (3, 179.95, -17.0, 0.05), (4, -180.0, -80.0, 360.0), (5, 20.0, 89.9, 0.1)]
    {
        let mut rng = Rng::with_seed(seed);
        let things = (0..130).map(|i| {
            let kind = if i % 5 == 0 { "site" } else { "aed" };
            // Some stand at the same place.
            let place =
                if i % 50 == 7 { format!("POINT({west} {south})") } else { geometry(&mut rng, west, south, side) };
            thing(kind, i, &place, "名")
        });
        let store = store(things.collect::<Vec<_>>());
        let mut found = 0;
        for round in 0..3 {
            let area = geometry(&mut rng, west, south, side);
            let area = format!("'{area}'^^geo:wktLiteral");
            let metres = (side * 111_000.0) * 0.2 * rng.f64().powi(2);
            for query in [
                format!(
                    "SELECT ?a {{ ?a geo:hasDefaultGeometry/geo:asWKT ?p FILTER(geof:distance(?p, {area}, uom:metre) <= {metres}) }}"
                ),
                format!(
                    "SELECT ?a ?m {{ ?a a <urn:aed> ; geo:hasDefaultGeometry/geo:asWKT ?p BIND(geof:distance({area}, ?p, uom:kilometre) AS ?m) FILTER({metres}/1000 > ?m && ?m < {}) }}",
                    metres / 1_000.0
                ),
                format!(
                    "SELECT ?a {{ ?a geo:hasDefaultGeometry/geo:asWKT ?p BIND({metres} AS ?max) FILTER(geof:distance(?p, {area}, uom:metre) <= ?max) }}"
                ),
                format!(
                    "SELECT ?a {{ ?a a <urn:aed> ; geo:hasDefaultGeometry/geo:asWKT ?p BIND({area} AS ?here) FILTER(geof:distance(?here, ?p, uom:metre) <= {metres}) }}"
                ),
                format!("SELECT * {{ ?g geo:asWKT ?p FILTER(geof:sfIntersects(?p, {area})) }}"),
                format!(
                    "SELECT * {{ ?a a <urn:aed> ; geo:hasDefaultGeometry ?g . ?g geo:asWKT ?p FILTER(geof:sfWithin(?p, {area})) OPTIONAL {{ ?a s:name ?n }} }}"
                ),
                format!("SELECT ?g {{ GRAPH ?t {{ ?g geo:asWKT ?p }} FILTER(geof:sfContains({area}, ?p)) }}"),
                format!(
                    "SELECT ?a {{ {{ ?a geo:hasDefaultGeometry/geo:asWKT ?p FILTER(geof:sfTouches({area}, ?p)) }} UNION {{ ?a geo:hasDefaultGeometry/geo:asWKT ?p FILTER(geof:sfCrosses({area}, ?p)) }} }}"
                ),
            ] {
                let (without, _) = rows(&store, &query, false);
                let (with, narrowed) = rows(&store, &query, true);
                assert!(narrowed, "{query}");
                assert_eq!(with, without, "{seed} {round} {query}");
                found += with.len();
            }
        }
        let metres = side.min(10.0) * 111_000.0 * 0.02;
        for query in [
            format!("SELECT ?a ?b {{ ?a a <urn:site> ; geo:hasDefaultGeometry/geo:asWKT ?p . ?b a <urn:aed> ; geo:hasDefaultGeometry/geo:asWKT ?q FILTER(geof:distance(?p, ?q, uom:metre) <= {metres}) }}"),
            format!("SELECT ?a ?b ?m {{ ?a a <urn:site> ; geo:hasDefaultGeometry/geo:asWKT ?p . ?b a <urn:aed> ; geo:hasDefaultGeometry/geo:asWKT ?q BIND(geof:distance(?p, ?q) AS ?m) FILTER(?m < {metres}) }}"),
            format!("SELECT ?a ?b {{ ?a a <urn:site> ; geo:hasDefaultGeometry/geo:asWKT ?p . ?b a <urn:aed> ; geo:hasDefaultGeometry/geo:asWKT ?q FILTER({metres} >= geof:distance(?p, ?q) && geof:distance(?q, 'POINT({west} {south})'^^geo:wktLiteral) < {metres} * 20 && geof:distance(?q, 'POINT({west} {south})'^^geo:wktLiteral) < {0} && geof:distance(?p, 'POINT({west} {south})'^^geo:wktLiteral) < {0}) }}", metres * 20.0),
            format!("SELECT ?b {{ VALUES ?a {{ <urn:site:0> <urn:site:5> }} ?a geo:hasDefaultGeometry/geo:asWKT ?p . ?b geo:hasDefaultGeometry/geo:asWKT ?q FILTER(geof:metricDistance(?q, ?p) <= {metres}) }}"),
            "SELECT ?a ?b { ?a a <urn:aed> ; geo:hasDefaultGeometry/geo:asWKT ?p . ?b a <urn:site> ; geo:hasDefaultGeometry/geo:asWKT ?q FILTER(geof:sfIntersects(?p, ?q)) }".to_owned(),
            format!("SELECT (COUNT(*) AS ?n) {{ ?a a <urn:site> ; geo:hasDefaultGeometry/geo:asWKT ?p FILTER NOT EXISTS {{ ?b a <urn:aed> ; geo:hasDefaultGeometry/geo:asWKT ?q FILTER(geof:distance(?p, ?q, uom:metre) <= {metres}) }} }}"),
            format!("SELECT ?a (COUNT(DISTINCT *) AS ?n) {{ ?a a <urn:site> ; geo:hasDefaultGeometry/geo:asWKT ?p . ?b a <urn:aed> ; geo:hasDefaultGeometry/geo:asWKT ?q FILTER(geof:distance(?p, ?q) <= {metres}) }} GROUP BY ?a"),
        ] {
            let (without, _) = rows(&store, &query, false);
            let (with, narrowed) = rows(&store, &query, true);
            assert!(narrowed, "{query}");
            assert_eq!(with, without, "{seed} {query}");
            found += with.len();
        }
        assert!(found > 30, "{seed}: {found}");
    }
}

#[test]
fn what_is_not_understood_is_left_as_it_is() {
    let store = store((0..300).map(|i| thing("aed", i, "POINT(134 34)", "名")));
    let place = "'POINT(134 34)'^^geo:wktLiteral";
    for query in [
        format!("SELECT * {{ ?g geo:asWKT ?p FILTER(geof:distance(?p, {place}, uom:metre) > 5) }}"),
        format!("SELECT * {{ ?g geo:asWKT ?p FILTER(geof:sfDisjoint(?p, {place})) }}"),
        format!("SELECT * {{ ?g geo:asWKT ?p FILTER(geof:sfWithin(?p, {place}) || ?p = 'x') }}"),
        format!("SELECT * {{ ?g geo:asWKT ?p FILTER(!geof:sfWithin(?p, {place})) }}"),
        format!("SELECT * {{ ?g <urn:other> ?p FILTER(geof:sfWithin(?p, {place})) }}"),
        format!("SELECT * {{ ?x ?y ?z OPTIONAL {{ ?g geo:asWKT ?p }} FILTER(geof:sfWithin(?p, {place})) }}"),
        "SELECT * { ?g geo:asWKT ?p FILTER(geof:distance(?p, ?unknown) < 5) }".to_owned(),
        // A limit is one for all, not one for each place.
        format!(
            "SELECT * {{ {{ SELECT ?g ?a {{ ?a geo:hasDefaultGeometry ?g }} ORDER BY ?a LIMIT 200 }} ?g geo:asWKT ?p FILTER(geof:distance(?p, {place}) < 5) }}"
        ),
        "SELECT * { ?g geo:asWKT ?p ; <urn:q> ?q FILTER(geof:distance(?p, ?q) < 5) }".to_owned(),
    ] {
        let (with, narrowed) = rows(&store, &query, true);
        assert!(!narrowed, "{query}");
        assert_eq!(with, rows(&store, &query, false).0, "{query}");
    }
}

#[test]
fn names_are_found_by_words_with_and_without_the_index() {
    let names = ["高松市立中央公園", "中央公園", "公園前", "City Hall", "ＣＩＴＹ ｾﾝﾀｰ", "指定避難所", "避難場所"];
    let store = store((0..500).map(|i| thing("aed", i, "POINT(134 34)", names[i % names.len()])));
    for (words, expected) in [
        ("'公園'", 216),
        ("'中央 公園'", 144),
        ("'city'", 142),
        ("'センター'", 71),
        ("'避難所'", 71),
        ("'避難'", 142),
        ("(s:name '公園')", 216),
        ("'hall city'@en", 71),
        ("'none'", 0),
    ] {
        for query in [
            format!("SELECT ?e {{ ?e text:query {words} }}"),
            format!("SELECT ?e ?n {{ ?e a <urn:aed> ; text:query {words} ; s:name ?n }}"),
            format!("SELECT ?e {{ ?e a <urn:aed> FILTER EXISTS {{ ?e text:query {words} }} }}"),
        ] {
            let (with, narrowed) = rows(&store, &query, true);
            assert!(narrowed, "{query}");
            assert_eq!(with, rows(&store, &query, false).0, "{query}");
            assert_eq!(with.len(), expected, "{query}");
        }
    }
    for query in [
        "SELECT * { ?e text:query '・' }",
        "SELECT * { ?e text:query <urn:x> }",
        "SELECT * { [] text:query 'a' }",
        "SELECT * { ?e text:query (<urn:p> 'a') }",
        "SELECT * { ?e text:query ?words }",
        "SELECT * { ?e text:query () }",
    ] {
        let mut parsed = guard::parse(&format!("{PREFIXES}{query}")).unwrap();
        assert!(
            matches!(
                with_index(walk::pattern(&mut parsed), &store, &CancellationToken::new()),
                Err(QueryError::Unsupported(_))
            ),
            "{query}"
        );
    }
}
