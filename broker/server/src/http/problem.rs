//! Errors as answers: the one place where a failure gets its status and type (5.5.2, 6.3.2, RFC 7807).

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use hiroba_importers::ImportError;
use hiroba_store::StoreError;
use hiroba_vocab::ngsi_ld::ERRORS;
use ngsild::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::service::ServiceError;
use crate::service::datasets::Failure;

/// The header that tells in which media types patches can be (RFC 5789).
pub const ACCEPT_PATCH: &str = "accept-patch";
/// Those media types.
pub const PATCH_TYPES: &str = "application/json, application/ld+json, application/merge-patch+json";

/// Why a request is not answered as it wished.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// An operation failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// No acceptable media type. Holds those that there are.
    #[error("not acceptable")]
    NotAcceptable(&'static str),
    /// A media type that is not understood.
    #[error("unsupported media type")]
    UnsupportedMediaType {
        /// Whether it was that of a patch: then the answer tells which ones there are (RFC 5789, 2.2).
        patch: bool,
    },
    /// No `Content-Length`.
    #[error("length required")]
    LengthRequired,
    /// A body over the limit.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// A method that the resource does not have. Holds those that it has.
    #[error("method not allowed")]
    MethodNotAllowed(String),
    /// No such path.
    #[error("there is nothing at {0}")]
    NotFound(String),
    /// No token, or not the right one.
    #[error("a valid bearer token is needed")]
    Unauthorized,
    /// A page of another server wants to write here.
    #[error("requests that write cannot come from pages of other servers (this one came from {0})")]
    CrossOrigin(String),
    /// A file that cannot be imported. Holds what is wrong with it, and in which row where that is known.
    #[error("{detail}")]
    File {
        /// A sentence.
        detail: String,
        /// The file.
        file: String,
        /// The row, from 1.
        row: Option<u64>,
        /// Whether it is too large.
        too_large: bool,
    },
    /// More requests than can be answered in time.
    #[error("too many requests are under way")]
    Overloaded,
    /// The client stopped sending, or sent something that is no HTTP body.
    #[error("the body could not be read: {0}")]
    Payload(String),
    /// The SPARQL sidecar does not answer.
    #[error("the SPARQL sidecar does not answer: {0}")]
    BadGateway(String),
}

impl From<&Failure<ServiceError>> for HttpError {
    fn from(failure: &Failure<ServiceError>) -> Self {
        match failure {
            Failure::File(error) => Self::File {
                // The sentence tells the option of the command; here it is a parameter.
                detail: error.to_string().replace("--dataset ", "dataset="),
                file: error.file().to_owned(),
                row: error.row(),
                too_large: matches!(error, ImportError::TooLarge { .. }),
            },
            Failure::Destination { error, .. } => Self::Service(error.clone()),
            Failure::Stopped { .. } => Self::Service(StoreError::Database(failure.to_string()).into()),
        }
    }
}

/// Short for results of handlers.
pub type Result<T, E = HttpError> = std::result::Result<T, E>;

