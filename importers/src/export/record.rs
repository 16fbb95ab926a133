//! One entity as cells: the inverse of `build`.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::{Terms, namespace};
use ngsild::entity::OneOrMany;
use ngsild::{Attribute, AttributeValue, Entity};
use serde_json::Value as Json;

use super::layouter::{Key, Layouter};
use super::own;
use super::value::{self, texts};
use crate::build::{id_parts, is_made, names};

/// The cells of an entity, and what no cell can hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(super) cells: HashMap<Key, String>,
    /// The cells' columns in the order in which they were filled.
    pub(super) order: Vec<Key>,
    pub(super) location: Option<Json>,
    pub(super) left_out: Vec<String>,
    /// Hazards of which the entity says that it is no place for them.
    pub(super) excluded: Vec<usize>,
}

/// An entity on its way to cells.
pub(super) struct Unbuilt<'e> {
    pub(super) to: &'e Layouter,
    pub(super) entity: &'e Entity,
    pub(super) record: Record,
}

impl Layouter {
    /// The rows of an entity. Each file of a data set has a row of its own, and the row says all of the data set again.
    pub(crate) fn records(&self, entity: &Entity) -> Vec<Record> {
        let first = self.record(entity);
        let iri = names().distribution.as_str();
        let (Some(Json::Array(files)), Some(attribute)) = (property(entity, iri), entity.default_instance(iri)) else {
            return vec![first];
        };
        if self.dataset.joined_by.is_none() && files.len() > 1 {
            let mut first = first;
            first.left_out.push(iri.to_owned());
            return vec![first];
        }
        let row = |file: &Json| {
            let record = first.clone();
            let mut unbuilt = Unbuilt { to: self, entity, record };
            match file.as_object() {
                Some(parts) => unbuilt.parts(iri, parts, attribute),
                None => unbuilt.leave_out(iri),
            }
            unbuilt.record
        };
        if files.is_empty() { vec![first] } else { files.iter().map(row).collect() }
    }

    /// The cells of an entity.
    pub(crate) fn record(&self, entity: &Entity) -> Record {
        let mut unbuilt = Unbuilt { to: self, entity, record: Record::default() };
        unbuilt.identity();
        unbuilt.hours();
        unbuilt.hazards();
        for (iri, instances) in &entity.attributes {
            let Some(attribute) = instances.iter().find(|instance| instance.dataset_id.is_none()) else {
                unbuilt.leave_out(iri);
                continue;
            };
            unbuilt.attribute(iri.as_str(), attribute);
        }
        // Last, so that they take a cell of the layout only where nothing else has it.
        for (iri, instances) in &entity.attributes {
            if let Some(header) = iri.as_str().strip_prefix(namespace::COLUMN)
                && let Some(attribute) = instances.first()
            {
                unbuilt.own(iri.as_str(), &own::decoded(header), attribute);
            }
        }
        unbuilt.record
    }
}

impl Record {
    /// What stands in a column.
    pub(crate) fn cell(&self, key: &Key) -> Option<&str> {
        self.cells.get(key).map(String::as_str)
    }
}

fn property<'e>(entity: &'e Entity, iri: &str) -> Option<&'e Json> {
    match &entity.default_instance(iri)?.is {
        AttributeValue::Property(value) => Some(value),
        _ => None,
    }
}

