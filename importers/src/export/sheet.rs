//! Which columns a file has, and the rows in them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Edition, Field, Fit, Reads};
use hiroba_vocab::normalise::key::{self, HeaderKey};
use indexmap::IndexSet;
use ngsild::Entity;
use serde_json::Value as Json;

use super::Format;
use super::layouter::{Key, Layouter, main_field};
use super::record::Record;
use crate::build::id_parts;
use crate::header::{Header, Preview};
use crate::recognise::{Clues, bind};
use crate::{limits, plan};

/// Looks at all entities before the first is written.
#[derive(Debug)]
pub struct Survey {
    to: Layouter,
    used: IndexSet<Key>,
    /// Columns of hazards that some entity says something of.
    hazards: HashSet<usize>,
    /// By how many entities say something of it: if some do and some do not, a blank would be a no.
    hazard_counts: HashMap<usize, u64>,
    rows: u64,
    /// The codes of the publishers, as the ids have them; one more than one is enough to know.
    publishers: HashSet<String>,
    is_japanese: bool,
    widths: HashMap<Key, usize>,
}

/// The columns of a file.
#[derive(Debug)]
pub struct Sheet {
    pub(super) to: Layouter,
    pub(super) heads: Vec<Head>,
    /// A blank says nothing of a hazard, so that a no is written out.
    say_no: bool,
    /// The data set's title.
    pub(super) title: String,
    /// The one publisher of all its rows.
    publisher: Option<String>,
    /// No word in it is Japanese, so that the headers and 有 and 無 are not either.
    english: bool,
}

/// A column of a file.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) header: String,
    pub(super) key: Key,
    /// How its cells are read; `None` for columns of the city's own.
    pub(super) reads: Option<Reads>,
    /// The widest cell, in half-width characters.
    pub(super) width: usize,
}

/// A row of a file.
pub(super) struct Row {
    /// One for each column.
    pub(super) cells: Vec<String>,
    pub(super) geometry: Option<Json>,
    pub(super) left_out: Vec<String>,
}

/// Columns that are wider than this wrap in people's programs.
const WIDEST: usize = 60;

/// How many half-width characters a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>().min(WIDEST)
}

impl Survey {
    /// Nothing seen yet.
    pub fn new(dataset: &Arc<Dataset>, edition: Edition) -> Self {
        Self {
            to: Layouter::new(dataset, edition),
            used: IndexSet::new(),
            hazards: HashSet::new(),
            hazard_counts: HashMap::new(),
            rows: 0,
            publishers: HashSet::new(),
            is_japanese: false,
            widths: HashMap::new(),
        }
    }

    /// Looks at an entity. One that its source no longer lists becomes no row ([`super::is_absent`]). Columns of a city's own beyond [`limits::COLUMNS`] are not kept.
    pub fn see(&mut self, entity: &Entity) {
        if super::is_absent(entity) {
            return;
        }
        let publisher = id_parts(entity.id.as_str(), &self.to.dataset).map(|(code, _)| code);
        if self.publishers.len() < 2 && !self.publishers.contains(publisher.unwrap_or_default()) {
            self.publishers.insert(publisher.unwrap_or_default().to_owned());
        }
        for record in self.to.records(entity) {
            self.see_row(record);
        }
    }

    fn see_row(&mut self, record: Record) {
        self.rows += 1;
        let is_hazard = |key: &Key| match key {
            Key::Known(at) => {
                Some(*at).filter(|at| self.to.dataset.columns.get(*at).is_some_and(|c| c.reads == Reads::Hazard))
            }
            _ => None,
        };
        for at in record.order.iter().filter_map(is_hazard).chain(record.excluded.iter().copied()) {
            self.hazards.insert(at);
            *self.hazard_counts.entry(at).or_insert(0) += 1;
        }
        for key in record.order {
            let text = record.cells.get(&key).map_or("", String::as_str);
            self.is_japanese = self.is_japanese || !self.to.is_flag(&key) && plan::is_japanese(text);
            let widest = width(text);
            match self.widths.get_mut(&key) {
                Some(known) => *known = widest.max(*known),
                None => drop(self.widths.insert(key.clone(), widest)),
            }
            if self.used.len() < limits::COLUMNS / 2 {
                self.used.insert(key);
            }
        }
    }

