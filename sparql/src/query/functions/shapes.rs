//! Geometries made of others, and what kind of geometry one is, where `spargeo` knows areas only.

use std::collections::BTreeMap;

use geo::line_intersection::line_intersection;
use geo::{
    Area, BooleanOps, BoundingRect, ConvexHull, Coord, CoordsIter, Geometry, GeometryCollection, Intersects, Line,
    LineIntersection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
};
use oxigraph::model::vocab::xsd;
use oxigraph::model::{Literal, Term};
use wkt::ToWkt;

use super::geometry::{Geometries, wkt_literal};
use super::tangle::is_tangled;
use super::{MAX_PAIRS, general};
use crate::geometry::{CRS84, GEOJSON_LITERAL, parse, reference_system};

/// `geof:getSRID(geometry)`: the reference system, as `xsd:anyURI`.
pub(super) fn srid(_: &Geometries, args: &[Term]) -> Option<Term> {
    let [Term::Literal(literal)] = args else { return None };
    parse(literal)?;
    let system = if literal.datatype() == GEOJSON_LITERAL { CRS84 } else { reference_system(literal)? };
    Some(Literal::new_typed_literal(system, xsd::ANY_URI).into())
}

/// `geof:boundary(geometry)`: the rings of areas, the ends of lines; points have none.
pub(super) fn boundary(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry] = args else { return None };
    let rings = |polygons: &[geo::Polygon<f64>]| -> Geometry<f64> {
        let rings = polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        MultiLineString::new(rings.cloned().collect()).into()
    };
    let edge = match &*memory.read(geometry)? {
        Geometry::Polygon(polygon) => rings(std::slice::from_ref(polygon)),
        Geometry::MultiPolygon(polygons) => rings(&polygons.0),
        Geometry::LineString(line) => ends(std::slice::from_ref(line)).into(),
        Geometry::MultiLineString(lines) => ends(&lines.0).into(),
        Geometry::Point(_) | Geometry::MultiPoint(_) => Geometry::GeometryCollection(GeometryCollection::default()),
        _ => return None,
    };
    Some(wkt_literal(edge.wkt_string()).into())
}

/// The points where an odd number of lines ends (OGC simple features).
fn ends(lines: &[LineString<f64>]) -> MultiPoint<f64> {
    let mut count: BTreeMap<[u64; 2], (Coord<f64>, usize)> = BTreeMap::new();
    for line in lines {
        for end in [line.0.first(), line.0.last()].into_iter().flatten() {
            // Adding 0 makes -0 the same as 0.
            let key = [(end.x + 0.0).to_bits(), (end.y + 0.0).to_bits()];
            count.entry(key).or_insert((*end, 0)).1 += 1;
        }
    }
    count.into_values().filter(|(_, times)| times % 2 == 1).map(|(end, _)| Point(end)).collect()
}

/// `geof:convexHull(geometry)`: a line or a point where there is no area.
pub(super) fn convex_hull(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry] = args else { return None };
    let hull = memory.read(geometry)?.convex_hull();
    if hull.unsigned_area() > 0.0 { general("convexHull", memory, args) } else { flat(hull.exterior()) }
}

/// `geof:envelope(geometry)`: a line or a point where there is no area.
pub(super) fn envelope(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry] = args else { return None };
    let rect = memory.read(geometry)?.bounding_rect()?;
    if rect.unsigned_area() > 0.0 {
        return general("envelope", memory, args);
    }
    flat(&LineString::from(vec![rect.min(), rect.max()]))
}

/// The line between the ends of positions that all are on one line; a point when they are all the same.
fn flat(positions: &LineString<f64>) -> Option<Term> {
    let order = |a: &&Coord<f64>, b: &&Coord<f64>| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y));
    let (first, last) = (positions.0.iter().min_by(order)?, positions.0.iter().max_by(order)?);
    let text =
        if first == last { Point(*first).wkt_string() } else { LineString::from(vec![*first, *last]).wkt_string() };
    Some(wkt_literal(text).into())
}

