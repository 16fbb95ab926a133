//! Rings of polygons that stand side by side in a file: which are holes, and in which.

use serde_json::{Value as Json, json};

type Ring = Vec<[f64; 2]>;

/// A Polygon or MultiPolygon. Outer rings run clockwise, holes the other way, as Shapefiles have it; GeoJSON has it the
/// other way round (RFC 7946, 3.1.6). `None` without a ring.
pub(super) fn polygon(rings: Vec<Ring>) -> Option<Json> {
    let (outer, holes): (Vec<Ring>, Vec<Ring>) =
        rings.into_iter().filter(|ring| ring.len() >= 4).partition(|ring| area(ring) <= 0.0);
    // A file that turns all its rings the wrong way has outer rings only.
    let (outer, holes) = if outer.is_empty() { (holes, outer) } else { (outer, holes) };
    let mut polygons: Vec<Vec<Ring>> = outer.into_iter().map(|ring| vec![turned(ring, true)]).collect();
    for hole in holes {
        let inside = |polygon: &&mut Vec<Ring>| {
            polygon.first().zip(hole.first()).is_some_and(|(ring, point)| contains(ring, *point))
        };
        let found = polygons.iter_mut().find(inside);
        match found {
            Some(polygon) => polygon.push(turned(hole, false)),
            // A hole in nothing is an outer ring that was turned the wrong way.
            None => polygons.push(vec![turned(hole, true)]),
        }
    }
    match polygons.len() {
        0 => None,
        1 => polygons.pop().map(|polygon| json!({"type": "Polygon", "coordinates": polygon})),
        _ => Some(json!({"type": "MultiPolygon", "coordinates": polygons})),
    }
}

/// Twice the area, positive against the clock.
fn area(ring: &Ring) -> f64 {
    ring.iter().zip(ring.iter().skip(1)).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

fn turned(mut ring: Ring, against_the_clock: bool) -> Ring {
    if (area(&ring) > 0.0) != against_the_clock {
        ring.reverse();
    }
    ring
}

/// Whether a point lies inside a ring: a ray from it crosses the ring an odd number of times.
fn contains(ring: &Ring, [x, y]: [f64; 2]) -> bool {
    let crosses = |(a, b): &(&[f64; 2], &[f64; 2])| {
        (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]
    };
    ring.iter().zip(ring.iter().skip(1)).filter(crosses).count() % 2 == 1
}