    /// The columns: those of the layout, then what else the entities have.
    pub fn sheet(mut self) -> Sheet {
        // By the standard a blank is a no. Where some entities say nothing of a hazard, every no must be written out.
        let say_no = self.hazard_counts.values().any(|count| *count < self.rows);
        let dataset = Arc::clone(&self.to.dataset);
        let mut publishers = self.publishers.iter();
        let publisher = publishers.next().filter(|code| publishers.next().is_none() && !code.is_empty()).cloned();
        // A list without a Japanese word has the English headers of the standard: a Japanese one would make it Japanese.
        let english = self.rows > 0 && !self.is_japanese;
        let filled: HashSet<Key> = self.used.iter().cloned().collect();
        let mut heads: Vec<Head> = Vec::new();
        for field in &dataset.layout(self.to.edition).fields {
            let Some(at) = self.to.find(|column| std::ptr::eq(column, &*field.column)) else { continue };
            let key = self.key_of(field, at, &heads);
            if english && key != Key::Known(at) {
                // The second of its kind has no English name of its own. If it is used, it follows after the layout.
                continue;
            }
            let used = self.used.shift_remove(&key);
            // A blank column of a hazard that nobody spoke of would say no of every site.
            let unsaid = self.rows > 0 && field.column.reads == Reads::Hazard && !self.hazards.contains(&at);
            // Its place may be taken by the publisher's own name for it.
            let by_header = matches!(field.column.reads, Reads::Recurrence | Reads::GroupCell);
            if self.rows > 0 && by_header && !used {
                continue;
            }
            let header = if english { field.column.current.get(1) } else { Some(&field.header) };
            match header {
                Some(header) if !unsaid || say_no => heads.push(self.head(header.clone(), key)),
                None if used => heads.push(self.head(field.header.clone(), key)),
                _ => {}
            }
        }
        let mut rest: Vec<Key> = std::mem::take(&mut self.used).into_iter().collect();
        // Columns that a definition knows come before the city's own, in its order.
        rest.sort_by_key(|key| match key {
            Key::Known(at) => (0, *at, 0),
            Key::Repeated(at, n) => (0, *at, *n),
            Key::Own(_) => (1, 0, 0),
        });
        for key in rest {
            let header = match &key {
                Key::Known(at) => self.name_of(*at, english),
                Key::Repeated(at, n) => format!("{}（{}）", self.name_of(*at, english), n + 1),
                Key::Own(header) => header.clone(),
            };
            heads.push(self.head(header, key));
        }
        leave_place_to_own(&dataset, &mut heads, &filled);
        keep_own_apart(&dataset, english, &mut heads);
        Sheet { title: dataset.title_ja.clone(), publisher, to: self.to, heads, say_no, english }
    }

    /// What stands in a column of the layout. Where the layout has the same column twice (画像1, 画像2), the second takes the
    /// next value if there may be several; otherwise only what was under that very header fits there.
    fn key_of(&self, field: &Field, at: usize, before: &[Head]) -> Key {
        let is_same = |head: &&Head| matches!(head.key, Key::Known(other) | Key::Repeated(other, _) if other == at);
        let fields = &self.to.dataset.layout(self.to.edition).fields;
        let is_main = main_field(fields, &field.column).is_some_and(|main| std::ptr::eq(main, field));
        match before.iter().filter(is_same).count() {
            0 if is_main => Key::Known(at),
            n if n > 0 && field.column.many && field.column.reads != Reads::Number => Key::Repeated(at, n),
            _ => {
                let key = key::column(&field.header);
                let is_it = |used: &&Key| matches!(used, Key::Own(header) if key::column(header) == key);
                self.used.iter().find(is_it).cloned().unwrap_or_else(|| Key::Own(field.header.clone()))
            }
        }
    }

    fn name_of(&self, at: usize, english: bool) -> String {
        self.to.dataset.columns.get(at).map(|column| name_of(column, english)).unwrap_or_default()
    }

    fn head(&self, header: String, key: Key) -> Head {
        let reads = match &key {
            Key::Known(at) | Key::Repeated(at, _) => self.to.dataset.columns.get(*at).map(|column| column.reads),
            Key::Own(_) => None,
        };
        let width = self.widths.get(&key).copied().unwrap_or(0).max(width(&header));
        Head { header, key, reads, width }
    }
}

fn name_of(column: &Column, english: bool) -> String {
    let english = column.current.get(1).filter(|_| english);
    english.map_or_else(|| column.export_header(), String::as_str).to_owned()
}

