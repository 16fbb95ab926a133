//! One entity as cells: the inverse of `build`.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Edition, Reads};
use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::{Terms, namespace};
use ngsild::{Attribute, AttributeValue, Entity};
use serde_json::Value as Json;

use super::own;
use super::value::{self, texts};
use crate::build::{id_parts, is_made, names};

/// Which column a cell stands in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A column of the data set, by its place in [`Dataset::columns`].
    Known(usize),
    /// One more of a column that may be there several times: 分類（2）.
    Repeated(usize, usize),
    /// A column of the city's own, by its header.
    Own(String),
}

/// The cells of an entity, and what no cell can hold.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(super) cells: HashMap<Key, String>,
    /// The cells' columns in the order in which they were filled.
    pub(super) order: Vec<Key>,
    pub(super) location: Option<Json>,
    pub(super) left_out: Vec<String>,
    /// Hazards of which the entity says that it is no place for them.
    pub(super) excluded: Vec<usize>,
}

/// Knows where the values of a data set's entities go.
#[derive(Debug, Clone)]
pub(crate) struct Layouter {
    pub(super) dataset: Arc<Dataset>,
    pub(super) edition: Edition,
    /// Columns in the order of preference: those of the layout first.
    preferred: Vec<usize>,
    /// How often the layout has a column: 画像1, 画像2.
    places: HashMap<usize, usize>,
    /// Columns by the IRI of the attribute that they feed.
    by_attribute: HashMap<String, Vec<usize>>,
    /// Columns by the header under which they are written.
    headers: HashMap<String, usize>,
}

/// An entity on its way to cells.
pub(super) struct Unbuilt<'e> {
    pub(super) to: &'e Layouter,
    pub(super) entity: &'e Entity,
    pub(super) record: Record,
}

impl Layouter {
    pub(crate) fn new(dataset: &Arc<Dataset>, edition: Edition) -> Self {
        let fields = &dataset.layout(edition).fields;
        let at = |column: &Arc<Column>| dataset.columns.iter().position(|other| Arc::ptr_eq(other, column));
        let mut preferred: Vec<usize> = Vec::with_capacity(dataset.columns.len());
        let mut places: HashMap<usize, usize> = HashMap::new();
        for at in fields.iter().filter_map(|field| at(&field.column)) {
            let count = places.entry(at).or_insert(0);
            *count += 1;
            if *count == 1 {
                preferred.push(at);
            }
        }
        let rest: Vec<usize> = (0..dataset.columns.len()).filter(|at| !preferred.contains(at)).collect();
        preferred.extend(rest);
        let mut by_attribute: HashMap<String, Vec<usize>> = HashMap::new();
        for at in &preferred {
            if let Some(feeds) = dataset.columns.get(*at).and_then(|column| column.feeds.as_deref()) {
                by_attribute.entry(Terms::published().iri(feeds).to_string()).or_default().push(*at);
            }
        }
        let mut headers: HashMap<String, usize> = HashMap::new();
        for (at, column) in preferred.iter().filter_map(|at| Some((*at, dataset.columns.get(*at)?))) {
            let field = fields.iter().find(|field| Arc::ptr_eq(&field.column, column));
            headers.entry(field.map_or_else(|| column.export_header(), |field| &field.header).to_owned()).or_insert(at);
        }
        Self { dataset: Arc::clone(dataset), edition, preferred, places, by_attribute, headers }
    }

    /// The first column that is like this, those of the layout before others.
    pub(super) fn find(&self, is: impl Fn(&Column) -> bool) -> Option<usize> {
        self.preferred.iter().copied().find(|at| self.dataset.columns.get(*at).is_some_and(|column| is(column)))
    }

    /// The header under which a column is written.
    pub(super) fn header_of(&self, at: usize) -> Option<&str> {
        self.headers.iter().find(|(_, column)| **column == at).map(|(header, _)| header.as_str())
    }

    /// The first column that is read like this.
    pub(super) fn reads(&self, reads: Reads) -> Option<usize> {
        self.find(|column| column.reads == reads)
    }

    /// The first column that feeds an attribute, with what makes it the right one.
    fn feeds(&self, attribute: &str, is: impl Fn(&Column) -> bool) -> Option<usize> {
        let columns = self.by_attribute.get(attribute)?;
        columns.iter().copied().find(|at| self.dataset.columns.get(*at).is_some_and(|column| is(column)))
    }

    /// Whether a column says yes or no.
    pub(super) fn is_flag(&self, key: &Key) -> bool {
        let Key::Known(at) = key else { return false };
        self.dataset.columns.get(*at).is_some_and(|column| column.reads == Reads::Flag)
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
        let identifier = property(entity, names().identifier.as_str()).and_then(Json::as_str);
        let Some((code, last)) = id_parts(id, &self.to.dataset.entity_type) else {
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
            self.leave_out(&names().identifier);
        }
        let code = code.to_owned();
        self.publisher(&code, &number, other.as_deref());
    }

    fn publisher(&mut self, code: &str, number: &str, other: Option<&str>) {
        self.put_at(self.to.reads(Reads::Number), number);
        if let Some(other) = other
            && !self.put_at(self.to.feeds(names().identifier.as_str(), |column| column.reads != Reads::Number), other)
        {
            self.leave_out(&names().identifier);
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
        let written = [
            &known.identifier,
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
            AttributeValue::Property(Json::Object(parts)) if iri == known.contact_point.as_str() => {
                for (part, value) in parts {
                    let to = self.to.feeds(iri, |column| column.part.as_deref() == Some(part));
                    let text = texts(value).map(|texts| texts.join(";"));
                    match text {
                        Some(text) if self.put_at(to, &text) => {}
                        _ => self.leave_out(format!("{iri}.{part}")),
                    }
                }
            }
            AttributeValue::Property(value) => self.simple(iri, attribute, value),
            _ => self.leave_out(iri),
        }
    }

    /// An attribute of one column, or of several that give items to it, with its sub-attributes.
    fn simple(&mut self, iri: &str, attribute: &Attribute, value: &Json) {
        let found = self.to.feeds(iri, |column| column.reads != Reads::Amenity);
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

    /// The hazards: 1 where the site is meant for one, the mark where that depends. What an excluded one is written as
    /// depends on all entities; see `Survey`.
    fn hazards(&mut self) {
        let codes = |iri: &hiroba_vocab::Iri| self.property(iri.as_str()).and_then(texts).unwrap_or_default();
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
        match self.to.headers.get(header).copied() {
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
