//! The words that Hiroba's crates share. Nothing here does I/O.
//!
//! * [`iri`]: absolute IRIs, the names of everything.
//! * [`name`]: entity ids, dataset ids, scopes and tenants, each with one door that checks it.
//! * [`ngsi_ld`]: the constants of ETSI GS CIM 009.

pub mod iri;
pub mod name;
pub mod ngsi_ld;

pub use iri::Iri;
pub use name::{DatasetId, EntityId, NameError, Scope, Tenant};
