//! Geoqueries (4.10, 5.2.13).
//!
//! Relations are those of OGC simple features, computed on longitude and latitude as plane coordinates, as GIS
//! databases do for geometries in EPSG:4326. Distances are metres on the WGS 84 ellipsoid.

use std::fmt;
use std::str::FromStr;

use geo::{BoundingRect, Contains, Coord, CoordsIter, Geometry, Intersects, Point, Rect, Relate};
use hiroba_vocab::Iri;
use serde_json::Value;

use super::nearest::distance;
use crate::entity::{AttributeValue, Entity};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry;
use crate::time::DateTime;

/// How many positions a reference may have: more than any city's border, and where distances to it are measured.
const MAX_COMPARED: usize = 20_000;
pub(super) const MAX_MEASURED: usize = 1_000;

/// The relations of a geoquery: *target relation reference*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Georel {
    /// The target lies within this many metres of the reference.
    NearMax(f64),
    /// The target lies wholly beyond this many metres of the reference.
    NearMin(f64),
    /// The target is inside the reference.
    Within,
    /// The reference is inside the target.
    Contains,
    /// They share some interior, but neither contains the other, and have the same dimension.
    Overlaps,
    /// They share a point.
    Intersects,
    /// They are the same set of points.
    Equals,
    /// They share no point.
    Disjoint,
}

/// A geoquery.
#[derive(Debug, Clone)]
pub struct GeoQuery {
    /// The relation.
    pub georel: Georel,
    /// The reference geometry.
    pub reference: Geometry<f64>,
    /// The attribute that holds the target, expanded.
    pub property: Iri,
}

impl GeoQuery {
    /// A geoquery from its parts: `coordinates` as a JSON array, or as text that holds one.
    ///
    /// # Errors
    /// BadRequestData with the parameter that is wrong; TooComplexQuery when there are too many coordinates.
    pub fn new(georel: &str, geometry: &str, coordinates: &Value, property: Iri) -> Result<Self> {
        let parsed;
        let coordinates = match coordinates {
            Value::String(text) => {
                parsed = serde_json::from_str(text)
                    .map_err(|_| Error::bad_request("'coordinates' is not a JSON array").at("coordinates"))?;
                &parsed
            }
            value => value,
        };
        let reference = geometry::from_parts(geometry, coordinates).map_err(|e| {
            let at = if geometry::TYPES.contains(&geometry) { "coordinates" } else { "geometry" };
            e.at(at)
        })?;
        let georel = georel.parse()?;
        let most = if matches!(georel, Georel::NearMax(_) | Georel::NearMin(_)) { MAX_MEASURED } else { MAX_COMPARED };
        check_positions(&reference, most).map_err(|e| e.at("coordinates"))?;
        Ok(Self { georel, reference, property })
    }

    /// Whether at least one valid instance of the attribute stands in the relation.
    pub fn matches(&self, entity: &Entity, now: DateTime) -> bool {
        let Some(instances) = entity.attributes.get(&self.property) else { return false };
        instances.iter().filter(|instance| !instance.is_expired(now)).any(|instance| match &instance.is {
            AttributeValue::GeoProperty(value) => geometry::parse(value).is_ok_and(|target| self.relates(&target)),
            _ => false,
        })
    }

    /// Whether a target stands in the relation to the reference. Points are by far the most common targets, and the general
    /// relation costs a hundred times as much.
    pub fn relates(&self, target: &Geometry<f64>) -> bool {
        match self.georel {
            Georel::NearMax(metres) => furthest(target, &self.reference) <= metres,
            Georel::NearMin(metres) => metres_between(target, &self.reference) > metres,
            Georel::Within => match target {
                Geometry::Point(point) => self.reference.contains(point),
                _ => target.relate(&self.reference).is_within(),
            },
            Georel::Contains => self.may_be_in(target) && target.relate(&self.reference).is_contains(),
            Georel::Overlaps => !is_point(target) && target.relate(&self.reference).is_overlaps(),
            Georel::Intersects => target.intersects(&self.reference),
            Georel::Equals => self.may_be_in(target) && target.relate(&self.reference).is_equal_topo(),
            Georel::Disjoint => !target.intersects(&self.reference),
        }
    }

    /// Whether the reference may be inside of a target: if that is a point, the reference must be there and nowhere else.
    fn may_be_in(&self, target: &Geometry<f64>) -> bool {
        match target {
            Geometry::Point(point) => self.reference.coords_iter().all(|position| position == point.0),
            _ => true,
        }
    }

