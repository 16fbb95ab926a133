//! Well-known binary geometries (OGC 06-103r4, clause 8.2), with or without heights and measures.

use serde_json::{Value as Json, json};

use super::Convert;

/// Collections inside collections.
const DEPTH: u8 = 4;

/// The geometry of a GeoPackage (OGC 12-128r18, 2.1.3): a header, then WKB. `Some(None)` for an empty one.
pub(super) fn geopackage(blob: &[u8], convert: Convert<'_>) -> Option<Option<Json>> {
    let flags = *blob.strip_prefix(b"GP")?.get(1)?;
    let envelope = match flags >> 1 & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return None,
    };
    if flags & 0x10 != 0 {
        return Some(None);
    }
    let mut reader = Reader { bytes: blob.get(8 + envelope..)?, convert };
    reader.geometry(0).map(Some)
}

struct Reader<'b> {
    bytes: &'b [u8],
    convert: Convert<'b>,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }

    fn number(&mut self, little: bool) -> Option<u32> {
        let bytes = self.take()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn ordinate(&mut self, little: bool) -> Option<f64> {
        let bytes = self.take()?;
        Some(if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn geometry(&mut self, depth: u8) -> Option<Json> {
        let [order] = self.take()?;
        let little = order == 1;
        let kind = self.number(little)?;
        // Thousands, or the highest bits, say that there are heights and measures.
        let thousands = kind % 0x1000_0000 / 1000;
        let more = u32::from(matches!(thousands, 1 | 3) || kind & 0x8000_0000 != 0)
            + u32::from(matches!(thousands, 2 | 3) || kind & 0x4000_0000 != 0);
        let kind = kind % 0x1000_0000 % 1000;
        let (name, coordinates) = match kind {
            1 => ("Point", json!(self.position(little, more)?)),
            2 => ("LineString", json!(self.positions(little, more)?)),
            3 => ("Polygon", json!(self.rings(little, more)?)),
            4..=6 if depth < DEPTH => {
                let name = ["MultiPoint", "MultiLineString", "MultiPolygon"].get(kind as usize - 4)?;
                let parts = self.parts(little, depth)?;
                let coordinates: Option<Vec<Json>> =
                    parts.into_iter().map(|mut part| Some(part.get_mut("coordinates")?.take())).collect();
                (*name, Json::from(coordinates?))
            }
            7 if depth < DEPTH => {
                let parts = self.parts(little, depth)?;
                return Some(json!({"type": "GeometryCollection", "geometries": parts}));
            }
            _ => return None,
        };
        Some(json!({"type": name, "coordinates": coordinates}))
    }

    fn parts(&mut self, little: bool, depth: u8) -> Option<Vec<Json>> {
        let count = self.count(little, 5)?;
        (0..count).map(|_| self.geometry(depth + 1)).collect()
    }

    /// How many follow, each of at least so many bytes: more cannot be there.
    fn count(&mut self, little: bool, size: usize) -> Option<usize> {
        let count = self.number(little)? as usize;
        (count <= self.bytes.len() / size).then_some(count)
    }

    fn rings(&mut self, little: bool, more: u32) -> Option<Vec<Vec<[f64; 2]>>> {
        let count = self.count(little, 4)?;
        (0..count).map(|_| self.positions(little, more)).collect()
    }

    fn positions(&mut self, little: bool, more: u32) -> Option<Vec<[f64; 2]>> {
        let count = self.count(little, 16)?;
        (0..count).map(|_| self.position(little, more)).collect()
    }

    fn position(&mut self, little: bool, more: u32) -> Option<[f64; 2]> {
        let (x, y) = (self.ordinate(little)?, self.ordinate(little)?);
        for _ in 0..more {
            self.ordinate(little)?;
        }
        (self.convert)(x, y)
    }
}
