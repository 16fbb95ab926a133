//! The functions beside those of PostGIS, on random geometries.
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

use std::sync::atomic::{AtomicU32, Ordering};

use fastrand::Rng;
use oxigraph::model::{Literal, NamedNode, Term};
use tokio_postgres::{Client, NoTls};

use super::geometry::wkt_literal;
use super::{Geometries, OWN, general};

/// A connection to the server that `HIROBA_TEST_POSTGRES` names. Without one this is skipped, loudly, unless
/// `HIROBA_REQUIRE_POSTGIS` forbids it.
async fn postgis() -> Option<Client> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("HIROBA_TEST_POSTGRES") else {
        assert!(std::env::var_os("HIROBA_REQUIRE_POSTGIS").is_none(), "HIROBA_TEST_POSTGRES is not set");
        eprintln!("SKIPPED on PostGIS: HIROBA_TEST_POSTGRES is not set (scripts/test.sh sets it)");
        return None;
    };
    let (base, _) = server.rsplit_once('/').unwrap();
    let (client, connection) = tokio_postgres::connect(&server, NoTls).await.unwrap();
    tokio::spawn(connection);
    let name = format!("hiroba_functions_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    client.batch_execute("select pg_advisory_lock(1)").await.unwrap();
    client.batch_execute(&format!("create database {name} template hiroba_template")).await.unwrap();
    client.batch_execute("select pg_advisory_unlock(1)").await.unwrap();
    let (client, connection) = tokio_postgres::connect(&format!("{base}/{name}"), NoTls).await.unwrap();
    tokio::spawn(connection);
    Some(client)
}

fn ours(name: &str, args: &[Term]) -> Option<Term> {
    match OWN.iter().find(|(known, _)| *known == name) {
        Some((_, function)) => function(&Geometries::default(), args),
        None => general(name, &Geometries::default(), args),
    }
}

fn text(term: Option<Term>) -> String {
    match term {
        Some(Term::Literal(literal)) => {
            literal.value().rsplit_once("> ").map_or(literal.value(), |(_, text)| text).to_owned()
        }
        other => panic!("{other:?}"),
    }
}

fn place(text: &str) -> Term {
    wkt_literal(text.to_owned()).into()
}

/// Valid geometries whose corners are often the same.
fn on_a_grid(rng: &mut Rng) -> String {
    let corner = |rng: &mut Rng| (rng.i32(0..6), rng.i32(0..6));
    let square = |rng: &mut Rng, east: i32| {
        let (x, y, w, h) = (rng.i32(0..4) + east, rng.i32(0..4), rng.i32(1..4), rng.i32(1..4));
        format!("({x} {y}, {} {y}, {} {}, {x} {}, {x} {y})", x + w, x + w, y + h, y + h)
    };
    match rng.u8(0..7) {
        0 => {
            let (x, y) = corner(rng);
            format!("POINT({x} {y})")
        }
        1 => {
            let ((a, b), (c, d)) = (corner(rng), corner(rng));
            format!("MULTIPOINT(({a} {b}), ({c} {d}))")
        }
        2 | 3 => {
            let (x, y) = corner(rng);
            let (dx, dy) = loop {
                let (dx, dy) = (rng.i32(-3..4), rng.i32(-3..4));
                if (dx, dy) != (0, 0) {
                    break (dx, dy);
                }
            };
            let turn = if rng.bool() { format!(", {} {}", x + dx + dy, y + dy - dx) } else { String::new() };
            format!("LINESTRING({x} {y}, {} {}{turn})", x + dx, y + dy)
        }
        4 => loop {
            let [(a, b), (c, d), (e, f)] = std::array::from_fn(|_| corner(rng));
            if (c - a) * (f - b) != (e - a) * (d - b) {
                break format!("POLYGON(({a} {b}, {c} {d}, {e} {f}, {a} {b}))");
            }
        },
        5 => format!("POLYGON({})", square(rng, 0)),
        _ => format!("MULTIPOLYGON(({}), ({}))", square(rng, 0), square(rng, 9)),
    }
}

#[tokio::test]
async fn relations_are_those_of_postgis() {
    let Some(client) = postgis().await else { return };
    let mut rng = Rng::with_seed(11);
    let mut pairs: Vec<(String, String)> = (0..3_000).map(|_| (on_a_grid(&mut rng), on_a_grid(&mut rng))).collect();
    // The same by chance is rare.
    pairs.iter_mut().step_by(50).for_each(|(a, b)| b.clone_from(a));
    let (a, b): (Vec<&str>, Vec<&str>) = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).unzip();
    for (name, theirs) in [
        ("sfEquals", "ST_Equals"),
        ("sfDisjoint", "ST_Disjoint"),
        ("sfIntersects", "ST_Intersects"),
        ("sfTouches", "ST_Touches"),
        ("sfCrosses", "ST_Crosses"),
        ("sfWithin", "ST_Within"),
        ("sfContains", "ST_Contains"),
        ("sfOverlaps", "ST_Overlaps"),
    ] {
        let query = format!(
            "select {theirs}(ST_GeomFromText(a, 4326), ST_GeomFromText(b, 4326)) \
             from unnest($1::text[], $2::text[]) with ordinality t(a, b, n) order by n"
        );
        let expected: Vec<bool> = client.query(&query, &[&a, &b]).await.unwrap().iter().map(|row| row.get(0)).collect();
        let holds = expected.iter().filter(|holds| **holds).count();
        assert!(holds > 5 && holds < 3_000, "{name}: {holds}");
        for ((a, b), expected) in pairs.iter().zip(expected) {
            assert_eq!(text(ours(name, &[place(a), place(b)])), expected.to_string(), "{name} {a} {b}");
        }
    }
}