impl From<Error> for HttpError {
    fn from(error: Error) -> Self {
        Self::Service(error.into())
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

/// ProblemDetails: status, short name of the type, title and detail.
struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
}

fn of_kind(kind: ErrorKind) -> (StatusCode, &'static str, &'static str) {
    match kind {
        ErrorKind::InvalidRequest => (StatusCode::BAD_REQUEST, "InvalidRequest", "Invalid Request"),
        ErrorKind::BadRequestData => (StatusCode::BAD_REQUEST, "BadRequestData", "Bad Request Data"),
        ErrorKind::AlreadyExists => (StatusCode::CONFLICT, "AlreadyExists", "Already Exists"),
        ErrorKind::Conflict => (StatusCode::CONFLICT, "Conflict", "Conflict"),
        // FiLiP compares this title.
        ErrorKind::ResourceNotFound => (StatusCode::NOT_FOUND, "ResourceNotFound", "Entity Not Found"),
        ErrorKind::OperationNotSupported => {
            (StatusCode::UNPROCESSABLE_ENTITY, "OperationNotSupported", "Operation Not Supported")
        }
        ErrorKind::LdContextNotAvailable => {
            (StatusCode::GATEWAY_TIMEOUT, "LdContextNotAvailable", "LD Context Not Available")
        }
        ErrorKind::TooComplexQuery => (StatusCode::FORBIDDEN, "TooComplexQuery", "Too Complex Query"),
        ErrorKind::TooManyResults => (StatusCode::FORBIDDEN, "TooManyResults", "Too Many Results"),
    }
}

/// An error of the information model as ProblemDetails, for answers of their own and inside 207 bodies.
pub fn details(error: &Error) -> Value {
    let (status, kind, title) = of_kind(error.kind);
    Problem { status, kind, title, detail: error.to_string() }.json()
}

/// An error of an operation as ProblemDetails, for bodies that tell of it later or among others.
pub fn problem_details(error: ServiceError) -> Value {
    HttpError::from(error).problem().json()
}

impl Problem {
    fn json(&self) -> Value {
        json!({
            "type": format!("{ERRORS}{}", self.kind),
            "title": self.title,
            "detail": self.detail,
            "status": self.status.as_u16(),
        })
    }
}

impl HttpError {
    /// The same error of a part of the body, whose place is a JSON pointer.
    pub fn within(self, part: &str) -> Self {
        match self {
            Self::Service(ServiceError::Ngsild(error)) => {
                let at = match &error.at {
                    Some(at) if at.starts_with('/') => format!("{part}{at}"),
                    Some(at) => format!("{part}/{at}"),
                    None => part.to_owned(),
                };
                Error { at: Some(at), ..error }.into()
            }
            other => other,
        }
    }

    /// A BadRequestData.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Error::bad_request(detail).into()
    }

