//! Positions on the earth, as lists write them.
//!
//! One pair of cells does not say whether it is decimal or packed degrees-minutes-seconds, or which of the two comes
//! first. The caller looks at the whole file first and passes what it found as a [`Frame`].

use super::Reading;
use super::character::{content, fold_width, is_hyphen};
use super::geodesy::{plane_to_degrees, tokyo_to_world};
use crate::issue::{Issue, Issues};

/// A position in degrees (JGD2011, the same as WGS 84 at seven decimals).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// East is positive.
    pub longitude: f64,
    /// North is positive.
    pub latitude: f64,
}

impl Point {
    /// Whether it lies in the range of Japan: latitude 20 to 46, longitude 122 to 154.
    pub fn is_in_japan(self) -> bool {
        is_latitude(self.latitude) && is_longitude(self.longitude)
    }

    /// Kilometres to another point, on a sphere.
    pub fn distance_km(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
        let h = half(a, b) + a.cos() * b.cos() * half(self.longitude.to_radians(), other.longitude.to_radians());
        2.0 * 6371.0 * h.sqrt().min(1.0).asin()
    }

    /// Tokyo Datum to JGD2011, good to about ten metres.
    pub fn tokyo_to_world(self) -> Self {
        tokyo_to_world(self)
    }

    fn rounded(self) -> Self {
        let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
        Self { longitude: round(self.longitude), latitude: round(self.latitude) }
    }
}

fn is_latitude(degrees: f64) -> bool {
    (20.0..=46.0).contains(&degrees)
}

fn is_longitude(degrees: f64) -> bool {
    (122.0..=154.0).contains(&degrees)
}

/// What the file as a whole says of its coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Frame {
    /// The columns are exchanged in all rows.
    pub swapped: bool,
    /// All values are packed: 137.3012 means 137°30′12″.
    pub packed: bool,
    /// The values are in Tokyo Datum.
    pub tokyo_datum: bool,
    /// The publisher is not Japanese: any longitude and latitude will do.
    pub abroad: bool,
    /// This pair lies apart from all others of the file, so that it may be packed where they are not.
    pub stands_apart: bool,
    /// Where the points of the municipality lie, if that is known.
    pub around: Option<Around>,
}

/// A region that points are expected in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Around {
    /// Its middle.
    pub center: Point,
    /// Within this, a point is where one expects it.
    pub near_km: f64,
    /// Beyond this, a point is doubtful.
    pub far_km: f64,
}

/// Reads a position from the cells of latitude and longitude.
pub fn point(latitude: &str, longitude: &str, frame: &Frame) -> Reading<Point> {
    let (y, x) = match (content(latitude), content(longitude)) {
        (Err(a), Err(b)) => return Reading::Empty(a.and(b)),
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => {
            return if Axis::read(one).is_some_and(|axis| axis.degrees == 0.0) {
                Reading::Empty(Issue::CoordinateZero.into())
            } else {
                Reading::unread(Issue::CoordinateMissing)
            };
        }
        (Ok(y), Ok(x)) => (y, x),
    };
    let (Some(mut y), Some(mut x)) = (Axis::read(y), Axis::read(x)) else {
        return Reading::unread(Issue::CoordinateUnread);
    };
    if y.degrees == 0.0 && x.degrees == 0.0 {
        return Reading::Empty(Issue::CoordinateZero.into());
    }
    let mut issues = Issues::NONE;
    let reversed = is_longitude(y.degrees) && is_latitude(x.degrees);
    if frame.swapped || reversed && !frame.abroad {
        std::mem::swap(&mut y, &mut x);
        issues.add(Issue::CoordinateSwapped);
    }
    match place(&y, &x, frame) {
        Err(issue) => Reading::Unread(issues.with(issue)),
        Ok((found, noticed)) => {
            let moved = if frame.tokyo_datum { tokyo_to_world(found) } else { found };
            let decimals = y.decimals.max(x.decimals);
            issues = issues
                .and(noticed)
                .with_if(frame.tokyo_datum, Issue::CoordinateDatum)
                .with_if(decimals <= 4 && noticed.is_empty(), Issue::CoordinateCoarse)
                .with_if(decimals > 7 && !y.sexagesimal, Issue::CoordinateRounded)
                .with_if(frame.around.is_some_and(|a| found.distance_km(a.center) > a.far_km), Issue::CoordinateFar);
            Reading::Value(moved.rounded(), issues)
        }
    }
}

