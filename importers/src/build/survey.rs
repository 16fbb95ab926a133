//! The day that a row describes: the survey of a population.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::date::{Moment, date};
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
        // A month or a year is no instant. A day begins at midnight in Japan.
        if let Moment::Day(day) = moment {
            self.observed_at = DateTime::parse(&format!("{day}T00:00:00+09:00")).ok();
        }
        Some(moment)
    }
}
