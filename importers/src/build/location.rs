//! The position of a row.

use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::coordinate::{Frame, Point, point};
use hiroba_vocab::{Issue, Issues};
use ngsild::AttributeValue;
use serde_json::{Value as Json, json};

use super::{Draft, names};
use crate::plan::pair_of;

/// A list over more than this is no list of one municipality: distance says nothing about a single value there.
const ONE_MUNICIPALITY_KM: f64 = 40.0;

/// Packed values read as decimals fall 15 to 35 kilometres from where they belong. What is nearer to the office is no such
/// value.
const NEAR_OFFICE_KM: f64 = 15.0;

impl Draft<'_> {
    /// A GeoProperty: a point with the longitude first, or the geometry of a GeoJSON feature.
    pub(super) fn location(&mut self) {
        let plan = self.plan;
        let slots = &plan.slots.location;
        let columns: Vec<usize> = match (slots.geometry, slots.latitude, slots.longitude, slots.both) {
            (Some(geometry), ..) => vec![geometry],
            (None, Some(latitude), Some(longitude), _) => vec![latitude, longitude],
            (None, _, _, Some(both)) => vec![both],
            (None, latitude, longitude, None) => {
                // One of the two alone is no position.
                return latitude.into_iter().chain(longitude).for_each(|column| self.keep(column));
            }
        };
        let cells: Vec<&str> = columns.iter().map(|column| trim(self.row.cell(*column))).collect();
        if cells.iter().all(|cell| cell.is_empty()) {
            return;
        }
        let source = cells.join(", ");
        let reading = match pair_of(self.row, slots) {
            Some((latitude, longitude)) => self.read_point(&latitude, &longitude),
            None => match slots.geometry.and_then(|_| serde_json::from_str::<Json>(&source).ok()) {
                Some(geometry) if ngsild::geometry::parse(&geometry).is_ok() => {
                    return self.put(&names().location, AttributeValue::GeoProperty(geometry));
                }
                _ => Reading::unread(Issue::CoordinateUnread),
            },
        };
        self.recorder.note(self.row.number, columns.first().copied(), reading.issues(), &source);
        match reading {
            Reading::Value(at, issues) => self.put_point(at, issues, &source),
            Reading::Unread(_) => columns.into_iter().for_each(|column| self.keep(column)),
            Reading::Empty(_) => {}
        }
    }

    fn put_point(&mut self, at: Point, issues: Issues, source: &str) {
        let geometry = json!({"type": "Point", "coordinates": [at.longitude, at.latitude]});
        self.put_noted(&names().location, AttributeValue::GeoProperty(geometry), issues, source);
    }

    /// A point that stands apart from all others of the file is looked at twice: it may be packed where the others are not.
    fn read_point(&self, latitude: &str, longitude: &str) -> Reading<Point> {
        let frame = &self.plan.frame;
        let reading = point(latitude, longitude, frame);
        let apart = match (&reading, frame.around) {
            (Reading::Value(at, _), Some(around)) if !frame.packed && around.near_km < ONE_MUNICIPALITY_KM => {
                at.distance_km(around.center) > around.near_km
                    && self.plan.grid.is_alone(*at)
                    && !self.is_near_office(*at)
            }
            _ => false,
        };
        if apart { point(latitude, longitude, &Frame { stands_apart: true, ..*frame }) } else { reading }
    }

    /// Whether a point lies where it may well be, however few neighbours it has: around the municipality's office.
    fn is_near_office(&self, at: Point) -> bool {
        let office = self.home.and_then(|code| Municipalities::all().get(code)?.office);
        office.is_some_and(|office| at.distance_km(office) < NEAR_OFFICE_KM)
    }
}