/// A blank column of the layout goes where the city has its cells under another name, and an import keeps that name.
fn leave_place_to_own(dataset: &Dataset, heads: &mut Vec<Head>, filled: &HashSet<Key>) {
    let own = |head: &Head| matches!(head.key, Key::Own(_)).then(|| HeaderKey::new(&head.header));
    let own: Vec<HeaderKey> = heads.iter().filter_map(own).collect();
    heads.retain(|head| {
        let Key::Known(at) = head.key else { return true };
        let Some(column) = dataset.columns.get(at).filter(|column| is_kept_as_own(column)) else { return true };
        let is_it = |key: &HeaderKey| column.fit(key).is_some_and(|fit| fit < Fit::Likeness);
        filled.contains(&head.key) || !own.iter().any(is_it)
    });
}

/// A header of the city's own may be one that a column of the data set would take, if nothing else did: then that column
/// is there too, and blank.
fn keep_own_apart(dataset: &Arc<Dataset>, english: bool, heads: &mut Vec<Head>) {
    // Each round adds at least one column of the data set, and none twice.
    for _ in 0..dataset.columns.len() {
        let taken = assigned(dataset, heads);
        let wrong = heads.iter().zip(&taken).find_map(|(head, column)| {
            let own =
                |column: &&Arc<Column>| matches!(head.key, Key::Own(_)) && !column.many && !is_kept_as_own(column);
            let column = column.as_ref().filter(own)?;
            let at = dataset.columns.iter().position(|other| Arc::ptr_eq(other, column))?;
            let there = heads.iter().any(|head| head.key == Key::Known(at));
            let name = name_of(column, english);
            // A header that is the column's own name can only be a text that the column could not read.
            (!there && name != head.header).then_some((at, name))
        });
        let Some((at, header)) = wrong else { return };
        let own = heads.iter().position(|head| matches!(head.key, Key::Own(_))).unwrap_or(heads.len());
        let reads = dataset.columns.get(at).map(|column| column.reads);
        let width = width(&header);
        heads.insert(own, Head { header, key: Key::Known(at), reads, width });
    }
}

/// Whether an import keeps the cells of a column under their own header, although it knows the column.
fn is_kept_as_own(column: &Column) -> bool {
    column.reads == Reads::Datum || column.reads == Reads::Text && column.feeds.is_none()
}

/// What an import would take the columns for.
fn assigned(dataset: &Arc<Dataset>, heads: &[Head]) -> Vec<Option<Arc<Column>>> {
    let names: Vec<String> = heads.iter().map(|head| head.header.clone()).collect();
    let keys = names.iter().map(|name| HeaderKey::new(name)).collect();
    let header = Header { row: 1, last_row: 1, names, keys, above: Vec::new(), rows_above: 0 };
    let preview = Preview { header, sample: Vec::new() };
    bind(dataset, &preview, Clues { file: "", sheet: None, geometry: None, cut_names: false }).columns
}

impl Sheet {
    /// The headers in order.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.heads.iter().map(|head| head.header.as_str())
    }

    /// What files of the standard are called: `131016_aed.csv`. Without the code where the rows are of several publishers.
    pub fn file_name(&self, format: Format) -> String {
        let slug = &self.to.dataset.slug;
        let stem = self.publisher.as_ref().map_or_else(|| slug.clone(), |code| format!("{code}_{slug}"));
        format!("{stem}.{}", format.extension())
    }

    /// The rows of an entity: one, as a rule. With `geometry`, the position is not in cells but apart.
    pub(super) fn rows(&self, entity: &Entity, geometry: bool) -> Vec<Row> {
        self.to.records(entity).into_iter().map(|record| self.row(record, geometry)).collect()
    }

    fn row(&self, mut record: Record, geometry: bool) -> Row {
        if self.say_no {
            for at in std::mem::take(&mut record.excluded) {
                record.cells.insert(Key::Known(at), "0".to_owned());
            }
        }
        let Record { mut cells, location, mut left_out, .. } = record;
        let is_place = |head: &Head| matches!(head.reads, Some(Reads::Latitude | Reads::Longitude));
        let has_point = self.heads.iter().any(|head| is_place(head) && cells.contains_key(&head.key));
        if location.is_some() && !geometry && !has_point {
            left_out.push(crate::build::names().location.to_string());
        }
        let row = self.heads.iter().map(|head| {
            let mut cell = cells.remove(&head.key).unwrap_or_default();
            if self.english && self.to.is_flag(&head.key) {
                cell = cell.replace('有', "yes").replace('無', "no");
            }
            if geometry && location.is_some() && is_place(head) { String::new() } else { cell }
        });
        Row { cells: row.collect(), geometry: location.filter(|_| geometry), left_out }
    }
}
