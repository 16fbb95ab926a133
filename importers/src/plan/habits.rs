//! What a file as a whole does: the first pass. No cell says by itself whether it is packed, in which order its date is,
//! or whether its blank means no.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};
use std::io;
use std::sync::Arc;
use std::sync::LazyLock;

use hiroba_vocab::dataset::{Column, Reads};
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::address;
use hiroba_vocab::normalise::area_code::area_code;
use hiroba_vocab::normalise::character::{fold_width, is_hyphen, trim};
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::date::{Moment, Order, date, proves_order};
use hiroba_vocab::normalise::flag::{is_circle, is_cross, is_plain_no};
use hiroba_vocab::normalise::key::{HeaderKey, identity};

use super::coordinates::Coordinates;
use super::slots::Location;
use crate::header::Header;
use crate::recognise::is_tokyo_datum;
use crate::spill::{Key, SpillMap};
use crate::table::Row;

/// Rows whose addresses are looked at. More would tell nothing new.
const SAMPLE: u64 = 5_000;

/// How many telephone numbers with one area code show that there is no other.
const ENOUGH_NUMBERS: u64 = 5;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Habits {
    /// The column that numbers the rows, if any.
    pub(crate) number: Option<usize>,
    /// Numbers that occur more than once, by [`number_key`].
    pub(crate) repeated_numbers: SpillMap,
    /// Columns with nothing but circles and crosses in them.
    pub(crate) circles: Vec<bool>,
    /// Some disaster flag is an outright no, so that a blank says nothing.
    pub(crate) hazards_say_no: bool,
    /// The order of day and month, by column.
    pub(crate) orders: Vec<Option<Order>>,
    /// The one area code of all whole telephone numbers, if there are enough of them to say so.
    pub(crate) area_code: Option<String>,
    /// A date that the file gives with its year, for the dates without.
    pub(crate) near: Option<jiff::civil::Date>,
    /// Columns of group names that stand once for several rows.
    pub(crate) groups: Vec<usize>,
    /// Columns with merged cells over several rows.
    pub(crate) merged: Vec<usize>,
    /// How many cells a row has in it, as a rule.
    pub(crate) usual_cells: usize,
    /// The datum is the one of before 2002.
    pub(crate) tokyo_datum: bool,
    /// There are kana or kanji in the file.
    pub(crate) is_japanese: bool,
}

/// Whether there are kana or kanji in a text.
pub(crate) fn is_japanese(text: &str) -> bool {
    !text.is_ascii()
        && text.contains(
            |c: char| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{FF66}'..='\u{FF9F}'),
        )
}

fn rank(column: Option<&Column>, key: &HeaderKey) -> usize {
    column.map_or(usize::MAX, |column| column.rank(key))
}

/// Two keys: what collides under one of them does not under the other.
static KEYS: LazyLock<[ahash::RandomState; 2]> = LazyLock::new(Default::default);

/// A hash of 128 bits, good for this run only.
pub(crate) fn hash(value: &impl Hash) -> Key {
    (KEYS[0].hash_one(value), KEYS[1].hash_one(value))
}

/// What tells a number apart from the same number of another publisher, or of another day.
pub(crate) fn number_key(row: &Row, code: Option<usize>, day: Option<usize>, number: &str) -> Key {
    let cell = |column: Option<usize>| column.map_or("", |column| trim(row.cell(column)));
    hash(&(cell(code), cell(day), number))
}

/// A hash over the cells of a row and their columns: two rows of a file that differ do not share it. Blank cells do not
/// count.
pub(crate) fn fingerprint(row: &Row) -> Key {
    let [mut first, mut second] = [KEYS[0].build_hasher(), KEYS[1].build_hasher()];
    for (column, cell) in row.filled() {
        (column, cell).hash(&mut first);
        (column, cell).hash(&mut second);
    }
    (first.finish(), second.finish())
}

