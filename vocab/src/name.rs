//! Identifiers that come from outside. Each type has one door, `parse`, so a signature tells what was checked.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::iri::is_absolute_iri;

/// Text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {expected}")]
pub struct NameError {
    /// What was expected, as a noun phrase: "an absolute URI".
    pub expected: &'static str,
    /// The offending text, cut to 200 characters so that an error never echoes a whole body.
    pub text: String,
}

impl NameError {
    /// An error that quotes at most 200 characters of `text`.
    pub fn new(expected: &'static str, text: &str) -> Self {
        Self { expected, text: text.chars().take(200).collect() }
    }
}

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Takes text that this program checked before it stored it.
            pub fn from_stored(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_newtype! {
    /// The id of an entity: an absolute URI or IRI that never changes (4.5.1, 5.2.4).
    EntityId
}

text_newtype! {
    /// The id of an attribute instance's dataset: an absolute URI (4.5.5). The default instance has none.
    DatasetId
}

text_newtype! {
    /// A scope as the client wrote it, such as `/Farm/North` (4.18). The leading slash is optional.
    Scope
}

text_newtype! {
    /// A tenant's name as in the header `NGSILD-Tenant` (4.14). Empty is the default tenant.
    Tenant
}

impl EntityId {
    /// # Errors
    /// [`NameError`] unless `text` is an absolute URI or IRI.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if is_absolute_iri(text) { Ok(Self(text.into())) } else { Err(NameError::new("a URI", text)) }
    }
}

impl DatasetId {
    /// The text that stands for the default instance in requests; never stored (4.5.5).
    pub const NONE: &str = "@none";

    /// # Errors
    /// [`NameError`] unless `text` is an absolute URI or IRI.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if is_absolute_iri(text) { Ok(Self(text.into())) } else { Err(NameError::new("a URI or '@none'", text)) }
    }
}

impl Scope {
    /// # Errors
    /// [`NameError`] unless `text` is `["/"] level ("/" level)*`, each level a letter followed by letters, digits
    /// and underscores (4.18).
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let path = text.strip_prefix('/').unwrap_or(text);
        if path.split('/').all(is_short_name) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::new("a scope such as /Level1/Level2", text))
        }
    }

    /// The levels from the top: `/a/b` and `a/b` both give `a`, `b`.
    pub fn levels(&self) -> impl Iterator<Item = &str> {
        self.0.strip_prefix('/').unwrap_or(&self.0).split('/')
    }
}

impl Tenant {
    /// The tenant that always exists and that requests without the header mean.
    pub fn default_tenant() -> Self {
        Self("".into())
    }

    /// # Errors
    /// [`NameError`] unless `text` is 1 to 256 visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let legal = (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if legal {
            Ok(Self(text.into()))
        } else {
            Err(NameError::new("a tenant name (1 to 256 visible ASCII characters)", text))
        }
    }

    /// Whether this is the default tenant.
    pub fn is_default(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether `text` is a short name: a letter, then letters, numbers and underscores (4.6.2).
pub fn is_short_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_levels_of_names_with_an_optional_leading_slash() {
        for legal in ["/Madrid", "Madrid", "/Madrid/Gardens/ParqueNorte", "/高松市/屋島", "a_1/b2"] {
            assert!(Scope::parse(legal).is_ok(), "{legal}");
        }
        for illegal in ["", "/", "//a", "/a/", "/1a", "/a b", "/+", "/#", "/_a"] {
            assert!(Scope::parse(illegal).is_err(), "{illegal}");
        }
    }

    #[test]
    fn an_entity_id_is_an_absolute_uri_or_iri() {
        for legal in ["urn:ngsi-ld:AED:372013:1", "https://example.jp/施設/1", "urn:x:é"] {
            assert!(EntityId::parse(legal).is_ok(), "{legal}");
        }
        for illegal in ["", "AED1", "urn:ngsi-ld:a b", "http://[", "/relative", "urn:x:<y>"] {
            assert!(EntityId::parse(illegal).is_err(), "{illegal}");
        }
    }

    #[test]
    fn a_tenant_is_visible_ascii_of_bounded_length() {
        assert!(Tenant::parse("urn:ngsi-ld:tenant:a-1").is_ok());
        assert!(Tenant::parse("").is_err());
        assert!(Tenant::parse("two words").is_err());
        assert!(Tenant::parse(&"x".repeat(257)).is_err());
    }
}
