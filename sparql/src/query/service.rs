//! `SERVICE`: asking other endpoints, those only that the operator allows (SPARQL 1.1 Federated Query).

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use oxigraph::model::NamedNode;
use oxigraph::sparql::results::{QueryResultsFormat, QueryResultsParser, ReaderQueryResultsParserOutput};
use oxigraph::sparql::{QuerySolutionIter, ServiceHandler, SparqlEvaluator};
use spargebra::Query;
use spargebra::algebra::GraphPattern;
use tokio::runtime::Handle;

use super::QueryError;
use super::ticket::{Reason, Ticket};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How many bytes the answers of all endpoints may have, for one query.
const MAX_BYTES: usize = 32 << 20;
const RESULTS: &str = "application/sparql-results+json";

/// The endpoints that queries may ask.
#[derive(Debug, Clone)]
pub struct Services {
    client: reqwest::Client,
    allowed: Arc<[NamedNode]>,
}

impl Services {
    /// A client for these endpoints, which are asked directly: redirects are not followed, nor is a proxy asked.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new(allowed: &[NamedNode]) -> Result<Self, reqwest::Error> {
        // Another part of the process may have installed a provider already; either serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("hiroba-sparql/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, allowed: allowed.into() })
    }

    /// Gives the endpoints to the evaluator of one query. `runtime` does the waiting.
    pub(super) fn register(
        &self,
        evaluator: SparqlEvaluator,
        ticket: &Arc<Ticket>,
        runtime: &Handle,
    ) -> SparqlEvaluator {
        let answers = Arc::new(Mutex::new(Answers::default()));
        self.allowed.iter().fold(evaluator, |evaluator, endpoint| {
            let service = Service {
                endpoint: endpoint.clone(),
                client: self.client.clone(),
                ticket: Arc::clone(ticket),
                runtime: runtime.clone(),
                answers: Arc::clone(&answers),
            };
            evaluator.with_service_handler(endpoint.clone(), service)
        })
    }
}

/// What has been answered to one query. Oxigraph may ask again for every row that it joins with, and always the same.
#[derive(Debug, Default)]
struct Answers {
    bytes: usize,
    known: HashMap<(NamedNode, String), Bytes>,
}

/// One endpoint, for one query.
struct Service {
    endpoint: NamedNode,
    client: reqwest::Client,
    ticket: Arc<Ticket>,
    runtime: Handle,
    answers: Arc<Mutex<Answers>>,
}

impl ServiceHandler for Service {
    type Error = QueryError;

    fn handle(
        &self,
        pattern: &GraphPattern,
        base_iri: Option<&oxiri::Iri<String>>,
    ) -> Result<QuerySolutionIter<'static>, QueryError> {
        let query = Query::Select { dataset: None, pattern: pattern.clone(), base_iri: base_iri.cloned() }.to_string();
        let key = (self.endpoint.clone(), query);
        // One endpoint at a time: the queries of one thread come one after the other anyway.
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let body = match answers.known.get(&key) {
            Some(body) => body.clone(),
            None => {
                let body = self.ask(key.1.clone(), MAX_BYTES.saturating_sub(answers.bytes))?;
                answers.bytes += body.len();
                answers.known.insert(key, body.clone());
                body
            }
        };
        self.solutions(body)
    }
}

impl Service {
    fn ask(&self, query: String, room: usize) -> Result<Bytes, QueryError> {
        let deadline = tokio::time::Instant::from_std(self.ticket.deadline());
        let answer = self.runtime.block_on(async { tokio::time::timeout_at(deadline, self.fetch(query, room)).await });
        answer.unwrap_or_else(|_| {
            self.ticket.stop(Reason::Timeout);
            Err(QueryError::Timeout(self.ticket.timeout))
        })
    }

    async fn fetch(&self, query: String, room: usize) -> Result<Bytes, QueryError> {
        let request = self.client.post(self.endpoint.as_str()).body(query);
        let request = request.header("content-type", "application/sparql-query").header("accept", RESULTS);
        let mut response = request.send().await.map_err(|error| self.failed(&error))?;
        if !response.status().is_success() {
            return Err(self.wrong(&format!("it answered {}", response.status().as_u16())));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + chunk.len() > room {
                return Err(self.wrong(&format!("the answers of all endpoints are longer than {MAX_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn solutions(&self, body: Bytes) -> Result<QuerySolutionIter<'static>, QueryError> {
        let parser = QueryResultsParser::from_format(QueryResultsFormat::Json);
        let read = parser.for_reader(Cursor::new(body)).map_err(|error| self.wrong(&error.to_string()))?;
        let ReaderQueryResultsParserOutput::Solutions(rows) = read else {
            return Err(self.wrong("it answered yes or no instead of rows"));
        };
        let variables: Arc<[_]> = rows.variables().into();
        let endpoint = self.endpoint.clone();
        let rows = rows.map(move |row| {
            row.map_err(|error| {
                oxigraph::sparql::QueryEvaluationError::Service(Box::new(wrong(&endpoint, &error.to_string())))
            })
        });
        Ok(QuerySolutionIter::new(variables, rows))
    }

    /// The innermost reason: "connection refused" says more than "error sending request".
    fn failed(&self, error: &reqwest::Error) -> QueryError {
        let mut reason: &dyn std::error::Error = error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        self.wrong(&reason.to_string())
    }

    fn wrong(&self, reason: &str) -> QueryError {
        wrong(&self.endpoint, reason)
    }
}

fn wrong(endpoint: &NamedNode, reason: &str) -> QueryError {
    QueryError::Service { endpoint: endpoint.as_str().to_owned(), reason: reason.to_owned() }
}
