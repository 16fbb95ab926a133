//! What a client gave as its @context, kept for the answer.

use std::fmt;

use hiroba_vocab::ngsi_ld::CORE_CONTEXT;
use serde_json::Value;

use super::core::is_core_url;
use crate::error::{Error, Result};

/// One element of an @context.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ContextItem {
    /// A remote context by its absolute URL.
    Url(String),
    /// A context written in place, as canonical JSON text.
    Inline(String),
}

/// The user's part of an @context: what remains when editions of the core context are taken out.
///
/// The core is implied everywhere (4.4), so it is not kept, and not repeated in answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UserContext {
    items: Vec<ContextItem>,
}

impl UserContext {
    /// A single remote context, as a Link header names it.
    pub fn from_url(url: &str) -> Self {
        let items = if is_core_url(url) { Vec::new() } else { vec![ContextItem::Url(url.to_owned())] };
        Self { items }
    }

    /// Reads the value of an `@context` member: a string, an object, or an array of these.
    ///
    /// # Errors
    /// BadRequestData for anything else, and for a relative URL.
    pub fn from_json(context: &Value) -> Result<Self> {
        let mut items = Vec::new();
        let elements = match context {
            Value::Array(elements) => elements.as_slice(),
            single => std::slice::from_ref(single),
        };
        for element in elements {
            match element {
                Value::String(url) if is_core_url(url) => {}
                Value::String(url) if hiroba_vocab::iri::is_absolute_iri(url) => {
                    items.push(ContextItem::Url(url.clone()));
                }
                Value::Object(_) => items.push(ContextItem::Inline(element.to_string())),
                _ => {
                    return Err(Error::bad_request(
                        "@context must be an absolute URL, an object, or an array of these",
                    )
                    .at("/@context"));
                }
            }
        }
        Ok(Self { items })
    }

    /// The elements in their order.
    pub fn items(&self) -> &[ContextItem] {
        &self.items
    }

    /// How many bytes of text it has.
    pub fn size(&self) -> usize {
        let size = |item: &ContextItem| match item {
            ContextItem::Url(text) | ContextItem::Inline(text) => text.len(),
        };
        self.items.iter().map(size).sum()
    }

    /// Whether only the core context applies.
    pub fn is_core(&self) -> bool {
        self.items.is_empty()
    }

    /// The URL for a `Link` header, if one URL says it all.
    pub fn single_url(&self) -> Option<&str> {
        match self.items.as_slice() {
            [] => Some(CORE_CONTEXT),
            [ContextItem::Url(url)] => Some(url),
            _ => None,
        }
    }

    /// The value of `@context` in an answer: one element as it is, several as an array, none as the core's URL.
    pub fn to_json(&self) -> Value {
        let element = |item: &ContextItem| match item {
            ContextItem::Url(url) => Value::String(url.clone()),
            ContextItem::Inline(text) => serde_json::from_str(text).unwrap_or_default(),
        };
        match self.items.as_slice() {
            [] => Value::String(CORE_CONTEXT.to_owned()),
            [one] => element(one),
            many => many.iter().map(element).collect(),
        }
    }
}

impl fmt::Display for UserContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}
