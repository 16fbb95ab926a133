//! The update operation (SPARQL 1.1 Protocol, 2.2): refused unless the process was started for maintenance.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_serving::secret::{bearer, same};

use super::problem::{HttpError, Result};
use crate::query::{QueryError, Update};
use crate::state::AppState;

/// Carries an update out, and answers 204.
///
/// # Errors
/// [`QueryError::Update`] in ordinary service, [`HttpError::UpdateByGet`] for one that is in the URL of a GET,
/// [`HttpError::Unauthorized`] without the operator's token.
pub(super) async fn update(request: &HttpRequest, state: &AppState, update: Update) -> Result<HttpResponse> {
    if !state.config.maintenance {
        return Err(QueryError::Update.into());
    }
    if request.method() != Method::POST {
        return Err(HttpError::UpdateByGet);
    }
    let given = bearer(request.headers()).unwrap_or_default();
    // Without a token nobody may: the command line asks for one.
    if !state.config.token.as_ref().is_some_and(|token| same(given, token)) {
        return Err(HttpError::Unauthorized);
    }
    state.pool.update(update).await?;
    Ok(HttpResponse::NoContent().finish())
}
