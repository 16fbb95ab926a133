//! How good a file is, in one number and its parts. Pure: the same facts give the same score.

use serde::Serialize;

use super::form::Check;
use super::{Counts, IssueGroup};

/// How good a file is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    /// 0 to 100: the parts by their weights. Parts about which the file says nothing do not count.
    pub score: u8,
    /// `A` from 90, `B` from 75, `C` from 60, `D` from 40, `E` below.
    pub grade: char,
    /// What the score is made of.
    pub parts: Vec<Part>,
    /// The rules of form that were looked at.
    pub form: Vec<Check>,
}

/// A part of the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// `understood`, `rows`, `coordinates`, `ids`, `required`, `recommended` or `form`.
    pub name: &'static str,
    /// A sentence that says what the share is a share of.
    pub sentence: &'static str,
    /// The same in Japanese.
    pub sentence_ja: &'static str,
    /// 0 to 1, 1 is best.
    pub share: f64,
    /// How many of the 100 points it stands for.
    pub weight: u8,
}

/// What is known of a file after its rows were read.
#[derive(Debug, Default)]
pub(crate) struct Facts<'r> {
    pub(crate) counts: Counts,
    pub(crate) issues: &'r [IssueGroup],
    /// Filled cells of entities in columns that the data set knows.
    pub(crate) cells: u64,
    /// Entities with a position.
    pub(crate) located: u64,
    /// For each column that the standard requires: how many entities fill it.
    pub(crate) required: Vec<u64>,
    /// The same for columns that it recommends.
    pub(crate) recommended: Vec<u64>,
    pub(crate) form: Vec<Check>,
}

impl Quality {
    /// The score of a file.
    pub(crate) fn of(facts: Facts<'_>) -> Self {
        let parts: Vec<Part> = facts.parts().into_iter().flatten().collect();
        let weight: f64 = parts.iter().map(|part| f64::from(part.weight)).sum();
        let points: f64 = parts.iter().map(|part| part.share * f64::from(part.weight)).sum();
        let score = if weight > 0.0 { (points / weight * 100.0).round().clamp(0.0, 100.0) } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        let score = score as u8;
        let grade = match score {
            90.. => 'A',
            75.. => 'B',
            60.. => 'C',
            40.. => 'D',
            _ => 'E',
        };
        Self { score, grade, parts, form: facts.form }
    }
}

impl Facts<'_> {
    fn parts(&self) -> [Option<Part>; 7] {
        let counts = &self.counts;
        let unread = self.count(|issue| issue.level == "unread" && issue.column.is_some());
        let lost = self.count(|issue| issue.level == "unread" && issue.code.starts_with("coordinates-"));
        let doubted = self.count(|issue| issue.code == "coordinates-far");
        let nameless = self.count(|issue| matches!(issue.code, "id-number-missing" | "id-number-repeated"));
        let repeated = self.count(|issue| issue.code == "id-repeated");
        let kept = self.form.iter().filter(|check| check.passed).count() as u64;
        [
            part(
                ("understood", 25),
                "Cells of known columns that were understood.",
                "内容を読み取れたセルの割合",
                share(self.cells.saturating_sub(unread), self.cells),
            ),
            part(
                ("rows", 15),
                "Rows about a thing that were not refused.",
                "登録できた行の割合",
                share(counts.entities + counts.merged, counts.entities + counts.merged + counts.refused),
            ),
            part(
                ("coordinates", 15),
                "Positions that could be read and lie where one expects them.",
                "妥当な緯度経度の割合",
                share(self.located.saturating_sub(doubted), self.located + lost),
            ),
            part(
                ("ids", 10),
                "Rows with a number of their own.",
                "重複しないIDのある行の割合",
                share(counts.entities.saturating_sub(nameless + repeated), counts.entities),
            ),
            part(
                ("required", 15),
                "Columns that the standard requires: there and filled.",
                "必須項目（◎）の記入率",
                filled(&self.required, counts.entities),
            ),
            part(
                ("recommended", 5),
                "Columns that the standard recommends: there and filled.",
                "推奨項目（○）の記入率",
                filled(&self.recommended, counts.entities),
            ),
            part(
                ("form", 15),
                "Rules of machine readability that are kept.",
                "機械可読性のルールを満たす割合",
                share(kept, self.form.len() as u64).filter(|_| counts.read > 0),
            ),
        ]
    }

    fn count(&self, wanted: impl Fn(&IssueGroup) -> bool) -> u64 {
        self.issues.iter().filter(|issue| wanted(issue)).map(|issue| issue.count).sum()
    }
}

