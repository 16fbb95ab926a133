//! Whom to ask.

use hiroba_vocab::Issues;
use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::{remark, text, trim};
use hiroba_vocab::normalise::phone::{Phones, phones_in, postal_code};
use hiroba_vocab::normalise::web::{email, urls};
use ngsild::AttributeValue;
use serde_json::{Map, Value as Json};

use super::{Draft, names};

impl Draft<'_> {
    /// An object with the parts of the contact that are there.
    pub(super) fn contact(&mut self) {
        let plan = self.plan;
        let mut object = Map::new();
        let (mut all, mut source) = (Issues::NONE, "");
        for contact in &plan.slots.contact {
            let cell = self.row.cell(contact.column);
            let reading = match contact.reads {
                Reads::Phone => self.phones(cell).map(|phones| one_or_many(phones.numbers)),
                Reads::PostalCode => postal_code(cell).map(Json::from),
                Reads::Url => urls(cell).map(one_or_many),
                Reads::Email => email(cell).map(Json::from),
                Reads::Remark => remark(cell).map(Json::from),
                _ => text(cell).map(Json::from),
            };
            self.note(contact.column, reading.issues());
            match reading {
                Reading::Value(value, issues) => {
                    object.insert(contact.key.clone(), value);
                    all = all.and(issues);
                    source = if issues.is_empty() { source } else { trim(cell) };
                }
                Reading::Unread(_) => self.keep(contact.column),
                Reading::Empty(_) => {}
            }
        }
        if !object.is_empty() {
            self.put_noted(&names().contact_point, AttributeValue::Property(Json::Object(object)), all, source);
        }
    }

    /// Telephone numbers. Those of other countries follow other rules; they are published as they are.
    pub(super) fn phones(&self, cell: &str) -> Reading<Phones> {
        if !self.plan.frame.abroad {
            return phones_in(cell, self.plan.habits.area_code.as_deref());
        }
        text(cell).map(|number| Phones { numbers: vec![number.into_owned()], ..Phones::default() })
    }
}

/// One value by itself, several as an array.
pub(super) fn one_or_many(mut values: Vec<String>) -> Json {
    match values.len() {
        1 => values.pop().map_or(Json::Null, Json::from),
        _ => Json::from(values),
    }
}
