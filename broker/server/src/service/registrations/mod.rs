//! Context source registrations (5.9, 5.10) and those who subscribed to them (5.11). Nothing is forwarded to a source.
//!
//! | module | what |
//! |---|---|
//! | `crud` | registrations are created, changed, told of, found and deleted |
//! | `registry` | the registrations of a tenant, read into types |
//! | `conflicts` | what exclusive and redirect registrations must not meet |
//! | `subscribers` | subscriptions to registrations are kept, each with what it is told first |
//! | `tell` | what the change of a registration makes known to whom |
//! | `upkeep` | registrations whose time is over are removed |

mod conflicts;
pub mod crud;
mod registry;
pub(super) mod subscribers;
pub(super) mod tell;
mod upkeep;

pub use registry::{Registered, Registry};
pub use upkeep::run;

/// How often a change is worked out again when somebody else was faster.
const ATTEMPTS: usize = 100;
