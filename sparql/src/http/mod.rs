//! SPARQL 1.1 Protocol, and what the operator asks: extract, call one function, answer.

mod body;
mod description;
mod dumps;
mod freshness;
mod guard;
mod maintenance;
mod params;
pub mod problem;
mod routes;
pub mod server;
mod sparql;
mod system;

pub use routes::configure;
