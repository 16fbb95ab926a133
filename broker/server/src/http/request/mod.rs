//! What a request says, read step by step in the one order of checks. When several things are wrong, the first is told:
//!
//! 1. the method;
//! 2. `Accept`;
//! 3. `Content-Type`, and the profile of the body in `Link`;
//! 4. the form of the tenant's name, and of the snapshot's id;
//! 5. parameters and path: unknown ones, then their values. Names need the @context: that of a `Link` header is resolved
//!    before, that of a body when the body is JSON;
//! 6. the body: size, JSON, @context, content;
//! 7. existence: of the tenant, then of the snapshot, then of the entity, then of the attribute.
//!
//! Where the URL may say what else headers do (`address`), it is read with the parameters.
//!
//! A missing `Content-Length` comes before all of these (6.3.4), like whatever `guard` refuses.

pub mod accept;
pub mod address;
pub mod array;
pub mod body;
pub mod deletion;
pub mod file_form;
mod join;
pub mod link;
pub mod maps;
pub mod params;
pub mod prefer;
pub mod purge;
pub mod query;
pub mod registrations;
pub mod representation;
pub mod snapshot;
mod source;
pub mod subject;
pub mod temporal;

use std::sync::Arc;

use actix_web::HttpRequest;
use hiroba_vocab::{EntityId, Iri, Tenant};
use ngsild::Error;
use ngsild::jsonld::{Context, UserContext};

use super::problem::{HttpError, Result};
use crate::service::Place;
use crate::service::contexts::Asker;
use crate::state::AppState;

/// The header that names a tenant (6.3.14).
pub const TENANT: &str = "NGSILD-Tenant";

/// The header that names a snapshot (6.3.22).
pub const SNAPSHOT: &str = "NGSILD-Snapshot";

/// The @context that a request goes by.
#[derive(Debug, Clone)]
pub struct Names {
    /// What the client gave.
    pub user: UserContext,
    /// What it means.
    pub context: Arc<Context>,
    /// Moves when the content of an @context moves that is only referred to.
    pub fingerprint: u64,
}

impl Names {
    /// The @context of a request without a body, or with a plain JSON body: its Link header, or the default.
    ///
    /// # Errors
    /// BadRequestData for several such links or an invalid context; LdContextNotAvailable.
    pub async fn of_header(request: &HttpRequest, state: &AppState) -> Result<Self> {
        let user = match link::context_link(request)? {
            Some(url) => UserContext::from_url(&url),
            None => default_context(request, state),
        };
        Self::resolve(user, request, state).await
    }

    /// The names of a user context, as it is understood in the tenant that a request is about.
    ///
    /// # Errors
    /// BadRequestData for an invalid context; LdContextNotAvailable.
    pub async fn resolve(user: UserContext, request: &HttpRequest, state: &AppState) -> Result<Self> {
        Self::resolve_for(&owner(request)?.tenant, user, request, state).await
    }

    /// The names of a user context, as it is understood in a tenant.
    ///
    /// # Errors
    /// BadRequestData for an invalid context; LdContextNotAvailable.
    pub async fn resolve_for(
        tenant: &Tenant,
        user: UserContext,
        request: &HttpRequest,
        state: &AppState,
    ) -> Result<Self> {
        let base = base_url(request, state);
        let resolved = state.contexts.resolve(Asker { tenant, base: &base }, &user).await?;
        Ok(Self { user, context: Arc::clone(&resolved.context), fingerprint: resolved.fingerprint })
    }
}

/// What clients that name no @context mean: the core alone (5.5.5), or Hiroba's vocabulary if the operator said so.
fn default_context(request: &HttpRequest, state: &AppState) -> UserContext {
    if state.config.vocabulary_by_default { vocabulary(request, state) } else { UserContext::default() }
}

/// Hiroba's vocabulary, at the address where the client can have it.
pub fn vocabulary(request: &HttpRequest, state: &AppState) -> UserContext {
    UserContext::from_url(&format!("{}{}", base_url(request, state), hiroba_vocab::context::PATH))
}

/// The tenant that a request is about, and the snapshot if it works on one.
///
/// # Errors
/// BadRequestData when a header is no tenant name, or no URI of a snapshot.
pub fn tenant(request: &HttpRequest) -> Result<Place> {
    let snapshot = match header(request, SNAPSHOT)? {
        Some(text) => Some(Iri::parse(text).map_err(|e| Error::from(e).at(SNAPSHOT))?),
        None => None,
    };
    Ok(Place { snapshot, ..owner(request)? })
}

/// The tenant that a request is about, for what belongs to the tenant whichever snapshot the request names: @contexts,
/// and snapshots themselves.
///
/// # Errors
/// BadRequestData when the header is no tenant name.
pub fn owner(request: &HttpRequest) -> Result<Place> {
    let tenant = match header(request, TENANT)? {
        Some(text) => Tenant::parse(text).map_err(|e| Error::from(e).at(TENANT))?,
        None => Tenant::default_tenant(),
    };
    Ok(Place { tenant, snapshot: None })
}

/// The tenant that the path names, or else the header, for addresses that programs follow without sending headers.
///
/// # Errors
/// BadRequestData when one of them is no tenant name, or when they name different ones.
pub fn place_in_path(request: &HttpRequest) -> Result<Place> {
    let place = tenant(request)?;
    let Some(name) = request.match_info().get("tenant") else { return Ok(place) };
    let named = Tenant::parse(name).map_err(|e| Error::from(e).at("tenant"))?;
    if !place.tenant.is_default() && place.tenant != named {
        return Err(HttpError::bad_request(format!(
            "the path and the header {TENANT} name different tenants: name one"
        )));
    }
    Ok(Place { tenant: named, ..place })
}

/// Whether a request works on a snapshot. All that it does is local then (4.3.7).
pub fn on_snapshot(request: &HttpRequest) -> bool {
    request.headers().get(SNAPSHOT).is_some_and(|value| !value.is_empty())
}

/// The value of a header that may be there once; an empty one counts as none.
pub(super) fn header<'r>(request: &'r HttpRequest, name: &'static str) -> Result<Option<&'r str>> {
    let mut values = request.headers().get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(HttpError::bad_request(format!("the header {name} is there twice")));
    }
    let text = value.to_str().map_err(|_| HttpError::bad_request(format!("the header {name} is no text")))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// The entity id in the path.
///
/// # Errors
/// BadRequestData when it is no URI.
pub fn entity_id(request: &HttpRequest) -> Result<EntityId> {
    Ok(EntityId::parse(&path_part(request, "id")?).map_err(Error::from)?)
}

/// The attribute name in the path, expanded.
///
/// # Errors
/// BadRequestData when it is no legal name.
pub fn attribute_name(request: &HttpRequest, context: &Context) -> Result<Iri> {
    Ok(context.expand_attribute(&path_part(request, "attr")?)?)
}

/// A part of the path, percent-decoded once more: clients encode what the router has decoded only in part.
///
/// # Errors
/// BadRequestData when it is no UTF-8.
pub fn path_part(request: &HttpRequest, name: &str) -> Result<String> {
    let raw = request.match_info().get(name).unwrap_or_default();
    let decoded = percent_encoding::percent_decode_str(raw).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| HttpError::bad_request("the path is not UTF-8"))
}

/// How this server is reached, as the client sees it: `http://host:port`, without a final slash.
pub fn base_url(request: &HttpRequest, state: &AppState) -> String {
    match &state.config.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => {
            let connection = request.connection_info();
            format!("{}://{}", connection.scheme(), connection.host())
        }
    }
}
