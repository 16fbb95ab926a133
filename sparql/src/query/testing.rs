//! Queries in tests of single steps on their way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oxigraph::sparql::{QueryEvaluationError, QueryResults, QuerySolution, SparqlEvaluator};
use oxigraph::store::Store;
use spargebra::algebra::GraphPattern;

use super::ticket::{Reason, Ticket};
use super::unwind::caught;
use super::{QueryError, guard, walk};

pub(super) fn ticket() -> Arc<Ticket> {
    Arc::new(Ticket::new(Duration::from_secs(60)))
}

/// The rows of a query that is rewritten so, unless it ends otherwise.
pub(super) fn rows(
    evaluator: SparqlEvaluator,
    text: &str,
    store: &Store,
    ticket: &Arc<Ticket>,
    rewrite: impl FnOnce(&mut GraphPattern) -> Result<(), QueryError>,
) -> Result<Vec<QuerySolution>, QueryError> {
    let mut query = guard::parse(text)?;
    rewrite(walk::pattern(&mut query))?;
    let prepared = guard::register(evaluator, ticket).for_query(query);
    let reason = |error: QueryEvaluationError| ticket.stopped().unwrap_or_else(|| error.into());
    let mut rows = Vec::new();
    caught(|| {
        let results = prepared.on_store(store).execute().map_err(reason)?;
        let QueryResults::Solutions(solutions) = results else { panic!("{text} has no rows") };
        for solution in solutions {
            rows.push(solution.map_err(reason)?);
        }
        Ok(())
    })?;
    Ok(rows)
}

/// Runs what takes for ever, and stops it after a while: then it is to end soon.
pub(super) fn ends_when_stopped<T>(
    what: &str,
    after: Duration,
    run: impl FnOnce(&Arc<Ticket>) -> Result<T, QueryError>,
) {
    let ticket = ticket();
    let other = Arc::clone(&ticket);
    let stopping = std::thread::spawn(move || {
        std::thread::sleep(after);
        other.stop(Reason::Timeout);
        Instant::now()
    });
    let outcome = run(&ticket).map(drop);
    let late = stopping.join().unwrap().elapsed();
    assert!(matches!(outcome, Err(QueryError::Timeout(_))), "{what}: {outcome:?}");
    assert!(late < Duration::from_secs(2), "{what}: {late:?}");
}
