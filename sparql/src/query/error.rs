//! Why a query is not answered.

use std::time::Duration;

use hiroba_vocab::Tenant;
use oxigraph::sparql::{QueryEvaluationError, UpdateEvaluationError};
use oxigraph::store::StorageError;
use spargebra::SparqlSyntaxError;

use super::place;
use crate::follow::Position;

/// Why a query is not answered, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is no SPARQL query. The text says where, if it is known.
    #[error("{0}")]
    Syntax(String),
    /// It is an update.
    #[error("this endpoint only reads: changes go to the broker, by NGSI-LD")]
    Update,
    /// An update names its dataset, and so does the request (SPARQL 1.1 Protocol, 2.2.3).
    #[error(
        "the update has USING, USING NAMED or WITH, and the request using-graph-uri or using-named-graph-uri: use one"
    )]
    Dataset,
    /// It uses something that is not there: an unknown function, another endpoint.
    #[error("{0}")]
    Unsupported(String),
    /// Another endpoint that a query asks does not answer as it should.
    #[error("SERVICE <{endpoint}>: {reason}")]
    Service {
        /// Which.
        endpoint: String,
        /// What is wrong.
        reason: String,
    },
    /// A graph name that is no IRI.
    #[error("'{0}' is not the IRI of a graph")]
    GraphName(String),
    /// Its form alone would cost too much.
    #[error("the query is too complex: {0}")]
    TooComplex(String),
    /// The answer would be longer than allowed.
    #[error("the answer has more than {0} rows or triples; ask for less, or in parts with LIMIT and OFFSET")]
    TooManyResults(u64),
    /// No form of the answer is acceptable. Holds those that there are.
    #[error("the answer can be had as {0}")]
    NotAcceptable(String),
    /// It ran for too long.
    #[error("the query was stopped after {} seconds; ask for less, or more precisely", .0.as_secs_f64())]
    Timeout(Duration),
    /// The process used more memory than allowed while it ran.
    #[error("the query was stopped because memory ran short; ask for less, or without sorting and grouping so much")]
    Memory,
    /// All places for queries are taken.
    #[error("too many queries are running; try again in a moment")]
    Busy,
    /// A tenant without data here.
    #[error("there are no data of tenant '{0}' here")]
    NoSuchTenant(Tenant),
    /// The copy has not come as far as the question wants.
    #[error("the data here are of {}, not yet of {wanted}: try again in a moment", .here.map_or_else(|| "no position".to_owned(), |here| here.to_string()))]
    NotYet {
        /// Where the copy stands.
        here: Option<Position>,
        /// Where it should stand.
        wanted: Position,
    },
    /// There is no complete copy of the data yet.
    #[error("the data are not here yet: they are being fetched from the broker")]
    NoCopy,
    /// Nobody waits for the answer any more.
    #[error("the client is gone")]
    Gone,
    /// Something went wrong here. The text is for the log.
    #[error("{0}")]
    Internal(String),
}

impl QueryError {
    /// The error of a text that is no query, which may be an update.
    pub(super) fn of_syntax(text: &str, error: &SparqlSyntaxError) -> Self {
        let update = spargebra::SparqlParser::new().parse_update(text);
        if update.is_ok_and(|update| !update.operations.is_empty()) {
            return Self::Update;
        }
        Self::Syntax(place::explain(text, error))
    }

    /// Line and column of a mistake in the query, both from 1, if they are known.
    pub fn place(&self) -> Option<(u32, u32)> {
        let Self::Syntax(text) = self else { return None };
        let (line, rest) = text.strip_prefix("error at ")?.split_once(':')?;
        let column: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((line.parse().ok()?, column.parse().ok()?))
    }
}

impl From<StorageError> for QueryError {
    fn from(error: StorageError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<UpdateEvaluationError> for QueryError {
    fn from(error: UpdateEvaluationError) -> Self {
        match error {
            UpdateEvaluationError::Storage(error) => Self::Internal(error.to_string()),
            UpdateEvaluationError::Unexpected(error) => Self::Internal(error.to_string()),
            // The data stand against it (a graph that is there already), or it wants to have something from elsewhere.
            other => Self::Unsupported(other.to_string()),
        }
    }
}

impl From<QueryEvaluationError> for QueryError {
    fn from(error: QueryEvaluationError) -> Self {
        match error {
            QueryEvaluationError::UnsupportedService(name) => Self::Unsupported(format!(
                "SERVICE is switched off for {name}: only the operator can allow it, with --allow-service"
            )),
            QueryEvaluationError::UnboundService | QueryEvaluationError::InvalidServiceName(_) => {
                Self::Unsupported(format!("SERVICE: {error}"))
            }
            QueryEvaluationError::Service(error) => match error.downcast::<Self>() {
                Ok(error) => *error,
                Err(error) => Self::Unsupported(format!("SERVICE: {error}")),
            },
            QueryEvaluationError::UnsupportedCustomFunction(_)
            | QueryEvaluationError::UnsupportedCustomFunctionArity { .. } => Self::Unsupported(error.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
}
