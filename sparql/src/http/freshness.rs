//! Answers that are not older than something the client knows: its own write, or what another answer has shown.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

use super::params::header;
use super::problem::{HttpError, Result};
use crate::follow::Position;
use crate::state::AppState;

/// The header of a request with a position of the broker's change log. The answer holds all changes up to it.
pub(super) const NOT_BEFORE: &str = "Hiroba-Not-Before";
/// The header of an answer with the position that it holds all changes up to.
pub(super) const POSITION: HeaderName = HeaderName::from_static("hiroba-position");
/// How long a request waits for the copy to come that far.
const WAIT: Duration = Duration::from_secs(10);

/// The position that the answer must not be older than, when the copy has come that far or the wait is over.
///
/// # Errors
/// [`HttpError::Header`] when the header is no position.
pub(super) async fn wait(request: &HttpRequest, state: &AppState) -> Result<Option<Position>> {
    let Some(text) = header(request, NOT_BEFORE)? else { return Ok(None) };
    let wanted: Position = text.parse().map_err(|error| HttpError::Header(NOT_BEFORE, format!("{error}")))?;
    let mut status = state.status.clone();
    let reached = status.wait_for(|status| status.position >= Some(wanted));
    // In vain or not: whoever answers looks at the copy itself.
    let _ = tokio::time::timeout(WAIT.min(state.config.limits.timeout), reached).await;
    Ok(Some(wanted))
}
