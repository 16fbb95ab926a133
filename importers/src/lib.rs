#![doc = include_str!("../README.md")]

mod build;
mod classify;
mod dataset;
pub mod error;
pub mod export;
mod header;
mod import;
pub mod limits;
mod options;
mod plan;
mod recognise;
pub mod report;
mod source;
mod table;

pub use classify::SetAside;
pub use error::ImportError;
pub use import::{CorrectedError, Import, Outcome, Outcomes};
pub use options::Options;
pub use plan::{Found, Publisher};
pub use report::Report;
pub use source::{Encoding, Input, Kind};
