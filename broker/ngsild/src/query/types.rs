//! Type selection (4.17): `A`, `A,B`, `A|B`, `(A;B),C`.

use std::fmt;
use std::str::FromStr;

use hiroba_vocab::Iri;

use super::cursor::Cursor;
use crate::error::{Error, Result};
use crate::jsonld::Context;

/// How many type names one selection may have.
const MAX_NAMES: usize = 500;

/// A type selection with names as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeSelection {
    /// `*`: any type (implies local scope).
    Any,
    /// At least one of these, each a conjunction of names.
    OneOf(Vec<Vec<String>>),
}

/// A type selection with names expanded: at least one of these, each a conjunction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeAlternatives(pub Vec<Vec<Iri>>);

impl TypeAlternatives {
    /// One type.
    pub fn single(name: Iri) -> Self {
        Self(vec![vec![name]])
    }

    /// Whether a set of types contains all names of at least one alternative, whatever else it has.
    pub fn matches(&self, types: &[Iri]) -> bool {
        self.0.iter().any(|names| names.iter().all(|name| types.contains(name)))
    }
}

impl TypeSelection {
    /// Expands the names; `None` for `*`.
    ///
    /// # Errors
    /// BadRequestData for illegal names.
    pub fn resolve(&self, context: &Context) -> Result<Option<TypeAlternatives>> {
        let Self::OneOf(alternatives) = self else { return Ok(None) };
        let expand = |names: &Vec<String>| -> Result<Vec<Iri>> {
            names.iter().map(|name| context.expand_name(name).map_err(|e| e.at("type"))).collect()
        };
        Ok(Some(TypeAlternatives(alternatives.iter().map(expand).collect::<Result<_>>()?)))
    }
}

impl FromStr for TypeSelection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let mut cursor = Cursor::new("type", text);
        let mut alternatives = Vec::new();
        let mut count = 0;
        loop {
            let group = cursor.take("(");
            let mut names = Vec::new();
            loop {
                let name = cursor.take_while(|c| !matches!(c, ',' | ';' | '|' | '(' | ')' | '"' | ' '));
                if name.is_empty() {
                    return Err(cursor.error("expected a type name"));
                }
                names.push(name.to_owned());
                count += 1;
                if count > MAX_NAMES {
                    return Err(cursor.error(&format!("at most {MAX_NAMES} type names are allowed")));
                }
                if !(group && cursor.take(";")) {
                    break;
                }
            }
            if group {
                cursor.expect(")")?;
            }
            alternatives.push(names);
            if !cursor.take(",") && !cursor.take("|") {
                break;
            }
        }
        cursor.finish("expected ',' or '|' (';' only inside parentheses)")?;
        Ok(Self::OneOf(alternatives))
    }
}

impl fmt::Display for TypeSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::OneOf(alternatives) = self else { return f.write_str("*") };
        for (i, names) in alternatives.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            match names.as_slice() {
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
    fn selections_are_read_and_written() {
        for (text, written) in [
            ("Vehicle", "Vehicle"),
            ("A,B", "A,B"),
            ("A|B", "A,B"),
            ("(A;B),C", "(A;B),C"),
            ("(A)", "A"),
            ("*", "*"),
            ("https://example.org/Vehicle,ex:Car", "https://example.org/Vehicle,ex:Car"),
        ] {
            let selection: TypeSelection = text.parse().unwrap();
            assert_eq!(selection.to_string(), written);
            assert_eq!(selection.to_string().parse::<TypeSelection>().unwrap(), selection);
        }
        for text in ["", ",", "A,", "A;B", "(A;B", "()", "A)(", "A B", "\"A\""] {
            assert!(text.parse::<TypeSelection>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_alternative_asks_for_all_of_its_names() {
        let iri = |name: &str| Context::core().expand(name).unwrap();
        let selection: TypeSelection = "(A;B),C".parse().unwrap();
        let types = selection.resolve(&Context::core()).unwrap().unwrap();
        assert!(types.matches(&[iri("B"), iri("X"), iri("A")]));
        assert!(types.matches(&[iri("C")]));
        assert!(!types.matches(&[iri("A")]));
    }
}
