//! One update, as maintenance permits it. Runs on a thread of its own.

use std::sync::Arc;

use oxigraph::model::NamedNode;
use oxigraph::sparql::SparqlEvaluator;
use spargebra::GraphUpdateOperation;
use spargebra::algebra::QueryDataset;

use super::evaluate::with_functions;
use super::ticket::Ticket;
use super::{QueryError, Update, guard, unwind};
use crate::copy::Reading;

/// Carries out all operations of an update, or none.
pub(super) fn run(reading: &Reading, update: &Update, ticket: &Arc<Ticket>) -> Result<(), QueryError> {
    let mut parsed = guard::parse_update(&update.text, &update.base)?;
    if let Some(dataset) = dataset(update)? {
        for operation in &mut parsed.operations {
            let GraphUpdateOperation::DeleteInsert { using, .. } = operation else { continue };
            if using.is_some() {
                return Err(QueryError::Dataset);
            }
            *using = Some(dataset.clone());
        }
    }
    let evaluator = with_functions(SparqlEvaluator::new()).with_cancellation_token(ticket.token.clone());
    let prepared = guard::register(evaluator, ticket).for_update(parsed);
    unwind::caught(|| {
        reading.change_by_hand(|transaction| {
            let outcome = prepared.on_transaction(transaction).execute();
            match ticket.stopped() {
                Some(stopped) => Err(stopped),
                None => outcome.map_err(QueryError::from),
            }
        })
    })
}

/// What `using-graph-uri` and `using-named-graph-uri` say (SPARQL 1.1 Protocol, 2.2.3). `None` when nothing.
fn dataset(update: &Update) -> Result<Option<QueryDataset>, QueryError> {
    if update.using_graphs.is_empty() && update.using_named_graphs.is_empty() {
        return Ok(None);
    }
    let named = |iri: &String| NamedNode::new(iri).map_err(|_| QueryError::GraphName(iri.clone()));
    let all = |iris: &[String]| iris.iter().map(named).collect::<Result<Vec<_>, _>>();
    Ok(Some(QueryDataset { default: all(&update.using_graphs)?, named: Some(all(&update.using_named_graphs)?) }))
}
