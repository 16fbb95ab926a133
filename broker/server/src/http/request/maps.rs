//! What a request says of entity maps (4.5.25, 5.5.14) and of split entities.

use std::time::Duration;

use actix_web::HttpRequest;
use ngsild::{DateTime, Error};
use serde_json::{Map, Value};

use super::super::problem::{HttpError, Result};
use super::params::Params;
use super::path_part;
use super::source::Source;
use crate::service::maps::{MapId, MapWish};

/// The header that names an entity map.
pub const ENTITY_MAP: &str = "NGSILD-EntityMap";

/// Parameters of queries that say nothing where an entity map is made (5.14.4).
pub const IRRELEVANT: &[&str] = &["limit", "offset", "count", "geometryProperty", "entityMap"];

/// Whether a request goes by an entity map, which its header or `entityMap=true` says. `body` is that of a query.
///
/// # Errors
/// BadRequestData or InvalidRequest with what is wrong.
pub fn wish(request: &HttpRequest, params: &Params, body: Option<&Value>) -> Result<Option<MapWish>> {
    let id = header(request)?;
    let lifetime = lifetime(params, body)?;
    let wanted = flag("entityMap", params, body)?;
    Ok((wanted || id.is_some()).then_some(MapWish { id, lifetime: lifetime.filter(|_| wanted) }))
}

/// How long a client wishes an entity map to be kept. `splitEntities` is checked with it: all entities are here, so it makes
/// no difference.
///
/// # Errors
/// BadRequestData or InvalidRequest with what is wrong.
pub fn lifetime(params: &Params, body: Option<&Value>) -> Result<Option<Duration>> {
    flag("splitEntities", params, body)?;
    let name = "entityMapLifetime";
    let (text, place) = match members(body).map(|members| members.text(name)).transpose()?.flatten() {
        Some(text) => (Some(text), "/entityMapLifetime"),
        None => (params.text(name)?, name),
    };
    let read = |text: String| {
        let lifetime = ngsild::Duration::parse(&text)?.length();
        if lifetime.is_zero() {
            Err(Error::bad_request(format!("'{name}' is longer than nothing")))
        } else {
            Ok(lifetime)
        }
    };
    Ok(text.map(read).transpose().map_err(|e: Error| e.at(place))?)
}

/// The entity map that the header names.
///
/// # Errors
/// BadRequestData when it is no URI, or when there are several.
pub fn header(request: &HttpRequest) -> Result<Option<MapId>> {
    let mut values = request.headers().get_all(ENTITY_MAP);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(HttpError::bad_request(format!("the header {ENTITY_MAP} is there twice")));
    }
    let text = value.to_str().map_err(|_| HttpError::bad_request(format!("the header {ENTITY_MAP} is no text")))?;
    Ok(Some(MapId::parse(text.trim()).map_err(|e| e.at(ENTITY_MAP))?))
}

/// The id of an entity map in the path.
///
/// # Errors
/// BadRequestData when it is no URI.
pub fn map_id(request: &HttpRequest) -> Result<MapId> {
    Ok(MapId::parse(&path_part(request, "id")?)?)
}

/// When an entity map is to expire, as the body of an update says it. Other members are the broker's own: they are passed over.
///
/// # Errors
/// BadRequestData when the body is no object, or the instant none that is to come.
pub fn new_expiry(body: &Value, now: DateTime) -> Result<Option<DateTime>> {
    let Value::Object(members) = body else { return Err(HttpError::bad_request("an EntityMap is a JSON object")) };
    let wrong = |detail: &str| Error::bad_request(detail).at("/expiresAt");
    match members.get("expiresAt") {
        None => Ok(None),
        Some(Value::String(text)) => match DateTime::parse(text).map_err(|e| e.at("/expiresAt"))? {
            at if at > now => Ok(Some(at)),
            _ => Err(wrong("'expiresAt' is past; DELETE removes an entity map").into()),
        },
        Some(_) => Err(wrong("'expiresAt' is a DateTime").into()),
    }
}

fn members(body: Option<&Value>) -> Option<&Map<String, Value>> {
    body.and_then(Value::as_object)
}

/// A word that may be in the URL or in the body: true when either says so.
fn flag(name: &str, params: &Params, body: Option<&Value>) -> Result<bool> {
    let inside = match members(body).and_then(|members| members.get(name)) {
        None => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => return Err(Error::bad_request(format!("'{name}' is true or false")).at(format!("/{name}")).into()),
    };
    Ok(params.flag(name)?.unwrap_or(false) || inside)
}
