//! The broker over real sockets: the built binary, on every store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod abuse;
mod batch;
mod conformance;
mod contexts;
mod contract;
mod datasets;
mod feed;
mod harvest;
mod headers;
mod identity;
mod importing;
mod importing_from;
mod imports;
mod indexes;
mod jsonld_contexts;
mod linked;
mod maps;
mod pages;
mod precedence;
mod process;
mod provision;
mod purge;
mod queries;
mod readings;
mod readme;
mod sidecar;
mod snapshots;
mod support;
mod temporal;
mod temporal_maps;
mod tenants;
mod transient;
mod versions;
mod vocab;
mod web;
