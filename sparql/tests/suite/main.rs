//! The sidecar as its users meet it: the built binaries, over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod crash;
mod dumps;
mod examples;
mod following;
mod freshness;
mod harness;
mod limits;
mod maintenance;
mod protocol;
mod protocol_suite;
mod services;
mod tenants;
