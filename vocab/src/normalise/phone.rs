//! Telephone numbers and postal codes.

use super::Reading;
use super::character::{content, fold_width, is_blank, is_hyphen};
use crate::issue::{Issue, Issues};

/// The telephone numbers of a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phones {
    /// The numbers, with hyphens where the publisher set hyphens or brackets: the places of hyphens cannot be
    /// guessed from the digits.
    pub numbers: Vec<String>,
    /// Extension, after 内線.
    pub extension: Option<String>,
    /// Words beside the number: 代表, the name of a section.
    pub label: Option<String>,
}

/// Reads telephone numbers: 087-841-2146, (03)3991-8101, `087-833-2282（087-839-2292）`, `03-3822-1111 内線12`.
pub fn phones(cell: &str) -> Reading<Phones> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if let Some(number) = tidy(text)
        && is_japanese(&number)
    {
        return Reading::value(Phones { numbers: vec![number], ..Phones::default() });
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
            match read(number) {
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
        match read(piece) {
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
    let piece =
        ["TEL", "Tel", "tel", "電話", "℡", "☎"].iter().find_map(|word| piece.strip_prefix(word)).unwrap_or(piece);
    piece.trim_start_matches(|c: char| is_blank(c) || matches!(c, ':' | '.'))
}

fn read(piece: &str) -> Result<(String, Issues), Issue> {
    let number = tidy(piece).ok_or(Issue::PhoneUnread)?;
    if is_japanese(&number) {
        return Ok((number, Issues::NONE));
    }
    if number.starts_with('+') {
        return Ok((number, Issues::one(Issue::PhoneForeign)));
    }
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let local = !number.starts_with('0') && (5..=8).contains(&digits) && number.contains('-');
    if local { Ok((number, Issues::one(Issue::PhoneLocal))) } else { Err(Issue::PhoneUnread) }
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

/// Ten digits after a leading 0, eleven for mobile and internet telephones (050, 070, 080, 090) and for 0800.
fn is_japanese(number: &str) -> bool {
    if !number.starts_with('0') {
        return false;
    }
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let long = ["050", "070", "080", "090", "0800"].iter().any(|head| number.replacen('-', "", 1).starts_with(head));
    digits == 10 && !number.starts_with("00") || digits == 11 && long
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
