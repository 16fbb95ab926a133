//! The HTML that exports of map services leave in cells: entities, sometimes escaped twice, and line breaks.

/// The longest entity that is read: `&#x10FFFF;`.
const LONGEST: usize = 10;

/// The text with its entities as characters and `<br>` as line breaks, if it has any. However often it was escaped, one
/// pass undoes it: what was decoded is looked at again together with what follows it.
pub(super) fn without_html(text: &str) -> Option<String> {
    if !text.contains(['&', '<']) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut changed = false;
    for c in text.chars() {
        plain.push(c);
        match c {
            ';' => changed |= decode_last(&mut plain),
            '>' => changed |= break_last(&mut plain),
            _ => {}
        }
    }
    changed.then_some(plain)
}

/// Decodes the entity at the end of `plain`, and the one that its character completes.
fn decode_last(plain: &mut String) -> bool {
    let mut changed = false;
    while let Some((start, character)) = last_entity(plain) {
        plain.truncate(start);
        plain.push(character);
        changed = true;
        if character == '>' {
            break_last(plain);
        }
    }
    changed
}

/// Where the entity at the end of a text begins, and what it means.
fn last_entity(text: &str) -> Option<(usize, char)> {
    let body = text.strip_suffix(';')?;
    let start = last_of('&', body)?;
    let character = match &body[start + 1..] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "yen" => '¥',
        "middot" => '·',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            // A character that no cell can hold, such as a control character, stays as it is written.
            char::from_u32(code.ok()?).filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))?
        }
    };
    Some((start, character))
}

/// Turns `<br>`, `<BR/>`, `<br />` at the end of a text into a line break.
fn break_last(plain: &mut String) -> bool {
    let Some(start) = last_of('<', plain) else { return false };
    let tag = plain[start + 1..].trim_end_matches(['>', '/', ' ']);
    let is_break = tag.eq_ignore_ascii_case("br");
    if is_break {
        plain.truncate(start);
        plain.push('\n');
    }
    is_break
}

/// Where a mark stands among the last few characters. No text is searched from end to end for each of its semicolons.
fn last_of(mark: char, text: &str) -> Option<usize> {
    text.char_indices().rev().take(LONGEST).find(|(_, c)| *c == mark).map(|(at, _)| at)
}