    /// An InvalidRequest.
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Error::invalid_request(detail).into()
    }

    /// The error as ProblemDetails. Of a file, `errors` tells where.
    pub fn body(&self) -> Value {
        let mut body = self.problem().json();
        if let Self::File { detail, file, row, .. } = self {
            body["errors"] = json!([{"file": file, "row": row, "column": null, "detail": detail}]);
        }
        body
    }

    fn problem(&self) -> Problem {
        let detail = self.to_string();
        let problem = |status, kind, title| Problem { status, kind, title, detail: detail.clone() };
        match self {
            Self::Service(ServiceError::Ngsild(error)) => {
                let (status, kind, title) = of_kind(error.kind);
                problem(status, kind, title)
            }
            Self::Service(ServiceError::NonexistentTenant(_)) => {
                problem(StatusCode::NOT_FOUND, "NonexistentTenant", "Nonexistent Tenant")
            }
            Self::Service(
                ServiceError::NoContext(_)
                | ServiceError::NoEntityMap(_)
                | ServiceError::NoDataset(_)
                | ServiceError::NoTable(_)
                | ServiceError::NoSnapshot(_)
                | ServiceError::SnapshotNotReady(_)
                | ServiceError::NoSubscription(_)
                | ServiceError::NoRegistration(_),
            ) => problem(StatusCode::NOT_FOUND, "ResourceNotFound", "Not Found"),
            Self::Service(ServiceError::Store(
                StoreError::TooComplex { .. } | StoreError::TooLong { .. } | StoreError::TooManyLinks { .. },
            )) => problem(StatusCode::FORBIDDEN, "TooComplexQuery", "Too Complex Query"),
            Self::Service(
                ServiceError::Contended(_)
                | ServiceError::Busy(_)
                | ServiceError::TooManyStreams(_)
                | ServiceError::Store(StoreError::Overloaded),
            )
            | Self::Overloaded => problem(StatusCode::SERVICE_UNAVAILABLE, "InternalError", "Service Unavailable"),
            Self::Service(ServiceError::LogForgotten(_)) => problem(StatusCode::GONE, "ResourceNotFound", "Gone"),
            Self::Service(ServiceError::Conflict(_)) => problem(StatusCode::CONFLICT, "InvalidRequest", "Conflict"),
            Self::Service(ServiceError::Store(StoreError::Unavailable(_))) => Problem {
                // What the database says may name hosts and files: it goes to the log, not to the client.
                detail: "the database cannot be reached; try again later".to_owned(),
                ..problem(StatusCode::SERVICE_UNAVAILABLE, "InternalError", "Service Unavailable")
            },
            Self::Service(ServiceError::Store(
                StoreError::Address(_) | StoreError::Schema(_) | StoreError::Corrupt { .. } | StoreError::Database(_),
            )) => Problem {
                detail: "something went wrong here; the log says what, under this answer's request id".to_owned(),
                ..problem(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "Internal Error")
            },
            Self::NotAcceptable(_) => problem(StatusCode::NOT_ACCEPTABLE, "InvalidRequest", "Not Acceptable"),
            Self::UnsupportedMediaType { .. } => {
                problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "InvalidRequest", "Unsupported Media Type")
            }
            Self::LengthRequired => problem(StatusCode::LENGTH_REQUIRED, "InvalidRequest", "Length Required"),
            Self::TooLarge(_) => problem(StatusCode::PAYLOAD_TOO_LARGE, "InvalidRequest", "Payload Too Large"),
            Self::MethodNotAllowed(_) => {
                problem(StatusCode::METHOD_NOT_ALLOWED, "InvalidRequest", "Method Not Allowed")
            }
            Self::NotFound(_) => problem(StatusCode::NOT_FOUND, "ResourceNotFound", "Not Found"),
            Self::Unauthorized => problem(StatusCode::UNAUTHORIZED, "InvalidRequest", "Unauthorized"),
            Self::CrossOrigin(_) => problem(StatusCode::FORBIDDEN, "InvalidRequest", "Forbidden"),
            Self::File { too_large: true, .. } => {
                problem(StatusCode::PAYLOAD_TOO_LARGE, "BadRequestData", "Payload Too Large")
            }
            Self::File { .. } => problem(StatusCode::BAD_REQUEST, "BadRequestData", "Bad Request Data"),
            Self::Payload(_) => problem(StatusCode::BAD_REQUEST, "InvalidRequest", "Invalid Request"),
            Self::BadGateway(_) => problem(StatusCode::BAD_GATEWAY, "InternalError", "Bad Gateway"),
        }
    }
}

impl ResponseError for HttpError {
    fn status_code(&self) -> StatusCode {
        self.problem().status
    }

    fn error_response(&self) -> HttpResponse {
        let problem = self.problem();
        // Whoever refuses because there is too much to do must not do more: the counters tell of it.
        let too_much = matches!(self, Self::Overloaded | Self::Service(ServiceError::Store(StoreError::Overloaded)));
        if problem.status.is_server_error() && !too_much {
            tracing::error!(error = %self, "a request failed");
        }
        let mut response = HttpResponse::build(problem.status);
        match self {
            // The standard wants no body here (6.3.2, 6.3.4).
            Self::UnsupportedMediaType { patch: true } => {
                return response.insert_header((ACCEPT_PATCH, PATCH_TYPES)).finish();
            }
            Self::LengthRequired | Self::UnsupportedMediaType { .. } => return response.finish(),
            Self::NotAcceptable(available) => return response.content_type("text/plain").body(*available),
            Self::MethodNotAllowed(methods) => {
                if let Ok(methods) = HeaderValue::from_str(methods) {
                    response.insert_header((ALLOW, methods));
                }
            }
            Self::Unauthorized => {
                response.insert_header(("WWW-Authenticate", "Bearer"));
            }
            _ if problem.status == StatusCode::SERVICE_UNAVAILABLE => {
                response.insert_header((RETRY_AFTER, "1"));
            }
            _ => {}
        }
        response.content_type("application/json").body(self.body().to_string())
    }
}
