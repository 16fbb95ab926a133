//! Leaving an evaluation from inside a function. A function of a query can only have a value or none; so when the query has been
//! stopped, it unwinds the query's thread, which [`caught`] turns into an error again.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::QueryError;
use super::ticket::Ticket;

/// What unwinds the thread of a query that is over.
struct Over(QueryError);

/// Ends the query whose function calls this, if it has been told to stop.
pub(super) fn leave_if_stopped(ticket: &Ticket) {
    if ticket.is_stopped() {
        // Without a message: nothing is wrong with the process.
        resume_unwind(Box::new(Over(ticket.stopped().unwrap_or(QueryError::Gone))));
    }
}

/// Runs a query whose functions may end it.
pub(super) fn caught(run: impl FnOnce() -> Result<(), QueryError>) -> Result<(), QueryError> {
    // What the query leaves half done is its own, and goes with it.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| match panic.downcast::<Over>() {
        Ok(over) => Err(over.0),
        Err(panic) => resume_unwind(panic),
    })
}
