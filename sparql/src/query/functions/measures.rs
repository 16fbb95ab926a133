//! Lengths and areas, on the ellipsoid like distances.

use geo::algorithm::orient::{Direction, Orient};
use geo::line_measures::Length;
use geo::{Geodesic, GeodesicArea, Geometry, LineString, Polygon};
use oxigraph::model::{Literal, Term};

use super::geometry::{Geometries, metres_per_unit, square_metres_per_unit};

type Measure = fn(&Geometry<f64>) -> f64;

/// `geof:length(geometry, unit)`
pub(super) fn length(memory: &Geometries, args: &[Term]) -> Option<Term> {
    in_unit(memory, args, metres_of_lines, metres_per_unit)
}

/// `geof:metricLength(geometry)`
pub(super) fn metric_length(memory: &Geometries, args: &[Term]) -> Option<Term> {
    metric(memory, args, metres_of_lines)
}

/// `geof:perimeter(geometry, unit)`
pub(super) fn perimeter(memory: &Geometries, args: &[Term]) -> Option<Term> {
    in_unit(memory, args, metres_around, metres_per_unit)
}

/// `geof:metricPerimeter(geometry)`
pub(super) fn metric_perimeter(memory: &Geometries, args: &[Term]) -> Option<Term> {
    metric(memory, args, metres_around)
}

/// `geof:area(geometry, unit)`
pub(super) fn area(memory: &Geometries, args: &[Term]) -> Option<Term> {
    in_unit(memory, args, square_metres, square_metres_per_unit)
}

/// `geof:metricArea(geometry)`
pub(super) fn metric_area(memory: &Geometries, args: &[Term]) -> Option<Term> {
    metric(memory, args, square_metres)
}

fn in_unit(memory: &Geometries, args: &[Term], measure: Measure, per_unit: fn(&Term) -> Option<f64>) -> Option<Term> {
    let [geometry, unit] = args else { return None };
    value(measure(&*memory.read(geometry)?) / per_unit(unit)?)
}

fn metric(memory: &Geometries, args: &[Term], measure: Measure) -> Option<Term> {
    let [geometry] = args else { return None };
    value(measure(&*memory.read(geometry)?))
}

fn value(number: f64) -> Option<Term> {
    number.is_finite().then(|| Literal::from(number).into())
}

fn metres_of_lines(geometry: &Geometry<f64>) -> f64 {
    match geometry {
        Geometry::Line(line) => Geodesic.length(line),
        Geometry::LineString(line) => Geodesic.length(line),
        Geometry::MultiLineString(lines) => Geodesic.length(lines),
        Geometry::GeometryCollection(parts) => parts.iter().map(metres_of_lines).sum(),
        _ => 0.0,
    }
}

fn metres_around(geometry: &Geometry<f64>) -> f64 {
    let ring = |ring: &LineString<f64>| Geodesic.length(ring);
    let around = |polygon: &Polygon<f64>| ring(polygon.exterior()) + polygon.interiors().iter().map(ring).sum::<f64>();
    match geometry {
        Geometry::Polygon(polygon) => around(polygon),
        Geometry::MultiPolygon(polygons) => polygons.iter().map(around).sum(),
        Geometry::GeometryCollection(parts) => parts.iter().map(metres_around).sum(),
        _ => 0.0,
    }
}

fn square_metres(geometry: &Geometry<f64>) -> f64 {
    // A ring that runs the other way round would stand for the rest of the Earth.
    match geometry {
        Geometry::Polygon(polygon) => polygon.orient(Direction::Default).geodesic_area_unsigned(),
        Geometry::MultiPolygon(polygons) => polygons.orient(Direction::Default).geodesic_area_unsigned(),
        Geometry::GeometryCollection(parts) => parts.iter().map(square_metres).sum(),
        _ => 0.0,
    }
}
