//! Geometries as RDF literals (GeoSPARQL 1.1, 8.5): `geo:wktLiteral` and `geo:geoJSONLiteral`.

use geo::{CoordsIter, Geometry, MapCoordsInPlace};
use oxigraph::model::{Literal, NamedNodeRef};
use wkt::TryFromWkt;

/// Well-known text, after the IRI of a reference system where it is not [`CRS84`].
pub const WKT_LITERAL: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://www.opengis.net/ont/geosparql#wktLiteral");
/// A GeoJSON geometry.
pub const GEOJSON_LITERAL: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://www.opengis.net/ont/geosparql#geoJSONLiteral");
/// Longitude and latitude, WGS 84. It is also what is meant by no reference system at all.
pub const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
/// WGS 84 too, but latitude first.
const EPSG_4326: &str = "http://www.opengis.net/def/crs/EPSG/0/4326";

/// How deep brackets may nest in well-known text: its reader recurses.
const MAX_DEPTH: usize = 32;

/// The geometry that a literal stands for, in longitude and latitude. `None` when it has another datatype or reference
/// system, or is no geometry.
pub fn parse(literal: &Literal) -> Option<Geometry<f64>> {
    if literal.datatype() == WKT_LITERAL {
        wkt(literal.value())
    } else if literal.datatype() == GEOJSON_LITERAL {
        ngsild::geometry::parse(&serde_json::from_str(literal.value()).ok()?).ok()
    } else {
        None
    }
}

/// The IRI of a literal's reference system, when it is one that is understood.
pub fn reference_system(literal: &Literal) -> Option<&str> {
    let (named, _) = split(literal.value());
    named.map_or(Some(CRS84), |named| (named == CRS84 || named == EPSG_4326).then_some(named))
}

/// The reference system that well-known text names, and the rest.
fn split(text: &str) -> (Option<&str>, &str) {
    let text = text.trim();
    match text.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((named, rest)) => (Some(named), rest.trim_start()),
        None => (None, text),
    }
}

fn wkt(text: &str) -> Option<Geometry<f64>> {
    let (named, text) = split(text);
    if nests_deeply(text) {
        return None;
    }
    let mut geometry: Geometry<f64> = Geometry::try_from_wkt_str(text).ok()?;
    match named {
        None | Some(CRS84) => {}
        Some(EPSG_4326) => geometry.map_coords_in_place(|c| geo::Coord { x: c.y, y: c.x }),
        Some(_) => return None,
    }
    // What computes with them relies on numbers being numbers.
    let computable = geometry.coords_iter().all(|c| c.x.is_finite() && c.y.is_finite());
    computable.then_some(geometry)
}

fn nests_deeply(text: &str) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Geometry<f64>> {
        parse(&Literal::new_typed_literal(text, WKT_LITERAL))
    }

    #[test]
    fn reference_systems_say_which_axis_comes_first() {
        let place = read("POINT(134.05 34.35)");
        assert!(place.is_some());
        for text in [
            "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT(134.05 34.35)",
            "<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(34.35 134.05)",
            "  <http://www.opengis.net/def/crs/EPSG/0/4326>POINT (34.35 134.05)",
        ] {
            assert_eq!(read(text), place, "{text}");
        }
        assert_eq!(read("<http://www.opengis.net/def/crs/EPSG/0/6677> POINT(1 2)"), None);
    }

    #[test]
    fn what_would_break_computing_is_no_geometry() {
        let deep = format!("{}POINT(1 1){}", "GEOMETRYCOLLECTION(".repeat(100_000), ")".repeat(100_000));
        for text in ["", "POINT(", "POINT(NaN 1)", "POINT(1 inf)", "POINT(1e999 1)", "<http://x POINT(1 1)", &deep] {
            assert_eq!(read(text), None, "{}", &text[..20.min(text.len())]);
        }
        assert_eq!(parse(&Literal::from("POINT(1 1)")), None);
    }
}
