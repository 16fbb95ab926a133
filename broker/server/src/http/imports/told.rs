//! What a request tells of a file, in its parameters and in the fields of its form.

use hiroba_importers::Options;
use ngsild::Error;

use super::super::problem::{HttpError, Result};
use crate::service::datasets::{Gone, day, municipality};
use crate::service::now;

/// What can be told of a file: as the options of `hiroba import` are called.
const WORDS: [&str; 9] =
    ["dataset", "sheet", "municipality", "publisher", "licence", "source", "issued", "modified", "gone"];

/// The names of what can be told, and others.
pub(super) fn words(others: &[&'static str]) -> Vec<&'static str> {
    WORDS.iter().chain(others).copied().collect()
}

/// What is told. An empty text tells nothing.
pub(super) struct Told {
    pairs: Vec<(String, String)>,
}

/// Refuses fields that nobody knows.
///
/// # Errors
/// InvalidRequest.
pub(super) fn all_known(fields: &[(String, String)], known: &[&str]) -> Result<()> {
    match fields.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Error::invalid_request(format!("unknown field '{name}'; known here: {}", known.join(", "))).into())
        }
    }
}

impl Told {
    /// Puts parameters and fields together.
    ///
    /// # Errors
    /// InvalidRequest for what is told twice.
    pub(super) fn of(query: &[(String, String)], fields: &[(String, String)]) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in query.iter().chain(fields) {
            if pairs.iter().any(|(other, _)| other == name) {
                return Err(Error::invalid_request(format!("'{name}' is there twice")).into());
            }
            pairs.push((name.clone(), value.trim().to_owned()));
        }
        Ok(Self { pairs })
    }

    /// Whether nothing is told of the file.
    pub(super) fn is_empty(&self) -> bool {
        !self.pairs.iter().any(|(name, _)| WORDS.contains(&name.as_str()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let value = self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// Whether something is so.
    ///
    /// # Errors
    /// InvalidRequest for other words than true and false.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::invalid_request(format!("'{name}' is true or false")).at(name).into()),
        }
    }

    /// The options of the importer.
    ///
    /// # Errors
    /// BadRequestData for a code that is none, and for days that are none.
    pub(super) fn options(&self) -> Result<Options> {
        let text = |name: &str| self.get(name).map(ToOwned::to_owned);
        Ok(Options {
            dataset: text("dataset"),
            sheet: text("sheet"),
            municipality: self.read("municipality", municipality)?,
            publisher: text("publisher"),
            licence: text("licence"),
            source: text("source"),
            issued: self.read("issued", day)?,
            modified: self.read("modified", day)?,
            ..Options::new(now())
        })
    }

    /// What becomes of entities that the file does not list any more.
    ///
    /// # Errors
    /// BadRequestData for other words.
    pub(super) fn gone(&self) -> Result<Gone> {
        let read = |word: &str| match word {
            "keep" => Ok(Gone::Keep),
            "mark" => Ok(Gone::Mark),
            "remove" => Ok(Gone::Remove),
            _ => Err("expected keep, mark or remove".to_owned()),
        };
        Ok(self.read("gone", read)?.unwrap_or_default())
    }

    fn read<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>> {
        let fail = |text: &str, why: String| {
            HttpError::from(Error::bad_request(format!("'{text}' is no {name}: {why}")).at(name))
        };
        self.get(name).map(|text| read(text).map_err(|why| fail(text, why))).transpose()
    }
}