/// `geof:isSimple(geometry)`: whether it neither crosses nor touches itself.
pub(super) fn is_simple(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry] = args else { return None };
    let simple = match &*memory.read(geometry)? {
        Geometry::Point(_) => true,
        Geometry::MultiPoint(points) => {
            let mut seen: Vec<_> = points.iter().map(|p| [(p.x() + 0.0).to_bits(), (p.y() + 0.0).to_bits()]).collect();
            seen.sort_unstable();
            seen.windows(2).all(|pair| pair[0] != pair[1])
        }
        Geometry::LineString(line) => lines_are_simple(std::slice::from_ref(line))?,
        Geometry::MultiLineString(lines) => lines_are_simple(&lines.0)?,
        other if is_tangled([other], 0.0) => return None,
        _ => return general("isSimple", memory, args),
    };
    Some(Literal::from(simple).into())
}

/// Whether lines meet at their ends only, and each itself only where it closes. `None` when there are too many.
fn lines_are_simple(lines: &[LineString<f64>]) -> Option<bool> {
    let mut segments: Vec<(usize, Line<f64>)> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        segments.extend(line.lines().filter(|segment| segment.start != segment.end).map(|segment| (i, segment)));
    }
    if segments.len().checked_mul(segments.len())? > MAX_PAIRS {
        return None;
    }
    for (at, (line, a)) in segments.iter().enumerate() {
        for (next, (other, b)) in segments.iter().enumerate().skip(at + 1) {
            let met = match line_intersection(*a, *b) {
                None => continue,
                Some(LineIntersection::Collinear { intersection }) if intersection.start == intersection.end => {
                    intersection.start
                }
                Some(LineIntersection::Collinear { .. }) => return Some(false),
                Some(LineIntersection::SinglePoint { intersection, .. }) => intersection,
            };
            let follows = line == other && next == at + 1 && a.end == met && b.start == met;
            let is_end = |of: usize| {
                lines.get(of).is_some_and(|line| line.0.first() == Some(&met) || line.0.last() == Some(&met))
            };
            let closes = line == other
                && lines.get(*line).is_some_and(|line| line.is_closed() && line.0.first() == Some(&met))
                && (a.start == met) != (a.end == met)
                && (b.start == met) != (b.end == met);
            let meets = line != other && is_end(*line) && is_end(*other);
            if !(follows || closes || meets) {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// `geof:intersection(a, b)` of areas, of points and anything, of lines and areas.
pub(super) fn intersection(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [a, b] = args else { return None };
    let (first, second) = (memory.read(a)?, memory.read(b)?);
    if areas(&first).is_some() && areas(&second).is_some() {
        return general("intersection", memory, args);
    }
    let shared = cut(&first, &second, true).or_else(|| cut(&second, &first, true))?;
    Some(wkt_literal(shared.wkt_string()).into())
}

/// `geof:difference(a, b)` of areas, of points and anything, of lines and areas.
pub(super) fn difference(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [a, b] = args else { return None };
    let (first, second) = (memory.read(a)?, memory.read(b)?);
    if areas(&first).is_some() && areas(&second).is_some() {
        return general("difference", memory, args);
    }
    Some(wkt_literal(cut(&first, &second, false)?.wkt_string()).into())
}

/// What of `what` is within `by`, or the rest.
fn cut(what: &Geometry<f64>, by: &Geometry<f64>, within: bool) -> Option<Geometry<f64>> {
    if what.coords_count().checked_mul(by.coords_count())? > MAX_PAIRS {
        return None;
    }
    let lines = match what {
        Geometry::Point(_) | Geometry::MultiPoint(_) => {
            let points: MultiPoint<f64> =
                what.coords_iter().map(Point).filter(|point| by.intersects(point) == within).collect();
            return Some(match points.0.as_slice() {
                [point] => (*point).into(),
                _ => points.into(),
            });
        }
        Geometry::LineString(line) => MultiLineString::new(vec![line.clone()]),
        Geometry::MultiLineString(lines) => lines.clone(),
        _ => return None,
    };
    let area = areas(by)?;
    if is_tangled([what, by], 0.0) {
        return None;
    }
    Some(area.clip(&lines, !within).into())
}

fn areas(geometry: &Geometry<f64>) -> Option<MultiPolygon<f64>> {
    match geometry {
        Geometry::Polygon(polygon) => Some(MultiPolygon::new(vec![polygon.clone()])),
        Geometry::MultiPolygon(polygons) => Some(polygons.clone()),
        _ => None,
    }
}
