//! The day that a row describes: the survey of a population.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::date::{Moment, date};
use jiff::civil::Date;
use ngsild::{AttributeValue, DateTime};
use serde_json::Value as Json;

use super::{Draft, names};

impl Draft<'_> {
    /// Publishes the day, says when the counts were observed, and returns it for the id. Without a column of its own, or
    /// with an empty one, it is the day of the file as a whole.
    pub(super) fn survey_date(&mut self) -> Option<Moment> {
        let column = self.plan.slots.survey_date;
        let reading = match column {
            Some(at) => date(self.row.cell(at), self.plan.habits.orders.get(at).copied().flatten()),
            None => Reading::BLANK,
        };
        let (moment, issues) = match (reading, column) {
            (Reading::Value(moment, issues), _) => (Some(moment), issues),
            (Reading::Unread(issues), Some(at)) => {
                self.note(at, issues);
                self.keep(at);
                return None;
            }
            (reading, _) => (self.plan.day, reading.issues()),
        };
        if let Some(at) = column {
            self.note(at, issues);
        }
        let moment = moment?;
        let value = AttributeValue::Property(Json::from(moment.to_string()));
        self.put_noted(&names().survey_date, value, issues, trim(self.cell(column)));
        // A month or a year is no instant.
        if let Moment::Day(day) = moment {
            self.observed_at = Some(midnight_in_japan(day));
        }
        Some(moment)
    }
}

/// When a day begins in Japan, which is nine hours before it begins in UTC.
fn midnight_in_japan(day: Date) -> DateTime {
    let days = i64::from((day - Date::constant(1970, 1, 1)).get_days());
    DateTime::from_micros((days * 24 - 9) * 3_600_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_japan_while_it_is_the_day_before_in_utc() {
        let day = jiff::civil::date(2026, 2, 1);
        assert_eq!(midnight_in_japan(day), DateTime::parse("2026-01-31T15:00:00Z").unwrap());
    }
}
