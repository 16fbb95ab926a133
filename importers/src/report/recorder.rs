//! Collects what happens while rows are read.

use hiroba_vocab::{Issue, Issues, Level};

use super::{Counts, Example, IssueGroup, MergedRow, RefusedRow, SetAsideGroup};
use crate::classify::SetAside;
use crate::limits;
use crate::table::Row;

/// How much of a cell a report quotes.
const QUOTED: usize = 80;

/// Examples of an issue that are listed whatever else is.
const FEW: usize = 5;

/// Counts, and the first examples of everything.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) counts: Counts,
    /// How many entities fill each column.
    filled: Vec<u64>,
    /// How many entities have a position.
    pub(crate) located: u64,
    /// By column; the last place is for the row or file as a whole.
    issues: Vec<Vec<Noticed>>,
    set_aside: Vec<(SetAside, u64, Vec<Example>)>,
    /// Examples of the row that is being read: column, issue, example. What is published of them is known at its end.
    pending: Vec<(usize, usize, usize)>,
    examples: usize,
    pub(crate) refused: Vec<RefusedRow>,
    pub(crate) merged: Vec<MergedRow>,
}

#[derive(Debug)]
struct Noticed {
    issue: Issue,
    count: u64,
    examples: Vec<Example>,
}

impl Recorder {
    pub(crate) fn new(columns: usize) -> Self {
        Self { issues: (0..=columns).map(|_| Vec::new()).collect(), filled: vec![0; columns], ..Self::default() }
    }

    /// Records issues of a cell, or of a row as a whole.
    pub(crate) fn note(&mut self, row: u64, column: Option<usize>, issues: Issues, text: &str) {
        let last = self.issues.len().saturating_sub(1);
        let column = column.unwrap_or(last).min(last);
        let Some(noticed) = self.issues.get_mut(column) else { return };
        for issue in issues.iter() {
            let at = match noticed.iter().position(|noticed| noticed.issue == issue) {
                Some(at) => at,
                None => {
                    noticed.push(Noticed { issue, count: 0, examples: Vec::new() });
                    noticed.len() - 1
                }
            };
            let found = &mut noticed[at];
            found.count += 1;
            // The first few are always there, however many other issues there are.
            let few = found.examples.len() < FEW;
            if few || found.examples.len() < limits::EXAMPLES && self.examples < limits::LISTED_CELLS {
                self.examples += 1;
                if column < last && issue.level() != Level::Unread {
                    self.pending.push((column, at, found.examples.len()));
                }
                found.examples.push(Example { row, text: quoted(text), published: None });
            }
        }
    }

    /// Whether a cell of this row is listed whose published value is not known yet.
    pub(crate) fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The row ends: says what was published of its listed cells, by column.
    pub(crate) fn publish(&mut self, published: impl Fn(usize) -> Option<String>) {
        for (column, issue, example) in std::mem::take(&mut self.pending) {
            let noticed = self.issues.get_mut(column).and_then(|noticed| noticed.get_mut(issue));
            if let Some(example) = noticed.and_then(|noticed| noticed.examples.get_mut(example)) {
                example.published = published(column).map(|text| quoted(&text)).filter(|text| *text != example.text);
            }
        }
    }

    /// Counts the cells of a row that became an entity.
    pub(crate) fn fill(&mut self, row: &Row) {
        for (column, _) in row.filled() {
            if let Some(filled) = self.filled.get_mut(column) {
                *filled += 1;
            }
        }
    }

    /// How many entities have something in a column. Words for nothing are nothing.
    pub(crate) fn filled(&self, column: usize) -> u64 {
        let nothing = |noticed: &&Noticed| {
            matches!(noticed.issue, Issue::Placeholder | Issue::TemplateLeftover | Issue::CellError)
        };
        let issues = self.issues.get(column).map(Vec::as_slice).unwrap_or_default();
        let nothing: u64 = issues.iter().filter(nothing).map(|noticed| noticed.count).sum();
        self.filled.get(column).copied().unwrap_or(0).saturating_sub(nothing)
    }

    pub(crate) fn set_aside(&mut self, row: u64, reason: SetAside, text: &str) {
        self.counts.set_aside += 1;
        let at = match self.set_aside.iter().position(|(known, ..)| *known == reason) {
            Some(at) => at,
            None => {
                self.set_aside.push((reason, 0, Vec::new()));
                self.set_aside.len() - 1
            }
        };
        let (_, count, examples) = &mut self.set_aside[at];
        *count += 1;
        if examples.len() < limits::EXAMPLES {
            examples.push(Example { row, text: quoted(text), published: None });
        }
    }

    pub(crate) fn refuse(&mut self, refused: RefusedRow) {
        self.counts.refused += 1;
        if self.refused.len() < limits::LISTED {
            self.refused.push(refused);
        }
    }

    pub(crate) fn merge(&mut self, merged: MergedRow) {
        self.counts.merged += 1;
        if self.merged.len() < limits::LISTED {
            self.merged.push(merged);
        }
    }

    /// The issues with the headers of their columns, the weightiest and most frequent first.
    pub(crate) fn issues(&self, headers: &[String]) -> Vec<IssueGroup> {
        let group = |(at, noticed): (usize, &Noticed)| {
            (
                noticed.issue.level(),
                IssueGroup {
                    code: noticed.issue.code(),
                    level: noticed.issue.level().word(),
                    sentence: noticed.issue.sentence(),
                    sentence_ja: noticed.issue.sentence_ja(),
                    column: headers.get(at).cloned(),
                    letter: headers.get(at).map(|_| letter(at)),
                    count: noticed.count,
                    examples: noticed.examples.clone(),
                },
            )
        };
        let columns = self.issues.iter().enumerate();
        let mut groups: Vec<_> =
            columns.flat_map(|(at, all)| all.iter().map(move |one| (at, one))).map(group).collect();
        groups.sort_by_key(|(level, group)| (std::cmp::Reverse(*level), std::cmp::Reverse(group.count), group.code));
        groups.into_iter().map(|(_, group)| group).collect()
    }

    pub(crate) fn groups_set_aside(&self) -> Vec<SetAsideGroup> {
        let group = |(reason, count, examples): &(SetAside, u64, Vec<Example>)| SetAsideGroup {
            reason: reason.code(),
            sentence: reason.sentence(),
            sentence_ja: reason.sentence_ja(),
            count: *count,
            examples: examples.clone(),
        };
        self.set_aside.iter().map(group).collect()
    }
}

/// A column as spreadsheets call it: A, B, …, Z, AA.
pub(crate) fn letter(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

fn quoted(text: &str) -> String {
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED).collect();
    if text.trim().chars().count() > QUOTED { format!("{line}…") } else { line }
}
