//! One test binary for the crate: linking once is cheaper than once per file.

mod w3c_jsonld;