    /// Rectangles such that every target in the relation touches at least one of them. `None` when the relation does
    /// not bound the target.
    pub fn bounds(&self) -> Option<Vec<Rect<f64>>> {
        match self.georel {
            Georel::NearMin(_) | Georel::Disjoint => None,
            Georel::NearMax(metres) => surroundings(&self.reference, metres),
            _ => Some(vec![self.reference.bounding_rect()?]),
        }
    }
}

/// Rectangles of longitudes and latitudes that hold every point within `metres` of a geometry, whose lines are great
/// circles: one; two where they cross the antimeridian. `None` when the geometry is empty.
pub fn surroundings(geometry: &Geometry<f64>, metres: f64) -> Option<Vec<Rect<f64>>> {
    Some(widened(bulged(geometry.bounding_rect()?), metres))
}

/// A rectangle that holds the great circles between all points of a rectangle: distances are measured to these, which
/// run nearer to the poles than the parallel does, and across the antimeridian where that is shorter.
fn bulged(rect: Rect<f64>) -> Rect<f64> {
    if rect.width() >= 180.0 {
        return Rect::new(Coord { x: -180.0, y: -90.0 }, Coord { x: 180.0, y: 90.0 });
    }
    // The highest of them ends where two sides meet the same parallel, and is highest in the middle between them.
    let half = (rect.width() / 2.0).to_radians().cos();
    let bulge = |latitude: f64| (latitude.to_radians().tan() / half).atan().to_degrees();
    let south = if rect.min().y < 0.0 { bulge(rect.min().y).min(rect.min().y) } else { rect.min().y };
    let north = if rect.max().y > 0.0 { bulge(rect.max().y).max(rect.max().y) } else { rect.max().y };
    Rect::new(Coord { x: rect.min().x, y: south }, Coord { x: rect.max().x, y: north })
}

/// A rectangle and everything within `metres` of it: two rectangles where it crosses the antimeridian, the whole
/// parallel where it reaches a pole.
fn widened(rect: Rect<f64>, metres: f64) -> Vec<Rect<f64>> {
    // A degree of latitude is at least 110,574 m; one per cent more covers the ellipsoid and rounding.
    let degrees = metres * 1.01 / 110_574.0 + 1e-9;
    let south = (rect.min().y - degrees).max(-90.0);
    let north = (rect.max().y + degrees).min(90.0);
    let widest = if south <= -90.0 || north >= 90.0 { 90.0 } else { south.abs().max(north.abs()) };
    let across = degrees / widest.to_radians().cos();
    let (west, east) = (rect.min().x - across, rect.max().x + across);
    let strip = |west: f64, east: f64| Rect::new(Coord { x: west, y: south }, Coord { x: east, y: north });
    if !across.is_finite() || across >= 180.0 || east - west >= 360.0 || widest >= 90.0 {
        return vec![strip(-180.0, 180.0)];
    }
    let mut strips = vec![strip(west.max(-180.0), east.min(180.0))];
    if west <= -180.0 {
        strips.push(strip(west + 360.0, 180.0));
    }
    if east >= 180.0 {
        strips.push(strip(-180.0, east - 360.0));
    }
    strips
}

/// Metres from the reference to the part of the target that is furthest from it: the target is within the buffer
/// (4.10) when this is small enough.
fn furthest(target: &Geometry<f64>, reference: &Geometry<f64>) -> f64 {
    target.coords_iter().map(|coord| distance(Point(coord), reference)).fold(0.0, f64::max)
}

/// Metres between the nearest parts of two geometries, 0 where they touch: a target is disjoint with the buffer when
/// this is large enough. Infinite when one of them is empty.
pub fn metres_between(target: &Geometry<f64>, reference: &Geometry<f64>) -> f64 {
    if let Geometry::Point(point) = target {
        return distance(*point, reference);
    }
    if target.intersects(reference) {
        return 0.0;
    }
    let from_target = target.coords_iter().map(|coord| distance(Point(coord), reference));
    let from_reference = reference.coords_iter().map(|coord| distance(Point(coord), target));
    from_target.chain(from_reference).fold(f64::INFINITY, f64::min)
}

fn is_point(geometry: &Geometry<f64>) -> bool {
    matches!(geometry, Geometry::Point(_))
}

/// # Errors
/// TooComplexQuery when a geometry that others are compared with has more positions than that.
pub(super) fn check_positions(geometry: &Geometry<f64>, most: usize) -> Result<()> {
    let positions = geometry.coords_count();
    if positions <= most {
        return Ok(());
    }
    let detail =
        format!("places are compared with at most {most} positions, here are {positions}: simplify the geometry");
    Err(Error::new(ErrorKind::TooComplexQuery, detail))
}

