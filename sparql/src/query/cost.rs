//! What a text would cost the parser, which cannot be stopped: it recurses with every bracket, reads some things twice, each time
//! with all inside, and writes every name out. So what it would see as a bracket, `!` or name must be seen here: where that is
//! doubtful, what costs more counts.

use super::QueryError;
use super::lexis::{Angle, literal_length, wrong_escape};

/// How deep brackets may nest.
const MAX_DEPTH: usize = 100;
/// How many bytes the parser may read in all, when everything that it reads twice is counted twice.
const MAX_READ: usize = 32 << 20;
/// How many variables may be written: the parser looks for each among all before it.
const MAX_VARIABLES: usize = 10_000;
/// Words before brackets with what the parser may have to read again.
const READ_TWICE: [&str; 5] = ["REGEX", "SUBSTR", "REPLACE", "GROUP_CONCAT", "EXISTS"];
/// How many brackets and operators there may be in all.
const MAX_JOINTS: usize = 4_000;
/// How many bytes the names of a query may have when they are written out. What the prologue says may stand before each.
const MAX_WRITTEN_OUT: usize = 128 << 20;
/// How many names and IRIs may stand between DESCRIBE and the first `{`: it asks for each in turn, one in the other.
const MAX_DESCRIBED: usize = 1_000;
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
    let most_read_twice = (MAX_READ / text.len().max(1)).checked_ilog2().unwrap_or_default() as usize;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => {
                seen.name = Name::None;
                let length = literal_length(rest);
                // Then it is none for the parser, which goes on behind its first quotes.
                if let Some(escape) = wrong_escape(rest.get(..length).unwrap_or_default()) {
                    return too_much(format!("a text has \\{escape}: write \\\\{escape}"));
                }
                length
            }
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            // Of a datatype.
            '^' if rest.starts_with("^^") => 2,
            // In the local part of a name, the only place outside texts and IRIs.
            '\\' => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '<' => {
                seen.name = Name::None;
                match Angle::of(rest) {
                    Angle::Iri(length) => {
                        seen.iri(length);
                        length
                    }
                    Angle::Less => {
                        seen.triple_terms += usize::from(rest.starts_with("<<"));
                        1
                    }
                    Angle::Either(inside) if inside.contains(['\'', '\\']) => {
                        return too_much(format!("write <{inside}> without ' and \\, as %27 and %5C"));
                    }
                    Angle::Either(inside) => {
                        seen.either(inside);
                        seen.relative_iri(inside.len());
                        inside.len() + 2
                    }
                }
            }
            _ => {
                seen.code(first, rest);
                first.len_utf8()
            }
        };
        if seen.open.len() > MAX_DEPTH {
            return too_much(format!("brackets nest over {MAX_DEPTH} deep"));
        }
        if seen.read_twice > most_read_twice {
            return too_much(format!("over {most_read_twice} of !, {} nest", READ_TWICE.join(", ")));
        }
        if seen.variables > MAX_VARIABLES {
            return too_much(format!("it names variables over {MAX_VARIABLES} times"));
        }
        if seen.joints > MAX_JOINTS {
            return too_much(format!("it has over {MAX_JOINTS} brackets and operators"));
        }
        if seen.triple_terms > MAX_TRIPLE_TERMS {
            return too_much(format!("it has over {MAX_TRIPLE_TERMS} triples of triples"));
        }
        if seen.described > MAX_DESCRIBED {
            return too_much(format!("over {MAX_DESCRIBED} names are described: give them as VALUES"));
        }
        if seen.names.saturating_mul(seen.longest + seen.relative) > MAX_WRITTEN_OUT {
            return too_much("its names are too long: it has long prefixes, and uses them often".to_owned());
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
    /// For each bracket that is open, how often what is behind it is doubled.
    open: Vec<usize>,
    /// How often what comes next is doubled.
    read_twice: usize,
    /// Whether the next bracket may be that of a call which doubles.
    is_call: bool,
    variables: usize,
    /// Names that are to be written out.
    names: usize,
    /// What of a name comes next.
    name: Name,
    /// Whether there was a `{`, and DESCRIBE before it; what is described.
    is_body: bool,
    describes: bool,
    described: usize,
    /// The bytes of the longest IRI before the first `{`, and of all relative ones together.
    longest: usize,
    relative: usize,
    joints: usize,
    triple_terms: usize,
    /// Whether the rest of the line may be a comment.
    may_be_comment: bool,
}

/// Where in a name with a colon something stands: a `-` is a part of it, when it is not the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Name {
    #[default]
    None,
    Begins,
    GoesOn,
}

impl Name {
    fn after(self, first: char) -> Self {
        match first {
            ':' if self == Self::None => Self::Begins,
            ':' | '%' | '_' => self.going_on(),
            '-' | '.' if self == Self::GoesOn => self,
            c if c.is_alphanumeric() => self.going_on(),
            _ => Self::None,
        }
    }

    fn going_on(self) -> Self {
        if self == Self::None { self } else { Self::GoesOn }
    }
}

