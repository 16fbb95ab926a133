//! Answering queries: what is asked for, whether it may be, and the answer as a stream of bytes.
//!
//! * [`Pool`] gives queries threads of their own, for as long as they may run, and stops them when they may not.
//! * `guard` refuses queries whose mere form would cost too much, and makes the others stop when they are told to.
//! * [`Format`] chooses the form of the answer, and `functions` are GeoSPARQL's.

use hiroba_vocab::Tenant;

use crate::follow::Position;

mod chunks;
mod cost;
mod error;
mod evaluate;
mod format;
mod functions;
mod guard;
mod hide;
mod interrupt;
mod lexis;
mod lookup;
mod memory;
mod narrow;
mod order;
mod place;
mod pool;
mod service;
#[cfg(test)]
mod testing;
mod threads;
mod ticket;
mod unwind;
mod update;
mod walk;
mod watch;

pub use error::QueryError;
pub(crate) use evaluate::serializer;
pub use format::{FORMATS, Family, Form, Format};
pub use functions::names as function_names;
pub use pool::{Answer, Limits, Pool};
pub use service::Services;

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose data are asked. Nobody else's can be seen.
    pub tenant: Tenant,
    /// A position that the answer must not be older than.
    pub not_before: Option<Position>,
    /// The query.
    pub text: String,
    /// `default-graph-uri`: graphs that make up the default graph, instead of what the query says.
    pub default_graphs: Vec<String>,
    /// `named-graph-uri`: graphs that can be named, instead of what the query says.
    pub named_graphs: Vec<String>,
    /// Words for the form of the answer, as `format=` and `output=` give them. The first that fits decides.
    pub formats: Vec<String>,
    /// The header Accept.
    pub accept: String,
    /// Whether only the header of the answer is wanted.
    pub head_only: bool,
}

/// What the operator changes in maintenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Whose data are changed.
    pub tenant: Tenant,
    /// The update: operations, separated by semicolons.
    pub text: String,
    /// What relative IRIs are relative to: the address of the endpoint.
    pub base: String,
    /// `using-graph-uri`: graphs that make up the default graph of each WHERE.
    pub using_graphs: Vec<String>,
    /// `using-named-graph-uri`: graphs that each WHERE can name.
    pub using_named_graphs: Vec<String>,
}
