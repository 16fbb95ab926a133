//! Lets the index find what a query asks of places and words.
//!
//! Where a query compares a place with another one (`geof:distance` below a number, `geof:sfWithin` and the like), the index
//! is asked for the places in question before anything else is read. The query's own conditions decide, so the
//! rows are the same with and without; only faster. Magic is needed for words alone: `?entity text:query "…"`.

mod conditions;
mod functions;
mod parts;
mod places;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use oxigraph::model::Variable;
use oxigraph::sparql::CancellationToken;
use oxigraph::store::Store;
use spargebra::algebra::GraphPattern;

use super::QueryError;
use super::walk::{children, each_exists, in_scope};
use parts::Counts;

pub(super) use functions::register;
pub(super) use words::TEXT_QUERY;

/// Rewrites a pattern that is evaluated over all graphs of a store whose index is true. Once the token is cancelled, it
/// is done soon.
///
/// # Errors
/// [`QueryError::Unsupported`] when `text:query` is used in a way that is not understood.
pub(super) fn with_index(
    pattern: &mut GraphPattern,
    store: &Store,
    token: &CancellationToken,
) -> Result<(), QueryError> {
    rewrite(pattern, Some(Counts { store, token }))
}

/// Rewrites a pattern that must do without the index: because the query chooses its graphs, or the index is not true.
///
/// # Errors
/// As [`with_index`].
pub(super) fn without_index(pattern: &mut GraphPattern) -> Result<(), QueryError> {
    rewrite(pattern, None)
}

fn rewrite(pattern: &mut GraphPattern, counts: Option<Counts<'_>>) -> Result<(), QueryError> {
    let mut fresh = Fresh::default();
    words::replace(pattern, counts, &mut fresh)?;
    if let Some(counts) = counts {
        narrow(pattern, &HashSet::new(), counts, &mut fresh);
    }
    Ok(())
}

/// Variables that no query has.
#[derive(Debug, Default)]
struct Fresh {
    used: usize,
}

impl Fresh {
    fn variable(&mut self) -> Variable {
        self.used += 1;
        // A name that no query can write.
        Variable::new_unchecked(format!("hiroba:{}", self.used))
    }
}

/// Narrows a pattern and all below it. `outside` are the variables that have a value before the pattern is evaluated:
/// those around an EXISTS.
fn narrow(pattern: &mut GraphPattern, outside: &HashSet<Variable>, counts: Counts<'_>, fresh: &mut Fresh) {
    if let GraphPattern::Service { .. } = pattern {
        return;
    }
    let around = in_scope(pattern);
    each_exists(pattern, &mut |inner| {
        let outside = outside.union(&around).cloned().collect();
        narrow(inner, &outside, counts, fresh);
    });
    // The outermost filter first: it knows all the conditions.
    if let GraphPattern::Filter { .. } = pattern {
        places::narrow(pattern, outside, counts, fresh);
    }
    for child in children(pattern) {
        narrow(child, outside, counts, fresh);
    }
}
