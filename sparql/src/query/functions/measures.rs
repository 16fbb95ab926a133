//! Lengths and areas, on the ellipsoid like distances.

use geo::algorithm::orient::{Direction, Orient};
use geo::line_measures::Length;
use geo::{Geodesic, GeodesicArea, Geometry, LineString, Polygon};
use oxigraph::model::{Literal, Term};

use super::geometry::{Geometries, metres_per_unit, square_metres_per_unit};

/// `geof:length(geometry, unit)`
pub(super) fn length(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry, unit] = args else { return None };
    value(metres_of_lines(&*memory.read(geometry)?) / metres_per_unit(unit)?)
}

/// `geof:metricLength(geometry)`
pub(super) fn metric_length(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry] = args else { return None };
    value(metres_of_lines(&*memory.read(geometry)?))
}

/// `geof:perimeter(geometry, unit)`
pub(super) fn perimeter(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry, unit] = args else { return None };
    value(metres_around(&*memory.read(geometry)?) / metres_per_unit(unit)?)
}

/// `geof:metricPerimeter(geometry)`
pub(super) fn metric_perimeter(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry] = args else { return None };
    value(metres_around(&*memory.read(geometry)?))
}

/// `geof:area(geometry, unit)`
pub(super) fn area(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry, unit] = args else { return None };
    value(square_metres(&*memory.read(geometry)?) / square_metres_per_unit(unit)?)
}

/// `geof:metricArea(geometry)`
pub(super) fn metric_area(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry] = args else { return None };
    value(square_metres(&*memory.read(geometry)?))
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
