//! The habits of a file's coordinates: which comes first, whether they are packed, and where the points lie.

use std::borrow::Cow;
use std::collections::HashMap;

use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::coordinate::{Around, Frame, Point, packed_points, point};
use hiroba_vocab::{Issue, Issues};
use serde_json::Value as Json;

use super::slots::Location;
use crate::table::Row;

/// How many pairs are kept. More would tell nothing new.
const SAMPLE: usize = 5_000;

/// Coordinates of a file.
#[derive(Debug, Default)]
pub(crate) struct Coordinates {
    columns: Location,
    /// The office of the row's municipality, while the row is looked at.
    office: Option<Point>,
    pairs: Vec<Pair>,
    grid: Grid,
    total: usize,
    swapped: usize,
    abroad: usize,
}

#[derive(Debug)]
struct Pair {
    decimal: Point,
    /// What the pair means if it is packed, most likely first.
    packed: Vec<Point>,
    office: Option<Point>,
}

/// How many points lie in each square of some three kilometres.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grid(HashMap<(i32, i32), u32>);

impl Grid {
    #[expect(clippy::cast_possible_truncation, reason = "degrees of Japan")]
    fn square(at: Point) -> (i32, i32) {
        ((at.longitude * 33.0).floor() as i32, (at.latitude * 33.0).floor() as i32)
    }

    fn add(&mut self, at: Point) {
        *self.0.entry(Self::square(at)).or_insert(0) += 1;
    }

    /// Whether a point of the file has no other point of the file near it.
    pub(crate) fn is_alone(&self, at: Point) -> bool {
        let (x, y) = Self::square(at);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
        around.filter_map(|square| self.0.get(&square)).sum::<u32>() <= 1
    }
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct CoordinateHabits {
    pub(crate) frame: Frame,
    pub(crate) grid: Grid,
    /// Habits of the whole file, to be reported once.
    pub(crate) notable: Issues,
}

impl Coordinates {
    pub(super) fn new(columns: Location) -> Self {
        Self { columns, ..Self::default() }
    }

    pub(super) fn office_of(&mut self, code: LocalGovernmentCode) {
        self.office = Municipalities::all().get(code).and_then(|body| body.office);
    }

    pub(super) fn see(&mut self, row: &Row) {
        let office = self.office.take();
        let Some((latitude, longitude)) = pair_of(row, &self.columns) else { return };
        match point(&latitude, &longitude, &Frame::default()) {
            Reading::Value(decimal, issues) => {
                let reversed = issues.contains(Issue::CoordinateSwapped);
                self.swapped += usize::from(reversed);
                self.total += 1;
                self.grid.add(decimal);
                if self.pairs.len() >= SAMPLE {
                    return;
                }
                let packed =
                    if reversed { packed_points(&longitude, &latitude) } else { packed_points(&latitude, &longitude) };
                self.pairs.push(Pair { decimal, packed, office });
            }
            // A 0 stands for nothing and says of no country that it is there.
            Reading::Unread(issues)
                if issues.contains(Issue::CoordinateOutside) && !is_zero(&latitude) && !is_zero(&longitude) =>
            {
                self.abroad += 1;
            }
            _ => {}
        }
    }

    /// The middle of the points, read as they are written.
    pub(crate) fn center(&self) -> Option<Point> {
        center(&self.pairs.iter().map(|pair| pair.decimal).collect::<Vec<_>>())
    }

    /// What the pairs say together. `publisher` is where the publisher's office stands.
    pub(crate) fn habits(&self, publisher: Option<Point>, tokyo_datum: bool) -> CoordinateHabits {
        let total = self.total;
        let swapped = total > 0 && self.swapped * 10 > total * 9;
        let packed = self.is_packed(publisher);
        let abroad = self.abroad > 0 && self.abroad > total * 9;
        let unpacked = |pair: &Pair| if packed { pair.nearest_packed(publisher) } else { None };
        let points: Vec<Point> = self.pairs.iter().map(|pair| unpacked(pair).unwrap_or(pair.decimal)).collect();
        let around = around(&points).or_else(|| publisher.map(|center| Around { center, near_km: 15.0, far_km: 60.0 }));
        let notable = Issues::NONE
            .with_if(swapped, Issue::CoordinateSwapped)
            .with_if(packed, Issue::CoordinatePacked)
            .with_if(tokyo_datum, Issue::CoordinateDatum);
        let frame = Frame { swapped, packed, tokyo_datum, abroad, around, stands_apart: false };
        CoordinateHabits { frame, grid: self.grid.clone(), notable }
    }

