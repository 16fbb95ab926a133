//! A processed context: tables from terms to IRIs and back.

use std::collections::HashMap;

use hiroba_vocab::Iri;
use hiroba_vocab::name::is_short_name;

use super::core::core_table;
use crate::error::{Error, Result};

/// What `@type` in a term definition says of the term's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeMapping {
    /// `@id`: IRIs, resolved against the document.
    Id,
    /// `@vocab`: terms or IRIs.
    Vocab,
    /// `@json`: any JSON, left as it is.
    Json,
    /// `@none`.
    None,
    /// A datatype.
    Datatype(Iri),
}

/// What `@container` in a term definition says of the term's values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "JSON-LD defines the container mapping as a set of these keywords")]
pub struct Container {
    /// `@list`
    pub list: bool,
    /// `@set`
    pub set: bool,
    /// `@language`
    pub language: bool,
    /// `@index`
    pub index: bool,
    /// `@id`
    pub id: bool,
    /// `@type`
    pub r#type: bool,
    /// `@graph`
    pub graph: bool,
}

/// A term definition (JSON-LD 1.1 API, 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What the term stands for: an IRI or a keyword. `None` when it is mapped to null.
    pub iri: Option<Iri>,
    /// `@type`
    pub type_mapping: Option<TypeMapping>,
    /// `@container`
    pub container: Container,
    /// `@language`: `Some(None)` resets the default language.
    pub language: Option<Option<String>>,
    /// Whether the term may be used as the prefix of a compact IRI.
    pub prefix: bool,
    /// `@protected`
    pub protected: bool,
    /// `@reverse`
    pub reverse: bool,
}

impl Definition {
    /// The same definition leaving protection aside, as the redefinition rule compares them.
    pub(super) fn same_meaning(&self, other: &Self) -> bool {
        Self { protected: true, ..self.clone() } == Self { protected: true, ..other.clone() }
    }
}

/// Terms and defaults of an active context.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) terms: HashMap<Box<str>, Definition>,
    pub(super) vocab: Option<Iri>,
    pub(super) base: Option<Iri>,
    pub(super) language: Option<String>,
    /// IRI to the shortest, then least, of the terms that stand for it.
    inverse: HashMap<Iri, Box<str>>,
    /// Prefix IRI and term, longest IRI first, so that the first hit is the shortest compact IRI.
    prefixes: Vec<(Iri, Box<str>)>,
}

impl Table {
    /// Builds the tables for compaction from the terms that `keep` lets through.
    fn index(&mut self, keep: impl Fn(&str) -> bool) {
        self.inverse.clear();
        self.prefixes.clear();
        for (term, definition) in self.terms.iter().filter(|(term, _)| keep(term)) {
            let Some(iri) = definition.iri.as_ref().filter(|iri| !iri.as_str().starts_with('@')) else { continue };
            if definition.reverse {
                continue;
            }
            let best = self.inverse.entry(iri.clone()).or_insert_with(|| term.clone());
            if (term.len(), term) < (best.len(), &*best) {
                *best = term.clone();
            }
            if definition.prefix {
                self.prefixes.push((iri.clone(), term.clone()));
            }
        }
        self.prefixes.sort_by(|a, b| (b.0.as_str().len(), &a.1).cmp(&(a.0.as_str().len(), &b.1)));
    }
}

/// A context ready for use. The core context is always part of it and always wins (4.4).
#[derive(Debug, Clone)]
pub struct Context {
    user: Table,
    core: &'static Table,
}

/// Names that the core context gives a meaning of their own and that therefore cannot name an attribute (4.5.1).
const RESERVED: [&str; 33] = [
    "@id",
    "@type",
    "@context",
    "id",
    "type",
    "scope",
    "value",
    "object",
    "languageMap",
    "vocab",
    "json",
    "valueList",
    "objectList",
    "datasetId",
    "instanceId",
    "observedAt",
    "createdAt",
    "modifiedAt",
    "deletedAt",
    "expiresAt",
    "unitCode",
    "valueType",
    "objectType",
    "lang",
    "entity",
    "entityList",
    "previousValue",
    "previousObject",
    "previousLanguageMap",
    "previousVocab",
    "previousJson",
    "previousValueList",
    "previousObjectList",
];

