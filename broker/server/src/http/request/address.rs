//! What headers say elsewhere, said in the URL: browsers send none of ours with an `EventSource`, an image or a link.

use actix_web::HttpRequest;
use hiroba_vocab::Tenant;
use ngsild::Error;
use ngsild::jsonld::UserContext;

use super::super::problem::{HttpError, Result};
use super::params::Params;
use super::{Names, TENANT, default_context, header, link, owner};
use crate::state::AppState;

/// The parameters that stand for headers: `tenant` for `NGSILD-Tenant`, `context` for the `Link` to an @context.
pub const ADDRESS: &[&str] = &["tenant", "context"];

/// The tenant that a request is about, by parameter or header.
///
/// # Errors
/// BadRequestData when it is no tenant name, or when both say something and not the same.
pub fn tenant(request: &HttpRequest, params: &Params) -> Result<Tenant> {
    let by_header = owner(request)?.tenant;
    let Some(text) = params.get("tenant") else { return Ok(by_header) };
    let tenant = if text.is_empty() {
        Tenant::default_tenant()
    } else {
        Tenant::parse(text).map_err(|e| Error::from(e).at("tenant"))?
    };
    if header(request, TENANT)?.is_some() && by_header != tenant {
        return Err(HttpError::bad_request(format!(
            "the parameter 'tenant' and the header {TENANT} say different things"
        )));
    }
    Ok(tenant)
}

/// The @context that a request goes by, by parameter or header.
///
/// # Errors
/// BadRequestData for an address that is none, for both parameter and header, or an invalid context;
/// LdContextNotAvailable.
pub async fn names(request: &HttpRequest, params: &Params, tenant: &Tenant, state: &AppState) -> Result<Names> {
    let user = match (params.get("context"), link::context_link(request)?) {
        (Some(_), Some(_)) => {
            let detail = "the @context is named by the parameter or by a Link header, not by both";
            return Err(Error::bad_request(detail).at("context").into());
        }
        (Some(url), None) if !hiroba_vocab::iri::is_absolute_iri(url) => {
            return Err(Error::bad_request("'context' is the absolute URL of an @context").at("context").into());
        }
        (Some(url), None) => UserContext::from_url(url),
        (None, Some(url)) => UserContext::from_url(&url),
        (None, None) => default_context(request, state),
    };
    Names::resolve_for(tenant, user, request, state).await
}
