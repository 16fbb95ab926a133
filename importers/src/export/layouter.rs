//! Where the values of a data set's entities go: the columns of a layout.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Edition, Field, Reads};
use hiroba_vocab::normalise::key::{self, HeaderKey};
use hiroba_vocab::{Iri, Terms};

use crate::build::names;

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

/// Knows where the values of a data set's entities go.
#[derive(Debug, Clone)]
pub(crate) struct Layouter {
    pub(super) dataset: Arc<Dataset>,
    pub(super) edition: Edition,
    /// Columns in the order of preference: those of the layout first.
    preferred: Vec<usize>,
    /// How often the layout has a column: 画像1, 画像2.
    pub(super) places: HashMap<usize, usize>,
    /// Columns by the IRI of the attribute that they feed.
    by_attribute: HashMap<String, Vec<usize>>,
    /// Columns by the key of the header under which they are written.
    headers: HashMap<String, usize>,
    /// The header of each column.
    written: HashMap<usize, String>,
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
    pub(super) fn feeds(&self, attribute: &str, is: impl Fn(&Column) -> bool) -> Option<usize> {
        let columns = self.by_attribute.get(attribute)?;
        columns.iter().copied().find(|at| self.dataset.columns.get(*at).is_some_and(|column| is(column)))
    }

    /// The attribute that takes the publisher's number.
    pub(super) fn number_attribute(&self) -> Iri {
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
    pub(super) fn has_parts(&self, attribute: &str) -> bool {
        self.feeds(attribute, |column| column.part.is_some()).is_some()
    }

    /// Where the text under a header goes: into the column that is written under it, or one of the city's own.
    pub(super) fn place_of(&self, header: &str) -> Key {
        self.written(header).map_or_else(|| Key::Own(header.to_owned()), Key::Known)
    }

    /// The column that is written under a header, however the header is typed.
    pub(super) fn written(&self, header: &str) -> Option<usize> {
        self.headers.get(&key::column(header)).copied()
    }
}
