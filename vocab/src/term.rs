//! The published terms: `terms.toml`, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::dataset::{Cardinality, Datatype, Range};
use crate::iri::Iri;
use crate::namespace::HIROBA;

/// How an attribute's value is published. One kind per term, in every data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttributeKind {
    /// NGSI-LD Property.
    Property,
    /// NGSI-LD LanguageProperty.
    Language,
    /// NGSI-LD GeoProperty.
    Geo,
    /// NGSI-LD Relationship.
    Relationship,
}

/// What a term names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermRole {
    /// An entity type.
    Class,
    /// An attribute.
    Attribute(AttributeKind),
    /// A key inside the value of a compound attribute, such as `addressRegion`.
    Key,
}

/// One term with its meaning.
#[derive(Debug, Clone)]
pub struct Term {
    /// The short name: ASCII letters and digits.
    pub term: String,
    /// The IRI that it stands for.
    pub iri: Iri,
    /// What it names.
    pub role: TermRole,
    /// UN/CEFACT unit code of an attribute's numbers, such as `MTR`.
    pub unit: Option<String>,
    /// What it holds, where no column says so: terms that the importer fills by itself.
    pub range: Option<Range>,
    /// IRI of the class of the objects that are its values, such as `https://schema.org/PostalAddress`.
    pub value_class: Option<Iri>,
    /// IRIs of terms elsewhere that mean the same.
    pub exact: Vec<Iri>,
    /// IRIs of terms elsewhere that mean nearly the same.
    pub close: Vec<Iri>,
    /// Japanese label.
    pub ja: String,
    /// English label.
    pub en: String,
    /// Japanese definition.
    pub definition_ja: String,
    /// English definition.
    pub definition_en: String,
}

/// All terms, in the order of the file.
///
/// The default is no terms at all. `terms.toml` is part of the program and a test reads it, so that this is never
/// what is published.
#[derive(Debug, Default)]
pub struct Terms {
    list: Vec<Term>,
    by_name: HashMap<String, usize>,
}

impl Terms {
    /// The published terms.
    pub fn published() -> &'static Self {
        static TERMS: LazyLock<Terms> =
            LazyLock::new(|| Terms::read(include_str!("../terms.toml")).unwrap_or_default());
        &TERMS
    }

    /// Reads a list of terms.
    ///
    /// # Errors
    /// What is wrong with the TOML, or which term is there twice.
    pub fn read(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let classes = file.class.into_iter().map(|raw| (raw, TermRole::Class));
        let attributes = file.attribute.into_iter().map(|raw| {
            let kind = raw.kind.unwrap_or(AttributeKind::Property);
            (raw, TermRole::Attribute(kind))
        });
        let keys = file.key.into_iter().map(|raw| (raw, TermRole::Key));
        let mut terms = Self { list: Vec::new(), by_name: HashMap::new() };
        for (raw, role) in classes.chain(attributes).chain(keys) {
            if terms.by_name.insert(raw.term.clone(), terms.list.len()).is_some() {
                return Err(format!("the term {} is there twice", raw.term));
            }
            let iri = raw.iri.unwrap_or_else(|| format!("{HIROBA}{}", raw.term));
            let parse = |iri: String| Iri::parse(&iri).map_err(|e| e.to_string());
            terms.list.push(Term {
                iri: parse(iri)?,
                term: raw.term,
                role,
                unit: raw.unit,
                range: raw.range.map(|datatype| Range {
                    datatype,
                    cardinality: if raw.many { Cardinality::Many } else { Cardinality::One },
                }),
                value_class: raw.value_class.map(parse).transpose()?,
                exact: raw.exact.into_iter().map(parse).collect::<Result<_, _>>()?,
                close: raw.close.into_iter().map(parse).collect::<Result<_, _>>()?,
                ja: raw.ja,
                en: raw.en,
                definition_ja: raw.definition_ja,
                definition_en: raw.definition_en,
            });
        }
        Ok(terms)
    }

    /// The term of that name.
    pub fn get(&self, name: &str) -> Option<&Term> {
        self.by_name.get(name).and_then(|at| self.list.get(*at))
    }

    /// The IRI of a term; an IRI is its own; for a name that is neither, the IRI that it would have in our namespace.
    pub fn iri(&self, name: &str) -> Iri {
        let other = || Iri::parse(name).unwrap_or_else(|_| Iri::from_expanded(format!("{HIROBA}{name}")));
        self.get(name).map_or_else(other, |term| term.iri.clone())
    }

    /// All terms in the order of the file: classes, attributes, keys.
    pub fn iter(&self) -> std::slice::Iter<'_, Term> {
        self.list.iter()
    }
}

impl<'t> IntoIterator for &'t Terms {
    type Item = &'t Term;
    type IntoIter = std::slice::Iter<'t, Term>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    class: Vec<Raw>,
    attribute: Vec<Raw>,
    key: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Raw {
    term: String,
    iri: Option<String>,
    kind: Option<AttributeKind>,
    unit: Option<String>,
    range: Option<Datatype>,
    #[serde(default)]
    many: bool,
    value_class: Option<String>,
    #[serde(default)]
    exact: Vec<String>,
    #[serde(default)]
    close: Vec<String>,
    ja: String,
    en: String,
    #[serde(default)]
    definition_ja: String,
    #[serde(default)]
    definition_en: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_terms_are_well_formed() {
        let terms = Terms::read(include_str!("../terms.toml")).unwrap();
        for term in &terms {
            assert!(term.term.chars().all(|c| c.is_ascii_alphanumeric()), "{}", term.term);
            let first = term.term.chars().next().unwrap();
            assert_eq!(first.is_ascii_uppercase(), term.role == TermRole::Class, "{}", term.term);
            assert!(!term.ja.is_empty() && !term.en.is_empty(), "{}", term.term);
            assert!(!term.definition_ja.is_empty() && !term.definition_en.is_empty(), "{}", term.term);
        }
    }

    #[test]
    fn no_two_terms_share_an_iri() {
        let terms = Terms::published();
        let mut iris: Vec<&str> = terms.iter().map(|term| term.iri.as_str()).collect();
        iris.sort_unstable();
        iris.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1]));
    }

    #[test]
    fn a_term_twice_is_refused() {
        let twice = "class = []\nkey = []\n[[attribute]]\nterm='a'\nja='a'\nen='a'\ndefinition-ja='a'\ndefinition-en='a'\n[[attribute]]\nterm='a'\nja='b'\nen='b'\ndefinition-ja='b'\ndefinition-en='b'";
        assert_eq!(Terms::read(twice).unwrap_err(), "the term a is there twice");
    }
}
