//! How much the lines of geometries cross. What takes seconds is not a long coast but lines that cross one another again and
//! again: each crossing is a position of the outcome.

use geo::{BoundingRect, CoordsIter, Geometry, Line, LinesIter, Point, Rect};

/// How many pairs of lines may come near one another. A square of 700 lines each way has as many, and takes a second or two.
const MAX_NEAR: usize = 500_000;
/// How many pairs are looked at to find out.
const MAX_LOOKED_AT: usize = 50_000_000;

/// Whether computing with these geometries would take too long. Lines are near when their boxes are, or come to be when all
/// grow by `by` on each side.
pub(super) fn is_tangled<'g>(geometries: impl IntoIterator<Item = &'g Geometry<f64>>, by: f64) -> bool {
    let mut boxes = Vec::new();
    for geometry in geometries {
        add_boxes(geometry, by, &mut boxes);
    }
    if boxes.len() * boxes.len().saturating_sub(1) / 2 <= MAX_NEAR {
        return false;
    }
    boxes.sort_unstable_by(|a, b| a.min().x.total_cmp(&b.min().x));
    let (mut near, mut looked_at) = (0, 0);
    for (at, a) in boxes.iter().enumerate() {
        for b in boxes.iter().skip(at + 1).take_while(|b| b.min().x <= a.max().x) {
            looked_at += 1;
            near += usize::from(a.min().y <= b.max().y && b.min().y <= a.max().y);
        }
        if near > MAX_NEAR || looked_at > MAX_LOOKED_AT {
            return true;
        }
    }
    false
}

fn add_boxes(geometry: &Geometry<f64>, by: f64, boxes: &mut Vec<Rect<f64>>) {
    let grown =
        |rect: Rect<f64>| Rect::new((rect.min().x - by, rect.min().y - by), (rect.max().x + by, rect.max().y + by));
    let of = |line: Line<f64>| grown(line.bounding_rect());
    // Lines without length, as of somebody who waits, cross nothing either.
    let counts = |line: &Line<f64>| by > 0.0 || line.start != line.end;
    match geometry {
        Geometry::LineString(line) => boxes.extend(line.lines_iter().filter(counts).map(of)),
        Geometry::MultiLineString(lines) => boxes.extend(lines.lines_iter().filter(counts).map(of)),
        Geometry::Polygon(polygon) => boxes.extend(polygon.lines_iter().filter(counts).map(of)),
        Geometry::MultiPolygon(polygons) => boxes.extend(polygons.lines_iter().filter(counts).map(of)),
        Geometry::GeometryCollection(parts) => parts.iter().for_each(|part| add_boxes(part, by, boxes)),
        // Points cross nothing, as long as they do not grow.
        _ if by > 0.0 => boxes.extend(geometry.coords_iter().map(|c| grown(Point(c).bounding_rect()))),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use geo::{LineString, MultiPoint, Polygon};

    use super::*;

    /// Teeth from one side of a square to the other.
    fn comb(teeth: u32, upright: bool) -> Geometry<f64> {
        let at = |n: u32| (f64::from(n) / f64::from(teeth), f64::from(n % 2));
        let turned = |(x, y)| if upright { (x, y) } else { (y, x) };
        Polygon::new((0..teeth).map(at).chain([(1.0, 2.0)]).map(turned).collect(), Vec::new()).into()
    }

    fn circle(positions: u32, x: f64) -> Geometry<f64> {
        let at = |n: u32| (f64::from(n) / f64::from(positions) * TAU).sin_cos();
        Polygon::new((0..positions).map(at).map(|(sin, cos)| (cos + x, sin)).collect(), Vec::new()).into()
    }

    #[test]
    fn long_borders_are_not_tangled_and_combs_are() {
        for (expected, geometries, by) in [
            (false, vec![circle(30_000, 0.0), circle(30_000, 0.1)], 0.0),
            (false, vec![circle(30_000, 0.0), circle(30_000, 0.0)], 0.0),
            (false, vec![comb(100, true), comb(100, false)], 0.0),
            (true, vec![comb(1_000, true), comb(1_000, false)], 0.0),
            (false, vec![comb(20_000, true), comb(20_000, true)], 0.0),
            (false, vec![circle(10_000, 0.0)], 0.001),
            (true, vec![circle(10_000, 0.0)], 1.0),
            (false, vec![MultiPoint::from(vec![(0.0, 0.0); 5_000]).into()], 0.0),
            (true, vec![MultiPoint::from(vec![(0.0, 0.0); 5_000]).into()], 1.0),
            (false, vec![LineString::from(vec![[0.0, 0.0]; 5_000]).into()], 0.0),
            (true, vec![LineString::from([[0.0, 0.0], [1.0, 1.0]].repeat(1_000)).into()], 0.0),
        ] {
            assert_eq!(is_tangled(&geometries, by), expected, "{}", geometries[0].coords_count());
        }
    }
}