/// Valid geometries of up to some kilometres, anywhere but near the poles.
fn on_the_earth(rng: &mut Rng) -> String {
    let (x, y) = (rng.f64() * 340.0 - 170.0, rng.f64() * 130.0 - 65.0);
    near(rng, x, y)
}

fn near(rng: &mut Rng, x: f64, y: f64) -> String {
    let size = 10_f64.powf(rng.f64() * -3.0 - 1.0);
    let corners: Vec<String> = (0..7)
        .map(|i| {
            let (sin, cos) = (f64::from(i) * std::f64::consts::TAU / 7.0).sin_cos();
            let radius = size * (0.4 + rng.f64() * 0.6);
            format!("{} {}", x + cos * radius, y + sin * radius)
        })
        .collect();
    let ring = if rng.bool() { corners.clone() } else { corners.iter().rev().cloned().collect() };
    match rng.u8(0..3) {
        0 => format!("POINT({})", corners[0]),
        1 => format!("LINESTRING({})", corners.join(", ")),
        _ => format!("POLYGON(({}, {}))", ring.join(", "), ring[0]),
    }
}

#[tokio::test]
async fn measures_are_those_of_postgis_on_the_ellipsoid() {
    let Some(client) = postgis().await else { return };
    let mut rng = Rng::with_seed(12);
    let shapes: Vec<String> = (0..1_000).map(|_| on_the_earth(&mut rng)).collect();
    for (name, theirs) in
        [("metricArea", "ST_Area"), ("metricLength", "ST_Length"), ("metricPerimeter", "ST_Perimeter")]
    {
        let query =
            format!("select {theirs}(ST_GeogFromText(a)) from unnest($1::text[]) with ordinality t(a, n) order by n");
        let expected: Vec<f64> = client.query(&query, &[&shapes]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert!(expected.iter().filter(|value| **value > 0.0).count() > 200, "{name}");
        for (shape, expected) in shapes.iter().zip(expected) {
            let found: f64 = text(ours(name, &[place(shape)])).parse().unwrap();
            assert!((found - expected).abs() <= expected * 1e-6 + 1e-3, "{name} {shape}: {found} {expected}");
        }
    }
    let pairs: Vec<(String, String)> = (0..1_000)
        .map(|_| {
            let (x, y) = (rng.f64() * 340.0 - 170.0, rng.f64() * 130.0 - 65.0);
            let (a, b) = (near(&mut rng, x, y), (x + rng.f64() * 0.2, y + rng.f64() * 0.2));
            (a, near(&mut rng, b.0, b.1))
        })
        .collect();
    let (a, b): (Vec<&str>, Vec<&str>) = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).unzip();
    let query = "select ST_Distance(ST_GeogFromText(a), ST_GeogFromText(b)) \
                 from unnest($1::text[], $2::text[]) with ordinality t(a, b, n) order by n";
    let expected: Vec<f64> = client.query(query, &[&a, &b]).await.unwrap().iter().map(|row| row.get(0)).collect();
    for ((a, b), expected) in pairs.iter().zip(expected) {
        let found: f64 = text(ours("metricDistance", &[place(a), place(b)])).parse().unwrap();
        assert!((found - expected).abs() <= expected * 2e-3 + 0.1, "{a} {b}: {found} {expected}");
    }
}

