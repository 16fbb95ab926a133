//! `/types` and `/attributes` (6.25 to 6.28).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_vocab::Iri;
use ngsild::{Error, ErrorKind};
use serde_json::{Value, json};

use super::problem::Result;
use super::request::params::Params;
use super::request::{Names, accept, path_part, tenant};
use super::respond::Answering;
use crate::service::discovery::{Summary, summary};
use crate::service::existing_tenant;
use crate::state::AppState;

/// Entity types (6.25.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn types(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    answer(&request, &state, Asked::All, |names, details, _, summary| {
        if details {
            let all = summary.types.iter().map(|(name, of_type)| {
                let attributes: Vec<_> = of_type.attributes.keys().map(|name| names.context.compact(name)).collect();
                json!({"id": name, "type": "EntityType", "typeName": names.context.compact(name), "attributeNames": attributes})
            });
            return Ok(all.collect());
        }
        let list: Vec<_> = summary.types.keys().map(|name| names.context.compact(name)).collect();
        Ok(json!({"id": "urn:ngsi-ld:EntityTypeList:1", "type": "EntityTypeList", "typeList": list}))
    })
    .await
}

/// Entity type information (6.26.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn type_info(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    answer(&request, &state, Asked::One("type"), |names, _, name, summary| {
        let of_type = summary.types.get(name).ok_or_else(|| unknown(name, "entity of type"))?;
        let details: Vec<Value> = of_type
            .attributes
            .iter()
            .map(|(name, kinds)| {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                json!({"id": name, "type": "Attribute", "attributeName": names.context.compact(name), "attributeTypes": kinds})
            })
            .collect();
        Ok(json!({
            "id": name, "type": "EntityTypeInfo", "typeName": names.context.compact(name),
            "entityCount": of_type.entities, "attributeDetails": details
        }))
    })
    .await
}

/// Attributes (6.27.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn attributes(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    answer(&request, &state, Asked::All, |names, details, _, summary| {
        if details {
            let all = summary.attributes.iter().map(|(name, of_attribute)| {
                let types: Vec<_> = of_attribute.types.iter().map(|name| names.context.compact(name)).collect();
                json!({"id": name, "type": "Attribute", "attributeName": names.context.compact(name), "typeNames": types})
            });
            return Ok(all.collect());
        }
        let list: Vec<_> = summary.attributes.keys().map(|name| names.context.compact(name)).collect();
        Ok(json!({"id": "urn:ngsi-ld:AttributeList:1", "type": "AttributeList", "attributeList": list}))
    })
    .await
}

/// Attribute information (6.28.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn attribute_info(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    answer(&request, &state, Asked::One("attr"), |names, _, name, summary| {
        let of_attribute = summary.attributes.get(name).ok_or_else(|| unknown(name, "entity with attribute"))?;
        let kinds: Vec<&str> = of_attribute.kinds.iter().map(|kind| kind.name()).collect();
        let types: Vec<_> = of_attribute.types.iter().map(|name| names.context.compact(name)).collect();
        Ok(json!({
            "id": name, "type": "Attribute", "attributeName": names.context.compact(name),
            "attributeCount": of_attribute.entities, "attributeTypes": kinds, "typeNames": types
        }))
    })
    .await
}

/// What a request asks about.
enum Asked {
    /// Everything that there is, with details or without.
    All,
    /// What the path names in this place.
    One(&'static str),
}

fn unknown(name: &Iri, what: &str) -> Error {
    Error::new(ErrorKind::ResourceNotFound, format!("there is no {what} {name}"))
}

/// Answers with what `body` makes of the names, of whether details are asked, of the IRI that the path names (of nothing,
/// without one), and of what there is.
async fn answer(
    request: &HttpRequest,
    state: &AppState,
    asked: Asked,
    body: impl FnOnce(&Names, bool, &Iri, &Summary) -> Result<Value>,
) -> Result<HttpResponse> {
    let media = accept::plain(request)?;
    let tenant = tenant(request)?;
    let known: &[&str] = if matches!(asked, Asked::All) { &["details", "local"] } else { &["local"] };
    let params = Params::of(request, known)?;
    params.flag("local")?;
    let details = params.flag("details")?.unwrap_or(false);
    let names = Names::of_header(request, state).await?;
    let name = match asked {
        Asked::All => Iri::from_expanded(""),
        Asked::One(part) => names.context.expand_name(&path_part(request, part)?)?,
    };
    let tenant = existing_tenant(state, &tenant).await?;
    let summary = summary(state, tenant).await?;
    let body = body(&names, details, &name, &summary)?;
    let answering = Answering { request, state, tenant, media, names: &names };
    answering.document(StatusCode::OK, body).await
}
