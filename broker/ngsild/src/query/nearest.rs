//! Distances from a point: metres on the ellipsoid to the nearest point of a geometry, whose lines are great circles.

use geo::line_measures::Distance;
use geo::{Coord, Geodesic, Geometry, Intersects, Line, LinesIter, Point};

/// Metres from a point to the nearest point of a geometry, 0 in it. Infinite when the geometry is empty.
pub(super) fn distance(point: Point<f64>, geometry: &Geometry<f64>) -> f64 {
    match geometry {
        Geometry::Point(other) => return Geodesic.distance(point, *other),
        // Lines on the plane are elsewhere than great circles, and have no inside.
        Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => {}
        _ if geometry.intersects(&point) => return 0.0,
        _ => {}
    }
    let mut nearest = Nearest { to: on_sphere(point.0), found: None };
    nearest.look(geometry);
    nearest.found.map_or(f64::INFINITY, |(_, found)| Geodesic.distance(point, degrees(found)))
}

/// A direction from the middle of the Earth.
type Vector = [f64; 3];

/// The nearest point so far, with the square of its distance through the unit sphere.
struct Nearest {
    to: Vector,
    found: Option<(f64, Vector)>,
}

impl Nearest {
    fn look(&mut self, geometry: &Geometry<f64>) {
        match geometry {
            Geometry::Point(point) => self.offer(on_sphere(point.0)),
            Geometry::MultiPoint(points) => points.iter().for_each(|point| self.offer(on_sphere(point.0))),
            Geometry::Line(line) => self.look_along([*line]),
            Geometry::LineString(line) => self.look_along(line.lines()),
            Geometry::MultiLineString(lines) => self.look_along(lines.lines_iter()),
            Geometry::Polygon(polygon) => self.look_along(polygon.lines_iter()),
            Geometry::MultiPolygon(polygons) => self.look_along(polygons.lines_iter()),
            Geometry::Rect(rect) => self.look_along(rect.lines_iter()),
            Geometry::Triangle(triangle) => self.look_along(triangle.lines_iter()),
            Geometry::GeometryCollection(parts) => parts.iter().for_each(|part| self.look(part)),
        }
    }

    fn look_along(&mut self, lines: impl IntoIterator<Item = Line<f64>>) {
        for line in lines {
            let (start, end) = (on_sphere(line.start), on_sphere(line.end));
            self.offer(start);
            self.offer(end);
            if let Some(between) = foot(self.to, start, end) {
                self.offer(between);
            }
        }
    }

    fn offer(&mut self, point: Vector) {
        let way = minus(point, self.to);
        let square = dot(way, way);
        if self.found.is_none_or(|(known, _)| square < known) {
            self.found = Some((square, point));
        }
    }
}

/// The foot of the perpendicular from a point on a great circle, where it lies between the ends of the line.
fn foot(point: Vector, start: Vector, end: Vector) -> Option<Vector> {
    // Twice the product of start and end, and exact for short lines too.
    let normal = cross(plus(start, end), minus(end, start));
    let [x, y, z] = normal;
    let above = dot(point, normal) / dot(normal, normal);
    let foot = minus(point, [x * above, y * above, z * above]);
    let is_between = dot(cross(start, foot), normal) > 0.0 && dot(cross(foot, end), normal) > 0.0;
    let length = dot(foot, foot).sqrt();
    // Where the line has no length, or is all equally far, nothing is between.
    (is_between && length > 0.0).then(|| foot.map(|part| part / length))
}

fn on_sphere(place: Coord<f64>) -> Vector {
    let (longitude, latitude) = (place.x.to_radians(), place.y.to_radians());
    [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
}

fn degrees([x, y, z]: Vector) -> Point<f64> {
    Point::new(y.atan2(x).to_degrees(), z.atan2(x.hypot(y)).to_degrees())
}

fn plus([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [a + x, b + y, c + z]
}

fn minus([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [a - x, b - y, c - z]
}

fn dot([a, b, c]: Vector, [x, y, z]: Vector) -> f64 {
    a * x + b * y + c * z
}

fn cross([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

#[cfg(test)]
mod tests {
    use geo::Haversine;
    use geo::line_measures::InterpolatePoint;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::geometry;

    #[test]
    fn what_is_at_the_other_end_of_the_earth_is_far_away() {
        for (point, shape, coordinates, metres) in [
            ([134.75, -90.0], "LineString", json!([[9.47, 90], [139, 34.998]]), 13_874_000.0),
            ([134.75, -90.0], "LineString", json!([[139, 34.998], [9.47, 90], [0, -45]]), 5_017_000.0),
            (
                [134.75, -90.0],
                "MultiLineString",
                json!([[[9.47, 90], [139, 34.998]], [[0, -80], [20, -80]]]),
                1_117_000.0,
            ),
            ([134.75, -90.0], "Polygon", json!([[[0, 90], [10, 10], [20, 10], [0, 90]]]), 11_108_000.0),
            ([-13.34, -89.899], "LineString", json!([[27.17, 89.9999], [-100.91, 30.48]]), 13_375_000.0),
        ] {
            let found = distance(point.into(), &geometry::from_parts(shape, &coordinates).unwrap());
            assert!((found - metres).abs() < 20_000.0, "{shape} {coordinates}: {found}");
        }
    }

    #[test]
    fn short_lines_and_points_beside_them_are_exact_to_a_millimetre() {
        // One metre along the parallel of Takamatsu, and a point ten metres north of its middle.
        let (longitude, latitude) = (134.046_6, 34.350_3);
        let metre = 1.0 / Geodesic.distance(Point::new(longitude, latitude), Point::new(longitude + 1.0, latitude));
        let line = Line::new((longitude - metre / 2.0, latitude), (longitude + metre / 2.0, latitude));
        let north = Point::new(longitude, latitude + 10.0 / 110_926.0);
        let found = distance(north, &Geometry::Line(line));
        let expected = Geodesic.distance(north, Point::new(longitude, latitude));
        assert!((found - expected).abs() < 0.001, "{found} {expected}");
    }

    proptest! {
        #[test]
        fn no_point_of_a_line_is_nearer_and_one_is_as_near(
            place in (-180.0..180.0_f64, -90.0..90.0_f64),
            start in (-180.0..180.0_f64, -90.0..90.0_f64),
            end in (-180.0..180.0_f64, -90.0..90.0_f64),
        ) {
            let (place, start, end): (Point<f64>, Point<f64>, Point<f64>) = (place.into(), start.into(), end.into());
            // Every line from one end of the Earth to the other is as short.
            prop_assume!(Haversine.distance(start, end) < 20_000_000.0);
            let found = distance(place, &Geometry::Line(Line::new(start.0, end.0)));
            let along = |part: u32| Haversine.point_at_ratio_between(start, end, f64::from(part) / 2_000.0);
            let nearest = (0..=2_000).map(|part| Geodesic.distance(place, along(part))).fold(f64::INFINITY, f64::min);
            // Which point is nearest is found on the sphere, how far it is on the ellipsoid; samples are up to 10 km apart.
            prop_assert!(found <= nearest * 1.01 && found >= nearest * 0.99 - 5_100.0, "{found} {nearest}");
        }
    }
}
