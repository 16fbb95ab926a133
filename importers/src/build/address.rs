//! The address of a row: its parts, from one column or from many.

use std::borrow::Cow;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::address::{Address, split};
use hiroba_vocab::normalise::character::{content, fold_lot_numbers, published};
use hiroba_vocab::normalise::code::{LocalGovernmentCode, local_government, town_id};
use hiroba_vocab::normalise::phone::postal_code;
use hiroba_vocab::{Issue, Issues};
use ngsild::AttributeValue;
use serde_json::{Map, Value as Json};

use super::{Draft, names};

impl<'r> Draft<'r> {
    /// An object with the parts that are known, and the full text as published.
    pub(super) fn address(&mut self) {
        let slots = &self.plan.slots.address;
        let part = |column: Option<usize>| published(self.cell(column)).unwrap_or_default();
        let full = part(slots.full);
        let (region, locality) = (part(slots.region), part(slots.locality));
        let (town, lot) = (part(slots.town), part(slots.lot));
        let chome = chome(part(slots.chome));
        let chome = chome.as_ref();
        let (prefecture, city) = (part(slots.prefecture), part(slots.city));
        let building = part(slots.building);
        let written = [full, region, locality, town, lot].iter().any(|part| !part.is_empty());
        if !written && [prefecture, city, building].iter().all(|part| part.is_empty()) && slots.postal_code.is_none() {
            return;
        }
        // The publisher's own place says nothing of things that stand nowhere, such as data sets.
        let stands_somewhere = || self.plan.binding.dataset.columns.iter().any(|column| column.reads == Reads::Address);
        if !written && building.is_empty() && !stands_somewhere() && slots.postal_code.is_none() {
            return;
        }
        let joined;
        let text = if full.is_empty() {
            joined = [region, locality, town, chome, lot].concat();
            joined.as_str()
        } else {
            full
        };
        text.clone_into(&mut self.address_text);
        let or = |first: &'r str, second: &'r str| if first.is_empty() { second } else { first };
        let home = self.home_of(or(prefecture, region), or(city, locality));
        let address = split(text, home);
        // What the list of municipalities does not know, the row's own columns may say: a body that is new, or invented.
        let known_region = address.prefecture.unwrap_or(if region.is_empty() { prefecture } else { region });
        let known_locality = address.municipality.unwrap_or(if locality.is_empty() { city } else { locality });
        let unlisted = address.municipality.is_none() && !known_locality.is_empty();
        let mut issues =
            if written { address.issues.and(hiroba_vocab::normalise::character::damage(text)) } else { Issues::NONE };
        if unlisted {
            issues = issues.without(Issue::AddressUnmatched);
        }
        // A part that begins with another part holds more than it should: the whole address in 所在地_市区町村.
        let misplaced = |part: &str, whole: Option<&str>| {
            whole.is_some_and(|whole| part.len() > whole.len() && part.contains(whole))
        };
        let town_holds_more = misplaced(town, address.municipality) || !region.is_empty() && town.starts_with(region);
        let locality_holds_more = misplaced(locality, address.municipality) && !locality.contains('郡');
        issues = issues.with_if(town_holds_more || locality_holds_more, Issue::AddressMisplaced);
        let contradicts = address.prefecture.is_some_and(|name| !region.is_empty() && region != name);
        issues = issues.with_if(contradicts, Issue::AddressContradicts);

        let mut object = Map::new();
        let mut put = |key: &str, value: &str| {
            if !value.is_empty() {
                object.insert(key.to_owned(), Json::from(value));
            }
        };
        if address.prefecture.is_some() || !known_region.is_empty() && !self.plan.frame.abroad {
            put("addressCountry", "JP");
        }
        put("addressRegion", known_region);
        put("addressLocality", known_locality);
        let parts = [town, chome, lot].concat();
        let by_parts = !parts.is_empty() && !town_holds_more && !lot.is_empty();
        let street = if by_parts { fold_lot_numbers(&parts) } else { address.street.clone() };
        let street = if unlisted { after_names(&street, known_region, known_locality) } else { &street };
        put("streetAddress", street);
        put("building", if building.is_empty() { address.building.unwrap_or("") } else { building });
        if !full.is_empty() {
            put("addressText", full);
        }
        let codes = self.codes(&address);
        if let Some(code) = codes {
            object.insert("localGovernmentCode".to_owned(), Json::from(code.to_string()));
        }
        for (column, key, read) in [
            (slots.town_id, "townId", town_id as fn(&str) -> Reading<String>),
            (slots.postal_code, "postalCode", postal_code),
        ] {
            let Some(column) = column else { continue };
            let reading = read(self.row.cell(column));
            self.note(column, reading.issues());
            match reading {
                Reading::Value(value, _) => drop(object.insert(key.to_owned(), Json::from(value))),
                Reading::Unread(_) => self.keep(column),
                Reading::Empty(_) => {}
            }
        }
        if let Some(column) = slots.full.or(slots.town).or(slots.locality) {
            self.note(column, issues);
        }
        if !object.is_empty() {
            self.put_noted(&names().address, AttributeValue::Property(Json::Object(object)), issues, text);
        }
    }

    /// The body whose names an address may leave out: the row's city, or the publisher.
    fn home_of(&self, prefecture: &str, city: &str) -> Option<LocalGovernmentCode> {
        if city.is_empty() {
            return self.home;
        }
        let all = Municipalities::all();
        let in_prefecture = |code: LocalGovernmentCode| {
            let home = self.home.map(LocalGovernmentCode::of_prefecture);
            if prefecture.is_empty() {
                home.is_none_or(|home| home == code.of_prefecture())
            } else {
                all.get(code.of_prefecture()).is_some_and(|body| body.name == prefecture)
            }
        };
        // A name that several bodies bear decides nothing.
        let mut bodies = all.named(city).filter(|body| in_prefecture(body.code));
        let body = bodies.next().filter(|_| bodies.next().is_none());
        body.map(|body| body.code).or(self.home)
    }

    /// The code of the place: from its column, else from the address.
    fn codes(&mut self, address: &Address<'_>) -> Option<LocalGovernmentCode> {
        let Some(column) = self.plan.slots.address.place_code.filter(|column| content(self.row.cell(*column)).is_ok())
        else {
            return address.code;
        };
        let reading = local_government(self.row.cell(column), address.code.or(self.home));
        self.note(column, reading.issues());
        match reading {
            Reading::Value(code, _) => {
                // A ward says more than its city.
                let ward = address.code.filter(|ward| ward.prefecture() == code.prefecture() && !ward.is_prefecture());
                Some(if code.is_prefecture() { ward.unwrap_or(code) } else { code })
            }
            Reading::Unread(_) => {
                self.keep(column);
                address.code
            }
            Reading::Empty(_) => address.code,
        }
    }
}

/// 丁目 with its word: a column of that name often holds the number alone.
fn chome(cell: &str) -> Cow<'_, str> {
    if !cell.is_empty() && cell.chars().all(char::is_numeric) { format!("{cell}丁目").into() } else { cell.into() }
}

/// The text behind the names of prefecture and municipality, if it begins with them.
fn after_names<'t>(text: &'t str, region: &str, locality: &str) -> &'t str {
    let behind = |text: &'t str, name: &str| text.strip_prefix(name).unwrap_or(text);
    behind(behind(text, region), locality)
}
