//! The products of the vocabulary: one source, the definitions and the terms, in the forms that others read.
//!
//! Pure functions without I/O. Types, IRIs and requiredness come from [`attribute`] and from [`crate::dataset::Column`],
//! so that what one product says, all say; a test holds them against each other. The @context is in [`crate::context`].

pub mod attribute;
mod code_list;
mod csvw;
mod json_schema;
mod ontology;
mod page;
mod pattern;
mod shacl;
mod table_schema;
mod turtle;

pub use code_list::{Code, CodeList, code_lists};
pub use csvw::csvw;
pub use json_schema::json_schema;
pub use ontology::ontology;
pub use page::{index, page};
pub use shacl::shacl;
pub use table_schema::table_schema;

use serde_json::Value;

use crate::dataset::{Dataset, Edition};

/// What is made for one data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Product {
    /// [`json_schema`]
    JsonSchema,
    /// [`shacl`]
    Shacl,
    /// [`table_schema`]
    TableSchema,
    /// [`csvw`]
    Csvw,
    /// [`page`]
    Page,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::JsonSchema, Self::Shacl, Self::TableSchema, Self::Csvw, Self::Page];

    /// What follows the short name of the data set in a file name, such as `schema.json`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::JsonSchema => "schema.json",
            Self::Shacl => "shacl.ttl",
            Self::TableSchema => "table.json",
            Self::Csvw => "csvw.json",
            Self::Page => "md",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::JsonSchema => "application/schema+json",
            Self::Shacl => "text/turtle; charset=utf-8",
            Self::TableSchema => "application/json",
            Self::Csvw => "application/csvm+json",
            Self::Page => "text/markdown; charset=utf-8",
        }
    }

    /// Whether it describes files, of which each edition of the standard has its own.
    pub fn has_editions(self) -> bool {
        matches!(self, Self::TableSchema | Self::Csvw)
    }

    /// The product as text. The edition counts where it [matters](Self::has_editions).
    pub fn text(self, dataset: &Dataset, edition: Edition) -> String {
        match self {
            Self::JsonSchema => pretty(&json_schema(dataset)),
            Self::Shacl => shacl(dataset),
            Self::TableSchema => pretty(&table_schema(dataset, edition)),
            Self::Csvw => pretty(&csvw(dataset, edition)),
            Self::Page => page(dataset),
        }
    }
}

/// JSON for people: indented, with a line break at the end.
pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
