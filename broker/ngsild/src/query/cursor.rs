//! Reading text by character, with errors that say where.

use crate::error::{Error, Result};

/// A position in the text of a parameter.
pub(super) struct Cursor<'t> {
    parameter: &'static str,
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(parameter: &'static str, text: &'t str) -> Self {
        Self { parameter, text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Passes `token` if it is next.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Passes `token`.
    ///
    /// # Errors
    /// BadRequestData when something else is next.
    pub(super) fn expect(&mut self, token: &str) -> Result<()> {
        if self.take(token) { Ok(()) } else { Err(self.error(&format!("expected '{token}'"))) }
    }

    /// Passes the longest run of characters that `accept` accepts.
    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.skip(end);
        &rest[..end]
    }

    /// Passes `bytes` bytes, which must end on a character.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Passes a short name: a letter, then letters, numbers and underscores (4.6.2).
    ///
    /// # Errors
    /// BadRequestData when none is next.
    pub(super) fn name(&mut self) -> Result<&'t str> {
        if !self.peek().is_some_and(char::is_alphabetic) {
            return Err(self.error("expected a name that starts with a letter"));
        }
        Ok(self.take_while(|c| c.is_alphanumeric() || c == '_'))
    }

    /// BadRequestData at this position; positions count characters from 1.
    pub(super) fn error(&self, what: &str) -> Error {
        let character = self.text[..self.at].chars().count() + 1;
        let found = match self.peek() {
            Some(c) => format!("found '{c}'"),
            None => "the text ends here".to_owned(),
        };
        Error::bad_request(format!("{what}, {found}")).at(format!("{}, character {character}", self.parameter))
    }

    /// Everything must have been read.
    ///
    /// # Errors
    /// BadRequestData when something is left.
    pub(super) fn finish(&self, what: &str) -> Result<()> {
        if self.is_at_end() { Ok(()) } else { Err(self.error(what)) }
    }
}
