//! GeoSPARQL's functions: those of `spargeo`, and our own where it measures points only or is slow.
//!
//! Distances mean what they mean in the broker's geoqueries: metres on the WGS 84 ellipsoid, between the nearest parts.

mod buffer;
mod geometry;
mod measures;
#[cfg(test)]
mod postgis;
mod shapes;
mod tangle;

use std::sync::Arc;

use geo::{Contains, CoordsIter, Geometry, Intersects, Relate};
use ngsild::query::metres_between;
use oxigraph::model::{Literal, NamedNode, NamedNodeRef, Term};
use oxigraph::sparql::SparqlEvaluator;
use spargeo::GEOSPARQL_EXTENSION_FUNCTIONS;
use wkt::ToWkt;

use geometry::wkt_literal;
pub(super) use geometry::{Geometries, metres_per_unit, number};
use tangle::is_tangled;

use crate::geometry::{CRS84, GEOJSON_LITERAL, WKT_LITERAL, reference_system};

/// The namespace of GeoSPARQL's functions.
pub(super) const GEOF: &str = "http://www.opengis.net/def/function/geosparql/";
/// How many pairs of positions one distance may look at: two coastlines would hold a thread for minutes.
const MAX_PAIRS: usize = 20_000_000;
/// How many may be compared to see whether geometries touch: a few nanoseconds each.
const MAX_COMPARED: usize = 1_000_000_000;

/// A function that finds its geometries in the memory of the query.
type Function = fn(&Geometries, &[Term]) -> Option<Term>;

/// Our own; they stand above those of `spargeo` with the same names.
const OWN: [(&str, Function); 21] = [
    ("distance", distance),
    ("metricDistance", metric_distance),
    ("buffer", buffer::in_units),
    ("metricBuffer", buffer::in_metres),
    ("length", measures::length),
    ("metricLength", measures::metric_length),
    ("perimeter", measures::perimeter),
    ("metricPerimeter", measures::metric_perimeter),
    ("area", measures::area),
    ("metricArea", measures::metric_area),
    ("getSRID", shapes::srid),
    ("boundary", shapes::boundary),
    ("convexHull", shapes::convex_hull),
    ("envelope", shapes::envelope),
    ("isSimple", shapes::is_simple),
    ("intersection", shapes::intersection),
    ("difference", shapes::difference),
    ("sfWithin", |memory, args| relation(memory, args, within)),
    ("sfContains", |memory, args| relation(memory, args, |a, b| within(b, a))),
    ("sfIntersects", |memory, args| relation(memory, args, touch)),
    ("sfDisjoint", |memory, args| relation(memory, args, |a, b| touch(a, b).map(|touch| !touch))),
];

/// The IRIs of all functions that are there beside SPARQL's own.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = OWN.iter().map(|(name, _)| format!("{GEOF}{name}")).collect();
    names.extend(GEOSPARQL_EXTENSION_FUNCTIONS.iter().map(|(name, _)| name.as_str().to_owned()));
    names.sort();
    names.dedup();
    names
}

/// Gives them to the evaluator of one query. `memory` is the query's.
pub(super) fn register(mut evaluator: SparqlEvaluator, memory: &Arc<Geometries>) -> SparqlEvaluator {
    for (name, function) in GEOSPARQL_EXTENSION_FUNCTIONS {
        let memory = Arc::clone(memory);
        let function = move |args: &[Term]| function(&in_crs84(&memory, args)?);
        evaluator = evaluator.with_custom_function(name.into_owned(), function);
    }
    for (name, function) in OWN {
        let memory = Arc::clone(memory);
        let name = NamedNode::new_unchecked(format!("{GEOF}{name}"));
        evaluator = evaluator.with_custom_function(name, move |args| function(&memory, args));
    }
    evaluator
}

/// A function of `spargeo`, by its name.
fn general(name: &str, memory: &Geometries, args: &[Term]) -> Option<Term> {
    let named = |known: NamedNodeRef<'_>| known.as_str().strip_prefix(GEOF) == Some(name);
    let (_, function) = GEOSPARQL_EXTENSION_FUNCTIONS.iter().find(|(known, _)| named(*known))?;
    function(&in_crs84(memory, args)?)
}

