//! What is known of each attribute: its range, its keys, who feeds it and how necessary it is.

use std::sync::Arc;

use crate::dataset::{Column, Dataset, Datasets, Datatype, Need, Range, Reads, Target};
use crate::term::{AttributeKind, Term, TermRole, Terms};

/// An attribute of one data set, or of the whole vocabulary.
#[derive(Debug)]
pub struct Attribute<'v> {
    /// The term.
    pub term: &'v Term,
    /// What it holds.
    pub range: Range,
    /// The most that the current standard asks of the columns that feed it.
    pub need: Need,
    /// Every entity has it: a row without it is refused.
    pub always: bool,
    /// The columns that feed it.
    pub columns: Vec<&'v Column>,
    /// The keys of its objects.
    pub keys: Vec<Key<'v>>,
}

/// A key of an attribute whose values are objects.
#[derive(Debug)]
pub struct Key<'v> {
    /// The term.
    pub term: &'v Term,
    /// What it holds.
    pub range: Range,
    /// How cells are read that feed it; nothing where the importer fills it by itself.
    pub reads: Option<Reads>,
}

impl<'v> Attribute<'v> {
    fn new(term: &'v Term) -> Self {
        let range = match term.role {
            TermRole::Attribute(AttributeKind::Language) => Range::one(Datatype::LanguageText),
            TermRole::Attribute(AttributeKind::Geo) => Range::one(Datatype::Geometry),
            TermRole::Attribute(AttributeKind::Relationship) => Range::one(Datatype::Entity),
            _ => term.range.unwrap_or(Range::one(Datatype::Text)),
        };
        Self { term, range, need: Need::Optional, always: false, columns: Vec::new(), keys: Vec::new() }
    }

    /// Notes a column that feeds it.
    fn take(&mut self, column: &'v Column, need: Need) {
        if let Some(range) = column.range() {
            self.range = if self.columns.is_empty() { range } else { self.range.join(range) };
        }
        self.columns.push(column);
        self.need = self.need.max(need);
        if let Some(term) = column.target().key() {
            let range = column.reads.range();
            match self.keys.iter_mut().find(|key| key.term.term == term.term) {
                Some(key) => key.range = key.range.join(range),
                None => self.keys.push(Key { term, range, reads: Some(column.reads) }),
            }
        }
    }

    /// The keys that the importer adds by itself.
    fn complete(&mut self) {
        let own: &[&str] = match self.range.datatype {
            Datatype::OpeningHours => &["dayOfWeek", "opens", "closes"],
            Datatype::Object => match self.term.term.as_str() {
                "address" => &["addressCountry", "addressRegion", "addressLocality"],
                "populationByAge" => &["ageFrom", "ageTo", "gender", "count"],
                "collectionSchedule" => &["wasteKind", "text", "byDay", "byMonthWeek"],
                "wasteCollections" => &["areaGroup", "wasteKind"],
                _ => &[],
            },
            _ => &[],
        };
        for term in own.iter().filter_map(|name| Terms::published().get(name)) {
            if self.keys.iter().all(|key| key.term.term != term.term) {
                let range = term.range.unwrap_or(Range::one(Datatype::Text));
                self.keys.push(Key { term, range, reads: None });
            }
        }
    }

    /// How its cells are read, if all are read alike.
    pub fn reads(&self) -> Option<Reads> {
        let first = self.columns.first()?.reads;
        self.columns.iter().all(|column| column.reads == first).then_some(first)
    }

    /// The codes of hazards, of which its values are some; empty for all other attributes.
    pub fn hazards(&self) -> Vec<&'v str> {
        let hazards = self.columns.iter().filter(|column| column.reads == Reads::Hazard);
        hazards.filter_map(|column| column.part.as_deref()).collect()
    }
}

/// The attributes of the entities of a data set: those that its columns feed, in their order, and those that the importer
/// adds to them.
pub fn of_dataset(dataset: &Dataset) -> Vec<Attribute<'_>> {
    let mut all: Vec<Attribute<'_>> = Vec::new();
    for column in &dataset.columns {
        let Some(term) = column.target().attribute() else { continue };
        at(&mut all, term).take(column, dataset.need(column));
    }
    let mut added = vec!["inDataset"];
    if dataset.columns.iter().any(|column| column.reads == Reads::Hazard) {
        added.extend(["hazardTypesExcluded", "hazardTypesUncertain"]);
    }
    for term in added.into_iter().filter_map(|name| Terms::published().get(name)) {
        at(&mut all, term);
    }
    for attribute in &mut all {
        attribute.complete();
        let names = attribute.term.term.as_str();
        attribute.always = names == "inDataset" || subject(dataset).is_some_and(|column| feeds_surely(column, names));
    }
    all
}

/// All attributes of the vocabulary, in the order of the terms.
pub fn all() -> Vec<Attribute<'static>> {
    let terms = Terms::published().iter();
    let mut all: Vec<Attribute<'static>> =
        terms.filter(|term| matches!(term.role, TermRole::Attribute(_))).map(Attribute::new).collect();
    for dataset in Datasets::published().supported() {
        for column in &dataset.columns {
            if let Some(term) = column.target().attribute() {
                at(&mut all, term).take(column, dataset.need(column));
            }
        }
    }
    all.iter_mut().for_each(Attribute::complete);
    all
}

/// What the keys of objects hold: the keys of all attributes together, in the order of the terms.
pub fn keys() -> Vec<(&'static Term, Range)> {
    let attributes = all();
    let of = |term: &'static Term| {
        let found = attributes.iter().flat_map(|attribute| &attribute.keys).filter(|key| key.term.term == term.term);
        let range = found.map(|key| key.range).reduce(Range::join).or(term.range);
        (term, range.unwrap_or(Range::one(Datatype::Text)))
    };
    Terms::published().iter().filter(|term| term.role == TermRole::Key).map(of).collect()
}

/// The column without which a row is refused, if it is one alone.
fn subject(dataset: &Dataset) -> Option<&Arc<Column>> {
    match dataset.subject.as_slice() {
        [name] => dataset.column(name),
        _ => None,
    }
}

/// Whether any text in a column becomes a value of the attribute. Other readings may fail, and leave the attribute out.
fn feeds_surely(column: &Column, term: &str) -> bool {
    let alone = matches!(column.target(), Target::Attribute(_) | Target::Language(..));
    let text = matches!(column.reads, Reads::Name | Reads::Text | Reads::Choice | Reads::Category);
    alone && text && column.feeds.as_deref() == Some(term)
}

fn at<'a, 'v>(all: &'a mut Vec<Attribute<'v>>, term: &'v Term) -> &'a mut Attribute<'v> {
    let found = all.iter().position(|attribute| attribute.term.term == term.term);
    let position = found.unwrap_or_else(|| {
        all.push(Attribute::new(term));
        all.len() - 1
    });
    &mut all[position]
}
