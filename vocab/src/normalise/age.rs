//! The ages and the gender that the header of a column of people names.

use super::character::{fold_width, is_blank, is_hyphen, is_tilde};

/// Whom a column counts. 0-4歳の男性 is 0 to 4, male.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgeBand {
    /// The youngest age in years; `None` where the ages are not known.
    pub from: Option<u8>,
    /// The oldest age in years; `None` where the band has no upper end.
    pub to: Option<u8>,
    /// `None` for both together.
    pub gender: Option<Gender>,
}

/// As the standard counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gender {
    /// 男性
    Male,
    /// 女性
    Female,
}

impl Gender {
    /// `male` or `female`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }
}

/// Reads a header such as 0-4歳の男性, 85歳以上の女性, `5～9歳男`, 男_10～14歳, `0歳（女）`, `20-24歳`, `male_0_4`, 不詳者の男性.
/// `None` when it names no ages, or something besides.
pub fn band(header: &str) -> Option<AgeBand> {
    let folded = fold_width(header).to_lowercase();
    let (gender, rest) = take_gender(&folded);
    let mut numbers: Vec<u8> = Vec::new();
    let mut open = false;
    let mut unknown = false;
    let mut rest = rest.as_str();
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            numbers.push(rest[..digits].parse().ok()?);
            rest = &rest[digits..];
        } else if let Some(after) = ["以上", "over"].iter().find_map(|word| rest.strip_prefix(word)) {
            open = true;
            rest = after;
        } else if let Some(after) = ["不詳者", "不詳"].iter().find_map(|word| rest.strip_prefix(word)) {
            unknown = true;
            rest = after;
        } else if let Some(after) = ["年齢", "人口", "から", "まで"].iter().find_map(|word| rest.strip_prefix(word))
        {
            rest = after;
        } else if matches!(c, '歳' | '才' | 'の' | '_' | '(' | ')') || is_hyphen(c) || is_tilde(c) || is_blank(c) {
            rest = &rest[c.len_utf8()..];
        } else {
            return None;
        }
    }
    let (from, to) = match numbers.as_slice() {
        [] if unknown => (None, None),
        _ if unknown => return None,
        [from] if open => (Some(*from), None),
        [from] if header.contains(['歳', '才']) => (Some(*from), Some(*from)),
        [from, to] if !open && from <= to => (Some(*from), Some(*to)),
        _ => return None,
    };
    Some(AgeBand { from, to, gender })
}

/// The gender that a cell names: 男, 女性, 男子. `None` where it names none, or both.
pub fn gender(cell: &str) -> Option<Gender> {
    let folded = fold_width(cell).to_lowercase();
    let (gender, rest) = take_gender(folded.trim_matches(is_blank));
    gender.filter(|_| rest.trim_matches(is_blank).is_empty())
}

/// The gender that the text names, and the text without it.
fn take_gender(text: &str) -> (Option<Gender>, String) {
    let words = [
        ("女性", Gender::Female),
        ("女子", Gender::Female),
        ("女", Gender::Female),
        ("female", Gender::Female),
        ("男性", Gender::Male),
        ("男子", Gender::Male),
        ("男", Gender::Male),
        ("male", Gender::Male),
    ];
    match words.iter().find(|(word, _)| text.contains(word)) {
        Some((word, gender)) => (Some(*gender), text.replacen(word, "", 1)),
        None => (None, text.to_owned()),
    }
}

/// Whether bands of one gender cover every age once: from 0 without a gap to one without an upper end. People of unknown
/// age may stand beside them.
pub fn covers_all_ages(bands: impl IntoIterator<Item = AgeBand>) -> bool {
    let mut bands: Vec<AgeBand> = bands.into_iter().filter(|band| band.from.is_some()).collect();
    bands.sort_unstable_by_key(|band| band.from);
    let mut next = Some(0);
    for band in bands {
        if next.is_none() || next != band.from {
            return false;
        }
        next = band.to.and_then(|to| to.checked_add(1));
    }
    next.is_none()
}
