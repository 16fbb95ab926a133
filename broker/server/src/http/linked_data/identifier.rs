//! `/id/{IRI}`: an address for every IRI that stands for something here. Entities are `urn:…`, which no browser opens.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::Stored;
use hiroba_vocab::EntityId;
use ngsild::{Error, ErrorKind};
use oxrdf::Triple;
use percent_encoding::{CONTROLS, utf8_percent_encode};

use super::super::problem::{HttpError, Result};
use super::super::request::params::Params;
use super::super::request::{path_part, tenant};
use super::super::respond::segment;
use super::document::{Document, alternates, see_other};
use super::form::{DOCUMENT, FORMAT, Form};
use super::vocabulary;
use crate::service::entities::{Target, retrieve_entity};
use crate::service::{ServiceError, existing_tenant};
use crate::state::AppState;

/// The path under which IRIs are looked up.
pub const PATH: &str = "/id/";

/// Asked for anew each time, which an entity tag makes cheap: an entity may change at any moment.
pub(super) const FRESH: &str = "no-cache";

/// What is said of an entity in the default graph of the SPARQL endpoint.
pub fn short_triples(stored: &Stored) -> Vec<Triple> {
    let mut triples = Vec::new();
    ngsild::rdf::Mapping::published().plain(&stored.entity, &mut |triple| triples.push(triple));
    triples
}

/// `GET /id/{IRI}`: an entity in Turtle, JSON-LD or N-Triples; who wants a page is led to that of the explorer. The IRI of a
/// term of the vocabulary leads to its description; that of a node below an entity (`…#address`) gives the entity.
///
/// # Errors
/// NotAcceptable; BadRequestData for what is no IRI, and for parameters that are wrong; ResourceNotFound for IRIs that
/// stand for nothing here; when the database fails.
pub async fn describe(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let params = Params::of(&request, &[FORMAT, "lang"])?;
    let form = DOCUMENT.choose(&request, &params)?;
    let place = tenant(&request)?;
    let name = path_part(&request, "id")?;
    let id = EntityId::parse(&name).map_err(Error::from)?;
    let tenant = existing_tenant(&state, &place).await?;
    let stored = match owner(&state, tenant, &id).await? {
        Some(stored) => stored,
        None => {
            let path = vocabulary::path_of(&name).ok_or_else(|| ServiceError::no_entity(&id))?;
            return see_other(&request, &with_query(&path, &request), Vec::new());
        }
    };
    let id = segment(stored.entity.id.as_str()).to_string();
    let (path, page) = (format!("{PATH}{id}"), format!("/entities/{id}"));
    if form == Form::Html {
        return see_other(&request, &with_query(&page, &request), alternates(&path, &DOCUMENT, form));
    }
    let links = vec![
        // As a URI: a header holds ASCII.
        format!("<{}>; rel=\"describes\"", utf8_percent_encode(stored.entity.id.as_str(), CONTROLS)),
        format!("</ngsi-ld/v1{page}>; rel=\"alternate\"; type=\"application/json\""),
    ];
    let triples = short_triples(&stored);
    Document { triples: &triples, form, offer: &DOCUMENT, path: &path, cache: FRESH, links }.answer(&request)
}

/// The entity of that id, or the one that a node of that name is below.
async fn owner(state: &AppState, tenant: hiroba_store::TenantId, id: &EntityId) -> Result<Option<Stored>> {
    let above = id.as_str().split_once('#').and_then(|(above, _)| EntityId::parse(above).ok());
    for id in [Some(id.clone()), above].into_iter().flatten() {
        match retrieve_entity(state, &Target { tenant, id, types: None }).await {
            Ok(stored) => return Ok(Some(stored)),
            Err(ServiceError::Ngsild(error)) if error.kind == ErrorKind::ResourceNotFound => {}
            Err(error) => return Err(HttpError::from(error)),
        }
    }
    Ok(None)
}

/// A path with the parameters of a request that it knows too: the language of a page, the form of a description.
fn with_query(path: &str, request: &HttpRequest) -> String {
    let parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
    let known = |name: &str| name == "lang" || (name == FORMAT && path.starts_with("/vocab"));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters.filter(|(name, _)| known(name)));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
