//! GeoJSON geometries (4.7, RFC 7946): checked when they come in, kept as the JSON that was sent.

use geo::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde_json::Value;

use crate::error::{Error, Result};

/// How many positions one geometry may have: enough for a prefecture's coastline, too few to hold a worker.
pub const MAX_POSITIONS: usize = 200_000;

/// The geometry types that a GeoProperty may hold (4.7): all of GeoJSON's but GeometryCollection.
pub const TYPES: [&str; 6] = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"];

/// Whether a JSON value looks like a supported geometry: `type` is one of [`TYPES`] and `coordinates` is there (4.7.3).
pub fn is_geometry(value: &Value) -> bool {
    value.get("type").and_then(Value::as_str).is_some_and(|name| TYPES.contains(&name))
        && value.get("coordinates").is_some()
}

/// Reads a geometry given as a JSON object, or as that object serialised to a string (4.7).
///
/// # Errors
/// BadRequestData when the type is unknown, the nesting is wrong, a ring is open or too short, a coordinate is no
/// number or out of range (longitude -180 to 180, latitude -90 to 90), or there are over [`MAX_POSITIONS`] positions.
pub fn parse(value: &Value) -> Result<Geometry<f64>> {
    if let Value::String(text) = value {
        let inner: Value = serde_json::from_str(text)
            .map_err(|_| Error::bad_request("a GeoProperty given as a string must hold a GeoJSON geometry"))?;
        return if inner.is_object() { parse(&inner) } else { Err(not_a_geometry()) };
    }
    let name = value.get("type").and_then(Value::as_str).ok_or_else(not_a_geometry)?;
    let coordinates = value.get("coordinates").ok_or_else(not_a_geometry)?;
    from_parts(name, coordinates)
}

/// Reads a geometry from its type name and its `coordinates`, as geoqueries give them (4.10).
///
/// # Errors
/// As [`parse`].
pub fn from_parts(name: &str, coordinates: &Value) -> Result<Geometry<f64>> {
    let mut reader = Reader { positions: 0 };
    Ok(match name {
        "Point" => Geometry::Point(Point(reader.position(coordinates)?)),
        "MultiPoint" => Geometry::MultiPoint(MultiPoint(
            reader.list(coordinates, 0, Reader::position)?.into_iter().map(Point).collect(),
        )),
        "LineString" => Geometry::LineString(reader.line(coordinates)?),
        "MultiLineString" => Geometry::MultiLineString(MultiLineString(reader.list(coordinates, 0, Reader::line)?)),
        "Polygon" => Geometry::Polygon(reader.polygon(coordinates)?),
        "MultiPolygon" => Geometry::MultiPolygon(MultiPolygon(reader.list(coordinates, 0, Reader::polygon)?)),
        _ => return Err(not_a_geometry()),
    })
}

fn not_a_geometry() -> Error {
    Error::bad_request(format!("expected a GeoJSON geometry: 'type' one of {} and 'coordinates'", TYPES.join(", ")))
}

struct Reader {
    positions: usize,
}

impl Reader {
    fn list<T>(
        &mut self,
        value: &Value,
        at_least: usize,
        mut item: impl FnMut(&mut Self, &Value) -> Result<T>,
    ) -> Result<Vec<T>> {
        let items =
            value.as_array().ok_or_else(|| Error::bad_request("coordinates are not nested as the type asks"))?;
        if items.len() < at_least {
            return Err(Error::bad_request(format!("expected at least {at_least} positions, got {}", items.len())));
        }
        items.iter().map(|value| item(self, value)).collect()
    }

    fn position(&mut self, value: &Value) -> Result<Coord<f64>> {
        self.positions += 1;
        if self.positions > MAX_POSITIONS {
            return Err(Error::bad_request(format!("a geometry may have at most {MAX_POSITIONS} positions")));
        }
        let numbers = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let (Some(x), Some(y)) = (number(numbers, 0), number(numbers, 1)) else {
            return Err(Error::bad_request("a position is [longitude, latitude]"));
        };
        if numbers.len() > 3 || (numbers.len() == 3 && number(numbers, 2).is_none()) {
            return Err(Error::bad_request("a position is [longitude, latitude] or [longitude, latitude, altitude]"));
        }
        if !(-180.0..=180.0).contains(&x) || !(-90.0..=90.0).contains(&y) {
            return Err(Error::bad_request(format!(
                "[{x}, {y}] is outside longitude -180 to 180 and latitude -90 to 90 (longitude comes first)"
            )));
        }
        Ok(Coord { x, y })
    }

    fn line(&mut self, value: &Value) -> Result<LineString<f64>> {
        Ok(LineString(self.list(value, 2, Self::position)?))
    }

    fn ring(&mut self, value: &Value) -> Result<LineString<f64>> {
        let positions = self.list(value, 4, Self::position)?;
        if positions.first() != positions.last() {
            return Err(Error::bad_request("a polygon's ring must end where it starts"));
        }
        Ok(LineString(positions))
    }

    fn polygon(&mut self, value: &Value) -> Result<Polygon<f64>> {
        let mut rings = self.list(value, 1, Self::ring)?.into_iter();
        let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Ok(Polygon::new(exterior, rings.collect()))
    }
}

fn number(numbers: &[Value], at: usize) -> Option<f64> {
    numbers.get(at)?.as_f64().filter(|n| n.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_is_read() {
        for (name, coordinates) in [
            ("Point", json!([139.7, 35.6])),
            ("Point", json!([139.7, 35.6, 12])),
            ("MultiPoint", json!([[1, 2], [3, 4]])),
            ("LineString", json!([[1, 2], [3, 4]])),
            ("MultiLineString", json!([[[1, 2], [3, 4]]])),
            ("Polygon", json!([[[0, 0], [1, 0], [1, 1], [0, 0]]])),
            ("MultiPolygon", json!([[[[0, 0], [1, 0], [1, 1], [0, 0]]]])),
        ] {
            let value = json!({"type": name, "coordinates": coordinates});
            assert!(parse(&value).is_ok(), "{value}");
            assert!(parse(&Value::String(value.to_string())).is_ok(), "as a string: {value}");
        }
    }

    #[test]
    fn broken_geometries_are_refused() {
        for value in [
            json!({"type": "GeometryCollection", "geometries": []}),
            json!({"type": "Point"}),
            json!({"type": "Point", "coordinates": [1]}),
            json!({"type": "Point", "coordinates": ["1", "2"]}),
            json!({"type": "Point", "coordinates": [35.6, 139.7]}),
            json!({"type": "Point", "coordinates": [1, 2, 3, 4]}),
            json!({"type": "LineString", "coordinates": [[1, 2]]}),
            json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}),
            json!({"type": "Polygon", "coordinates": []}),
            json!({"type": "MultiPoint", "coordinates": [1, 2]}),
            json!("not json"),
            json!("[1, 2]"),
            json!(5),
        ] {
            assert!(parse(&value).is_err(), "{value}");
        }
    }
}
