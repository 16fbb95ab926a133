//! The grid: squares of longitude and latitude in seven sizes, each eight times the one before; the smallest is
//! 0.0014° (150 m), the largest the whole world.
//!
//! A point's home is its smallest cell. Any other geometry's home is the cell of its middle, in the smallest size that is
//! not smaller than itself; so it reaches over its cell by half a cell at most. Each geometry has one home: nothing is
//! found twice.

use geo::{BoundingRect, Geometry, Rect};
use ngsild::query::surroundings;
use oxigraph::model::NamedNode;

/// How many sizes there are.
const SIZES: u32 = 7;
/// How many times two a cell is larger than those of the size before.
const STEP: u32 = 3;
/// How many of the smallest cells there are around the Earth, as a power of two.
const AROUND: u32 = 18;
/// The width of the smallest cells, in degrees.
#[expect(clippy::cast_precision_loss, reason = "a power of two")]
const SMALLEST: f64 = 360.0 / (1_u64 << AROUND) as f64;
/// How many cells of one size a [`Cover`] may have.
const MOST: u64 = 100;
/// How many metres the grid is asked for at most: beyond that it says little, and rounding says much.
const FAR: f64 = 1_000_000.0;
/// The bit of [`Home::bit`] that stands for points.
const POINTS: u32 = SIZES;

/// Where a geometry is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Home {
    is_point: bool,
    size: u32,
    x: u64,
    y: u64,
}

impl Home {
    /// The home of what may be everywhere.
    pub(super) const EVERYWHERE: Self = Self { is_point: false, size: SIZES - 1, x: 0, y: 0 };

    /// The home of a geometry.
    pub(super) fn of(geometry: &Geometry<f64>) -> Self {
        if let Geometry::Point(point) = geometry {
            let rect = Rect::new(point.0, point.0);
            return match cells_of(rect) {
                Some((x, y)) => Self { is_point: true, size: 0, x: x.0, y: y.0 },
                None => Self::EVERYWHERE,
            };
        }
        // Distances are measured to great circles, which bulge out of the rectangle of the corners.
        let rects = surroundings(geometry, 0.0).unwrap_or_default();
        let ([rect], Some(plain)) = (rects.as_slice(), geometry.bounding_rect()) else { return Self::EVERYWHERE };
        if cells_of(plain).is_none() {
            return Self::EVERYWHERE;
        }
        let extent = rect.width().max(rect.height());
        let middle = Rect::new(rect.center(), rect.center());
        match ((0..SIZES).find(|size| width(*size) >= extent), cells_of(middle)) {
            (Some(size), Some((x, y))) => {
                Self { is_point: false, size, x: x.0 >> (STEP * size), y: y.0 >> (STEP * size) }
            }
            _ => Self::EVERYWHERE,
        }
    }

    /// The node of a home.
    pub(super) fn node(self) -> NamedNode {
        let Self { is_point, size, x, y } = self;
        name("home", is_point, size, x, y)
    }

    /// The cells that it lies in, as nodes; for those that are no points, the home itself too.
    pub(super) fn cells(self) -> Vec<NamedNode> {
        let Self { is_point, size, x, y } = self;
        let cell = |up: u32| name("cell", is_point, up, x >> (STEP * (up - size)), y >> (STEP * (up - size)));
        let own = (!is_point).then(|| self.node());
        (size..SIZES).map(cell).chain(own).collect()
    }

    /// The bit for homes of its kind in the levels of the index.
    pub(super) fn bit(self) -> i64 {
        1 << if self.is_point { POINTS } else { self.size }
    }
}

fn name(what: &str, is_point: bool, size: u32, x: u64, y: u64) -> NamedNode {
    let kind = if is_point { 'p' } else { 's' };
    NamedNode::new_unchecked(format!("urn:hiroba:sparql:{what}:{kind}{size}.{x}.{y}"))
}

fn width(size: u32) -> f64 {
    SMALLEST * f64::from(1_u32 << (STEP * size))
}

/// From the first to the last.
type Span = (u64, u64);

/// The smallest cells that a rectangle touches, from west to east and from south to north. `None` when it does not lie
/// between the longitudes -180 and 180 and the latitudes -90 and 90.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the grid")]
fn cells_of(rect: Rect<f64>) -> Option<(Span, Span)> {
    let (west, south) = rect.min().x_y();
    let (east, north) = rect.max().x_y();
    if !(west >= -180.0 && east <= 180.0 && south >= -90.0 && north <= 90.0) {
        return None;
    }
    let x = |x: f64| (((x + 180.0) / SMALLEST).floor() as u64).min(last(AROUND, 0));
    let y = |y: f64| (((y + 90.0) / SMALLEST).floor() as u64).min(last(AROUND - 1, 0));
    Some(((x(west), x(east)), (y(south), y(north))))
}