impl Seen {
    fn code(&mut self, first: char, rest: &str) {
        let begins = |word: &str| rest.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word));
        let before = self.name;
        self.name = before.after(first);
        match first {
            '\n' | '\r' => self.may_be_comment = false,
            '(' | '[' | '{' => {
                self.is_body |= first == '{';
                self.open.push(self.read_twice);
                self.read_twice += usize::from(std::mem::take(&mut self.is_call));
                self.joints += 1;
            }
            ')' | ']' | '}' if !self.may_be_comment => self.read_twice = self.open.pop().unwrap_or_default(),
            '&' | '|' => {
                self.joints += 1;
                if !self.may_be_comment {
                    self.read_twice = self.open.last().copied().unwrap_or_default();
                }
            }
            '!' => {
                self.joints += 1;
                self.read_twice += usize::from(!rest.starts_with("!="));
            }
            '-' if before == Name::GoesOn => {}
            '+' | '-' | '*' | '/' | '^' => self.joints += 1,
            '?' | '$' => self.variables += 1,
            ':' => {
                self.names += 1;
                self.described += usize::from(self.describes && !self.is_body);
            }
            'R' | 'r' | 'S' | 's' | 'G' | 'g' | 'E' | 'e' => {
                self.is_call |= READ_TWICE.iter().any(|word| begins(word));
            }
            'D' | 'd' => self.describes |= begins("DESCRIBE"),
            _ => {}
        }
    }

    fn iri(&mut self, length: usize) {
        if !self.is_body {
            self.described += usize::from(self.describes);
            self.longest = self.longest.max(length);
        }
    }

    fn relative_iri(&mut self, length: usize) {
        self.names += 1;
        if !self.is_body {
            self.described += usize::from(self.describes);
            self.relative += length;
        }
    }

    /// An IRI with a base, or a comparison without one.
    fn either(&mut self, inside: &str) {
        for (at, c) in inside.char_indices().filter(|(_, c)| "([!?$RrSsGgEe".contains(*c)) {
            self.code(c, inside.get(at..).unwrap_or_default());
        }
        self.may_be_comment |= inside.contains('#');
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
            format!("ASK {{ VALUES ?x {{ {} }} }}", "'1'^^<urn:a> ".repeat(10_000)),
            "SELECT * { VALUES ?x { '' \"\" '\\u3042\\n' } }".to_owned(),
            "SELECT (REPLACE(REPLACE(REPLACE(?a, 'a', 'b'), 'b', 'c'), '\\\\d', '') AS ?b) {}".to_owned(),
            format!("PREFIX a: <urn:example:a:> ASK {{ VALUES ?x {{ {} }} }}", "a:b ".repeat(200_000)),
            format!("DESCRIBE {}", "<urn:a> ".repeat(1_000)),
            format!("{}ASK {{}}", "PREFIX a: <urn:a> ".repeat(2_000)),
            format!("ASK {{ VALUES ?x {{ {} }} }}", "a:550e8400-e29b-41d4-a716-446655440000 ".repeat(2_000)),
            format!("SELECT (CONCAT({}'') AS ?b) {{}}", "REPLACE(?a, 'a', 'b'), ".repeat(30)),
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
            format!("ASK{{VALUES ?x{{''' '}}{deep}\\x '''"),
            format!("ASK{{VALUES ?x{{''' '}}{deep}\\uD800 '''"),
            format!("ASK{{FILTER({}\"a\"{})}}", "REGEX(".repeat(25), ",\"b\")".repeat(25)),
            format!("SELECT({}?x{}AS ?y){{}}", "group_concat #\n(".repeat(25), ")".repeat(25)),
            format!("SELECT {}{{}}", "?x ".repeat(10_001)),
            format!("ASK{{FILTER(1<{}?x{}>0)}}", "REGEX(".repeat(25), ",?y)".repeat(25)),
            format!("ASK {{ {}", "<< ".repeat(200)),
            format!("PREFIX a: <urn:{}> ASK {{ VALUES ?x {{ {} }} }}", "x".repeat(400_000), "a:b ".repeat(1_000)),
            format!("BASE <urn:{}> ASK {{ VALUES ?x {{ {} }} }}", "x".repeat(400_000), "<b> ".repeat(1_000)),
            format!(
                "BASE <a:/> {} ASK {{ VALUES ?x {{ {} }} }}",
                "BASE <123456789/>".repeat(999),
                "<b> ".repeat(20_000)
            ),
            format!("ASK{{{}", "FILTER<a:b>(EXISTS{".repeat(40)),
            format!("ASK {{ FILTER({}1 = 1) }}", "a:-".repeat(5_000)),
            format!("ASK {{ FILTER({}1 = 1) }}", "a:b -".repeat(5_000)),
            format!("ASK {{ FILTER(a:b{}) }}", "'x'-1".repeat(5_000)),
            format!("ASK {{ FILTER(1{}) }}", "-1".repeat(5_000)),
            format!("DESCRIBE {}", "<urn:a> ".repeat(1_001)),
            format!("PREFIX a: <urn:a> DESCRIBE {}", "a:a ".repeat(1_001)),
            "#(\n".repeat(20_000),
        ] {
            assert!(matches!(check(&text), Err(QueryError::TooComplex(_))), "{}", &text[..60.min(text.len())]);
        }
    }
}
