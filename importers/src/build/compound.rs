//! Attributes whose value is an object: whom to ask, the files of a data set.

use hiroba_vocab::Issues;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::{text, trim};
use hiroba_vocab::normalise::phone::{Phones, phones_in};
use ngsild::AttributeValue;
use serde_json::{Map, Value as Json};

use super::Draft;
use crate::plan::Compound;
use crate::table::Row;

impl<'r> Draft<'r> {
    /// Objects with the keys that are there: one of the row, or an array with one of each row that is part of the thing.
    pub(super) fn compounds(&mut self) {
        for compound in &self.plan.slots.compounds {
            let (mut all, mut source) = (Issues::NONE, "");
            let more = if compound.by_row { self.more } else { &[] };
            let mut objects: Vec<Json> = Vec::new();
            for row in std::iter::once(self.row).chain(more) {
                let object = self.object(compound, row, &mut all, &mut source);
                if !object.is_empty() {
                    objects.push(Json::Object(object));
                }
            }
            let value = if compound.by_row { Some(Json::from(objects)) } else { objects.pop() };
            if let Some(value) = value.filter(|value| value.as_array().is_none_or(|objects| !objects.is_empty())) {
                self.put_noted(&compound.iri, AttributeValue::Property(value), all, source);
            }
        }
    }

    /// What a row says of a compound. A cell that cannot be read stays as text: in the object where there are several, under
    /// the column's own name where there is one.
    fn object(
        &mut self,
        compound: &Compound,
        row: &'r Row,
        all: &mut Issues,
        source: &mut &'r str,
    ) -> Map<String, Json> {
        let mut object = Map::new();
        for part in &compound.parts {
            let cell = row.cell(part.column);
            let reading = self.read(part.column, &part.is, cell);
            if !reading.issues().is_empty() {
                self.recorder.note(row.number, Some(part.column), reading.issues(), cell);
            }
            match reading {
                Reading::Value(value, issues) => {
                    object.insert(part.key.clone(), value);
                    *all = all.and(issues);
                    if !issues.is_empty() {
                        *source = trim(cell);
                    }
                }
                Reading::Unread(_) if compound.by_row => {
                    object.insert(self.plan.own_iris[part.column].to_string(), Json::from(trim(cell)));
                }
                Reading::Unread(_) => self.keep(part.column),
                Reading::Empty(_) => {}
            }
        }
        object
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
