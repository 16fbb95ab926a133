//! Text to syntax tree.

use super::{AttributePath, Brackets, LinkedPath, Literal, OrderOperator, Q, Term, Test};
use crate::error::{ErrorKind, Result};
use crate::query::cursor::Cursor;
use crate::time::{DateTime, read_date, read_time};

/// How many conditions one `q` may have, and how deep it may nest.
const MAX_TERMS: usize = 500;
const MAX_DEPTH: usize = 32;
/// How many regular expressions: each takes up to some megabytes while it is used.
const MAX_PATTERNS: usize = 50;

pub(super) fn parse(text: &str) -> Result<Q> {
    let mut parser = Parser { cursor: Cursor::new("q", text), terms: 0, patterns: 0, depth: 0 };
    let q = parser.alternatives()?;
    parser.cursor.finish("expected ';', '|' or the end")?;
    Ok(q)
}

struct Parser<'t> {
    cursor: Cursor<'t>,
    terms: usize,
    patterns: usize,
    depth: usize,
}

impl Parser<'_> {
    fn descend<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.too_complex(&format!("more than {MAX_DEPTH} levels")));
        }
        let outcome = inner(self);
        self.depth -= 1;
        outcome
    }

    fn too_complex(&self, what: &str) -> crate::Error {
        let mut error = self.cursor.error(&format!("the query has {what}"));
        error.kind = ErrorKind::TooComplexQuery;
        error
    }

    fn alternatives(&mut self) -> Result<Q> {
        let mut items = vec![self.conjunction()?];
        while self.cursor.take("|") {
            items.push(self.conjunction()?);
        }
        Ok(single_or(items, Q::Or))
    }

    fn conjunction(&mut self) -> Result<Q> {
        let mut items = vec![self.item()?];
        while self.cursor.take(";") {
            items.push(self.item()?);
        }
        Ok(single_or(items, Q::And))
    }

    fn item(&mut self) -> Result<Q> {
        if self.cursor.take("(") {
            let group = self.descend(Self::alternatives)?;
            self.cursor.expect(")")?;
            return Ok(group);
        }
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.too_complex(&format!("more than {MAX_TERMS} conditions")));
        }
        let path = self.path()?;
        let test = self.test()?;
        Ok(Q::Term(Box::new(Term { path, test })))
    }

    fn path(&mut self) -> Result<AttributePath> {
        let first = self.cursor.name()?.to_owned();
        self.path_from(first)
    }

    /// A path whose first name has been read.
    fn path_from(&mut self, first: String) -> Result<AttributePath> {
        let mut names = vec![first];
        while self.cursor.take(".") {
            names.push(self.cursor.name()?.to_owned());
            if names.len() > MAX_DEPTH {
                return Err(self.too_complex(&format!("a path of more than {MAX_DEPTH} names")));
            }
        }
        let brackets = if self.cursor.take("[") { Some(self.brackets()?) } else { None };
        if (names.len() > 1 || brackets.is_some()) && self.cursor.peek() == Some('{') {
            return Err(self.cursor.error("braces follow the name of a relationship, and that alone"));
        }
        let linked = if self.cursor.take("{") {
            let linked = self.descend(Self::linked)?;
            self.cursor.expect("}")?;
            Some(Box::new(linked))
        } else {
            None
        };
        Ok(AttributePath { names, brackets, linked })
    }

    fn brackets(&mut self) -> Result<Brackets> {
        let brackets = if self.cursor.take("*") {
            Brackets::AnyLanguage
        } else {
            let mut names = Vec::new();
            loop {
                let name = self.cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | ':'));
                if name.is_empty() {
                    return Err(self.cursor.error("expected a member name, a language tag or '*'"));
                }
                names.push(name.to_owned());
                if !self.cursor.take(".") {
                    break;
                }
            }
            Brackets::Path(names)
        };
        self.cursor.expect("]")?;
        Ok(brackets)
    }

    /// What stands in braces: `T1,T2:path` or `path`.
    fn linked(&mut self) -> Result<LinkedPath> {
        let mut types = vec![self.cursor.name()?.to_owned()];
        while self.cursor.take(",") {
            types.push(self.cursor.name()?.to_owned());
        }
        if self.cursor.take(":") {
            return Ok(LinkedPath { types, path: self.path()? });
        }
        match types.pop() {
            Some(first) if types.is_empty() => Ok(LinkedPath { types, path: self.path_from(first)? }),
            _ => Err(self.cursor.error("expected ':' after the types")),
        }
    }

    fn test(&mut self) -> Result<Test> {
        for (token, negated) in [("!~=", true), ("~=", false)] {
            if self.cursor.take(token) {
                self.patterns += 1;
                if self.patterns > MAX_PATTERNS {
                    return Err(self.too_complex(&format!("more than {MAX_PATTERNS} patterns")));
                }
                return Ok(Test::Pattern { negated, pattern: self.pattern()? });
            }
        }
        for (token, negated) in [("==", false), ("!=", true)] {
            if self.cursor.take(token) {
                return self.equality(negated);
            }
        }
        for (token, operator) in [
            (">=", OrderOperator::GreaterOrEqual),
            ("<=", OrderOperator::LessOrEqual),
            (">", OrderOperator::Greater),
            ("<", OrderOperator::Less),
        ] {
            if self.cursor.take(token) {
                return Ok(Test::Order(operator, self.literal()?));
            }
        }
        Ok(Test::Exists)
    }

    fn equality(&mut self, negated: bool) -> Result<Test> {
        let first = self.literal()?;
        if self.cursor.take("..") {
            return Ok(Test::Range { negated, from: first, to: self.literal()? });
        }
        let mut values = vec![first];
        while self.cursor.take(",") {
            values.push(self.literal()?);
            if values.len() > MAX_TERMS {
                return Err(self.too_complex(&format!("a list of more than {MAX_TERMS} values")));
            }
        }
        Ok(Test::Equality { negated, values })
    }

    fn literal(&mut self) -> Result<Literal> {
        if self.cursor.peek() == Some('"') {
            return self.quoted().map(Literal::Text);
        }
        let rest = self.cursor.rest();
        let end = rest.find([';', '|', ')', ',', '}', '"', ' ']).unwrap_or(rest.len());
        let word = &rest[..end];
        // `..` separates the ends of a range, but may also stand inside a URI: it counts only after a real literal.
        let (literal, length) = match word.split_once("..").and_then(|(from, _)| Some((typed(from)?, from.len()))) {
            Some(range) => range,
            None if word.is_empty() => return Err(self.cursor.error("expected a value")),
            None => (typed(word).unwrap_or_else(|| Literal::Word(word.to_owned())), word.len()),
        };
        self.cursor.skip(length);
        Ok(literal)
    }

    /// A JSON string.
    fn quoted(&mut self) -> Result<String> {
        let rest = self.cursor.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let closes = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let text = end.and_then(|(end, _)| rest.get(..=end));
        match text.map(|text| (text.len(), serde_json::from_str::<String>(text))) {
            Some((length, Ok(value))) => {
                self.cursor.skip(length);
                Ok(value)
            }
            _ => Err(self.cursor.error("expected a string in double quotes with JSON escapes")),
        }
    }

    /// A regular expression, quoted or bare. Bare, it ends at `;`, `|` or `)` outside its own brackets.
    fn pattern(&mut self) -> Result<String> {
        if self.cursor.peek() == Some('"') {
            return self.quoted();
        }
        let rest = self.cursor.rest();
        let (mut depth, mut escaped, mut end) = (0_u32, false, rest.len());
        for (at, c) in rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '(' | '[' => depth += 1,
                ')' | ']' if depth > 0 => depth -= 1,
                ';' | '|' | ')' if depth == 0 => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        if end == 0 {
            return Err(self.cursor.error("expected a regular expression"));
        }
        self.cursor.skip(end);
        Ok(rest[..end].to_owned())
    }
}

fn single_or(mut items: Vec<Q>, group: fn(Vec<Q>) -> Q) -> Q {
    match items.pop() {
        Some(only) if items.is_empty() => only,
        Some(last) => {
            items.push(last);
            group(items)
        }
        None => group(items),
    }
}

/// A number, boolean, date or time; `None` for other words.
fn typed(word: &str) -> Option<Literal> {
    match word {
        "true" => Some(Literal::Boolean(true)),
        "false" => Some(Literal::Boolean(false)),
        _ if serde_json::from_str::<f64>(word).is_ok_and(f64::is_finite) => Some(Literal::Number(word.to_owned())),
        _ if DateTime::read(word).is_some() => Some(Literal::DateTime(word.to_owned())),
        _ if read_date(word).is_some() => Some(Literal::Date(word.to_owned())),
        _ if read_time(word).is_some() => Some(Literal::Time(word.to_owned())),
        _ => None,
    }
}