/// The point that two values mean, latitude first.
fn place(y: &Axis, x: &Axis, frame: &Frame) -> Result<(Point, Issues), Issue> {
    let as_written = Point { longitude: x.degrees, latitude: y.degrees };
    if frame.abroad {
        return if y.degrees.abs() <= 90.0 && x.degrees.abs() <= 180.0 {
            let noticed = Issues::NONE.with_if(y.sexagesimal, Issue::CoordinateSexagesimal);
            Ok((as_written, noticed))
        } else {
            Err(Issue::CoordinateNotDegrees)
        };
    }
    if y.sexagesimal && x.sexagesimal && as_written.is_in_japan() {
        return Ok((as_written, Issue::CoordinateSexagesimal.into()));
    }
    if is_latitude(y.degrees) && is_latitude(x.degrees) || is_longitude(y.degrees) && is_longitude(x.degrees) {
        return Err(Issue::CoordinateEqual);
    }
    let distance = |point: &Point| frame.around.map_or(0.0, |around| point.distance_km(around.center));
    let nearest = |points: Vec<Point>| points.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    if !as_written.is_in_japan() {
        let restored = combine(&y.without_point(2), &x.without_point(3));
        let sexagesimal = combine(&y.as_ddmmss(), &x.as_ddmmss());
        // Both readings can be in Japan; without a place to measure from, neither is certain.
        let undecided = frame.around.is_none() && !restored.is_empty() && !sexagesimal.is_empty();
        let best = (!undecided).then(|| nearest([restored.clone(), sexagesimal].concat())).flatten();
        return match best {
            Some(point) if restored.contains(&point) => Ok((point, Issue::CoordinatePoint.into())),
            Some(point) => Ok((point, Issue::CoordinateSexagesimal.into())),
            None if y.degrees.abs() > 180.0 || x.degrees.abs() > 360.0 => {
                let plane = frame.around.and_then(|around| on_plane(y.degrees, x.degrees, around));
                plane.map(|point| (point, Issue::CoordinatePlane.into())).ok_or(Issue::CoordinateNotDegrees)
            }
            None => Err(Issue::CoordinateOutside),
        };
    }
    // Two digits each are the rule and come first; other splits count only where the rule leads too far away.
    let unpacked = |limit: f64| {
        let options = combine(&y.unpacked(), &x.unpacked());
        options.iter().copied().find(|point| distance(point) <= limit).or_else(|| nearest(options))
    };
    let packed = Issues::one(Issue::CoordinatePacked);
    if frame.packed {
        let limit = frame.around.map_or(f64::INFINITY, |around| around.near_km);
        return Ok(unpacked(limit).map_or((as_written, Issues::NONE), |point| (point, packed)));
    }
    // A packed value in a decimal file shows by its distance alone.
    if frame.stands_apart
        && let Some(around) = frame.around
        && distance(&as_written) > around.near_km
        && let Some(point) = unpacked(around.near_km)
        && distance(&point) <= around.near_km
        && distance(&point) * 2.0 < distance(&as_written)
    {
        return Ok((point, packed));
    }
    Ok((as_written, Issues::NONE))
}

/// The point that two values mean as plane rectangular coordinates, in either order: the zone and the order are those
/// that lead to the municipality. Nothing if none or more than one does.
fn on_plane(first: f64, second: f64, around: Around) -> Option<Point> {
    let orders = [(first, second), (second, first)];
    let points = orders.iter().flat_map(|(north, east)| plane_to_degrees(*north, *east));
    let mut near = points.filter(|point| point.is_in_japan() && point.distance_km(around.center) <= around.far_km);
    near.next().filter(|_| near.next().is_none())
}

/// Every latitude with every longitude, as far as they are in Japan.
fn combine(latitudes: &[f64], longitudes: &[f64]) -> Vec<Point> {
    let pairs = latitudes.iter().flat_map(|y| longitudes.iter().map(|x| Point { longitude: *x, latitude: *y }));
    pairs.filter(|point| point.is_in_japan()).collect()
}

/// What two cells could mean if they were packed degrees-minutes-seconds, two digits for minutes and seconds first, one
/// digit for the minutes after it: for deciding over a column. Nothing if they cannot be packed.
pub fn packed_points(latitude: &str, longitude: &str) -> Vec<Point> {
    let read = |cell| content(cell).ok().and_then(Axis::read).filter(|axis| !axis.sexagesimal);
    let (Some(y), Some(x)) = (read(latitude), read(longitude)) else { return Vec::new() };
    let options =
        |axis: &Axis| [(2, 2), (1, 2)].into_iter().filter_map(|(m, s)| axis.unpacked_in(m, s)).collect::<Vec<_>>();
    combine(&options(&y), &options(&x))
}

/// One value of a pair.
#[derive(Debug)]
struct Axis {
    degrees: f64,
    /// Degrees, minutes and seconds with their marks.
    sexagesimal: bool,
    /// The digits before and after the decimal point, as written.
    whole: String,
    fraction: String,
    decimals: usize,
}

