//! Hiroba's broker: NGSI-LD operations, their HTTP binding, the explorer and the command line.
//!
//! `http` reads requests and renders answers, `service` does what clause 5 says, the crate `hiroba-store` keeps it.

pub mod cli;
pub mod config;
pub mod egress;
pub mod explorer;
pub mod http;
pub mod metrics;
pub mod mqtt;
pub mod service;
pub mod state;
