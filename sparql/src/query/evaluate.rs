//! One query, from what was read of it to the last byte of its answer. May run long, but for lookups.

use std::sync::Arc;
use std::time::Instant;

use oxigraph::io::RdfSerializer;
use oxigraph::model::{GraphName, NamedNode};
use oxigraph::sparql::results::QueryResultsSerializer;
use oxigraph::sparql::{QueryDatasetSpecification, QueryEvaluationError, QueryResults, SparqlEvaluator};
use oxigraph::store::Store;
use spargebra::Query;
use tokio::runtime::Handle;

use super::chunks::Chunks;
use super::format::{Family, Form, Format};
use super::ticket::Ticket;
use super::{QueryError, Question, Services, functions, guard, narrow, unwind, walk};
use crate::quads::{EXAMPLES, SHACL, is_hidden};
use hiroba_vocab::namespace::PREFIXES;

/// What a query runs with.
pub(super) struct With<'w> {
    pub(super) ticket: &'w Arc<Ticket>,
    /// How many rows or triples the answer may have.
    pub(super) max_results: u64,
    /// Until when all of it must be there, when that is sooner than the ticket says.
    pub(super) until: Option<Instant>,
    /// The endpoints that it may ask.
    pub(super) services: &'w Services,
    /// Who waits for them.
    pub(super) runtime: &'w Handle,
    /// Whether the index says what the quads are.
    pub(super) with_index: bool,
}

/// Answers a question into `out`. `query` is what `guard` makes of its text.
pub(super) fn answer(
    store: &Store,
    question: &Question,
    mut query: Query,
    with: &With<'_>,
    out: &mut Chunks,
) -> Result<(), QueryError> {
    let With { ticket, max_results, until, services, runtime, with_index } = *with;
    let family = match query {
        Query::Select { .. } | Query::Ask { .. } => Family::Results,
        Query::Construct { .. } | Query::Describe { .. } => Family::Graph,
    };
    let format = Format::choose(family, &question.formats, &question.accept)?;
    let dataset = dataset(question, &query)?;
    out.is_written_as(format);
    if question.head_only {
        return Ok(());
    }
    let pattern = walk::pattern(&mut query);
    // Who chooses the graphs chooses the index away: it is in one of them.
    if with_index && dataset.as_ref().is_none_or(|dataset| dataset.available_named_graphs().is_none()) {
        narrow::with_index(pattern, store, &ticket.token)?;
    } else {
        narrow::without_index(pattern)?;
    }
    // There are many functions, and simple queries call none.
    let calls = walk::calls_functions(pattern);
    guard::watched(pattern)?;
    let evaluator = if calls { with_functions(SparqlEvaluator::new()) } else { SparqlEvaluator::new() };
    let evaluator = evaluator.with_cancellation_token(ticket.token.clone());
    let evaluator = services.register(guard::register(evaluator, ticket), ticket, runtime);
    let mut prepared = evaluator.for_query(query);
    if let Some(dataset) = dataset {
        *prepared.dataset_mut() = dataset;
    }
    let mut run = Run { ticket, max_results, until, written: 0 };
    unwind::caught(|| {
        let results = prepared.on_store(store).execute().map_err(|error| run.reason(error))?;
        run.write(results, format.form, out)
    })
}

/// Gives an evaluator all functions that queries and what they are rewritten to may call.
pub(super) fn with_functions(evaluator: SparqlEvaluator) -> SparqlEvaluator {
    let memory = Arc::default();
    narrow::register(functions::register(evaluator, &memory), &memory)
}

/// What `default-graph-uri` and `named-graph-uri` say; else FROM and FROM NAMED (SPARQL 1.1 Protocol, 2.1.4). When nobody
/// says anything: the examples too for queries that look for them, else `None`.
fn dataset(question: &Question, query: &Query) -> Result<Option<QueryDatasetSpecification>, QueryError> {
    let named = |iri: &String| NamedNode::new(iri).map_err(|_| QueryError::GraphName(iri.clone()));
    let (defaults, graphs) = if question.default_graphs.is_empty() && question.named_graphs.is_empty() {
        let Some(dataset) = query.dataset() else { return Ok(with_examples(&question.text, query)) };
        (dataset.default.clone(), dataset.named.clone().unwrap_or_default())
    } else {
        let named = |iris: &[String]| iris.iter().map(named).collect::<Result<Vec<_>, _>>();
        (named(&question.default_graphs)?, named(&question.named_graphs)?)
    };
    let visible = |name: &NamedNode| !is_hidden(name.as_str());
    let mut dataset = QueryDatasetSpecification::new();
    dataset.set_default_graph(defaults.into_iter().filter(visible).map(GraphName::from).collect());
    dataset.set_available_named_graphs(graphs.into_iter().filter(visible).map(Into::into).collect());
    Ok(Some(dataset))
}

