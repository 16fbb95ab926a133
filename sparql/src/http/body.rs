//! Bodies of requests, up to a bound.

use actix_web::web::{BytesMut, Payload};
use futures_util::StreamExt;

use super::problem::{HttpError, Result};

/// How long a body may be: long lists of values are legitimate, books are not.
const MAX_BODY: usize = 1 << 20;

/// Reads a body to its end.
///
/// # Errors
/// [`HttpError::TooLarge`] beyond the bound, [`HttpError::Payload`] when the client breaks off.
pub(super) async fn read(mut payload: Payload) -> Result<Vec<u8>> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| HttpError::Payload(error.to_string()))?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(HttpError::TooLarge(MAX_BODY));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.to_vec())
}
