//! What a column means in words and as linked data: label, definition, IRI, and where its value goes.

use super::column::{Column, Reads};
use super::range::{Datatype, Range};
use crate::iri::Iri;
use crate::term::{AttributeKind, Term, TermRole, Terms};

/// Where the value of a column goes.
#[derive(Debug, Clone, Copy)]
pub enum Target<'c> {
    /// To no attribute: it has a part in the entity as a whole, or is published under its own name.
    Own,
    /// To an attribute, alone.
    Attribute(&'c Term),
    /// To a language of a LanguageProperty.
    Language(&'c Term, &'c str),
    /// To a key of an attribute that is an object.
    Key(&'c Term, &'c Term),
    /// Into a value that several columns make together: a position, opening hours, a list of hazards. The second is the
    /// key, where the value is part of an object.
    Piece(&'c Term, Option<&'c Term>),
}

impl<'c> Target<'c> {
    /// The attribute, if there is one.
    pub fn attribute(self) -> Option<&'c Term> {
        match self {
            Self::Own => None,
            Self::Attribute(term) | Self::Language(term, _) | Self::Key(term, _) | Self::Piece(term, _) => Some(term),
        }
    }

    /// The key of the object that the attribute is, if there is one.
    pub fn key(self) -> Option<&'c Term> {
        match self {
            Self::Key(_, key) => Some(key),
            Self::Piece(_, key) => key,
            _ => None,
        }
    }
}

impl Column {
    /// Where the value goes.
    pub fn target(&self) -> Target<'_> {
        let terms = Terms::published();
        let Some(term) = self.feeds.as_deref().and_then(|term| terms.get(term)) else { return Target::Own };
        if term.role == TermRole::Attribute(AttributeKind::Language) {
            return Target::Language(term, self.part.as_deref().unwrap_or("ja"));
        }
        // The part of these is a disaster or a type, and no key.
        let has_key = !matches!(self.reads, Reads::Hazard | Reads::Reference);
        let key = self.part.as_deref().filter(|_| has_key).and_then(|part| terms.get(part));
        match key {
            _ if self.reads.is_piece() => Target::Piece(term, key),
            Some(key) => Target::Key(term, key),
            None => Target::Attribute(term),
        }
    }

    /// The range of the attribute that the column feeds, if it feeds one.
    pub fn range(&self) -> Option<Range> {
        Some(match self.target() {
            Target::Own => return None,
            Target::Language(..) => Range::one(Datatype::LanguageText),
            // Most attributes with keys are one object; where they are several, the term says so.
            Target::Key(term, _) | Target::Piece(term, Some(_)) => term.range.unwrap_or(Range::one(Datatype::Object)),
            Target::Attribute(_) | Target::Piece(_, None) => self.reads.range(),
        })
    }

    /// The IRI of the column itself: that of its official name ([`crate::column_iri`]).
    pub fn iri(&self) -> Iri {
        crate::column_iri(&self.name)
    }

    /// What a cell is a value of: the attribute or key that takes it alone; else the column itself.
    pub fn property(&self) -> Iri {
        match self.target() {
            Target::Attribute(term) | Target::Language(term, _) | Target::Key(_, term) => term.iri.clone(),
            Target::Own | Target::Piece(..) => self.iri(),
        }
    }

    /// The English label: the column's own, else that of what it feeds, else the official name.
    pub fn label_en(&self) -> String {
        if let Some(label) = &self.en {
            return label.clone();
        }
        match self.target() {
            Target::Language(term, "ja-Kana") => format!("{} (kana)", term.en),
            Target::Language(term, "en") => format!("{} (English)", term.en),
            target => target.key().or(target.attribute()).map_or_else(|| self.name.clone(), |term| term.en.clone()),
        }
    }

    /// The Japanese definition: the column's own, else that of what it feeds; empty where there is none.
    pub fn definition_ja(&self) -> &str {
        self.definition_ja.as_deref().unwrap_or_else(|| self.defined().map_or("", |term| &term.definition_ja))
    }

    /// The English definition, likewise.
    pub fn definition_en(&self) -> &str {
        self.definition_en.as_deref().unwrap_or_else(|| self.defined().map_or("", |term| &term.definition_en))
    }

    fn defined(&self) -> Option<&Term> {
        let target = self.target();
        target.key().or(target.attribute())
    }

    /// The physical English name of the current layout, where one is known: the first of the English names.
    pub fn english(&self) -> Option<&str> {
        self.current.get(1).map(String::as_str)
    }

    /// The words of the choices: what stands in entities. A choice with a code (`B1=小学校`) is its word there.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let has_codes = self.reads == Reads::CodeWord;
        self.choices.iter().map(move |choice| match choice.split_once('=') {
            Some((_, word)) if has_codes => word,
            _ => choice.as_str(),
        })
    }

    /// The code of a choice that has one: `B1` of 小学校.
    pub fn code_of(&self, word: &str) -> Option<&str> {
        let mut codes = self.choices.iter().filter_map(|choice| choice.split_once('='));
        codes.find(|(_, other)| *other == word).map(|(code, _)| code).filter(|_| self.reads == Reads::CodeWord)
    }

    /// Whether an empty cell is a no: the disaster flags, and columns that say so.
    pub fn blank_is_no(&self) -> bool {
        self.blank_is_no || self.reads == Reads::Hazard
    }
}