    /// Whether all values are packed: minutes and seconds below 60 everywhere, and far nearer to the municipality that
    /// way. The pattern alone would prove nothing.
    fn is_packed(&self, publisher: Option<Point>) -> bool {
        let possible = self.pairs.iter().filter(|pair| !pair.packed.is_empty()).count();
        if self.pairs.len() < 8 || possible * 20 < self.pairs.len() * 19 {
            return false;
        }
        let distances = self.pairs.iter().filter_map(|pair| {
            let office = pair.office.or(publisher)?;
            Some((pair.decimal.distance_km(office), pair.nearest_packed(publisher)?.distance_km(office)))
        });
        let (mut decimal, mut packed): (Vec<f64>, Vec<f64>) = distances.unzip();
        match (middle(&mut decimal, 0.5), middle(&mut packed, 0.5)) {
            (Some(decimal), Some(packed)) => packed < decimal * 0.5 && packed < 20.0,
            _ => false,
        }
    }
}

impl Pair {
    fn nearest_packed(&self, publisher: Option<Point>) -> Option<Point> {
        let Some(office) = self.office.or(publisher) else { return self.packed.first().copied() };
        self.packed.iter().copied().min_by(|a, b| a.distance_km(office).total_cmp(&b.distance_km(office)))
    }
}

fn is_zero(cell: &str) -> bool {
    trim(cell).parse::<f64>().is_ok_and(|degrees| degrees == 0.0)
}

/// The cells of latitude and longitude of a row, from whichever columns hold them.
pub(crate) fn pair_of<'r>(row: &'r Row, columns: &Location) -> Option<(Cow<'r, str>, Cow<'r, str>)> {
    if let Some(column) = columns.geometry {
        let (longitude, latitude) = single_position(&serde_json::from_str(row.cell(column)).ok()?)?;
        return Some((latitude.to_string().into(), longitude.to_string().into()));
    }
    if let (Some(latitude), Some(longitude)) = (columns.latitude, columns.longitude) {
        return Some((row.cell(latitude).into(), row.cell(longitude).into()));
    }
    let (latitude, longitude) = halves(row.cell(columns.both?))?;
    Some((latitude.into(), longitude.into()))
}

/// The position of a Point, or of a MultiPoint with one point in it: longitude first.
pub(crate) fn single_position(geometry: &Json) -> Option<(f64, f64)> {
    let coordinates = geometry.get("coordinates")?;
    let position = match geometry.get("type")?.as_str()? {
        "Point" => coordinates,
        "MultiPoint" if coordinates.as_array()?.len() == 1 => coordinates.get(0)?,
        _ => return None,
    };
    Some((position.get(0)?.as_f64()?, position.get(1)?.as_f64()?))
}

/// Latitude and longitude of `34.35, 134.04`, with a comma or a blank between them, and of the well-known text
/// `POINT (134.04 34.35)`, in which the longitude comes first.
pub(crate) fn halves(cell: &str) -> Option<(&str, &str)> {
    if let Some((x, y)) = well_known_point(cell) {
        return Some((y, x));
    }
    let cell = trim(cell).trim_matches(['(', ')', '[', ']', '（', '）']);
    let separator = |c: char| matches!(c, ',' | '，' | '、' | ';' | '/');
    let (latitude, longitude) = cell.split_once(separator).or_else(|| cell.split_once(char::is_whitespace))?;
    (!longitude.contains(separator)).then_some((latitude, longitude))
}

/// Both coordinates of a point in well-known text (OGC 06-103r4, clause 7), with the SRID of PostGIS before it or not.
/// A height behind them is left out.
fn well_known_point(cell: &str) -> Option<(&str, &str)> {
    let text = trim(cell);
    let text = text.split_once(';').filter(|(srid, _)| srid.starts_with("SRID=")).map_or(text, |(_, point)| point);
    let (word, rest) = text.split_at_checked("POINT".len())?;
    let inside = rest.trim_start_matches([' ', 'Z', 'M']).strip_prefix('(')?.strip_suffix(')')?;
    let mut numbers = inside.split_whitespace();
    word.eq_ignore_ascii_case("POINT").then_some((numbers.next()?, numbers.next()?))
}

/// The region of a file's points: around their median, as wide as nine in ten of them need.
fn around(points: &[Point]) -> Option<Around> {
    if points.len() < 8 {
        return None;
    }
    let center = center(points)?;
    let mut distances: Vec<f64> = points.iter().map(|point| point.distance_km(center)).collect();
    let wide = middle(&mut distances, 0.9)?;
    Some(Around { center, near_km: f64::max(wide * 1.2, 3.0), far_km: f64::max(wide * 3.0, 30.0) })
}

/// The median of longitudes and latitudes: no stray point moves it.
fn center(points: &[Point]) -> Option<Point> {
    let coordinate = |f: fn(&Point) -> f64| middle(&mut points.iter().map(f).collect::<Vec<_>>(), 0.5);
    Some(Point { longitude: coordinate(|p| p.longitude)?, latitude: coordinate(|p| p.latitude)? })
}

/// The value at a share of the sorted values.
fn middle(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let at = (values.len().saturating_sub(1) as f64 * share) as usize;
    values.get(at).copied()
}