/// Arguments as `spargeo` understands them: geometries in CRS84. `None` when one of them is no geometry, or they
/// are tangled.
fn in_crs84(memory: &Geometries, args: &[Term]) -> Option<Vec<Term>> {
    let mut geometries = Vec::new();
    let understood = |term: &Term| match term {
        Term::Literal(literal) if [WKT_LITERAL, GEOJSON_LITERAL].contains(&literal.datatype()) => {
            let geometry = memory.read(term)?;
            geometries.push(Arc::clone(&geometry));
            let is_other = literal.datatype() == WKT_LITERAL && reference_system(literal) != Some(CRS84);
            Some(if is_other { wkt_literal(geometry.wkt_string()).into() } else { term.clone() })
        }
        other => Some(other.clone()),
    };
    let args = args.iter().map(understood).collect::<Option<_>>()?;
    let is_quick = geometries.len() < 2 || !is_tangled(geometries.iter().map(Arc::as_ref), 0.0);
    is_quick.then_some(args)
}

/// `geof:distance(a, b, unit)`, and without a unit in metres.
fn distance(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let unit = match args {
        [_, _] => 1.0,
        [_, _, unit] => metres_per_unit(unit)?,
        _ => return None,
    };
    Some(Literal::from(metres(memory, &args[0], &args[1])? / unit).into())
}

/// `geof:metricDistance(a, b)`
fn metric_distance(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [a, b] = args else { return None };
    Some(Literal::from(metres(memory, a, b)?).into())
}

fn metres(memory: &Geometries, a: &Term, b: &Term) -> Option<f64> {
    let (a, b) = (memory.read(a)?, memory.read(b)?);
    let pairs = a.coords_count().checked_mul(b.coords_count())?;
    let metres = if pairs <= MAX_PAIRS { metres_between(&a, &b) } else { f64::INFINITY };
    // An empty geometry is nowhere.
    metres.is_finite().then_some(metres)
}

fn relation(
    memory: &Geometries,
    args: &[Term],
    holds: fn(&Geometry<f64>, &Geometry<f64>) -> Option<bool>,
) -> Option<Term> {
    let [a, b] = args else { return None };
    let (a, b) = (memory.read(a)?, memory.read(b)?);
    Some(Literal::from(holds(&a, &b)?).into())
}

/// Every line of one is held against every line of the other, until they touch.
fn touch(a: &Geometry<f64>, b: &Geometry<f64>) -> Option<bool> {
    let pairs = a.coords_count().checked_mul(b.coords_count())?;
    (pairs <= MAX_COMPARED).then(|| a.intersects(b))
}

/// Points are by far the most common; the general relation costs a hundred times as much.
fn within(inner: &Geometry<f64>, outer: &Geometry<f64>) -> Option<bool> {
    match inner {
        Geometry::Point(point) => Some(outer.contains(point)),
        _ => (!is_tangled([inner, outer], 0.0)).then(|| inner.relate(outer).is_within()),
    }
}

#[cfg(test)]
mod tests {
    use oxigraph::sparql::QueryResults;
    use oxigraph::store::Store;

    use super::*;

    /// The value of an expression, `-` when it is an error.
    fn value(expression: &str) -> String {
        let query = format!(
            "PREFIX geo: <http://www.opengis.net/ont/geosparql#> PREFIX geof: <{GEOF}> \
             PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> \
             SELECT ({expression} AS ?v) {{}}"
        );
        let store = Store::new().unwrap();
        let prepared = register(SparqlEvaluator::new(), &Arc::default()).parse_query(&query).unwrap();
        let QueryResults::Solutions(mut rows) = prepared.on_store(&store).execute().unwrap() else { panic!() };
        match rows.next().unwrap().unwrap().get("v") {
            Some(Term::Literal(literal)) => literal.value().to_owned(),
            Some(term) => term.to_string(),
            None => "-".to_owned(),
        }
    }

    fn wkt(text: &str) -> String {
        format!("'{text}'^^geo:wktLiteral")
    }

    fn metres(expression: &str) -> f64 {
        value(expression).parse().unwrap_or_else(|_| panic!("{expression}: {}", value(expression)))
    }