/// Collects over all rows.
pub(crate) struct Survey<'b> {
    columns: &'b [Option<Arc<Column>>],
    rows: u64,
    /// Columns of numbers with the rank of their header.
    numbers: Vec<(usize, usize, Numbers)>,
    code: Option<usize>,
    /// Columns that may tell rows apart, and how well they do.
    things: (Vec<usize>, Numbers),
    day: Option<usize>,
    /// The first day, as it stands in the file.
    pub(crate) first_day: Option<String>,
    /// The column whose value joins rows.
    joined: Option<usize>,
    near: Option<jiff::civil::Date>,
    marks: Vec<Marks>,
    say_no: bool,
    orders: Vec<Option<Order>>,
    area_codes: HashMap<String, u64>,
    groups: Vec<Group>,
    merged: BTreeSet<usize>,
    cells: Vec<u64>,
    tokyo_datum: bool,
    is_japanese: bool,
    pub(crate) coordinates: Coordinates,
    pub(crate) codes: HashMap<String, u64>,
    pub(crate) cities: HashMap<String, u64>,
    /// Wards with which addresses begin that name no city.
    pub(crate) wards: HashMap<String, u64>,
    pub(crate) publishers: HashMap<String, u64>,
    pub(crate) addresses: HashMap<LocalGovernmentCode, u64>,
    pub(crate) addresses_seen: u64,
}

#[derive(Default)]
struct Numbers {
    filled: u64,
    /// By the number's hash: the first row that has it, by half of its hash.
    seen: SpillMap,
    /// Numbers that another row has too.
    repeated: SpillMap,
}

#[derive(Default, Clone, Copy)]
struct Marks {
    filled: u64,
    marks: u64,
    circles: u64,
}

#[derive(Default)]
struct Group {
    first: bool,
    filled: u64,
    repeated: bool,
    seen: HashSet<Key>,
}

impl<'b> Survey<'b> {
    pub(crate) fn new(
        columns: &'b [Option<Arc<Column>>],
        header: &Header,
        geometry: Option<usize>,
        joined: Option<usize>,
    ) -> Self {
        let reads = |wanted: Reads| {
            columns
                .iter()
                .enumerate()
                .filter(move |(_, c)| c.as_ref().is_some_and(|c| c.reads == wanted))
                .map(|(at, _)| at)
        };
        let datum = header.names.iter().enumerate().any(|(at, name)| {
            columns[at].as_ref().is_some_and(|c| matches!(c.reads, Reads::Latitude | Reads::Longitude))
                && is_tokyo_datum(name)
        });
        Self {
            columns,
            rows: 0,
            numbers: reads(Reads::Number)
                .map(|at| (at, rank(columns[at].as_deref(), &header.keys[at]), Numbers::default()))
                .collect(),
            code: reads(Reads::PublisherCode).next(),
            things: (Vec::new(), Numbers::default()),
            day: reads(Reads::SurveyDate).next(),
            first_day: None,
            joined,
            near: None,
            marks: vec![Marks::default(); columns.len()],
            say_no: false,
            orders: vec![None; columns.len()],
            area_codes: HashMap::new(),
            groups: columns.iter().map(|_| Group::default()).collect(),
            merged: BTreeSet::new(),
            cells: vec![0; 64],
            tokyo_datum: datum,
            is_japanese: header.names.iter().any(|name| is_japanese(name)),
            coordinates: Coordinates::new(Location {
                latitude: reads(Reads::Latitude).next(),
                longitude: reads(Reads::Longitude).next(),
                both: reads(Reads::LatLon).next(),
                geometry,
            }),
            codes: HashMap::new(),
            cities: HashMap::new(),
            wards: HashMap::new(),
            publishers: HashMap::new(),
            addresses: HashMap::new(),
            addresses_seen: 0,
        }
    }

    /// Also finds out whether these columns together tell the rows apart.
    pub(crate) fn telling_apart(mut self, columns: &[usize]) -> Self {
        self.things.0 = columns.to_vec();
        self
    }