impl FromStr for Georel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let near = |text: &str| -> Option<Self> {
            let (limit, metres) = text.strip_prefix("near;")?.split_once("==")?;
            let metres: f64 = metres.parse().ok().filter(|metres: &f64| metres.is_finite() && *metres >= 0.0)?;
            match limit {
                "maxDistance" => Some(Self::NearMax(metres)),
                "minDistance" => Some(Self::NearMin(metres)),
                _ => None,
            }
        };
        Ok(match text {
            "within" => Self::Within,
            "contains" => Self::Contains,
            "overlaps" => Self::Overlaps,
            "intersects" => Self::Intersects,
            "equals" => Self::Equals,
            "disjoint" => Self::Disjoint,
            other => near(other).ok_or_else(|| {
                Error::bad_request(
                    "georel is one of near;maxDistance==METRES, near;minDistance==METRES, within, contains, overlaps, \
                     intersects, equals, disjoint",
                )
                .at("georel")
            })?,
        })
    }
}

impl fmt::Display for Georel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NearMax(metres) => write!(f, "near;maxDistance=={metres}"),
            Self::NearMin(metres) => write!(f, "near;minDistance=={metres}"),
            Self::Within => f.write_str("within"),
            Self::Contains => f.write_str("contains"),
            Self::Overlaps => f.write_str("overlaps"),
            Self::Intersects => f.write_str("intersects"),
            Self::Equals => f.write_str("equals"),
            Self::Disjoint => f.write_str("disjoint"),
        }
    }
}

#[cfg(test)]
mod tests {
    use geo::Geodesic;
    use geo::line_measures::Destination;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn query(georel: &str, geometry: &str, coordinates: Value) -> GeoQuery {
        GeoQuery::new(georel, geometry, &coordinates, Iri::from_expanded("p")).unwrap()
    }

    fn target(geometry: &str, coordinates: Value) -> Geometry<f64> {
        geometry::from_parts(geometry, &coordinates).unwrap()
    }

    /// What is near a long line may lie outside the rectangle of its ends.
    #[test]
    fn bounds_follow_great_circles() {
        let mut found = 0;
        for (line, near) in [
            (json!([[-148.25, -29.24], [139.0, 35.0]]), [180.0, 0.0]),
            (json!([[-60.0, 50.0], [60.0, 50.0]]), [0.0, 67.2]),
            (json!([[-60.0, -50.0], [60.0, -50.0]]), [0.0, -67.2]),
            (json!([[0.0, 50.0], [60.0, -50.0]]), [30.0, 0.0]),
        ] {
            let query = query("near;maxDistance==396461", "LineString", line.clone());
            let point = Point::new(near[0], near[1]);
            found += usize::from(query.relates(&Geometry::Point(point)));
            let bounds = query.bounds().unwrap();
            assert!(bounds.iter().any(|rect| rect.intersects(&point)), "{line}: {bounds:?}");
        }
        assert!(found > 0, "lines are great circles");
    }