fn part(
    (name, weight): (&'static str, u8),
    sentence: &'static str,
    sentence_ja: &'static str,
    share: Option<f64>,
) -> Option<Part> {
    let share = (share? * 1000.0).round() / 1000.0;
    Some(Part { name, sentence, sentence_ja, share, weight })
}

/// A share, if there is anything to have a share of.
#[expect(clippy::cast_precision_loss, reason = "counts of rows and cells")]
fn share(some: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| (some as f64 / all as f64).min(1.0))
}

/// How much of some columns is filled. One that is not there is not filled.
fn filled(columns: &[u64], entities: u64) -> Option<f64> {
    share(columns.iter().map(|filled| (*filled).min(entities)).sum(), entities * columns.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts<'static> {
        Facts {
            counts: Counts { read: 10, entities: 10, ..Counts::default() },
            cells: 100,
            located: 10,
            required: vec![10, 10],
            recommended: vec![10],
            form: vec![Check { rule: "L1-05", sentence: "", sentence_ja: "", passed: true }],
            ..Facts::default()
        }
    }

    fn issue(code: &'static str, level: &'static str, count: u64) -> IssueGroup {
        IssueGroup {
            code,
            level,
            sentence: "",
            sentence_ja: "",
            column: Some("列".to_owned()),
            letter: None,
            count,
            examples: Vec::new(),
        }
    }

    fn share_of(quality: &Quality, name: &str) -> Option<f64> {
        quality.parts.iter().find(|part| part.name == name).map(|part| part.share)
    }

    #[test]
    fn a_file_without_faults_has_all_points() {
        let quality = Quality::of(facts());
        assert_eq!((quality.score, quality.grade), (100, 'A'));
        assert_eq!(quality.parts.iter().map(|part| u32::from(part.weight)).sum::<u32>(), 100);
    }

    #[test]
    fn each_fault_costs_its_share_of_the_weight_of_its_part() {
        let issues = [
            issue("date-unread", "unread", 20),
            issue("coordinates-equal", "unread", 2),
            issue("coordinates-far", "doubtful", 4),
            issue("id-number-missing", "note", 5),
        ];
        let quality = Quality::of(Facts {
            issues: &issues,
            counts: Counts { read: 15, entities: 10, refused: 5, ..Counts::default() },
            located: 8,
            required: vec![10, 0],
            recommended: vec![],
            ..facts()
        });
        for (name, expected) in [
            ("understood", Some(0.78)),
            ("rows", Some(0.667)),
            ("coordinates", Some(0.4)),
            ("ids", Some(0.5)),
            ("required", Some(0.5)),
            ("recommended", None),
            ("form", Some(1.0)),
        ] {
            assert_eq!(share_of(&quality, name), expected, "{name}");
        }
        // (25 × 0.78 + 15 × 0.667 + 15 × 0.4 + 10 × 0.5 + 15 × 0.5 + 15) / 95
        assert_eq!((quality.score, quality.grade), (66, 'C'));
    }

    #[test]
    fn what_the_file_says_nothing_of_does_not_count() {
        let quality = Quality::of(Facts { located: 0, ..facts() });
        assert_eq!((quality.score, share_of(&quality, "coordinates")), (100, None));
        let nothing = Quality::of(Facts::default());
        assert_eq!((nothing.score, nothing.grade, nothing.parts.len()), (0, 'E', 0));
    }
}
