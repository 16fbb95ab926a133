//! `geof:buffer` and `geof:metricBuffer`: everything within so many metres.
//!
//! The geometry is drawn on a plane of metres around its middle, widened there and drawn back. That is right to a
//! thousandth within a city and wrong across continents; so the size is bounded.

use geo::{BoundingRect, Buffer, Coord, CoordsIter, Geometry, MapCoords, Simplify};
use oxigraph::model::Term;
use wkt::ToWkt;

use super::geometry::{Geometries, metres_per_unit, number, wkt_literal};
use super::tangle::is_tangled;

/// How large the geometry and its surroundings may be, in metres, and how many positions it may have.
const MAX_SIZE: f64 = 200_000.0;
const MAX_POSITIONS: usize = 20_000;
/// Metres in a degree of latitude where Japan is, and in a degree of longitude on the equator.
const LATITUDE: f64 = 110_950.0;
const LONGITUDE: f64 = 111_320.0;

/// `geof:buffer(geometry, radius, unit)`
pub(super) fn in_units(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry, radius, unit] = args else { return None };
    widened(&*memory.read(geometry)?, number(radius)? * metres_per_unit(unit)?)
}

/// `geof:metricBuffer(geometry, metres)`
pub(super) fn in_metres(memory: &Geometries, args: &[Term]) -> Option<Term> {
    let [geometry, radius] = args else { return None };
    widened(&*memory.read(geometry)?, number(radius)?)
}

fn widened(geometry: &Geometry<f64>, metres: f64) -> Option<Term> {
    let bounds = geometry.bounding_rect()?;
    let middle = bounds.center();
    let east = LONGITUDE * middle.y.to_radians().cos();
    let size = (bounds.width() * east).max(bounds.height() * LATITUDE) + metres.abs();
    if size > MAX_SIZE || east < 1_000.0 || geometry.coords_count() > MAX_POSITIONS {
        return None;
    }
    let plane = geometry.map_coords(|c| Coord { x: (c.x - middle.x) * east, y: (c.y - middle.y) * LATITUDE });
    // What is drawn finer than its surroundings can show only costs time.
    let plane = if is_tangled([&plane], metres.abs()) { simpler(plane, metres.abs() / 200.0) } else { plane };
    if is_tangled([&plane], metres.abs()) {
        return None;
    }
    let area = plane.buffer(metres);
    let area = area.map_coords(|c| Coord { x: c.x / east + middle.x, y: c.y / LATITUDE + middle.y });
    Some(wkt_literal(area.wkt_string()).into())
}

fn simpler(geometry: Geometry<f64>, by: f64) -> Geometry<f64> {
    match geometry {
        Geometry::LineString(line) => line.simplify(by).into(),
        Geometry::MultiLineString(lines) => lines.simplify(by).into(),
        Geometry::Polygon(polygon) => polygon.simplify(by).into(),
        Geometry::MultiPolygon(polygons) => polygons.simplify(by).into(),
        other => other,
    }
}
