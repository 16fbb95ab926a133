//! Yes and no, by column: the same mark means different things in different columns.

use serde::Deserialize;

use super::Reading;
use super::character::{fold_width, is_hyphen, trim};
use crate::issue::{Issue, Issues};

/// What kind of yes-or-no column a cell stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlagFamily {
    /// 有無: presence. A blank says nothing.
    Presence,
    /// A matrix of circles: a blank means no. Whether a column is one is decided over the whole file.
    Circles,
    /// The eight disaster flags where the file writes 1 and leaves the rest blank: by the standard a blank means no.
    Hazard,
    /// Disaster flags in a file that writes its no (×, 0): there a blank says nothing.
    HazardExplicit,
    /// 外部利用不可: any text but a plain no is a yes.
    Negated,
}

/// Reads a flag.
pub fn flag(cell: &str, family: FlagFamily) -> Reading<bool> {
    let text = trim(cell);
    if text.is_empty() {
        return match family {
            FlagFamily::Circles | FlagFamily::Hazard => Reading::value(false),
            _ => Reading::BLANK,
        };
    }
    let folded = fold_width(text);
    let hazard = matches!(family, FlagFamily::Hazard | FlagFamily::HazardExplicit);
    if !hazard && (folded.chars().all(is_hyphen) || matches!(&*folded, "不明" | "未定" | "調査中")) {
        return Reading::Empty(Issues::one(Issue::Placeholder));
    }
    if let Some(value) = plain(&folded) {
        return Reading::value(value);
    }
    if hazard {
        return Reading::unread(Issue::HazardUncertain);
    }
    if family == FlagFamily::Negated {
        return Reading::Value(true, Issues::one(Issue::FlagConditional));
    }
    match conditional(&folded) {
        Some(value) => Reading::Value(value, Issues::one(Issue::FlagConditional)),
        None => Reading::unread(Issue::FlagUnread),
    }
}

/// Whether a cell holds nothing but a circle that means yes.
pub fn is_circle(cell: &str) -> bool {
    matches!(trim(cell), "○" | "◯" | "〇" | "●" | "◎" | "O" | "Ｏ")
}

/// Whether a cell holds nothing but a cross or another mark that means no.
pub fn is_cross(cell: &str) -> bool {
    matches!(trim(cell), "×" | "✕" | "✖" | "╳" | "Ｘ" | "X" | "x")
}

/// Whether a cell is an outright no, as opposed to a blank.
pub fn is_plain_no(cell: &str) -> bool {
    plain(&fold_width(trim(cell))) == Some(false)
}

fn plain(text: &str) -> Option<bool> {
    match text {
        "有" | "あり" | "有り" | "○" | "◯" | "〇" | "●" | "◎" | "O" | "✓" | "✔" | "1" | "可" | "可能" | "はい"
        | "Y" | "y" | "YES" | "Yes" | "yes" | "TRUE" | "True" | "true" | "該当" => Some(true),
        "無" | "なし" | "無し" | "×" | "✕" | "✖" | "╳" | "X" | "x" | "0" | "不可" | "いいえ" | "N" | "n" | "NO"
        | "No" | "no" | "FALSE" | "False" | "false" | "非該当" => Some(false),
        _ => None,
    }
}

/// A yes or no with a condition: 有（要予約）, ○(平日のみ), 一部有, 50cc以下は可, 2 (a count where 有 was asked).
fn conditional(text: &str) -> Option<bool> {
    if let Ok(number) = text.parse::<u32>() {
        return Some(number > 0);
    }
    if let Some(rest) = text.strip_prefix("一部") {
        return plain(rest).filter(|yes| *yes);
    }
    let open = text.find(['(', '（', '※', '、', '。', ' ', '\n', '[', '【', ':', ';']);
    if let Some(value) = open.and_then(|at| plain(trim(&text[..at]))) {
        return Some(value);
    }
    if text.ends_with("不可") || text.ends_with("なし") {
        return None;
    }
    (text.ends_with("は可") || text.ends_with("のみ可") || text.ends_with("のみ有")).then_some(true)
}
