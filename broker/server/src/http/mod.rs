//! The HTTP binding (clause 6): extract, call one operation, render, answer.

pub mod admission;
pub mod attributes;
pub mod batch;
pub mod changes;
pub mod contexts;
pub mod csource_subscriptions;
pub mod datasets;
pub mod discovery;
pub mod entities;
mod guard;
pub mod identity;
pub mod imports;
pub mod linked_data;
pub mod maps;
pub mod problem;
pub mod query;
pub mod registrations;
pub mod request;
mod respond;
mod routes;
pub mod server;
pub mod snapshots;
mod sparql;
pub mod stream;
pub mod subscriptions;
pub mod system;
pub mod temporal;
pub mod vocab;

pub use routes::{ROUTES, configure};
