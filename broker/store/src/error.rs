//! What can go wrong with a database.

use std::time::Duration;

/// Errors of the store. None of them is about what a client wrote: that was checked before.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or was closed.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// More writes are waiting than may wait: try again later.
    #[error("too many writes are waiting")]
    Overloaded,
    /// A query would look at more candidates than one request may.
    #[error("the query would look at more than {limit} candidates; narrow it by type, place or an indexed attribute")]
    TooComplex {
        /// The limit.
        limit: usize,
    },
    /// A query looks at its candidates for longer than one request may.
    #[error("the query takes more than {} seconds; narrow it by type, place or an indexed attribute", .limit.as_secs())]
    TooLong {
        /// How long it may take.
        limit: Duration,
    },
    /// A query would follow more links to other entities than one request may.
    #[error(
        "the query would look for more than {limit} linked entities, or follow twenty times as many links; narrow it by \
         type, place or an attribute"
    )]
    TooManyLinks {
        /// How many linked entities one query may look for.
        limit: usize,
    },
    /// The address of the database is not understood.
    #[error("'{0}' is not a database address: expected postgres://… or a folder")]
    Address(String),
    /// The schema is newer than this program, or a migration failed.
    #[error("the database's schema cannot be brought up to date: {0}")]
    Schema(String),
    /// A stored row cannot be read back. Names the entity.
    #[error("the stored form of {id} cannot be read: {detail}")]
    Corrupt {
        /// Which row.
        id: String,
        /// What the parser said.
        detail: String,
    },
    /// Anything else that the database says.
    #[error("the database refused: {0}")]
    Database(String),
}

/// Short for results of this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, NotADatabase, SystemIoFailure};
        match error.sqlite_error_code() {
            Some(CannotOpen | DatabaseBusy | DatabaseLocked | DiskFull | SystemIoFailure | NotADatabase) => {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            // Classes 08 (connection), 53 (resources) and 57 (operator intervention): not the statement's fault.
            Some(db) if ["08", "53", "57"].iter().any(|class| db.code().code().starts_with(class)) => {
                Self::Unavailable(db.message().to_owned())
            }
            Some(db) => Self::Database(format!("{} ({})", db.message(), db.code().code())),
            None => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            // Whatever keeps a connection from being made, the database cannot be reached.
            deadpool_postgres::PoolError::Backend(error) => Self::Unavailable(match error.as_db_error() {
                Some(db) => db.message().to_owned(),
                None => error.to_string(),
            }),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
