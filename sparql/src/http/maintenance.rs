//! The update operation (SPARQL 1.1 Protocol, 2.2): refused unless the process was started for maintenance.

use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse};

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
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    // Without a token nobody may: the command line asks for one.
    if !state.config.token.as_ref().is_some_and(|token| same(given, token)) {
        return Err(HttpError::Unauthorized);
    }
    state.pool.update(update).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether two secrets are the same. Every byte is looked at, so that the time tells nothing of how much was right.
fn same(given: &str, secret: &str) -> bool {
    given.len() == secret.len() && given.bytes().zip(secret.bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_the_same_or_not() {
        for (given, secret, is) in [("a", "a", true), ("a", "b", false), ("", "a", false), ("aa", "a", false)] {
            assert_eq!(same(given, secret), is, "{given} {secret}");
        }
    }
}