#[tokio::test]
async fn shapes_are_those_of_postgis() {
    let Some(client) = postgis().await else { return };
    let mut rng = Rng::with_seed(13);
    // How much two geometries differ: by area, or by how far a point of one is from the other.
    let differ = "case when ST_Dimension(g) = 2 and ST_Dimension(h) = 2 then ST_Area(ST_SymDifference(g, h)) \
                  else abs(ST_Dimension(g) - ST_Dimension(h)) + ST_HausdorffDistance(g, h) end";
    let compare = |theirs: &str| {
        format!(
            "select a, b, ours, case when ST_IsEmpty(g) or ST_IsEmpty(h) \
               then case when ST_IsEmpty(g) and ST_IsEmpty(h) then 0 else greatest(ST_Area(g), ST_Area(h), ST_Length(g), \
                    ST_Length(h), case when ST_Dimension(g) = 0 or ST_Dimension(h) = 0 then 1 else 0 end) end \
               else {differ} end::double precision as off \
             from (select a, b, ours, ST_GeomFromText(ours) as g, {theirs} as h \
                   from unnest($1::text[], $2::text[], $3::text[]) t(a, b, ours)) t"
        )
    };
    let shapes: Vec<String> = (0..600).map(|_| on_a_grid(&mut rng)).collect();
    for (name, theirs) in [
        ("convexHull", "ST_ConvexHull(ST_GeomFromText(a))"),
        ("envelope", "ST_Envelope(ST_GeomFromText(a))"),
        ("boundary", "ST_Boundary(ST_GeomFromText(a))"),
    ] {
        let made: Vec<String> = shapes.iter().map(|shape| text(ours(name, &[place(shape)]))).collect();
        for row in client.query(&compare(theirs), &[&shapes, &shapes, &made]).await.unwrap() {
            let (a, ours, off): (&str, &str, f64) = (row.get("a"), row.get("ours"), row.get("off"));
            assert!(off < 1e-6, "{name} {a}: {ours} {off}");
        }
    }
    for (name, theirs) in [("isSimple", "ST_IsSimple"), ("isEmpty", "ST_IsEmpty")] {
        let query =
            format!("select {theirs}(ST_GeomFromText(a)) from unnest($1::text[]) with ordinality t(a, n) order by n");
        for (row, shape) in client.query(&query, &[&shapes]).await.unwrap().iter().zip(&shapes) {
            assert_eq!(text(ours(name, &[place(shape)])), row.get::<_, bool>(0).to_string(), "{name} {shape}");
        }
    }
    let query = "select ST_Distance(ST_Centroid(ST_GeomFromText(a)), ST_GeomFromText(b)) from unnest($1::text[], $2::text[]) t(a, b)";
    let made: Vec<String> = shapes.iter().map(|shape| text(ours("centroid", &[place(shape)]))).collect();
    assert!(client.query(query, &[&shapes, &made]).await.unwrap().iter().all(|row| row.get::<_, f64>(0) < 1e-9));
    // Where areas or lines only touch, PostGIS tells lines or points besides; ours tell none.
    for (name, theirs, dimension) in [
        (
            "intersection",
            "ST_Intersection",
            "least(ST_Dimension(ST_GeomFromText(a)), ST_Dimension(ST_GeomFromText(b)))",
        ),
        ("difference", "ST_Difference", "ST_Dimension(ST_GeomFromText(a))"),
        ("union", "ST_Union", "2"),
        ("symDifference", "ST_SymDifference", "2"),
    ] {
        let pairs: Vec<(String, String)> = (0..1_500).map(|_| (on_a_grid(&mut rng), on_a_grid(&mut rng))).collect();
        // Of points, lines and areas together a function knows some pairs; what it says of those has to be right.
        let known = pairs.into_iter().filter_map(|(a, b)| Some((ours(name, &[place(&a), place(&b)])?, a, b)));
        let (mut a, mut b, mut made) = (Vec::new(), Vec::new(), Vec::new());
        for (term, first, second) in known {
            made.push(text(Some(term)));
            a.push(first);
            b.push(second);
        }
        assert!(made.len() > 150, "{name}: {}", made.len());
        let theirs = format!("ST_CollectionExtract({theirs}(ST_GeomFromText(a), ST_GeomFromText(b)), {dimension} + 1)");
        for row in client.query(&compare(&theirs), &[&a, &b, &made]).await.unwrap() {
            let (a, b, ours, off): (&str, &str, &str, f64) =
                (row.get("a"), row.get("b"), row.get("ours"), row.get("off"));
            assert!(off < 1e-6, "{name} {a} {b}: {ours} {off}");
        }
    }
}

#[tokio::test]
async fn buffers_are_those_of_postgis() {
    let Some(client) = postgis().await else { return };
    let mut rng = Rng::with_seed(14);
    let shapes: Vec<String> = (0..200).map(|_| on_the_earth(&mut rng)).collect();
    let made: Vec<String> = shapes
        .iter()
        .map(|shape| {
            let metres = Literal::from(200.0);
            let unit = NamedNode::new_unchecked("http://www.opengis.net/def/uom/OGC/1.0/metre");
            text(ours("buffer", &[place(shape), metres.into(), unit.into()]))
        })
        .collect();
    let query = "select a, ST_Area(ST_GeogFromText(b)), ST_Area(ST_Buffer(ST_GeogFromText(a), 200, 'quad_segs=32')) \
                 from unnest($1::text[], $2::text[]) t(a, b)";
    for row in client.query(query, &[&shapes, &made]).await.unwrap() {
        let (shape, ours, theirs): (&str, f64, f64) = (row.get(0), row.get(1), row.get(2));
        assert!((ours / theirs - 1.0).abs() < 0.02, "{shape}: {ours} {theirs}");
    }
}