    #[test]
    fn distances_are_metres_between_the_nearest_parts() {
        let station = wkt("POINT(134.0466 34.3503)");
        let castle = wkt("POINT(134.0503 34.3500)");
        let square = wkt("POLYGON((134.05 34.34,134.06 34.34,134.06 34.36,134.05 34.36,134.05 34.34))");
        let line = wkt("LINESTRING(134.0 34.35,134.04 34.35)");
        for (expression, expected, within) in [
            (format!("geof:distance({station}, {castle}, uom:metre)"), 342.0, 2.0),
            (format!("geof:distance({station}, {castle}, uom:kilometre)"), 0.342, 0.002),
            (
                format!(
                    "geof:distance({station}, {castle}, 'http://www.opengis.net/def/uom/OGC/1.0/metre'^^xsd:anyURI)"
                ),
                342.0,
                2.0,
            ),
            (format!("geof:distance({station}, {castle})"), 342.0, 2.0),
            (format!("geof:metricDistance({castle}, {station})"), 342.0, 2.0),
            (format!("geof:distance({station}, {square}, uom:metre)"), 313.0, 2.0),
            (format!("geof:distance({square}, {station}, uom:metre)"), 313.0, 2.0),
            (format!("geof:distance({castle}, {square}, uom:metre)"), 0.0, 0.0),
            (format!("geof:distance({line}, {square}, uom:metre)"), 920.0, 3.0),
            (
                format!(
                    "geof:distance('{{\"type\":\"Point\",\"coordinates\":[134.0466,34.3503]}}'^^geo:geoJSONLiteral, {castle}, uom:metre)"
                ),
                342.0,
                2.0,
            ),
            (
                format!(
                    "geof:distance({}, {castle}, uom:metre)",
                    wkt("<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT(134.0466 34.3503)")
                ),
                342.0,
                2.0,
            ),
        ] {
            let found = metres(&expression);
            assert!((found - expected).abs() <= within, "{expression}: {found}");
        }
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        let point = wkt("POINT(1 2)");
        for expression in [
            format!("geof:distance({point}, 'POINT(1 2)', uom:metre)"),
            format!("geof:distance({point}, {point}, uom:degree)"),
            format!("geof:distance({point}, {}, uom:metre)", wkt("POINT EMPTY")),
            format!(
                "geof:distance({point}, {}, uom:metre)",
                wkt("<http://www.opengis.net/def/crs/EPSG/0/6677> POINT(1 2)")
            ),
            format!("geof:distance({point})"),
            format!("geof:sfWithin({point}, 1)"),
            format!("geof:buffer({point}, 1e9, uom:metre)"),
        ] {
            assert_eq!(value(&expression), "-", "{expression}");
        }
    }

    #[test]
    fn our_relations_agree_with_the_general_ones() {
        let shapes = [
            "POINT(1 1)",
            "POINT(2 1)",
            "POINT(5 5)",
            "LINESTRING(0.5 0.5,1.5 1.5)",
            "LINESTRING(1 1,5 5)",
            "POLYGON((0 0,2 0,2 2,0 2,0 0))",
            "POLYGON((0.5 0.5,1.5 0.5,1.5 1.5,0.5 1.5,0.5 0.5))",
            "MULTIPOINT((1 1),(5 5))",
        ];
        for a in shapes {
            for b in shapes {
                for own in ["sfWithin", "sfContains", "sfIntersects", "sfDisjoint"] {
                    let name = format!("{GEOF}{own}");
                    let (_, general) =
                        GEOSPARQL_EXTENSION_FUNCTIONS.iter().find(|(known, _)| known.as_str() == name).unwrap();
                    let term = |text: &str| Term::from(wkt_literal(text.to_owned()));
                    let expected = general(&[term(a), term(b)]).unwrap();
                    let Term::Literal(expected) = expected else { panic!() };
                    assert_eq!(
                        value(&format!("geof:{own}({}, {})", wkt(a), wkt(b))),
                        expected.value(),
                        "{a} {own} {b}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_buffer_holds_what_is_near_and_nothing_else() {
        let around = |metres: u32| format!("geof:buffer({}, {metres}, uom:metre)", wkt("POINT(134.0466 34.3503)"));
        let castle = wkt("POINT(134.0503 34.3500)");
        assert_eq!(value(&format!("geof:sfWithin({castle}, {})", around(350))), "true");
        assert_eq!(value(&format!("geof:sfWithin({castle}, {})", around(335))), "false");
        assert!(value(&format!("geof:metricBuffer({castle}, 10)")).starts_with("MULTIPOLYGON"));
    }

    #[test]
    fn the_other_functions_of_geosparql_are_there() {
        assert_eq!(value(&format!("geof:dimension({})", wkt("LINESTRING(0 0,1 1)"))), "1");
        assert!(names().len() > 43, "{}", names().len());
    }
}
