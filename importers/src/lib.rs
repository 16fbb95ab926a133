#![doc = include_str!("../README.md")]

mod build;
mod candidate;
mod classify;
mod dataset;
pub mod error;
pub mod export;
mod generic;
mod gtfs;
mod header;
mod import;
pub mod limits;
pub mod mapping;
mod open;
mod options;
mod outcomes;
mod plan;
mod recognise;
pub mod report;
mod source;
mod spill;
mod table;

pub use classify::SetAside;
pub use error::ImportError;
pub use generic::Proposal;
pub use import::{CorrectedError, Import};
pub use mapping::Mapping;
pub use open::{LeftOut, Opened, open};
pub use options::Options;
pub use outcomes::{Outcome, Outcomes};
pub use plan::{Found, Publisher};
pub use report::Report;
pub use source::{Encoding, Input, Kind, Member};
