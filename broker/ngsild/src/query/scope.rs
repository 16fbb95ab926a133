//! Scope queries (4.19): `/a/b`, `/a/+/c`, `/a/#`, `(/a;/b)|/c`, `/#`.

use std::fmt;
use std::str::FromStr;

use hiroba_vocab::Scope;

use super::cursor::Cursor;
use crate::error::{Error, Result};

/// How many patterns one scope query may have.
const MAX_PATTERNS: usize = 200;

/// A scope query: at least one of these alternatives, each a conjunction of patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeQuery(Vec<Vec<ScopePattern>>);

/// One scope, or a family of scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopePattern {
    /// The levels; `None` stands for exactly one level of any name (`+`).
    pub levels: Vec<Option<String>>,
    /// Whether everything below is meant as well (`/#`).
    pub subtree: bool,
}

impl ScopePattern {
    fn matches(&self, scope: &Scope) -> bool {
        let mut levels = scope.levels();
        for wanted in &self.levels {
            match (wanted, levels.next()) {
                (_, None) => return false,
                (Some(wanted), Some(level)) if wanted != level => return false,
                _ => {}
            }
        }
        self.subtree || levels.next().is_none()
    }
}

impl ScopeQuery {
    /// Whether the scopes of an entity satisfy the query.
    pub fn matches(&self, scopes: &[Scope]) -> bool {
        self.0.iter().any(|all| all.iter().all(|pattern| scopes.iter().any(|scope| pattern.matches(scope))))
    }

    /// The alternatives, each a conjunction.
    pub fn alternatives(&self) -> &[Vec<ScopePattern>] {
        &self.0
    }
}

impl FromStr for ScopeQuery {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // Annex examples put the whole value in double quotes.
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        let mut cursor = Cursor::new("scopeQ", text);
        let mut alternatives = Vec::new();
        let mut count = 0;
        loop {
            let group = cursor.take("(");
            let mut patterns = Vec::new();
            loop {
                patterns.push(pattern(&mut cursor)?);
                count += 1;
                if count > MAX_PATTERNS {
                    return Err(cursor.error(&format!("at most {MAX_PATTERNS} scopes are allowed")));
                }
                // The grammar has ';' in parentheses only; at the top level it means the same.
                if !cursor.take(";") {
                    break;
                }
            }
            if group {
                cursor.expect(")")?;
            }
            alternatives.push(patterns);
            if !cursor.take("|") && !cursor.take(",") {
                break;
            }
        }
        cursor.finish("expected ',', '|', ';' or the end")?;
        Ok(Self(alternatives))
    }
}

fn pattern(cursor: &mut Cursor<'_>) -> Result<ScopePattern> {
    let mut levels = Vec::new();
    if !cursor.take("/") && !cursor.peek().is_some_and(char::is_alphabetic) {
        return Err(cursor.error("a scope starts with '/'"));
    }
    loop {
        if cursor.take("#") {
            return Ok(ScopePattern { levels, subtree: true });
        }
        levels.push(if cursor.take("+") { None } else { Some(cursor.name()?.to_owned()) });
        if !cursor.take("/") {
            return Ok(ScopePattern { levels, subtree: false });
        }
    }
}

impl fmt::Display for ScopePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for level in &self.levels {
            write!(f, "/{}", level.as_deref().unwrap_or("+"))?;
        }
        if self.subtree { f.write_str("/#") } else { Ok(()) }
    }
}

impl fmt::Display for ScopeQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, patterns) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("|")?;
            }
            let texts: Vec<String> = patterns.iter().map(ToString::to_string).collect();
            match texts.as_slice() {
                [one] => f.write_str(one)?,
                many => write!(f, "({})", many.join(";"))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_match_by_level() {
        for (query, scope, expected) in [
            ("/Madrid", "/Madrid", true),
            ("/Madrid", "Madrid", true),
            ("/Madrid", "/Madrid/Centro", false),
            ("/Madrid/#", "/Madrid/Centro/Sol", true),
            ("/Madrid/#", "/Madrid", true),
            ("/Madrid/#", "/Madridejos", false),
            ("/Madrid/+/Norte", "/Madrid/Jardines/Norte", true),
            ("/Madrid/+", "/Madrid", false),
            ("/+/+", "/a/b", true),
            ("/a|/b", "/b", true),
            ("/a,/b", "/b", true),
            ("(/a;/b)", "/a", false),
            ("/a;/b", "/a", false),
            ("/#", "/anything", true),
            ("\"/a|b\"", "/b", true),
            ("/高松市/#", "/高松市/屋島", true),
        ] {
            let query: ScopeQuery = query.parse().unwrap();
            assert_eq!(query.matches(&[Scope::parse(scope).unwrap()]), expected, "{query} on {scope}");
            assert_eq!(query.to_string().parse::<ScopeQuery>().unwrap(), query);
            assert!(!query.matches(&[]), "{query} on nothing");
        }
    }

    #[test]
    fn a_conjunction_may_be_met_by_different_scopes() {
        let query: ScopeQuery = "(/a;/b/#)".parse().unwrap();
        assert!(query.matches(&[Scope::parse("/b/c").unwrap(), Scope::parse("/a").unwrap()]));
    }

    #[test]
    fn bad_syntax_is_refused_with_a_position() {
        for text in ["", "/", "//a", "/a/", "/a/#/b", "/a||/b", "(/a", "/1", "/a b"] {
            let error = text.parse::<ScopeQuery>().unwrap_err();
            assert!(error.at.unwrap().starts_with("scopeQ, character "), "{text}");
        }
    }
}
