//! How deep a text goes, before it is parsed. The parser recurses with every bracket, and reads what is negated twice, each time
//! with all negations inside; it cannot be stopped. So what it would see as a bracket or `!` must be seen here: where that is
//! doubtful, what goes deeper counts.

use oxigraph::model::NamedNodeRef;

use super::QueryError;

/// How deep brackets may nest.
const MAX_DEPTH: usize = 100;
/// How deep negations may nest, with those beside them in the same brackets.
const MAX_NEGATIONS: usize = 6;
/// How many brackets and operators there may be in all.
const MAX_JOINTS: usize = 4_000;
/// How many triples of triples may be begun. The parser goes into every one before it says that it knows none.
const MAX_TRIPLE_TERMS: usize = 100;
/// How many brackets may be opened anywhere, in texts and comments too: the stack is deep enough for them.
const MAX_OPENED: usize = 10_000;

/// Checks what a text would cost the parser.
///
/// # Errors
/// [`QueryError::TooComplex`].
pub(super) fn check(text: &str) -> Result<(), QueryError> {
    let too_much = |what: String| Err(QueryError::TooComplex(what));
    let mut seen = Seen::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => literal_length(rest),
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            // In the local part of a name, the only place outside texts and IRIs.
            '\\' => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '<' => match Angle::of(rest) {
                Angle::Iri(length) => length,
                Angle::Less => {
                    seen.triple_terms += usize::from(rest.starts_with("<<"));
                    1
                }
                Angle::Either(inside) if inside.contains(['\'', '\\']) => {
                    return too_much(format!("write <{inside}> without ' and \\, as %27 and %5C"));
                }
                Angle::Either(inside) => {
                    seen.either(inside);
                    inside.len() + 2
                }
            },
            _ => {
                seen.code(first, rest);
                first.len_utf8()
            }
        };
        if seen.open.len() > MAX_DEPTH {
            return too_much(format!("brackets nest over {MAX_DEPTH} deep"));
        }
        if seen.negations > MAX_NEGATIONS {
            return too_much(format!(
                "over {MAX_NEGATIONS} negations (!) nest, or are in the same brackets without && or ||"
            ));
        }
        if seen.joints > MAX_JOINTS {
            return too_much(format!("it has over {MAX_JOINTS} brackets and operators"));
        }
        if seen.triple_terms > MAX_TRIPLE_TERMS {
            return too_much(format!("it has over {MAX_TRIPLE_TERMS} triples of triples"));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    if text.bytes().filter(|byte| b"([{".contains(byte)).count() > MAX_OPENED {
        return too_much(format!("it has over {MAX_OPENED} brackets, with those in texts and comments"));
    }
    Ok(())
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    /// For each bracket that is open, the negations that it is in.
    open: Vec<usize>,
    /// The negations that the next thing may be in.
    negations: usize,
    joints: usize,
    triple_terms: usize,
    /// Whether the rest of the line may be a comment.
    may_be_comment: bool,
}

impl Seen {
    fn code(&mut self, first: char, rest: &str) {
        match first {
            '\n' | '\r' => self.may_be_comment = false,
            '(' | '[' | '{' => {
                self.open.push(self.negations);
                self.joints += 1;
            }
            ')' | ']' | '}' if !self.may_be_comment => self.negations = self.open.pop().unwrap_or_default(),
            '&' | '|' => {
                self.joints += 1;
                if !self.may_be_comment {
                    self.negations = self.open.last().copied().unwrap_or_default();
                }
            }
            '!' => {
                self.joints += 1;
                self.negations += usize::from(!rest.starts_with("!="));
            }
            '+' | '-' | '*' | '/' | '^' => self.joints += 1,
            _ => {}
        }
    }

    /// An IRI with a base, or a comparison without one.
    fn either(&mut self, inside: &str) {
        for (at, c) in inside.char_indices().filter(|(_, c)| "([{!".contains(*c)) {
            self.code(c, inside.get(at..).unwrap_or_default());
        }
        self.may_be_comment |= inside.contains('#');
    }
}

/// What `<` begins.
enum Angle<'t> {
    /// An IRI of this length, with the signs.
    Iri(usize),
    /// A comparison, or a triple of triples.
    Less,
    /// One or the other: what is inside would be relative to a base.
    Either(&'t str),
}

impl<'t> Angle<'t> {
    fn of(text: &'t str) -> Self {
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

/// The length of the literal that `text` begins with, quotes included. One that is not closed ends the text, but three quotes
/// may be an empty literal, too.
fn literal_length(text: &str) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_deep_is_not() {
        for text in [
            "SELECT * { <http://x/a_(b> ?p '((' }".repeat(200),
            "ASK { FILTER(!bound(?a) && !bound(?b)) } ".repeat(50),
            format!("ASK {{ FILTER({}!?z) }}", "!bound(?a) && ".repeat(50)),
            format!("ASK {{ FILTER({}?z) }}", "?a != 1 || ".repeat(50)),
            "BASE <http://x/> ASK { <#me> <a> <b'c> }".replace("b'c", "b"),
            "PREFIX a: <urn:a> ASK { a:b\\'c a:d\\#e a:f }".to_owned(),
            "SELECT * { VALUES ?x { '' \"\" } }".to_owned(),
        ] {
            assert_eq!(check(&text), Ok(()), "{}", &text[..60.min(text.len())]);
        }
    }

    #[test]
    fn depth_cannot_be_hidden_from_the_parser() {
        let deep = "(".repeat(5_000);
        for text in [
            format!("ASK#\r{deep}"),
            format!("ASK{{FILTER(1<{deep}>"),
            format!("PREFIX :<urn:>ASK{{:a :b :c\\' FILTER{deep}"),
            format!("PREFIX :<urn:>ASK{{:a :b :c\\# FILTER{deep}"),
            format!("ASK{{VALUES ?x{{\"\"\" \"}}FILTER{deep}"),
            format!("BASE<a:>ASK{{<a\\u0041#> <b> {deep}"),
            format!("BASE<a:>ASK{{<'>{deep}<'>"),
            format!("ASK{{FILTER{}", "(1<?x#>)\n&&".repeat(500)),
            format!("ASK{{FILTER{}", "(1<'>)'&&".repeat(500)),
            format!("ASK{{FILTER{}", "(<urn:)>=".repeat(500)),
            format!("ASK{{FILTER{}(1){}}}", "(!".repeat(35), ")".repeat(35)),
            format!("ASK{{FILTER{}", "!(1<?x#>)\n&&".repeat(35)),
            format!("ASK{{FILTER(1<{}>", "!(".repeat(35)),
            format!("ASK {{ {}", "<<".repeat(400_000)),
            format!("ASK {{ {}", "<< ".repeat(200)),
            "#(\n".repeat(20_000),
        ] {
            assert!(matches!(check(&text), Err(QueryError::TooComplex(_))), "{}", &text[..60.min(text.len())]);
        }
    }
}