impl Unbuilt<'_> {
    pub(super) fn put(&mut self, key: Key, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            if !self.record.cells.contains_key(&key) {
                self.record.order.push(key.clone());
            }
            self.record.cells.insert(key, text);
        }
    }

    pub(super) fn put_at(&mut self, at: Option<usize>, text: &str) -> bool {
        at.map(|at| self.put(Key::Known(at), text)).is_some()
    }

    pub(super) fn leave_out(&mut self, iri: impl ToString) {
        self.record.left_out.push(iri.to_string());
    }

    /// The value of an attribute that is a Property.
    pub(super) fn property(&self, iri: &str) -> Option<&Json> {
        property(self.entity, iri)
    }

    /// The publisher and the number, which make up the id.
    fn identity(&mut self) {
        let entity = self.entity;
        let id = entity.id.as_str();
        let iri = self.to.number_attribute();
        let identifier = property(entity, iri.as_str()).and_then(Json::as_str);
        let Some((code, last)) = id_parts(id, &self.to.dataset) else {
            // An entity that somebody else made: its id goes as a whole, and comes back as another.
            self.leave_out("id");
            let (number, code) = (identifier.unwrap_or(id).to_owned(), String::new());
            return self.publisher(&code, &number, None);
        };
        let same = identifier.filter(|identifier| own::encoded(identifier) == last);
        let number = same.map_or_else(|| own::decoded(last), str::to_owned);
        let other = identifier.filter(|_| same.is_none()).map(str::to_owned);
        if other.is_none() && identifier.is_none() && !is_made(last) {
            // Nothing said that the number is the publisher's; after an import it will.
            self.leave_out(&iri);
        }
        let code = code.to_owned();
        // Where another number of the row tells it apart (a permit's), that stands in a column of its own.
        let number = if identifier.is_none() && self.has_number(last) { "" } else { &number };
        self.publisher(&code, number, other.as_deref());
    }

    /// Whether an attribute that is fed by a column of numbers has this one.
    fn has_number(&self, number: &str) -> bool {
        let columns = self.to.dataset.columns.iter().filter(|column| column.reads == Reads::Number);
        let mut terms = columns.filter_map(|column| column.feeds.as_deref());
        terms.any(|term| self.property_of(term).is_some_and(|value| own::encoded(&value) == number))
    }

    fn publisher(&mut self, code: &str, number: &str, other: Option<&str>) {
        self.put_at(self.to.reads(Reads::Number), number);
        let iri = self.to.number_attribute();
        if let Some(other) = other
            && !self.put_at(self.to.feeds(iri.as_str(), |column| column.reads != Reads::Number), other)
        {
            self.leave_out(&iri);
        }
        let Some(code) = LocalGovernmentCode::parse(code) else { return };
        self.put_at(self.to.reads(Reads::PublisherCode), &code.to_string());
        if let Some(body) = Municipalities::all().get(code) {
            self.put_at(self.to.reads(Reads::PublisherName), body.name);
        }
    }

    fn attribute(&mut self, iri: &str, attribute: &Attribute) {
        let known = names();
        let own = iri.starts_with(namespace::COLUMN);
        let number = self.to.number_attribute();
        let written = [
            &number,
            &known.in_dataset,
            &known.opening_hours,
            &known.closed_days,
            &known.hazards,
            &known.hazards_excluded,
            &known.hazards_uncertain,
        ];
        if own || written.iter().any(|name| name.as_str() == iri) {
            return;
        }
        if iri == known.address.as_str() {
            return self.address(attribute);
        }
        match &attribute.is {
            AttributeValue::GeoProperty(geometry) if iri == known.location.as_str() => self.location(geometry),
            AttributeValue::LanguageProperty(map) => {
                for (tag, text) in map {
                    let tag = if &**tag == ngsild::language::NONE { "ja" } else { tag };
                    let to = self.to.feeds(iri, |column| column.part.as_deref() == Some(tag));
                    let text: Vec<&str> = text.as_slice().iter().map(|text| &**text).collect();
                    if !self.put_at(to, &text.join(";")) {
                        self.leave_out(format!("{iri}@{tag}"));
                    }
                }
            }
            AttributeValue::Property(Json::Object(parts)) if self.to.has_parts(iri) => {
                self.parts(iri, parts, attribute);
            }
            // One object to a row: `Layouter::records`.
            AttributeValue::Property(Json::Array(_)) if iri == known.distribution.as_str() => {}
            AttributeValue::Property(Json::Array(groups)) if iri == known.population_by_age.as_str() => {
                self.ages(groups);
            }
            AttributeValue::Property(Json::Array(entries)) if iri == known.collection_schedule.as_str() => {
                self.collection_schedule(entries);
            }
            AttributeValue::Property(Json::Array(entries)) if iri == known.waste_collections.as_str() => {
                self.waste_collections(entries);
            }
            AttributeValue::Property(value) => self.simple(iri, attribute, value),
            AttributeValue::Relationship(OneOrMany::One(object)) => self.reference(iri, object.as_str()),
            _ => self.leave_out(iri),
        }
    }

    /// The number of another entity of the same publisher. One of somebody else has no cell.
    fn reference(&mut self, iri: &str, object: &str) {
        let to = self.to.feeds(iri, |column| column.reads == Reads::Reference);
        let part = to.and_then(|at| self.to.dataset.columns.get(at)).and_then(|column| column.part.as_deref());
        let number = part.and_then(|target| {
            let rest = object.strip_prefix("urn:ngsi-ld:")?.strip_prefix(target)?.strip_prefix(':')?;
            let (publisher, number) = rest.rsplit_once(':')?;
            let (own, _) = id_parts(self.entity.id.as_str(), &self.to.dataset)?;
            (publisher == own).then(|| own::decoded(number))
        });
        match number {
            Some(number) if self.put_at(to, &number) => {}
            _ => self.leave_out(iri),
        }
    }

    /// The keys of an object, each in its column. A key that is an IRI is the text of a cell that could not be read.
    fn parts(&mut self, iri: &str, parts: &serde_json::Map<String, Json>, attribute: &Attribute) {
        for (part, value) in parts {
            if let (Some(header), Some(text)) = (part.strip_prefix(namespace::COLUMN), value.as_str()) {
                let key = self.to.place_of(&own::decoded(header));
                self.put(key, text);
                continue;
            }
            let to = self.to.feeds(iri, |column| column.part.as_deref() == Some(part));
            let column = to.and_then(|at| self.to.dataset.columns.get(at)).cloned();
            let text = column.and_then(|column| value::cell(&column, value, attribute, None));
            match text {
                Some(text) if self.put_at(to, &text) => {}
                _ => self.leave_out(format!("{iri}.{part}")),
            }
        }
    }

    /// An attribute of one column, or of several that give items to it, with its sub-attributes.
    fn simple(&mut self, iri: &str, attribute: &Attribute, value: &Json) {
        let found = self.to.feeds(iri, |column| !matches!(column.reads, Reads::Amenity | Reads::EventDates));
        let column = found.and_then(|at| Some((at, Arc::clone(self.to.dataset.columns.get(at)?))));
        let amenities = iri == names().amenity_feature.as_str();
        match column {
            // Several addresses may stand in one cell, and do where the layout has no cell for each.
            Some((at, column))
                if column.reads == Reads::Url && self.to.places.get(&at).is_some_and(|count| *count > 1) =>
            {
                let count = self.to.places.get(&at).copied().unwrap_or(1);
                let all = texts(value).unwrap_or_default();
                for n in 0..count {
                    let last = n + 1 == count;
                    let some = if last { all.get(n..) } else { all.get(n..=n) };
                    self.put(
                        if n == 0 { Key::Known(at) } else { Key::Repeated(at, n) },
                        some.unwrap_or_default().join(";"),
                    );
                }
            }
            Some((at, column)) if column.many && column.reads != Reads::Url => {
                for (n, text) in texts(value).unwrap_or_default().into_iter().enumerate() {
                    self.put(if n == 0 { Key::Known(at) } else { Key::Repeated(at, n) }, text);
                }
            }
            Some((at, column)) if !amenities || own::is_list(value) => {
                let note = self.property_of("feeNote");
                match value::cell(&column, value, attribute, note.as_deref()) {
                    Some(text) => self.put(Key::Known(at), text),
                    None => self.leave_out(iri),
                }
            }
            // Names of what there is, as circles under headers of their own.
            _ if amenities => {
                for name in texts(value).unwrap_or_default() {
                    self.put(Key::Own(name), "○");
                }
            }
            _ => self.leave_out(iri),
        }
        for (sub, instances) in &attribute.attributes {
            let skipped = [&names().source_value, &names().data_issues, &names().telephone_label];
            let Some(Attribute { is: AttributeValue::Property(value), .. }) = instances.first() else { continue };
            if skipped.contains(&sub) {
                continue;
            }
            let to = self.to.feeds(sub.as_str(), |column| {
                column.of.as_deref().is_some_and(|of| Terms::published().iri(of).as_str() == iri)
            });
            let column = to.and_then(|at| self.to.dataset.columns.get(at)).cloned();
            let text = column.and_then(|column| value::cell(&column, value, attribute, None));
            match text {
                Some(text) if self.put_at(to, &text) => {}
                _ => self.leave_out(format!("{iri}.{sub}")),
            }
        }
    }

    fn property_of(&self, term: &str) -> Option<String> {
        self.property(Terms::published().iri(term).as_str())?.as_str().map(str::to_owned)
    }

    /// A point goes into two cells, any geometry into the GeoJSON feature.
    fn location(&mut self, geometry: &Json) {
        let position = geometry.get("coordinates").filter(|_| geometry.get("type").is_some_and(|kind| kind == "Point"));
        let degree = |at: usize| position.and_then(|position| position.get(at)).and_then(Json::as_f64);
        if let (Some(longitude), Some(latitude)) = (degree(0), degree(1)) {
            self.put_at(self.to.reads(Reads::Latitude), &latitude.to_string());
            self.put_at(self.to.reads(Reads::Longitude), &longitude.to_string());
        }
        self.record.location = Some(geometry.clone());
    }

    /// A column of the city's own, or the text of a cell that could not be read. Where the layout has a column of that
    /// name, the text goes back into it, to be corrected there.
    fn own(&mut self, iri: &str, header: &str, attribute: &Attribute) {
        let AttributeValue::Property(value) = &attribute.is else { return self.leave_out(iri) };
        let text = match value {
            Json::Bool(true) => "○".to_owned(),
            Json::Bool(false) => "×".to_owned(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let text = if crate::recognise::is_tokyo_datum(&text) && own::is_datum(&self.to.dataset, header) {
            // The positions have been converted.
            "JGD2011".to_owned()
        } else {
            text
        };
        match self.to.written(header) {
            Some(at) => {
                let free = self.record.cell(&Key::Known(at)).is_none();
                let derived = self.to.dataset.columns.get(at).is_some_and(|column| column.reads == Reads::PlaceCode);
                if free || derived {
                    self.put(Key::Known(at), text);
                } else {
                    self.put(Key::Own(header.to_owned()), text);
                }
            }
            None => self.put(Key::Own(header.to_owned()), text),
        }
    }
}
