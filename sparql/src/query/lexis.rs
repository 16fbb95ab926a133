//! Where literals and IRIs end, as the parser sees it.

use oxigraph::model::NamedNodeRef;

/// What `<` begins.
pub(super) enum Angle<'t> {
    /// An IRI of this length, with the signs.
    Iri(usize),
    /// A comparison, or a triple of triples.
    Less,
    /// One or the other: what is inside would be relative to a base.
    Either(&'t str),
}

impl<'t> Angle<'t> {
    /// What the `<` at the start of a text begins.
    pub(super) fn of(text: &'t str) -> Self {
        let inside = text.get(1..).unwrap_or_default();
        match inside.char_indices().find(|(_, c)| *c <= ' ' || "<>\"{}|^`".contains(*c)) {
            Some((end, '>')) => {
                let inside = inside.get(..end).unwrap_or_default();
                if NamedNodeRef::new(inside).is_ok() { Self::Iri(end + 2) } else { Self::Either(inside) }
            }
            _ => Self::Less,
        }
    }
}

/// What stands behind a backslash in a literal and may not.
pub(super) fn wrong_escape(literal: &str) -> Option<char> {
    let mut chars = literal.chars();
    while let Some(first) = chars.next() {
        if first != '\\' {
            continue;
        }
        let escape = chars.next()?;
        let digits = match escape {
            't' | 'b' | 'n' | 'r' | 'f' | '"' | '\'' | '\\' => continue,
            'u' => 4,
            'U' => 8,
            _ => return Some(escape),
        };
        let code: String = chars.by_ref().take(digits).collect();
        let is_code = code.len() == digits && code.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_code || u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).is_none() {
            return Some(escape);
        }
    }
    None
}

/// The length of the literal that `text` begins with, quotes included. One that is not closed ends the text, but three quotes
/// may be an empty literal, too.
pub(super) fn literal_length(text: &str) -> usize {
    let quote = text.get(..1).unwrap_or_default();
    let long = quote.repeat(3);
    if text.starts_with(&long) {
        return length_to(&long, text).unwrap_or(2);
    }
    length_to(quote, text).unwrap_or(text.len())
}

fn length_to(close: &str, text: &str) -> Option<usize> {
    let mut at = close.len();
    loop {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        if rest.starts_with(close) {
            return Some(at + close.len());
        }
        let mut chars = rest.chars();
        let first = chars.next().map_or(1, char::len_utf8);
        let escaped = if rest.starts_with('\\') { chars.next().map_or(0, char::len_utf8) } else { 0 };
        at += first + escaped;
    }
}
