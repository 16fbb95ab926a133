//! The words that Hiroba's crates share. Nothing here does I/O.
//!
//! * [`iri`]: absolute IRIs, the names of everything.
//! * [`name`]: entity ids, dataset ids, scopes and tenants, each with one door that checks it.
//! * [`ngsi_ld`]: the constants of ETSI GS CIM 009.
//! * [`namespace`], [`term`], [`context`]: the published classes and attributes, and their @context.
//! * [`dataset`]: what the columns of the standard municipal data sets mean.
//! * [`publish`]: what is made of them for others: ontology, schemas, shapes, pages.
//! * [`municipality`]: the local governments of Japan.
//! * [`unit`]: units that stand in headers and behind numbers.
//! * [`normalise`], [`issue`]: values as municipalities write them, and what there is to say about them.

pub mod context;
pub mod dataset;
pub mod iri;
pub mod issue;
pub mod municipality;
pub mod name;
pub mod namespace;
pub mod ngsi_ld;
pub mod normalise;
pub mod publish;
pub mod term;
pub mod unit;

pub use dataset::{Dataset, Datasets};
pub use iri::Iri;
pub use issue::{Issue, Issues, Level};
pub use name::{DatasetId, EntityId, NameError, Scope, Tenant};
pub use term::Terms;

/// The IRI of a column that no definition knows: the key of its header ([`normalise::key::column`]), percent-encoded, in
/// our own namespace.
///
/// The same header gives the same IRI in every file, however it is typed, so that a column of a city's own can be asked
/// for. Headers of one table that have the same key are told apart by the caller.
pub fn column_iri(header: &str) -> Iri {
    Iri::from_expanded(format!("{}{}", namespace::COLUMN, percent_encoded(&normalise::key::column(header))))
}

/// Text as a part of an IRI: all but the unreserved characters of RFC 3986 percent-encoded.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
