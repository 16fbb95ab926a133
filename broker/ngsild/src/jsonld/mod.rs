//! JSON-LD @contexts: what a name means (clauses 4.4 and 5.5.7).
//!
//! NGSI-LD documents have a known shape, so only names are expanded and compacted, each once, through the tables of a
//! [`Context`]. Contexts themselves are processed by the algorithm of JSON-LD 1.1 ([`process`]); that code is held
//! against the W3C's own tests in `tests/w3c_jsonld.rs`.
//!
//! Nothing here fetches anything. Processing asks a [`Documents`] for remote contexts and reports the first that is
//! missing, so that the caller can fetch it through its own gate and try again.

mod context;
mod core;
mod keyword;
mod process;
mod source;
mod vocabulary;

pub use context::{Container, Context, Definition, TypeMapping};
pub use core::{core_document, is_core_url};
pub use process::{ContextError, Documents, Mode, process};
pub use source::{ContextItem, UserContext};
