//! Errors as answers: the one place where a failure gets its status and type (RFC 9457).

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::query::QueryError;

/// Why a request is not answered as it wished.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The query cannot be answered.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// More than one query or update in one request.
    #[error("a request holds one query or one update")]
    SeveralQueries,
    /// A POST without a query.
    #[error("there is no query: send it as the parameter 'query', or as a body of type application/sparql-query")]
    NoQuery,
    /// An update in the URL of a GET.
    #[error(
        "an update comes by POST: as the parameter 'update' of a form, or as a body of type application/sparql-update"
    )]
    UpdateByGet,
    /// An update without the operator's token.
    #[error("an update needs the token of --token-file, as the header 'Authorization: Bearer TOKEN'")]
    Unauthorized,
    /// A body of a type that is not understood.
    #[error(
        "a query comes as application/sparql-query or application/x-www-form-urlencoded, an update as \
         application/sparql-update or in such a form: name it in the header Content-Type"
    )]
    UnsupportedMediaType,
    /// A body in other characters.
    #[error("the body is in the character set '{0}': send UTF-8")]
    Charset(String),
    /// Bytes that are no text. Says where they are.
    #[error("{0} is not UTF-8")]
    NotUtf8(String),
    /// A body over the limit.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The client stopped sending.
    #[error("the body could not be read: {0}")]
    Payload(String),
    /// A header that cannot be understood. Says which and why.
    #[error("the header {0}: {1}")]
    Header(&'static str, String),
    /// A part of the path is no tenant.
    #[error("the tenant in the path: {0}")]
    TenantInPath(String),
    /// Path and headers name different tenants.
    #[error("the path, NGSILD-Tenant and Fiware-Service name different tenants: name one")]
    SeveralTenants,
    /// As many dumps are being written as may be.
    #[error("as many dumps are under way as this server allows; try again later")]
    TooManyDumps,
    /// A method that the resource does not have. Holds those that it has.
    #[error("only {0} are possible here")]
    MethodNotAllowed(&'static str),
    /// No such path.
    #[error("there is nothing at {0}; queries go to /sparql")]
    NotFound(String),
}

/// Short for results of handlers.
pub type Result<T, E = HttpError> = std::result::Result<T, E>;

/// The prefix of the types.
const TYPE: &str = "urn:hiroba:sparql:error:";

impl HttpError {
    /// Status, last part of the type, and title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Query(error) => of_query(error),
            Self::SeveralQueries => (StatusCode::BAD_REQUEST, "several-queries", "Several Queries"),
            Self::NoQuery => (StatusCode::BAD_REQUEST, "no-query", "No Query"),
            Self::UpdateByGet => (StatusCode::BAD_REQUEST, "update-by-get", "Update Not Sent by POST"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Token Needed"),
            Self::NotUtf8(_) => (StatusCode::BAD_REQUEST, "not-utf-8", "Not UTF-8"),
            Self::UnsupportedMediaType | Self::Charset(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported Media Type")
            }
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Payload Too Large"),
            Self::Payload(_) => (StatusCode::BAD_REQUEST, "payload", "Unreadable Body"),
            Self::Header(..) => (StatusCode::BAD_REQUEST, "header", "Bad Header"),
            Self::TenantInPath(_) => (StatusCode::BAD_REQUEST, "tenant", "Not a Tenant"),
            Self::SeveralTenants => (StatusCode::BAD_REQUEST, "several-tenants", "Several Tenants"),
            Self::TooManyDumps => (StatusCode::SERVICE_UNAVAILABLE, "too-many-dumps", "All Places Taken"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method Not Allowed"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "Not Found"),
        }
    }
}

fn of_query(error: &QueryError) -> (StatusCode, &'static str, &'static str) {
    match error {
        QueryError::Syntax(_) => (StatusCode::BAD_REQUEST, "malformed-query", "Malformed Query"),
        QueryError::Unsupported(_) => (StatusCode::BAD_REQUEST, "unsupported", "Not Supported"),
        QueryError::Service { .. } => (StatusCode::BAD_GATEWAY, "service-failed", "Other Endpoint Failed"),
        QueryError::GraphName(_) => (StatusCode::BAD_REQUEST, "graph-name", "Not a Graph Name"),
        QueryError::Dataset => (StatusCode::BAD_REQUEST, "two-datasets", "Two Datasets"),
        QueryError::Update => (StatusCode::FORBIDDEN, "update-refused", "Update Refused"),
        QueryError::TooComplex(_) => (StatusCode::FORBIDDEN, "too-complex", "Query Too Complex"),
        QueryError::TooManyResults(_) => (StatusCode::FORBIDDEN, "too-many-results", "Too Many Results"),
        QueryError::Memory => (StatusCode::FORBIDDEN, "out-of-memory", "Query Needs Too Much Memory"),
        QueryError::NotAcceptable(_) => (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not Acceptable"),
        QueryError::Timeout(_) => (StatusCode::GATEWAY_TIMEOUT, "timeout", "Query Timed Out"),
        QueryError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "All Places Taken"),
        QueryError::NoSuchTenant(_) => (StatusCode::NOT_FOUND, "no-such-tenant", "Nonexistent Tenant"),
        QueryError::NotYet { .. } => (StatusCode::SERVICE_UNAVAILABLE, "not-yet", "Data Not Yet New Enough"),
        QueryError::NoCopy => (StatusCode::SERVICE_UNAVAILABLE, "no-data-yet", "No Data Yet"),
        QueryError::Gone | QueryError::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal Error"),
    }
}

impl ResponseError for HttpError {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, kind, title) = self.kind();
        let mut detail = self.to_string();
        if let Self::Query(QueryError::Internal(reason)) = self {
            tracing::error!(reason, "a query failed");
            // What the database says may name files: it goes to the log, not to the client.
            "something went wrong here; the log says what, under this answer's request id".clone_into(&mut detail);
        }
        let mut response = HttpResponse::build(status);
        match self {
            Self::MethodNotAllowed(methods) => {
                response.insert_header((ALLOW, *methods));
            }
            Self::Unauthorized => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            Self::Query(QueryError::Busy | QueryError::NotYet { .. }) => {
                response.insert_header((RETRY_AFTER, "1"));
            }
            Self::Query(QueryError::NoCopy) | Self::TooManyDumps => {
                response.insert_header((RETRY_AFTER, "5"));
            }
            _ => {}
        }
        let mut problem =
            json!({"type": format!("{TYPE}{kind}"), "title": title, "status": status.as_u16(), "detail": detail});
        if let Self::Query(error) = self
            && let Some((line, column)) = error.place()
        {
            problem["line"] = line.into();
            problem["column"] = column.into();
        }
        response.content_type("application/problem+json").body(problem.to_string())
    }
}