impl Context {
    /// The core context alone.
    pub fn core() -> Self {
        Self { user: Table::default(), core: core_table() }
    }

    /// The core context and some names that are known already to stand for these IRIs: enough to understand what was
    /// written with another context, without that context. Names of the core keep the core's meaning.
    pub fn of_names<'n>(names: impl IntoIterator<Item = (&'n str, &'n Iri)>) -> Self {
        let definition = |iri: &Iri| Definition {
            iri: Some(iri.clone()),
            type_mapping: None,
            container: Container::default(),
            language: None,
            prefix: false,
            protected: false,
            reverse: false,
        };
        let mut context = Self::core();
        context.user.terms = names.into_iter().map(|(name, iri)| (name.into(), definition(iri))).collect();
        context.finish();
        context
    }

    /// No terms at all, not even the core's: where processing starts.
    pub(super) fn empty() -> Self {
        static NOTHING: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::default);
        Self { user: Table::default(), core: &NOTHING }
    }

    /// Where processing of a user context starts: it may use the core's terms in its own definitions.
    pub(super) fn user_start() -> Self {
        let core = core_table();
        let user = Table { terms: core.terms.clone(), vocab: core.vocab.clone(), ..Table::default() };
        Self { user, core }
    }

    pub(super) fn table(&self) -> &Table {
        &self.user
    }

    pub(super) fn table_mut(&mut self) -> &mut Table {
        &mut self.user
    }

    /// Ends processing: the user's terms give way to the core's, and the tables for compaction are built.
    pub(super) fn finish(&mut self) {
        let core = self.core;
        self.user.terms.retain(|term, _| !core.terms.contains_key(term));
        self.user.index(|_| true);
    }

    pub(super) fn into_table(mut self) -> Table {
        self.user.index(|_| true);
        self.user
    }

    /// About how many bytes it takes in memory, the core aside.
    pub fn size(&self) -> usize {
        // Each term and IRI is in three tables.
        let size = |definition: &Definition| definition.iri.as_ref().map_or(0, |iri| iri.as_str().len());
        self.user.terms.iter().map(|(term, definition)| 3 * (term.len() + size(definition)) + 300).sum()
    }

    /// The definition of a term, the core's first.
    pub fn definition(&self, term: &str) -> Option<&Definition> {
        self.core.terms.get(term).or_else(|| self.user.terms.get(term))
    }

    /// `@vocab`: where unknown terms go. The core's, whenever the core is part of the context.
    pub fn vocab(&self) -> Option<&Iri> {
        self.core.vocab.as_ref().or(self.user.vocab.as_ref())
    }

    /// `@base` as the context sets it. NGSI-LD has no relative ids; this matters to generic JSON-LD only.
    pub fn base(&self) -> Option<&Iri> {
        self.user.base.as_ref()
    }

    /// `@language`, the default language of strings. Ignored by NGSI-LD; matters to generic JSON-LD only.
    pub fn language(&self) -> Option<&str> {
        self.user.language.as_deref()
    }

    /// IRI expansion relative to the vocabulary (JSON-LD 1.1 API, 5.2): what a name stands for. `None` when the
    /// context maps it to null, or when it is neither a term, an IRI nor covered by `@vocab`.
    pub fn expand(&self, name: &str) -> Option<Iri> {
        if name.starts_with('@') && super::keyword::is_keyword(name) {
            return Some(Iri::from_expanded(name));
        }
        if super::keyword::looks_like_keyword(name) {
            return None;
        }
        if let Some(definition) = self.definition(name) {
            return definition.iri.clone();
        }
        if let Some((prefix, suffix)) = split_compact_iri(name) {
            if prefix == "_" || suffix.starts_with("//") {
                return Some(Iri::from_expanded(name));
            }
            if let Some(definition) = self.definition(prefix).filter(|definition| definition.prefix)
                && let Some(iri) = &definition.iri
            {
                return Some(concat(iri, suffix));
            }
            if is_scheme(prefix) {
                return Some(Iri::from_expanded(name));
            }
        }
        self.vocab().map(|vocab| concat(vocab, name))
    }

    /// What an entity type or attribute name of a client stands for (5.5.7).
    ///
    /// # Errors
    /// BadRequestData when it is no legal name (4.6.2) and no term of the context, or is mapped to null.
    pub fn expand_name(&self, name: &str) -> Result<Iri> {
        let defined = self.definition(name).is_some();
        if !defined && !is_legal_name(name) {
            return Err(Error::bad_request(format!(
                "'{}' is not a legal name: a letter, then letters, numbers and underscores, or an IRI",
                cut(name)
            )));
        }
        match self.expand(name) {
            Some(iri) if !iri.as_str().starts_with('@') => Ok(iri),
            _ => Err(Error::bad_request(format!("the @context gives '{}' no IRI", cut(name)))),
        }
    }

    /// [`Context::expand_name`] for attributes, which must not be called like a member that NGSI-LD itself defines.
    ///
    /// # Errors
    /// BadRequestData as there, and for reserved names (4.5.1).
    pub fn expand_attribute(&self, name: &str) -> Result<Iri> {
        if RESERVED.contains(&name) {
            return Err(Error::bad_request(format!("'{name}' is reserved and cannot be the name of an attribute")));
        }
        self.expand_name(name)
    }

    /// What a vocabulary value stands for (VocabProperty, `valueType`): any text is accepted, unknown text goes to the
    /// default vocabulary.
    pub fn expand_value(&self, text: &str) -> Iri {
        match self.expand(text) {
            Some(iri) if !iri.as_str().starts_with('@') => iri,
            _ => Iri::from_expanded(text),
        }
    }

    /// The shortest name that this context has for `iri` (JSON-LD 1.1 API, 6.2): a term, a name in the vocabulary, a
    /// compact IRI, or the IRI itself.
    pub fn compact<'a>(&'a self, iri: &'a Iri) -> std::borrow::Cow<'a, str> {
        if let Some(term) = self.core.inverse.get(iri).or_else(|| self.user.inverse.get(iri)) {
            return term.as_ref().into();
        }
        let text = iri.as_str();
        if let Some(name) = self.vocab().and_then(|vocab| text.strip_prefix(vocab.as_str()))
            && !name.is_empty()
            && self.definition(name).is_none()
        {
            return name.into();
        }
        for (prefix_iri, prefix) in self.core.prefixes.iter().chain(&self.user.prefixes) {
            if let Some(suffix) = text.strip_prefix(prefix_iri.as_str()).filter(|suffix| !suffix.is_empty()) {
                let compact = format!("{prefix}:{suffix}");
                if self.definition(&compact).is_none() {
                    return compact.into();
                }
            }
        }
        text.into()
    }
}

/// Splits `prefix:suffix` at the first colon that is not the first character.
pub(super) fn split_compact_iri(name: &str) -> Option<(&str, &str)> {
    let colon = name.char_indices().skip(1).find(|(_, c)| *c == ':')?.0;
    Some((&name[..colon], &name[colon + 1..]))
}

pub(super) fn concat(iri: &Iri, suffix: &str) -> Iri {
    let mut text = String::with_capacity(iri.as_str().len() + suffix.len());
    text.push_str(iri.as_str());
    text.push_str(suffix);
    Iri::from_expanded(text)
}

/// Whether `text` could be the scheme of an IRI (RFC 3986, 3.1).
pub(super) fn is_scheme(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn is_legal_name(name: &str) -> bool {
    match name.split_once(':') {
        None => is_short_name(name),
        Some((prefix, local)) if is_short_name(prefix) && is_short_name(local) => true,
        Some(_) => hiroba_vocab::iri::is_absolute_iri(name),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}
