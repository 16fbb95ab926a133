//! Bodies: media type, size, JSON, @context (6.3.4, 6.3.5).

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{BytesMut, Payload};
use futures_util::StreamExt;
use ngsild::Error;
use ngsild::jsonld::UserContext;
use serde_json::Value;

use super::super::problem::{HttpError, Result};
use super::{Names, link};
use crate::state::AppState;

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json`, or for PATCH `application/merge-patch+json`, which means the same.
    Json,
    /// `application/ld+json`: the @context is inside.
    LdJson,
}

impl ContentType {
    /// The media type of a request's body, whose profile, if it has one, must be one.
    ///
    /// # Errors
    /// UnsupportedMediaType for others, or none; BadRequestData for a version of NGSI-LD that is none.
    pub fn of(request: &HttpRequest) -> Result<Self> {
        let content = Self::read(request)?;
        link::check_profiles(request)?;
        Ok(content)
    }

    fn read(request: &HttpRequest) -> Result<Self> {
        let patch = request.method() == actix_web::http::Method::PATCH;
        let unsupported = || HttpError::UnsupportedMediaType { patch };
        let text = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mime: Option<mime::Mime> = text.and_then(|text| text.parse().ok());
        let charset = mime.as_ref().and_then(|mime| mime.get_param("charset"));
        if charset.is_some_and(|charset| !charset.as_str().eq_ignore_ascii_case("utf-8")) {
            return Err(unsupported());
        }
        match mime.as_ref().map(mime::Mime::essence_str) {
            Some("application/json") => Ok(Self::Json),
            Some("application/ld+json") => Ok(Self::LdJson),
            Some("application/merge-patch+json") if patch => Ok(Self::Json),
            _ => Err(unsupported()),
        }
    }

    /// The names that one document goes by: its own @context, or that of the header.
    ///
    /// # Errors
    /// BadRequestData when the @context is missing, in the wrong place, or invalid; LdContextNotAvailable.
    pub async fn names(self, document: &Value, request: &HttpRequest, state: &AppState) -> Result<Names> {
        let inside = document.get("@context");
        match (self, inside) {
            (Self::Json, None) => Names::of_header(request, state).await,
            (Self::Json, Some(_)) => Err(Error::bad_request(
                "an @context in the body needs Content-Type application/ld+json; with application/json it goes into a \
                 Link header",
            )
            .at("/@context")
            .into()),
            (Self::LdJson, None) => {
                Err(Error::bad_request("a body in application/ld+json needs an @context").at("/@context").into())
            }
            (Self::LdJson, Some(_)) if link::context_link(request)?.is_some() => {
                Err(Error::bad_request("an @context may be in the body or in a Link header, not in both")
                    .at("Link")
                    .into())
            }
            (Self::LdJson, Some(context)) => Names::resolve(UserContext::from_json(context)?, request, state).await,
        }
    }
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// TooLarge; Payload when the client stops.
pub async fn bytes(mut payload: Payload, limit: usize) -> Result<BytesMut> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|e| HttpError::Payload(e.to_string()))?;
        if body.len() + chunk.len() > limit {
            return Err(HttpError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads a body as JSON.
///
/// # Errors
/// As [`bytes`]; InvalidRequest when it is no JSON.
pub async fn json(payload: Payload, limit: usize) -> Result<Value> {
    parse(&bytes(payload, limit).await?)
}

/// Parses JSON.
///
/// # Errors
/// InvalidRequest; the message tells line and column.
pub fn parse(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(|e| Error::invalid_request(format!("the body is not JSON: {e}")).into())
}