    #[test]
    fn relations_read_target_relation_reference() {
        let square = json!([[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]);
        let shifted = json!([[[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]]);
        for (georel, reference, shape, coordinates, expected) in [
            ("within", &square, "Point", json!([1, 1]), true),
            ("within", &square, "Point", json!([2, 1]), false),
            ("intersects", &square, "Point", json!([2, 1]), true),
            ("disjoint", &square, "Point", json!([2, 1]), false),
            ("disjoint", &square, "Point", json!([5, 5]), true),
            ("overlaps", &square, "Polygon", shifted, true),
            ("overlaps", &square, "Polygon", square.clone(), false),
            ("equals", &square, "Polygon", json!([[[2, 0], [2, 2], [0, 2], [0, 0], [2, 0]]]), true),
            ("contains", &square, "Polygon", json!([[[-1, -1], [3, -1], [3, 3], [-1, 3], [-1, -1]]]), true),
            ("contains", &square, "Point", json!([1, 1]), false),
        ] {
            let query = query(georel, "Polygon", reference.clone());
            assert_eq!(query.relates(&target(shape, coordinates.clone())), expected, "{shape} {coordinates} {georel}");
        }
    }

    #[test]
    fn near_measures_metres_on_the_ellipsoid() {
        let tokyo = json!([139.767, 35.681]);
        for (georel, coordinates, expected) in [
            ("near;maxDistance==1000", json!([139.767, 35.689]), true),
            ("near;maxDistance==800", json!([139.767, 35.689]), false),
            ("near;minDistance==800", json!([139.767, 35.689]), true),
            ("near;maxDistance==0", json!([139.767, 35.681]), true),
        ] {
            assert_eq!(
                query(georel, "Point", tokyo.clone()).relates(&target("Point", coordinates)),
                expected,
                "{georel}"
            );
        }
        let across = query("near;maxDistance==20000", "Point", json!([179.95, 0]));
        assert!(across.relates(&target("Point", json!([-179.95, 0]))), "the antimeridian is no border");
    }

    #[test]
    fn bad_parts_are_named() {
        let of = |georel: &str, geometry: &str, coordinates: &str| {
            GeoQuery::new(georel, geometry, &Value::from(coordinates), Iri::from_expanded("p")).unwrap_err().at
        };
        assert_eq!(of("near", "Point", "[1,2]").as_deref(), Some("georel"));
        assert_eq!(of("near;maxDistance==-1", "Point", "[1,2]").as_deref(), Some("georel"));
        assert_eq!(of("within", "Circle", "[1,2]").as_deref(), Some("geometry"));
        assert_eq!(of("within", "Point", "[1").as_deref(), Some("coordinates"));
        assert_eq!(of("within", "Polygon", "[[[1,2],[3,4]]]").as_deref(), Some("coordinates"));
    }

    #[test]
    fn references_have_as_many_positions_as_can_be_compared() {
        for (georel, positions, expected) in [
            ("intersects", 20_000, true),
            ("intersects", 20_001, false),
            ("near;minDistance==1", 1_000, true),
            ("near;minDistance==1", 1_001, false),
        ] {
            let coordinates = json!(vec![[0, 0]; positions]);
            let outcome = GeoQuery::new(georel, "MultiPoint", &coordinates, Iri::from_expanded("p"));
            assert_eq!(outcome.is_ok(), expected, "{georel} {positions}");
            assert!(outcome.err().is_none_or(|error| error.kind == ErrorKind::TooComplexQuery));
        }
    }

    /// Points are compared in a shorter way; it must mean the same.
    #[test]
    fn points_stand_in_the_relations_that_the_general_relation_finds() {
        let shapes = [
            ("Point", json!([1, 1])),
            ("Point", json!([2, 1])),
            ("MultiPoint", json!([[1, 1], [1, 1]])),
            ("MultiPoint", json!([[1, 1], [2, 1]])),
            ("LineString", json!([[1, 1], [1, 1]])),
            ("LineString", json!([[0, 0], [2, 2]])),
            ("MultiLineString", json!([[[0, 1], [2, 1]], [[0, 2], [2, 2]]])),
            ("Polygon", json!([[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]])),
            ("MultiPolygon", json!([[[[1, 1], [2, 0], [2, 2], [1, 1]]]])),
        ];
        for (name, coordinates) in &shapes {
            let of = |georel: &str| query(georel, name, coordinates.clone());
            for point in [json!([1, 1]), json!([2, 1]), json!([9, 9])] {
                let point = target("Point", point);
                let general = point.relate(&of("within").reference);
                assert_eq!(of("contains").relates(&point), general.is_contains(), "{name} {coordinates} in {point:?}");
                assert_eq!(of("equals").relates(&point), general.is_equal_topo(), "{name} {coordinates} is {point:?}");
                assert_eq!(of("overlaps").relates(&point), general.is_overlaps(), "{name} {coordinates} and {point:?}");
                assert_eq!(of("within").relates(&point), general.is_within(), "{point:?} in {name} {coordinates}");
            }
        }
    }

    proptest! {
        /// The rectangles that databases are asked for hold everything near, at the poles and the antimeridian too.
        #[test]
        fn bounds_hold_every_near_point(
            x in -180.0..180.0_f64, y in -90.0..90.0_f64, bearing in 0.0..360.0_f64, metres in 0.0..2_000_000.0_f64
        ) {
            let query = query(&format!("near;maxDistance=={metres}"), "Point", json!([x, y]));
            let near = Geodesic.destination(Point::new(x, y), bearing, metres * 0.999);
            let inside = query.bounds().unwrap().iter().any(|rect| rect.intersects(&near));
            prop_assert!(inside, "{near:?} is near {x} {y} but outside {:?}", query.bounds());
        }

        #[test]
        fn georels_are_read_as_they_are_written(metres in 0.0..1e7_f64) {
            for georel in [Georel::NearMax(metres), Georel::NearMin(metres), Georel::Within, Georel::Disjoint] {
                prop_assert_eq!(georel.to_string().parse::<Georel>().unwrap(), georel);
            }
        }
    }
}
