//! When waste is collected: by kind and weekday, or day by day.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::{content, text, trim};
use hiroba_vocab::normalise::recurrence::recurrence;
use ngsild::AttributeValue;
use serde_json::{Map, Value as Json, json};

use super::{Draft, names};

impl Draft<'_> {
    /// An array of `{wasteKind, text, byDay, byMonthWeek}`. The text is always there; days that cannot be read are not.
    pub(super) fn collection_schedule(&mut self) {
        let plan = self.plan;
        let mut schedule = Vec::new();
        for (kind, column) in &plan.slots.schedule {
            let cell = self.row.cell(*column);
            let reading = recurrence(cell);
            self.note(*column, reading.issues());
            if matches!(reading, Reading::Empty(_)) {
                continue;
            }
            let mut entry = Map::new();
            if let Some(kind) = kind {
                // The publisher's own word says more than ours, unless it is only a name for machines.
                let header = &plan.header.names[*column];
                entry
                    .insert("wasteKind".to_owned(), Json::from(if header.is_ascii() { kind } else { header }.as_str()));
            }
            entry.insert("text".to_owned(), Json::from(trim(cell)));
            if let Reading::Value(found, _) = reading {
                entry.insert("byDay".to_owned(), found.days.iter().map(|day| Json::from(day.name())).collect());
                if !found.weeks.is_empty() {
                    entry.insert("byMonthWeek".to_owned(), Json::from(found.weeks));
                }
            }
            schedule.push(Json::Object(entry));
        }
        if !schedule.is_empty() {
            self.put(&names().collection_schedule, AttributeValue::Property(Json::from(schedule)));
        }
    }

    /// An array of `{areaGroup, wasteKind}`: what is collected that day, and in which groups of areas. A group without
    /// collection is not in it.
    pub(super) fn waste_collections(&mut self) {
        let plan = self.plan;
        let mut collections = Vec::new();
        for column in &plan.slots.groups {
            let cell = self.row.cell(*column);
            if content(cell).is_err() {
                continue;
            }
            if let Reading::Value(kind, issues) = text(cell) {
                self.note(*column, issues);
                collections.push(json!({ "areaGroup": plan.header.names[*column], "wasteKind": kind }));
            }
        }
        if !collections.is_empty() {
            self.put(&names().waste_collections, AttributeValue::Property(Json::from(collections)));
        }
    }
}
