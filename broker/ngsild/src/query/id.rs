//! `idPattern`: POSIX extended regular expressions on ids (5.2.8, 5.2.33).

use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};

use crate::error::{Error, Result};

/// How long the text of a regular expression may be, in bytes.
pub(super) const MAX_PATTERN: usize = 1_000;
/// How large its compiled form may be, in bytes: bounds memory, and with a linear-time engine also time.
const MAX_COMPILED: usize = 1 << 20;

/// Compiles a client's regular expression. The engine takes time linear in the text, whatever the pattern.
///
/// # Errors
/// BadRequestData when it is no regular expression or too large.
pub(super) fn compile(parameter: &'static str, pattern: &str) -> Result<Regex> {
    if pattern.len() > MAX_PATTERN {
        return Err(Error::bad_request(format!("a pattern may have at most {MAX_PATTERN} bytes")).at(parameter));
    }
    RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build()
        .map_err(|e| Error::bad_request(format!("'{pattern}' is not a usable regular expression: {e}")).at(parameter))
}

/// A pattern for entity ids; matches anywhere in the id unless it has `^` or `$`.
#[derive(Debug, Clone)]
pub struct IdPattern(Regex);

impl IdPattern {
    /// Whether the id matches.
    pub fn matches(&self, id: &str) -> bool {
        self.0.is_match(id)
    }

    /// Whether every id matches, so that nothing needs to be asked.
    pub fn is_universal(&self) -> bool {
        matches!(self.0.as_str(), ".*" | "^.*" | "^.*$" | ".*$" | ".+" | "")
    }

    /// The text that every matching id starts with; empty when the pattern does not say.
    pub fn literal_prefix(&self) -> &str {
        let pattern = self.0.as_str();
        let Some(rest) = pattern.strip_prefix('^') else { return "" };
        if rest.contains('|') {
            return "";
        }
        let end = rest.find(|c: char| ".[](){}*+?\\$^".contains(c) || c.is_control()).unwrap_or(rest.len());
        // A repetition sign concerns the character before it, which may then be missing.
        let repeated = rest[end..].starts_with(['*', '?', '{']);
        let literal = &rest[..end];
        match literal.char_indices().next_back() {
            Some((last, _)) if repeated => &literal[..last],
            _ => literal,
        }
    }
}

impl FromStr for IdPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        compile("idPattern", text).map(Self)
    }
}

impl fmt::Display for IdPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_anywhere_unless_anchored() {
        for (pattern, id, expected) in [
            ("Vehicle", "urn:ngsi-ld:Vehicle:1", true),
            ("^urn:ngsi-ld:Vehicle:[0-9]+$", "urn:ngsi-ld:Vehicle:12", true),
            ("^Vehicle", "urn:ngsi-ld:Vehicle:1", false),
            (".*02$", "urn:x:A02", true),
            ("[[:digit:]]{2}", "urn:x:A2", false),
        ] {
            assert_eq!(pattern.parse::<IdPattern>().unwrap().matches(id), expected, "{pattern} on {id}");
        }
    }

    #[test]
    fn the_literal_prefix_is_never_longer_than_what_must_match() {
        for (pattern, prefix) in [
            ("^urn:ngsi-ld:AED:", "urn:ngsi-ld:AED:"),
            ("^urn:x:ab*", "urn:x:a"),
            ("^urn:x:ab+", "urn:x:ab"),
            ("^urn:x:a|^urn:y", ""),
            ("urn:x", ""),
            ("^urn:x:a{0}", "urn:x:"),
        ] {
            assert_eq!(pattern.parse::<IdPattern>().unwrap().literal_prefix(), prefix, "{pattern}");
        }
    }

    #[test]
    fn hostile_patterns_are_refused() {
        for pattern in ["(", "a{1000}{1000}", "\\", &"a".repeat(MAX_PATTERN + 1)] {
            assert!(pattern.parse::<IdPattern>().is_err(), "{pattern}");
        }
    }
}
