//! The words that Hiroba's crates share. Nothing here does I/O.
//!
//! * [`iri`]: absolute IRIs, the names of everything.
//! * [`name`]: entity ids, dataset ids, scopes and tenants, each with one door that checks it.
//! * [`ngsi_ld`]: the constants of ETSI GS CIM 009.
//! * [`namespace`], [`term`], [`context`]: the published classes and attributes, and their @context.
//! * [`dataset`]: what the columns of the standard municipal data sets mean.
//! * [`municipality`]: the local governments of Japan.
//! * [`normalise`], [`issue`]: values as municipalities write them, and what there is to say about them.

pub mod context;
pub mod iri;
pub mod issue;
pub mod municipality;
pub mod name;
pub mod namespace;
pub mod ngsi_ld;
pub mod normalise;
pub mod term;

pub use iri::Iri;
pub use issue::{Issue, Issues, Level};
pub use name::{DatasetId, EntityId, NameError, Scope, Tenant};
pub use term::Terms;