impl Axis {
    fn read(text: &str) -> Option<Self> {
        let folded = fold_width(text);
        let text =
            folded.trim_start_matches(['N', 'E', '北', '東', '緯', '経', ' ', ':']).trim_end_matches([' ', 'N', 'E']);
        let number = text.strip_suffix(['°', '度']).unwrap_or(text);
        // A decimal comma, where there is no point.
        let number = if number.matches(',').count() == 1 && !number.contains('.') {
            number.replace(',', ".")
        } else {
            number.to_owned()
        };
        let number = if number.starts_with(is_hyphen) { number.replacen(is_hyphen, "-", 1) } else { number };
        let shape = number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-')) && number.len() <= 30;
        if let Some(degrees) = shape.then(|| number.parse::<f64>().ok()).flatten() {
            let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
            let decimals = fraction.len();
            return Some(Self {
                degrees,
                sexagesimal: false,
                whole: whole.to_owned(),
                fraction: fraction.to_owned(),
                decimals,
            });
        }
        let degrees = sexagesimal(text)?;
        Some(Self { degrees, sexagesimal: true, whole: String::new(), fraction: String::new(), decimals: 7 })
    }

    /// With the point put back after `digits` digits: 35681236 is 35.681236.
    fn without_point(&self, digits: usize) -> Vec<f64> {
        if !self.fraction.is_empty() || self.whole.len() < digits + 3 {
            return Vec::new();
        }
        format!("{}.{}", &self.whole[..digits], &self.whole[digits..]).parse().into_iter().collect()
    }

    /// As DDMMSS.s: 352533.12 is 35°25′33.12″.
    fn as_ddmmss(&self) -> Vec<f64> {
        let Some(degrees) = self.whole.len().checked_sub(4).filter(|n| *n >= 2) else { return Vec::new() };
        let (whole, rest) = self.whole.split_at(degrees);
        let (minutes, seconds) = rest.split_at(2);
        from_parts(whole, minutes, &format!("{seconds}.{}", self.fraction)).into_iter().collect()
    }

    /// As DD.MMSSs, with one or two digits for minutes and seconds.
    fn unpacked(&self) -> Vec<f64> {
        if self.sexagesimal {
            return Vec::new();
        }
        [(2, 2), (1, 2), (2, 1), (1, 1)]
            .into_iter()
            .filter_map(|(minutes, seconds)| self.unpacked_in(minutes, seconds))
            .collect()
    }

    fn unpacked_in(&self, minutes: usize, seconds: usize) -> Option<f64> {
        // A spreadsheet drops the zeros at the end: 137.3 is 137°30′00″.
        let digits = format!("{:0<width$}", self.fraction, width = minutes + seconds);
        let (m, rest) = digits.split_at(minutes);
        let (s, rest) = rest.split_at(seconds);
        from_parts(&self.whole, m, &format!("{s}.{rest}"))
    }
}

/// Degrees from their parts, if minutes and seconds are below 60.
fn from_parts(degrees: &str, minutes: &str, seconds: &str) -> Option<f64> {
    let part = |text: &str| text.trim_end_matches('.').parse::<f64>().ok();
    let (d, m, s) = (part(degrees)?, part(minutes)?, if seconds.is_empty() { 0.0 } else { part(seconds)? });
    (m < 60.0 && s < 60.0).then_some(d + m / 60.0 + s / 3600.0)
}

/// `35°25′33″`, `35度25分33.5秒`, `35-25-33`, `35:25:33`, `35 25 33`, `35.25.33.5`.
fn sexagesimal(text: &str) -> Option<f64> {
    if text.matches('.').count() > 1 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let mut parts = text.splitn(3, '.');
        return from_parts(parts.next()?, parts.next()?, parts.next()?);
    }
    let mut parts: Vec<&str> = text
        .split(|c: char| {
            matches!(
                c,
                '°' | '度'
                    | '′'
                    | '\''
                    | '’'
                    | '分'
                    | '″'
                    | '"'
                    | '”'
                    | '“'
                    | '秒'
                    | ':'
                    | ' '
                    | '˚'
                    | 'º'
                    | '゜'
                    | 'ﾟ'
                    | '\u{309A}'
                    | '‘'
                    | '´'
                    | '`'
                    | '〃'
                    | '゛'
            ) || is_hyphen(c)
        })
        .collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    parts.retain(|part| !part.is_empty());
    match parts.as_slice() {
        [d, m] => from_parts(d, m, ""),
        [d, m, s] => from_parts(d, m, s),
        _ => None,
    }
}