/// The cells of one size that a place and its surroundings touch: the size is as small as [`MOST`] permits. Written as
/// a number, because Oxigraph computes with numbers faster than with texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    size: u32,
    x: Span,
    y: Span,
}

impl Cover {
    /// The whole world.
    const EVERYTHING: Self = Self { size: SIZES - 1, x: (0, 0), y: (0, 0) };

    /// What may be within so many metres of a geometry; without metres, what may share a point with it on the plane of
    /// longitude and latitude.
    pub fn of(geometry: &Geometry<f64>, metres: Option<f64>) -> Self {
        let rects = match metres {
            Some(metres) if metres > FAR => return Self::EVERYTHING,
            Some(metres) => surroundings(geometry, metres.max(0.0)).unwrap_or_default(),
            None => geometry.bounding_rect().into_iter().collect(),
        };
        // Two of them, around the antimeridian, are rare where people live.
        let [rect] = rects.as_slice() else { return Self::EVERYTHING };
        let Some((x, y)) = cells_of(*rect) else { return Self::EVERYTHING };
        let shrink = |span: Span, size: u32| (span.0 >> (STEP * size), span.1 >> (STEP * size));
        (0..SIZES)
            .map(|size| Self { size, x: shrink(x, size), y: shrink(y, size) })
            .find(|cover| count(cover.x) * count(cover.y) <= MOST)
            .unwrap_or(Self::EVERYTHING)
    }

    /// The number that stands for it.
    #[expect(clippy::cast_possible_wrap, reason = "53 bits")]
    pub fn number(self) -> i64 {
        let Self { size, x, y } = self;
        ((((((u64::from(size) << 18) | x.0) << 18) | y.0) << 7 | (x.1 - x.0)) << 7 | (y.1 - y.0)) as i64
    }

    /// The cover that a number stands for.
    pub fn from_number(number: i64) -> Option<Self> {
        let number = u64::try_from(number).ok()?;
        let part = |shift: u32, bits: u32| (number >> shift) & ((1 << bits) - 1);
        let (x, y) = (part(32, 18), part(14, 18));
        let size = u32::try_from(number >> 50).ok().filter(|size| *size < SIZES)?;
        let cover = Self { size, x: (x, x + part(7, 7)), y: (y, y + part(0, 7)) };
        // Others may call the function that reads it.
        (cover.x.1 <= last(AROUND, size) && cover.y.1 <= last(AROUND - 1, size)).then_some(cover)
    }

    /// The groups of cells and homes where to look, when the homes of these levels are in use.
    fn groups(self, levels: i64) -> Vec<Group> {
        let used = |bit: u32| levels & (1 << bit) != 0;
        let mut groups = Vec::new();
        if used(POINTS) {
            groups.push(Group { what: "cell", is_point: true, size: self.size, x: self.x, y: self.y });
        }
        if (0..=self.size).any(used) {
            let x = wider(self.x, 1, self.size, AROUND);
            let y = wider(self.y, 1, self.size, AROUND - 1);
            groups.push(Group { what: "cell", is_point: false, size: self.size, x, y });
        }
        for size in (self.size + 1..SIZES).filter(|size| used(*size)) {
            // In units of this cover's cells: half a cell of that size on each side.
            let factor = STEP * (size - self.size);
            let half = 1_u64 << (factor - 1);
            let larger = |span: Span, around: u32| {
                let (from, to) = wider(span, half, self.size, around);
                (from >> factor, to >> factor)
            };
            let (x, y) = (larger(self.x, AROUND), larger(self.y, AROUND - 1));
            groups.push(Group { what: "home", is_point: false, size, x, y });
        }
        groups
    }
}

/// A span with so many cells more on each side, within the grid.
fn wider(span: Span, by: u64, size: u32, around: u32) -> Span {
    (span.0.saturating_sub(by), (span.1 + by).min(last(around, size)))
}

/// The last of so many cells in a row, as a power of two of the smallest.
fn last(around: u32, size: u32) -> u64 {
    ((1_u64 << around) - 1) >> (STEP * size)
}

fn count(span: Span) -> u64 {
    span.1 - span.0 + 1
}

/// Cells or homes of one kind and size.
struct Group {
    what: &'static str,
    is_point: bool,
    size: u32,
    x: Span,
    y: Span,
}

