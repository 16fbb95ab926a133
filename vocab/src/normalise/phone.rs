//! Telephone numbers and postal codes.

use super::Reading;
use super::area_code::{area_code, hyphenated};
use super::character::{content, fold_width, is_blank, is_hyphen};
use crate::issue::{Issue, Issues};

/// The telephone numbers of a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phones {
    /// The numbers, each once. Those of Japan have their hyphens where the numbering plan has them.
    pub numbers: Vec<String>,
    /// Extension, after 内線.
    pub extension: Option<String>,
    /// Words beside the number: 代表, the name of a section.
    pub label: Option<String>,
}

/// Reads telephone numbers: 087-841-2146, (03)3991-8101, `087-833-2282（087-839-2292）`, `03-3822-1111 内線12`.
pub fn phones(cell: &str) -> Reading<Phones> {
    phones_in(cell, None)
}

/// [`phones`] where `area` is the one area code of the place: it is added to numbers that lack it and have the right
/// length with it.
pub fn phones_in(cell: &str, area: Option<&str>) -> Reading<Phones> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if let Some(Ok((number, issues))) = tidy(text).map(|number| japanese(&number)) {
        return Reading::Value(Phones { numbers: vec![number], ..Phones::default() }, issues);
    }
    let folded = fold_width(text);
    let mut phones = Phones::default();
    let mut issues = Issues::NONE;
    for piece in pieces(&folded) {
        let piece = strip_words(piece);
        if let Some(extension) = piece.strip_prefix("内線") {
            phones.extension =
                Some(extension.trim_matches(|c: char| is_blank(c) || matches!(c, ':' | '番')).to_owned());
            continue;
        }
        if let Some((number, extension)) = piece.split_once("内線") {
            phones.extension =
                Some(extension.trim_matches(|c: char| is_blank(c) || matches!(c, ':' | '番')).to_owned());
            match read(number, area) {
                Ok((number, noticed)) => add(&mut phones, &mut issues, number, noticed),
                Err(issue) => return Reading::unread(issue),
            }
            continue;
        }
        if !piece.contains(|c: char| c.is_ascii_digit()) {
            phones.label.get_or_insert_with(|| piece.to_owned());
            issues.add(Issue::PhoneLabel);
            continue;
        }
        match read(piece, area) {
            Ok((number, noticed)) => add(&mut phones, &mut issues, number, noticed),
            Err(issue) => return Reading::unread(issue),
        }
    }
    match phones.numbers.len() {
        0 => Reading::unread(Issue::PhoneUnread),
        1 => Reading::Value(phones, issues),
        _ => Reading::Value(phones, issues.with(Issue::PhoneSeveral)),
    }
}

fn add(phones: &mut Phones, issues: &mut Issues, number: String, noticed: Issues) {
    if !phones.numbers.contains(&number) {
        phones.numbers.push(number);
    }
    *issues = issues.and(noticed);
}

/// The pieces of a cell: apart at 、 and line breaks, and around brackets that hold more than an area code.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', '\n', '\r', ';', '/', '・']).flat_map(|part| {
        let second = part.char_indices().find(|(at, c)| {
            let inside = part[*at..].find(')').and_then(|end| part.get(at + 1..at + end));
            *c == '(' && inside.is_some_and(|inside| !is_area_code(inside))
        });
        let pieces: Vec<&str> = match second {
            None => vec![part],
            Some((open, _)) => {
                let close = part[open..].find(')').map_or(part.len(), |end| open + end);
                vec![&part[..open], &part[open + 1..close], part.get(close + 1..).unwrap_or_default()]
            }
        };
        pieces.into_iter().map(|piece| piece.trim_matches(is_blank)).filter(|piece| !piece.is_empty())
    })
}

fn is_area_code(text: &str) -> bool {
    text.starts_with('0') && (2..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn strip_words(piece: &str) -> &str {
    let piece = ["TEL", "Tel", "tel", "電話番号", "電話", "℡", "☎"]
        .iter()
        .find_map(|word| piece.strip_prefix(word))
        .unwrap_or(piece);
    piece.trim_start_matches(|c: char| is_blank(c) || matches!(c, ':' | '.'))
}

fn read(piece: &str, area: Option<&str>) -> Result<(String, Issues), Issue> {
    let number = tidy(piece).ok_or(Issue::PhoneUnread)?;
    if let Ok(read) = japanese(&number) {
        return Ok(read);
    }
    if number.starts_with('+') && !number.starts_with("+81") {
        return Ok((number, Issues::one(Issue::PhoneForeign)));
    }
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let local = !number.starts_with(['0', '+']) && (5..=8).contains(&digits.len()) && number.contains('-');
    if !local {
        return Err(Issue::PhoneUnread);
    }
    let whole = area.map(|area| format!("{area}{digits}")).filter(|whole| area_code(whole) == area);
    match whole.and_then(|whole| hyphenated(&whole)) {
        Some(number) => Ok((number, Issues::one(Issue::PhoneCompleted))),
        None => Ok((number, Issues::one(Issue::PhoneLocal))),
    }
}

/// Digits with single hyphens: any kind of hyphen, brackets and blanks between digits become one hyphen.
fn tidy(text: &str) -> Option<String> {
    let mut number = String::with_capacity(text.len());
    for c in text.trim_matches(is_blank).chars() {
        let c = match c {
            '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10)?,
            c => c,
        };
        if c.is_ascii_digit() || (c == '+' && number.is_empty()) {
            number.push(c);
        } else if is_hyphen(c) || is_blank(c) || matches!(c, '(' | ')' | '（' | '）') {
            if !number.is_empty() && !number.ends_with('-') {
                number.push('-');
            }
        } else {
            return None;
        }
    }
    let length = number.trim_end_matches('-').len();
    number.truncate(length);
    (!number.is_empty()).then_some(number)
}

/// A number of Japan with its hyphens: ten digits after a leading 0, eleven for mobile and internet telephones and 0800;
/// the same behind +81; and digits alone whose leading zero a spreadsheet took.
///
/// # Errors
/// [`Issue::PhoneUnread`].
fn japanese(number: &str) -> Result<(String, Issues), Issue> {
    let only_digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let digits = match number.strip_prefix("+81") {
        // +81 (0)87-…: some keep the zero beside the country's code.
        Some(rest) => format!("0{}", only_digits(rest).trim_start_matches('0')),
        None => only_digits(number),
    };
    if let Some(found) = hyphenated(&digits) {
        let moved = found != number;
        return Ok((found, Issues::NONE.with_if(moved, Issue::PhoneHyphens)));
    }
    // Its exchange is in no numbering plan, so that nobody knows a better place for the hyphens.
    if digits.len() == 10 && number.starts_with('0') && !number.starts_with("00") {
        return Ok((number.to_owned(), Issues::NONE));
    }
    let bare = !number.starts_with(['0', '+']) && number.bytes().all(|b| b.is_ascii_digit());
    let restored = bare.then(|| hyphenated(&format!("0{digits}"))).flatten();
    restored.map(|number| (number, Issues::one(Issue::PhoneZero))).ok_or(Issue::PhoneUnread)
}

/// A postal code as `760-0080`.
pub fn postal_code(cell: &str) -> Reading<String> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    let code = folded.trim_start_matches('〒').trim_matches(is_blank);
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let legal = code.chars().all(|c| c.is_ascii_digit() || is_hyphen(c));
    if legal && digits.len() == 7 {
        Reading::value(format!("{}-{}", &digits[..3], &digits[3..]))
    } else {
        Reading::unread(Issue::PostalUnread)
    }
}
