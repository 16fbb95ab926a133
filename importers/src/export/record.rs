//! One entity as cells: the inverse of `build`.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Edition, Field, Reads};
use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::age::{AgeBand, Gender, band};
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::key::{self, HeaderKey};
use hiroba_vocab::{Iri, Terms, namespace};
use ngsild::entity::OneOrMany;
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
    /// Columns by the key of the header under which they are written.
    headers: HashMap<String, usize>,
    /// The header of each column.
    written: HashMap<usize, String>,
}

/// An entity on its way to cells.
pub(super) struct Unbuilt<'e> {
    pub(super) to: &'e Layouter,
    pub(super) entity: &'e Entity,
    pub(super) record: Record,
}

/// The place of a column in a layout: the first, but of several numbers (施設_ID, 投票所_ID) that of the data set's own class.
pub(super) fn main_field<'f>(fields: &'f [Field], column: &Arc<Column>) -> Option<&'f Field> {
    let mut same = fields.iter().filter(|field| Arc::ptr_eq(&field.column, column));
    if column.reads != Reads::Number {
        return same.next();
    }
    same.min_by_key(|field| {
        let fit = column.fit(&HeaderKey::new(&field.header));
        (fit.is_none(), fit)
    })
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
        let (mut headers, mut written): (HashMap<String, usize>, HashMap<usize, String>) = Default::default();
        for (at, column) in preferred.iter().filter_map(|at| Some((*at, dataset.columns.get(*at)?))) {
            let field = main_field(fields, column);
            let header = field.map_or_else(|| column.export_header(), |field| &field.header);
            headers.entry(key::column(header)).or_insert(at);
            written.insert(at, header.to_owned());
        }
        Self { dataset: Arc::clone(dataset), edition, preferred, places, by_attribute, headers, written }
    }

    /// The first column that is like this, those of the layout before others.
    pub(super) fn find(&self, is: impl Fn(&Column) -> bool) -> Option<usize> {
        self.preferred.iter().copied().find(|at| self.dataset.columns.get(*at).is_some_and(|column| is(column)))
    }

    /// The header under which a column is written.
    pub(super) fn header_of(&self, at: usize) -> Option<&str> {
        self.written.get(&at).map(String::as_str)
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

    /// The attribute that takes the publisher's number.
    fn number_attribute(&self) -> Iri {
        let column = self.reads(Reads::Number).and_then(|at| self.dataset.columns.get(at));
        let feeds = column.and_then(|column| column.feeds.as_deref());
        feeds.map_or_else(|| names().identifier.clone(), |term| Terms::published().iri(term))
    }

    /// Whether a column says yes or no.
    pub(super) fn is_flag(&self, key: &Key) -> bool {
        let Key::Known(at) = key else { return false };
        self.dataset.columns.get(*at).is_some_and(|column| column.reads == Reads::Flag)
    }

    /// Whether an attribute is an object whose keys have columns of their own.
    fn has_parts(&self, attribute: &str) -> bool {
        self.feeds(attribute, |column| column.part.is_some()).is_some()
    }

    /// Where the text under a header goes: into the column that is written under it, or one of the city's own.
    fn place_of(&self, header: &str) -> Key {
        self.written(header).map_or_else(|| Key::Own(header.to_owned()), Key::Known)
    }

    /// The column that is written under a header, however the header is typed.
    fn written(&self, header: &str) -> Option<usize> {
        self.headers.get(&key::column(header)).copied()
    }

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

    /// People by age and gender: the standard's columns, others under a header that says whom they count.
    fn ages(&mut self, groups: &[Json]) {
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
    fn collection_schedule(&mut self, entries: &[Json]) {
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
    fn waste_collections(&mut self, entries: &[Json]) {
        for entry in entries {
            let text = |key: &str| entry.get(key).and_then(Json::as_str);
            match (text("areaGroup"), text("wasteKind")) {
                (Some(group), Some(kind)) => self.put(Key::Own(group.to_owned()), kind),
                _ => self.leave_out(&names().waste_collections),
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

    /// The hazards: 1 where the site is meant for one, the mark where that depends. What an excluded one is written as
    /// depends on all entities; see `Survey`.
    fn hazards(&mut self) {
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