    /// Whether they do: no two rows share them, and no row lacks them all.
    pub(crate) fn tells_apart(&self) -> bool {
        let (columns, things) = &self.things;
        !columns.is_empty() && things.filled == self.rows && things.repeated.len() == 0
    }

    /// Looks at a row.
    ///
    /// # Errors
    /// The temporary file for numbers cannot be used.
    pub(crate) fn see(&mut self, row: &Row) -> io::Result<()> {
        let filled = row.filled().count();
        if filled == 0 {
            return Ok(());
        }
        self.rows += 1;
        self.merged.extend(&row.covered);
        self.is_japanese = self.is_japanese || row.cells().any(is_japanese);
        let last = self.cells.len() - 1;
        self.cells[filled.min(last)] += 1;
        let code = self.code.map_or("", |at| trim(row.cell(at)));
        // The same row twice is one thing, and its number is not repeated.
        let (columns, things) = &mut self.things;
        let this = if self.numbers.is_empty() && columns.is_empty() { 0 } else { fingerprint(row).0 };
        if columns.iter().any(|at| !trim(row.cell(*at)).is_empty()) {
            let cells: Vec<String> = columns.iter().map(|at| identity(row.cell(*at))).collect();
            things.see(hash(&cells), this)?;
        }
        for (at, _, numbers) in &mut self.numbers {
            let number = trim(row.cell(*at));
            if !number.is_empty() {
                // Rows that a number joins are one thing.
                let thing = if self.joined == Some(*at) { 0 } else { this };
                numbers.see(number_key(row, self.code, self.day, number), thing)?;
            }
        }
        if !code.is_empty() {
            count(&mut self.codes, code);
        }
        for (at, column) in self.columns.iter().enumerate() {
            let cell = trim(row.cell(at));
            match column.as_ref().map(|column| column.reads) {
                Some(Reads::Hazard) => self.say_no |= is_plain_no(cell),
                Some(Reads::Date) => self.orders[at] = self.orders[at].or_else(|| proves_order(cell)),
                Some(Reads::Phone) if self.rows <= SAMPLE => {
                    let number: String = cell.chars().filter(|c| !is_hyphen(*c)).collect();
                    if let Some(code) = area_code(&fold_width(&number)) {
                        count(&mut self.area_codes, code);
                    }
                }
                Some(Reads::SurveyDate) if !cell.is_empty() => {
                    self.orders[at] = self.orders[at].or_else(|| proves_order(cell));
                    self.first_day.get_or_insert_with(|| cell.to_owned());
                }
                Some(Reads::EventDates) if self.near.is_none() => {
                    if let Reading::Value(Moment::Day(day) | Moment::Span(day, _), _) = date(cell, None) {
                        self.near = Some(day);
                    }
                }
                Some(Reads::City) if !cell.is_empty() => count(&mut self.cities, cell),
                Some(Reads::PublisherName) if !cell.is_empty() => count(&mut self.publishers, cell),
                Some(Reads::Datum) => self.tokyo_datum |= is_tokyo_datum(cell),
                Some(Reads::Flag | Reads::Amenity | Reads::Text) => self.marks[at].see(cell),
                None => {
                    self.marks[at].see(cell);
                    self.groups[at].see(cell, self.rows == 1);
                }
                Some(Reads::Category) => self.groups[at].see(cell, self.rows == 1),
                Some(Reads::Address) if self.rows <= SAMPLE && !cell.is_empty() => {
                    self.addresses_seen += 1;
                    let found = address::split(cell, None);
                    if found.municipality.is_none()
                        && let Some(ward) = ward_of(cell)
                    {
                        count(&mut self.wards, ward);
                    }
                    if let Some(code) = found.code.filter(|_| found.municipality.is_some()) {
                        *self.addresses.entry(code).or_insert(0) += 1;
                        self.coordinates.office_of(code);
                    }
                }
                _ => {}
            }
        }
        self.coordinates.see(row);
        Ok(())
    }