/// Editors look for examples in the default graph, where they would be among the data for everybody else. So they are
/// there for queries that name a term of SHACL; with all named graphs, as without a dataset.
fn with_examples(text: &str, query: &Query) -> Option<QueryDatasetSpecification> {
    // Written out, so that prefixes that are declared and not used do not count: clients declare what they know. Whatever
    // a prefix or base adds, an IRI that begins with SHACL's needs its last word, or an escape, in the text.
    let may_name = text.contains("shacl") || text.contains('\\');
    (may_name && query.to_string().contains(SHACL)).then(|| {
        let mut dataset = QueryDatasetSpecification::new();
        dataset.set_default_graph(vec![GraphName::DefaultGraph, EXAMPLES.into_owned().into()]);
        dataset
    })
}

/// Triples as they are written into an answer, such as the service description.
pub(crate) fn serializer(format: oxigraph::io::RdfFormat) -> RdfSerializer {
    let mut serializer = RdfSerializer::from_format(format);
    for (prefix, iri) in PREFIXES {
        if let Ok(with) = serializer.clone().with_prefix(*prefix, *iri) {
            serializer = with;
        }
    }
    serializer
}

struct Run<'t> {
    ticket: &'t Ticket,
    max_results: u64,
    until: Option<Instant>,
    written: u64,
}

impl Run<'_> {
    fn write(&mut self, results: QueryResults<'_>, form: Form, out: &mut Chunks) -> Result<(), QueryError> {
        match (results, form) {
            (QueryResults::Boolean(yes), Form::Results(format)) => {
                let serializer = QueryResultsSerializer::from_format(format);
                serializer.serialize_boolean_to_writer(out, yes).map_err(|error| self.broken(&error))?;
            }
            (QueryResults::Solutions(solutions), Form::Results(format)) => {
                let serializer = QueryResultsSerializer::from_format(format);
                let variables = solutions.variables().to_vec();
                let writer = serializer.serialize_solutions_to_writer(out, variables);
                let mut writer = writer.map_err(|error| self.broken(&error))?;
                for solution in solutions {
                    let solution = solution.map_err(|error| self.reason(error))?;
                    self.one_more()?;
                    writer.serialize(&solution).map_err(|error| self.broken(&error))?;
                }
                writer.finish().map_err(|error| self.broken(&error))?;
            }
            (QueryResults::Graph(triples), Form::Graph(format)) => {
                let mut writer = serializer(format).for_writer(out);
                for triple in triples {
                    let triple = triple.map_err(|error| self.reason(error))?;
                    self.one_more()?;
                    writer.serialize_triple(&triple).map_err(|error| self.broken(&error))?;
                }
                writer.finish().map_err(|error| self.broken(&error))?;
            }
            _ => return Err(QueryError::Internal("the answer does not fit its form".to_owned())),
        }
        Ok(())
    }

    /// Counts a row or triple, and looks whether to go on.
    fn one_more(&mut self) -> Result<(), QueryError> {
        self.written += 1;
        if self.written > self.max_results {
            return Err(QueryError::TooManyResults(self.max_results));
        }
        if self.ticket.is_stopped() {
            return Err(self.ticket.stopped().unwrap_or(QueryError::Gone));
        }
        match self.until {
            Some(until) if Instant::now() > until => Err(QueryError::Timeout(self.ticket.started.elapsed())),
            _ => Ok(()),
        }
    }

    fn broken(&self, error: &std::io::Error) -> QueryError {
        self.ticket.stopped().unwrap_or_else(|| QueryError::Internal(error.to_string()))
    }

    fn reason(&self, error: QueryEvaluationError) -> QueryError {
        self.ticket.stopped().unwrap_or_else(|| error.into())
    }
}
