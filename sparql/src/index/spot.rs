//! Where exactly a point is, as a number.

use geo::{Geometry, Point};
use ngsild::query::metres_between;

/// Parts of a degree that are told apart, about a centimetre.
const PARTS: f64 = 1e7;
/// How many metres rounding may make a distance longer or shorter, and much more.
const ROUNDING: f64 = 0.1;

/// A point, rounded to a centimetre; or nothing, for what is no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot(Option<(u32, u32)>);

impl Spot {
    /// What stands for several geometries, or for none.
    pub const UNKNOWN: Self = Self(None);

    /// The spot of a geometry.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the ranges")]
    pub fn of(geometry: &Geometry<f64>) -> Self {
        match geometry {
            Geometry::Point(point) if point.x().abs() <= 180.0 && point.y().abs() <= 90.0 => {
                let part = |degrees: f64| (degrees * PARTS).round() as u32;
                Self(Some((part(point.x() + 180.0), part(point.y() + 90.0))))
            }
            _ => Self::UNKNOWN,
        }
    }

    /// The number that stands for it.
    pub fn number(self) -> i64 {
        self.0.map_or(-1, |(x, y)| (i64::from(x) << 31) | i64::from(y))
    }

    /// The spot that a number stands for.
    pub fn from_number(number: i64) -> Self {
        let part = |number: i64| u32::try_from(number).ok();
        Self(part(number >> 31).zip(part(number & 0x7fff_ffff)))
    }

    /// Whether two spots are certainly farther from one another than so many metres.
    pub fn is_beyond(self, other: Self, metres: f64) -> bool {
        self.metres(other).is_some_and(|between| between > metres + ROUNDING)
    }

    /// Whether two spots are certainly nearer to one another than so many metres.
    pub fn is_within(self, other: Self, metres: f64) -> bool {
        self.metres(other).is_some_and(|between| between < metres - ROUNDING)
    }

    fn metres(self, other: Self) -> Option<f64> {
        let point =
            |(x, y): (u32, u32)| Geometry::Point(Point::new(f64::from(x) / PARTS - 180.0, f64::from(y) / PARTS - 90.0));
        Some(metres_between(&point(self.0?), &point(other.0?)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_spots_are_certain_of_is_so(
            a in (-180.0..=180.0_f64, -90.0..=90.0_f64), step in (-1e-3..1e-3_f64, -1e-3..1e-3_f64), off in -1.0..1.0_f64,
        ) {
            let b = ((a.0 + step.0).clamp(-180.0, 180.0), (a.1 + step.1).clamp(-90.0, 90.0));
            let (a, b) = (Geometry::Point(Point::from(a)), Geometry::Point(Point::from(b)));
            let metres = metres_between(&a, &b);
            let [p, q] = [&a, &b].map(|g| Spot::from_number(Spot::of(g).number()));
            prop_assert_eq!(p, Spot::of(&a));
            let limit = metres + off;
            prop_assert!(!p.is_beyond(q, limit) || metres > limit);
            prop_assert!(!p.is_within(q, limit) || metres < limit);
            prop_assert!(p.is_beyond(q, metres - 0.2) && p.is_within(q, metres + 0.2));
        }
    }

    #[test]
    fn nothing_is_certain_of_what_is_no_point() {
        let line = Geometry::Line(geo::Line::new((1.0, 1.0), (2.0, 2.0)));
        let point = Spot::of(&Geometry::Point(Point::new(1.0, 1.0)));
        for number in [Spot::of(&line).number(), -1, i64::MIN] {
            let spot = Spot::from_number(number);
            assert!(!spot.is_beyond(point, 1.0) && !point.is_within(spot, 1e9), "{number}");
        }
    }
}