    /// What all rows together say. Asked once: it takes the numbers with it.
    pub(crate) fn habits(&mut self, name: Option<usize>) -> Habits {
        let numbers = std::mem::take(&mut self.numbers).into_iter();
        let best = numbers.max_by_key(|(_, rank, numbers)| (numbers.score(), std::cmp::Reverse(*rank)));
        let usable = best.filter(|(_, _, numbers)| numbers.filled > 0);
        let is_group = |(at, group): (usize, &Group)| {
            let left_of_name = name.is_none_or(|name| at < name);
            (left_of_name && group.stands_for_blocks(self.rows)).then_some(at)
        };
        Habits {
            number: usable.as_ref().map(|(at, ..)| *at),
            repeated_numbers: usable.map(|(_, _, numbers)| numbers.repeated).unwrap_or_default(),
            circles: self.marks.iter().map(|marks| marks.circles > 0 && marks.marks == marks.filled).collect(),
            hazards_say_no: self.say_no,
            orders: self.orders.clone(),
            area_code: self.only_area_code(),
            near: self.near,
            groups: self.groups.iter().enumerate().filter_map(is_group).collect(),
            merged: self.merged.iter().copied().collect(),
            usual_cells: self.usual_cells(),
            tokyo_datum: self.tokyo_datum,
            is_japanese: self.is_japanese,
        }
    }

    /// Some files leave the area code out of some numbers. It is certain only where all others have the same.
    fn only_area_code(&self) -> Option<String> {
        let mut codes = self.area_codes.iter();
        match (codes.next(), codes.next()) {
            (Some((code, numbers)), None) if *numbers >= ENOUGH_NUMBERS => Some(code.clone()),
            _ => None,
        }
    }

    fn usual_cells(&self) -> usize {
        let half = self.rows / 2;
        let mut seen = 0;
        self.cells
            .iter()
            .position(|rows| {
                seen += rows;
                seen > half
            })
            .unwrap_or(0)
    }
}

impl Numbers {
    /// Counts a number. `row` is half of its row's hash.
    fn see(&mut self, number: Key, row: u64) -> io::Result<()> {
        self.filled += 1;
        // Not all bits: see what the map takes.
        if self.seen.get_or_insert(number, row)?.is_some_and(|first| first != row) {
            self.repeated.get_or_insert(number, 0)?;
        }
        Ok(())
    }

    /// How good a number the column is: how many rows it tells apart.
    fn score(&self) -> u64 {
        self.seen.len().saturating_sub(self.repeated.len())
    }
}

impl Marks {
    fn see(&mut self, cell: &str) {
        if cell.is_empty() {
            return;
        }
        self.filled += 1;
        self.circles += u64::from(is_circle(cell));
        self.marks += u64::from(is_circle(cell) || is_cross(cell));
    }
}

impl Group {
    fn see(&mut self, cell: &str, first: bool) {
        if cell.is_empty() {
            return;
        }
        self.first |= first;
        self.filled += 1;
        if self.seen.len() < 1_000 && !self.repeated {
            self.repeated = !self.seen.insert(hash(&cell));
        }
    }

    /// Whether each value stands once, the first row has one, and most rows have none: the look of merged cells in CSV.
    fn stands_for_blocks(&self, rows: u64) -> bool {
        self.first && !self.repeated && self.filled >= 2 && self.filled * 2 <= rows
    }
}

/// The ward with which an address begins: 鶴見区 of 鶴見区鶴見中央3-20-1.
fn ward_of(address: &str) -> Option<&str> {
    let end = address.find('区')? + '区'.len_utf8();
    let ward = address.get(..end)?;
    (2..=5).contains(&ward.chars().count()).then_some(ward)
}

fn count(counts: &mut HashMap<String, u64>, value: &str) {
    if let Some(count) = counts.get_mut(value) {
        *count += 1;
    } else if counts.len() < 2_000 {
        // A column of codes or cities has few values; one with many is something else.
        counts.insert(value.to_owned(), 1);
    }
}