/// The nodes where to look for what a cover may hold: how many there are, and the one at `place`.
pub fn keys(cover: Cover, levels: i64, place: u64) -> (u64, Option<NamedNode>) {
    let mut before = 0;
    let mut found = None;
    for Group { what, is_point, size, x, y } in cover.groups(levels) {
        let (across, up) = (count(x), count(y));
        if place >= before && place < before + across * up {
            let place = place - before;
            found = Some(name(what, is_point, size, x.0 + place % across, y.0 + place / across));
        }
        before += across * up;
    }
    (before, found)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use geo::line_measures::Destination;
    use geo::{Geodesic, Intersects, LineString, Point, Polygon, coord};
    use ngsild::query::metres_between;
    use proptest::prelude::*;

    use super::*;

    /// Whether the index finds a geometry in a cover.
    fn is_found(geometry: &Geometry<f64>, cover: Cover) -> bool {
        let home = Home::of(geometry);
        let cells: HashSet<NamedNode> = home.cells().into_iter().collect();
        let again = Cover::from_number(cover.number()).unwrap();
        assert_eq!(again, cover);
        // With more kinds of homes in use than its own it is found just as often: once.
        let found = [home.bit(), 0xff].map(|levels| {
            let all = keys(cover, levels, 0).0;
            assert!(all <= 512, "{cover:?} has {all} keys");
            (0..all).filter(|place| cells.contains(&keys(cover, levels, *place).1.unwrap())).count()
        });
        assert!(found[0] == found[1] && found[0] <= 1, "{geometry:?} {cover:?}: {found:?}");
        found[0] == 1
    }

    fn place() -> impl Strategy<Value = Point<f64>> {
        prop_oneof![
            (133.0..135.0_f64, 34.0..35.0_f64),
            (-180.0..180.0_f64, -90.0..90.0_f64),
            (prop_oneof![-180.0..-179.9_f64, 179.9..180.0_f64, Just(180.0), Just(-180.0)], -80.0..80.0_f64),
            (-180.0..180.0_f64, prop_oneof![-90.0..-89.9_f64, 89.9..90.0_f64, Just(90.0)]),
        ]
        .prop_map(Point::from)
    }

    /// A geometry near a place.
    fn near(at: Point<f64>, shape: usize, reach: f64) -> Geometry<f64> {
        let corner = |dx: f64, dy: f64| {
            coord! { x: (at.x() + dx * reach).clamp(-180.0, 180.0), y: (at.y() + dy * reach).clamp(-90.0, 90.0) }
        };
        let ring = vec![corner(-1.0, -1.0), corner(1.0, -0.5), corner(0.5, 1.0), corner(-1.0, -1.0)];
        match shape {
            0 => Geometry::Point(at),
            1 => Geometry::LineString(LineString::new(vec![corner(-1.0, 0.3), corner(1.0, -0.3)])),
            _ => Geometry::Polygon(Polygon::new(LineString::new(ring), Vec::new())),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn whatever_is_near_is_found(
            at in place(), shapes in (0..3_usize, 0..3_usize), reach in (-5.0..1.6_f64, -5.0..1.6_f64),
            bearing in 0.0..360.0_f64, metres in -1.0..6.5_f64,
        ) {
            let metres = 10_f64.powf(metres);
            let other = Geodesic.destination(at, bearing, metres);
            let here = near(at, shapes.0, 10_f64.powf(reach.0));
            let there = near(other, shapes.1, 10_f64.powf(reach.1));
            let distance = metres_between(&here, &there);
            // As far as it is, and a little less.
            prop_assert!(is_found(&there, Cover::of(&here, Some(distance))), "{here:?} {there:?} {distance}");
            if here.intersects(&there) {
                prop_assert!(is_found(&there, Cover::of(&here, None)), "{here:?} {there:?}");
            }
        }
    }

    #[test]
    fn little_else_is_found() {
        let point = |x: f64, y: f64| Geometry::Point(Point::new(x, y));
        let cover = Cover::of(&point(134.05, 34.35), Some(300.0));
        assert!(is_found(&point(134.052, 34.351), cover));
        for (x, y) in [(134.06, 34.35), (134.05, 34.36), (-134.05, 34.35), (134.05, -34.35)] {
            assert!(!is_found(&point(x, y), cover), "{x} {y}");
        }
        let (all, _) = keys(cover, Home::of(&point(0.0, 0.0)).bit(), 0);
        assert!(all <= 36, "{all}");
    }

    #[test]
    fn what_lies_nowhere_on_the_grid_is_everywhere() {
        let odd = Geometry::Point(Point::new(190.0, 12.0));
        assert!(is_found(&odd, Cover::of(&Geometry::Point(Point::new(0.0, 0.0)), Some(1.0))));
        assert!(is_found(&Geometry::Point(Point::new(5.0, 5.0)), Cover::of(&odd, Some(1.0))));
        assert!(is_found(
            &Geometry::Polygon(Polygon::new(LineString::new(Vec::new()), Vec::new())),
            Cover::of(&odd, None)
        ));
        assert_eq!(Cover::from_number(-1), None);
        assert_eq!(Cover::from_number(i64::MAX), None);
    }
}
