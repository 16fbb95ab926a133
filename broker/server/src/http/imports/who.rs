//! Who may send files and see what came of them: whoever has the token, if there is one, from no page of other servers.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::{HOST, ORIGIN};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_serving::secret::{bearer, same};

use super::super::problem::{HttpError, Result};
use super::super::request::base_url;
use crate::service::imports::{Import, LIFETIME};
use crate::state::AppState;

/// The cookie that proves that a browser has sent the file.
const COOKIE: &str = "hiroba-import";

/// Whether a path asks for the token itself: forms bring it in their body, which nobody has read before.
pub(in crate::http) fn checks_by_itself(path: &str) -> bool {
    path == "/imports" || path.starts_with("/imports/")
}

/// Whether the request carries the token in its header, or none is needed.
pub(super) fn has_token(request: &HttpRequest, state: &AppState) -> bool {
    state.config.token.as_deref().is_none_or(|token| bearer(request.headers()).is_some_and(|given| same(given, token)))
}

/// Whether a token from a form is the right one.
pub(super) fn is_token(state: &AppState, given: &str) -> bool {
    state.config.token.as_deref().is_none_or(|token| same(given, token))
}

/// Whether a request may see an import: it has the token, or the cookie of the browser that sent the file.
pub(super) fn may_see(request: &HttpRequest, state: &AppState, import: Option<&Import>) -> bool {
    has_token(request, state)
        || import.is_some_and(|import| request.cookie(COOKIE).is_some_and(|cookie| same(cookie.value(), &import.key)))
}

/// Gives the browser the cookie that lets it see the import.
pub(super) fn remember(
    request: &HttpRequest,
    state: &AppState,
    import: &Import,
    mut response: HttpResponse,
) -> Result<HttpResponse> {
    let lifetime = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
    let cookie = Cookie::build(COOKIE, import.key.as_str())
        .path(format!("/imports/{}", import.id))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(base_url(request, state).starts_with("https:"))
        .max_age(Duration::seconds(lifetime));
    response
        .add_cookie(&cookie.finish())
        .map_err(|error| HttpError::invalid_request(format!("no cookie can be set: {error}")))?;
    Ok(response)
}

/// Refuses what a page of another server makes a browser send. Programs that are no browsers send neither header.
pub(super) fn same_origin(request: &HttpRequest, state: &AppState) -> Result<()> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("null").to_owned());
    let site = header("sec-fetch-site");
    let origin = header(ORIGIN.as_str());
    let own = |origin: &str| {
        let host = origin.split_once("://").map(|(_, host)| host);
        let asked = header(HOST.as_str());
        let public = state.config.public_url.as_ref().map(|url| url.origin().ascii_serialization());
        (host.is_some() && host == asked.as_deref()) || public.as_deref() == Some(origin)
    };
    match (site.as_deref(), origin.as_deref()) {
        (Some("same-origin" | "none") | None, None) => Ok(()),
        (Some("same-origin") | None, Some(origin)) if own(origin) => Ok(()),
        (_, Some(origin)) => Err(HttpError::CrossOrigin(origin.to_owned())),
        (Some(site), None) => Err(HttpError::CrossOrigin(site.to_owned())),
    }
}
