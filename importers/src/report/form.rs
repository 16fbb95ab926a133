//! The form of a file, by the Digital Agency's rules of machine readability (機械可読性のルール, digital-go-jp/machine_readability_rule):
//! those of its rules that an import sees kept or broken.

use std::collections::HashSet;

use serde::Serialize;

use super::{IssueGroup, SetAsideGroup};
use crate::plan::Plan;
use crate::source::{Kind, Source};

/// A rule of form, and whether the file keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The rule's number: `L1-12`.
    pub rule: &'static str,
    /// What it asks for.
    pub sentence: &'static str,
    /// The same in Japanese.
    pub sentence_ja: &'static str,
    /// Whether the file does so.
    pub passed: bool,
}

/// Looks at a file's form.
pub(crate) fn checks(source: &Source, plan: &Plan, issues: &[IssueGroup], set_aside: &[SetAsideGroup]) -> Vec<Check> {
    let header = &plan.header;
    let noticed = |codes: &[&str]| issues.iter().any(|issue| codes.contains(&issue.code));
    let aside = |reasons: &[&str]| set_aside.iter().any(|group| reasons.contains(&group.reason));
    let keys: Vec<&str> = header.keys.iter().map(|key| key.full.as_str()).collect();
    let distinct = keys.iter().collect::<HashSet<_>>().len();
    let broken = [
        ("L1-01", source.misnamed || source.kind == Kind::Xls),
        ("L1-03", aside(&["blank"])),
        ("L1-04", aside(&["note", "template", "explanation", "total", "section"])),
        ("L1-05", keys.iter().any(|key| key.is_empty())),
        ("L1-06", header.names.iter().any(|name| name.contains(['\n', '\r']))),
        ("L1-07", noticed(&["phone-several", "phone-label", "cells-extra"])),
        ("L1-08", noticed(&["character-private", "character-lost"])),
        ("L1-09", noticed(&["coordinates-zero"])),
        ("L1-12", !plan.habits.merged.is_empty()),
        ("L2-01", noticed(&["number-unit-removed", "number-kanji", "number-unread"])),
        ("L2-02", noticed(&["filled-down"])),
        ("L2-03", distinct < keys.len() || header.last_row > header.row),
        ("L2-04", noticed(&["not-in-code-list", "flag-conditional", "flag-unread"])),
        ("L3-01", header.row > 1),
        ("L3-05", noticed(&["date-era", "date-era-overflow", "date-fiscal-year", "date-order", "date-unread"])),
        ("L3-06", noticed(&["municipality-unknown", "code-unread", "code-repaired", "address-unmatched"])),
        ("L3-08", !source.kind.is_unicode()),
    ];
    let check = |(rule, sentence, sentence_ja): &(&'static str, &'static str, &'static str)| {
        let broken = broken.iter().any(|(name, broken)| name == rule && *broken);
        Check { rule, sentence, sentence_ja, passed: !broken }
    };
    RULES.iter().map(check).collect()
}

/// Rules that can be seen kept or broken, with what they ask for.
const RULES: [(&str, &str, &str); 17] = [
    ("L1-01", "The file is CSV, XLSX, ODS or JSON, and named so.", "CSV、XLSXなど機械が読める形式で、拡張子が正しい"),
    ("L1-03", "No blank rows part the data.", "空白行でデータが分断されていない"),
    (
        "L1-04",
        "Nothing but data stands in the table: no notes, totals or headings.",
        "注記・合計・見出しなどの行がない",
    ),
    ("L1-05", "Every column has a name.", "すべての列に項目名がある"),
    ("L1-06", "Names of columns have no line breaks.", "項目名に改行がない"),
    ("L1-07", "A cell holds one value.", "1セルに1データ"),
    ("L1-08", "No characters that other systems cannot show.", "外字や文字化けがない"),
    ("L1-09", "A blank is not written as 0.", "空白を0としていない"),
    ("L1-12", "No cells are merged.", "セルを結合していない"),
    ("L2-01", "Numbers have no units and no separators.", "数値に単位や桁区切りがない"),
    ("L2-02", "No value is left out because it stands above.", "前の行と同じ値を省略していない"),
    ("L2-03", "Each column has a name of its own, in one row.", "項目名が1行で重複しない"),
    ("L2-04", "Choices are written as the standard writes them.", "選択肢の表記が標準に沿っている"),
    ("L3-01", "The header is the first row.", "1行目が項目名である"),
    ("L3-05", "Dates are Western and in one form.", "日付が西暦で統一されている"),
    ("L3-06", "Places have codes or official names.", "地域コード又は正式な地域名がある"),
    ("L3-08", "The encoding is UTF-8, as the municipal standard asks.", "文字コードが標準の求めるUTF-8である"),
];

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn rules_are_in_order_and_each_is_there_once() {
        assert!(RULES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
