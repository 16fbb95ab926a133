//! What the cells of each column have in common: counted over the whole file, row by row.

use std::collections::HashSet;

use hiroba_vocab::normalise::character::{content, published};
use hiroba_vocab::unit;

use super::kind::{Kind, leads_with_zero, number};
use crate::classify::is_total;
use crate::plan::hash;
use crate::spill::Key;
use crate::table::Row;

/// Cells of a column whose form is looked at. More would tell nothing new, except whether all are numbers.
const SAMPLE: u64 = 1_000;
/// Different values of a column that are told apart.
const DISTINCT: usize = 200;

/// What is known of the cells of a column.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Cells with something in them.
    pub(super) filled: u64,
    /// Those of them that were looked at.
    pub(super) seen: u64,
    /// Cells that hold なし or 無: nothing to most columns, and a no where others are a yes.
    noes: u64,
    fits: [u64; Kind::ALL.len()],
    distinct: HashSet<Key>,
    /// All cells of the file are numbers,
    pub(super) numbers: bool,
    /// none of them with a leading zero,
    pub(super) zeros: bool,
    /// all of them whole and none below zero.
    pub(super) whole: bool,
    /// The unit that stands behind the numbers, if it is the same one everywhere.
    pub(super) unit: Unit,
    /// The number of digits, if all have the same.
    pub(super) digits: Option<usize>,
}

/// The unit behind the numbers of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing was seen so far.
    Unseen,
    /// Never one.
    None,
    /// This one behind some or all.
    One(String),
    /// Several.
    Mixed,
}

impl Facts {
    fn new() -> Self {
        Self {
            filled: 0,
            seen: 0,
            noes: 0,
            fits: [0; Kind::ALL.len()],
            distinct: HashSet::new(),
            numbers: true,
            zeros: false,
            whole: true,
            unit: Unit::Unseen,
            digits: None,
        }
    }

    fn see(&mut self, text: &str) {
        self.filled += 1;
        if self.distinct.len() < DISTINCT {
            self.distinct.insert(hash(&text));
        }
        if self.numbers {
            self.see_number(text);
        }
        if self.seen < SAMPLE {
            self.seen += 1;
            for (count, kind) in self.fits.iter_mut().zip(Kind::ALL) {
                *count += u64::from(kind.fits(text));
            }
        }
    }

    fn see_number(&mut self, text: &str) {
        let Some(number) = number(text) else {
            self.numbers = false;
            return;
        };
        self.zeros |= leads_with_zero(text);
        self.whole &= number.fract() == 0.0 && number >= 0.0;
        let digits = text.chars().filter(char::is_ascii_digit).count();
        self.digits = if self.filled == 1 { Some(digits) } else { self.digits.filter(|same| *same == digits) };
        self.unit = match (std::mem::replace(&mut self.unit, Unit::Unseen), unit::behind_number(text)) {
            (Unit::Unseen | Unit::None, None) => Unit::None,
            (Unit::Unseen | Unit::None, Some(unit)) => Unit::One(unit.to_owned()),
            (Unit::One(unit), None) => Unit::One(unit),
            (Unit::One(known), Some(unit)) if known == unit => Unit::One(known),
            _ => Unit::Mixed,
        };
    }

    /// Which part of the cells has a form, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    pub(super) fn share(&self, kind: Kind) -> f64 {
        let at = Kind::ALL.iter().position(|other| *other == kind);
        let fits = at.and_then(|at| self.fits.get(at)).copied().unwrap_or(0);
        let noes = if kind == Kind::Flag && fits > 0 { self.noes } else { 0 };
        if self.seen == 0 { 0.0 } else { (fits + noes) as f64 / (self.seen + noes) as f64 }
    }

    /// How many cells were looked at for a form.
    pub(super) fn looked_at(&self, kind: Kind) -> u64 {
        self.seen + if kind == Kind::Flag { self.noes } else { 0 }
    }

    /// How many different values there are; `None` where there are too many to be counted.
    pub(super) fn distinct(&self) -> Option<usize> {
        (self.distinct.len() < DISTINCT).then_some(self.distinct.len())
    }

    /// Whether most values differ from one another, as names do.
    pub(super) fn are_mostly_different(&self) -> bool {
        self.distinct().is_none_or(|distinct| distinct as u64 * 2 >= self.filled)
    }
}

/// Collects the facts of all columns.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) columns: Vec<Facts>,
    pub(super) rows: u64,
}

impl Survey {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns: vec![Facts::new(); columns], rows: 0 }
    }

    /// Looks at a row below the header. Totals and notes below a table say nothing of its columns.
    pub(super) fn see(&mut self, row: &Row) {
        let filled = row.filled().count();
        let Some((_, first)) = row.filled().next() else { return };
        if is_total(first) || filled == 1 && self.columns.len() >= 3 {
            return;
        }
        self.rows += 1;
        for (facts, cell) in self.columns.iter_mut().zip(row.cells()) {
            match content(cell) {
                Ok(text) => facts.see(text),
                Err(_) => facts.noes += u64::from(published(cell).is_ok()),
            }
        }
    }
}
