//! Attributes that are lists of objects, each of which has a column of its own: ages, kinds of waste, hazards.

use hiroba_vocab::Iri;
use hiroba_vocab::dataset::{Column, Reads};
use hiroba_vocab::normalise::age::{AgeBand, Gender, band};
use serde_json::Value as Json;

use super::layouter::{Key, Layouter};
use super::record::Unbuilt;
use super::value::texts;
use crate::build::names;

impl Unbuilt<'_> {
    /// People by age and gender: the standard's columns, others under a header that says whom they count.
    pub(super) fn ages(&mut self, groups: &[Json]) {
        for group in groups {
            let age = |key: &str| group.get(key).and_then(Json::as_u64).and_then(|age| u8::try_from(age).ok());
            let gender = match group.get("gender").and_then(Json::as_str) {
                Some("male") => Some(Gender::Male),
                Some("female") => Some(Gender::Female),
                _ => None,
            };
            let wanted = AgeBand { from: age("ageFrom"), to: age("ageTo"), gender };
            let Some(count) = group.get("count").and_then(Json::as_u64) else {
                self.leave_out(&names().population_by_age);
                continue;
            };
            let is =
                |column: &Column| column.reads == Reads::AgeBand && !column.many && band(&column.name) == Some(wanted);
            let key = self.to.find(is).map_or_else(|| Key::Own(band_header(wanted)), Key::Known);
            self.put(key, count.to_string());
        }
    }

    /// What is collected when, each kind of waste under its own header.
    pub(super) fn collection_schedule(&mut self, entries: &[Json]) {
        for entry in entries {
            let kind = entry.get("wasteKind").and_then(Json::as_str);
            let Some(text) = entry.get("text").and_then(Json::as_str) else {
                self.leave_out(&names().collection_schedule);
                continue;
            };
            let to = self.to;
            let is = |column: &Column| column.reads == Reads::Recurrence && column.part.is_none() == kind.is_none();
            let known = match kind {
                None => to.find(is),
                Some(kind) => to.find(|column| is(column) && column.name == kind),
            };
            match (known, kind) {
                (Some(at), _) => self.put(Key::Known(at), text),
                (None, Some(kind)) => self.put(Key::Own(kind.to_owned()), text),
                (None, None) => self.leave_out(&names().collection_schedule),
            }
        }
    }

    /// What is collected that day, each group of areas under its own header.
    pub(super) fn waste_collections(&mut self, entries: &[Json]) {
        for entry in entries {
            let text = |key: &str| entry.get(key).and_then(Json::as_str);
            match (text("areaGroup"), text("wasteKind")) {
                (Some(group), Some(kind)) => self.put(Key::Own(group.to_owned()), kind),
                _ => self.leave_out(&names().waste_collections),
            }
        }
    }

    /// The hazards: 1 where the site is meant for one, the mark where that depends. What an excluded one is written as
    /// depends on all entities; see `Survey`.
    pub(super) fn hazards(&mut self) {
        let codes = |iri: &Iri| self.property(iri.as_str()).and_then(texts).unwrap_or_default();
        let (covered, excluded) = (codes(&names().hazards), codes(&names().hazards_excluded));
        let uncertain = match self.property(names().hazards_uncertain.as_str()) {
            Some(Json::Object(marks)) => marks.clone(),
            _ => serde_json::Map::new(),
        };
        let at = |to: &Layouter, code: &str| {
            to.find(|column| column.reads == Reads::Hazard && column.part.as_deref() == Some(code))
        };
        for code in covered {
            if !self.put_at(at(self.to, &code), "1") {
                self.leave_out(format!("{}.{code}", names().hazards));
            }
        }
        for code in excluded {
            match at(self.to, &code) {
                Some(at) => self.record.excluded.push(at),
                None => self.leave_out(format!("{}.{code}", names().hazards_excluded)),
            }
        }
        for (code, mark) in uncertain {
            if !self.put_at(at(self.to, &code), mark.as_str().unwrap_or_default()) {
                self.leave_out(format!("{}.{code}", names().hazards_uncertain));
            }
        }
    }
}

/// A header that names these ages and this gender: 0-4歳の男性.
fn band_header(band: AgeBand) -> String {
    let ages = match (band.from, band.to) {
        (Some(from), Some(to)) if from == to => format!("{from}歳"),
        (Some(from), Some(to)) => format!("{from}-{to}歳"),
        (Some(from), None) => format!("{from}歳以上"),
        (None, _) => "年齢不詳".to_owned(),
    };
    match band.gender {
        Some(Gender::Male) => format!("{ages}の男性"),
        Some(Gender::Female) => format!("{ages}の女性"),
        None => ages,
    }
}
