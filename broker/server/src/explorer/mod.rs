//! The explorer: pages for people, and the same data in plain forms. Everything comes from this server alone.

pub mod assets;
mod cell;
pub mod csv;
mod download;
pub mod entity;
pub mod geojson;
pub mod landing;
mod language;
mod official;
mod page;
pub mod sparql;
pub mod term;
pub mod types;
pub mod upload;
mod upload_error;
mod upload_table;
mod visit;

pub use language::Language;
