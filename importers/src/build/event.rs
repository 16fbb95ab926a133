//! First and last day of an event that are in one cell.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::event_dates::event_dates;
use ngsild::AttributeValue;
use serde_json::Value as Json;

use super::{Draft, names};

impl Draft<'_> {
    /// Publishes what is certain. Columns of their own for the first and the last day count for more.
    pub(super) fn event_dates(&mut self) {
        let Some(column) = self.plan.slots.event_dates else { return };
        let cell = self.row.cell(column);
        let reading = event_dates(cell, self.plan.habits.near);
        self.note(column, reading.issues());
        match reading {
            Reading::Value(dates, issues) => {
                for (iri, day) in [(&names().start_date, dates.from), (&names().end_date, dates.to)] {
                    if let Some(day) = day
                        && !self.entity.attributes.contains_key(iri)
                    {
                        let value = AttributeValue::Property(Json::from(day.to_string()));
                        self.put_noted(iri, value, issues, trim(cell));
                    }
                }
            }
            Reading::Unread(_) => self.keep(column),
            Reading::Empty(_) => {}
        }
    }
}
