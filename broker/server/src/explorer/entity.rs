//! The page of an entity, and the same as linked data.

use actix_web::http::header::VARY;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::{StoreError, Stored};
use hiroba_vocab::EntityId;
use ngsild::AttributeValue;
use ngsild::render::{EntityDocument, Form, Rendering};
use serde_json::{Value, json};

use super::cell;
use super::geojson::{self, Detail, name_of};
use super::page::{EntityPage, Fact, Link};
use super::term;
use super::visit::{HTML, Visit};
use crate::http::linked_data::document::write;
use crate::http::linked_data::identifier::{self, short_triples};
use crate::http::linked_data::{encode, form};
use crate::http::problem::{HttpError, Result};
use crate::http::request::accept::pick;
use crate::http::request::{base_url, path_part};
use crate::service::entities::{Target, retrieve_entity};
use crate::state::AppState;

/// `/entities/{id}`: everything that is known of one thing, as a page, JSON-LD, Turtle or N-Triples, by ending or Accept.
///
/// # Errors
/// NotFound for programs, a page that says so for people; when the database fails.
pub async fn entity(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let part = path_part(&request, "id")?;
    let visit = Visit::of(request, state).await?;
    let by_ending = part.rsplit_once('.').and_then(|(id, ending)| {
        let kind = match ending {
            "html" => HTML,
            "jsonld" => "application/ld+json",
            "ttl" => "text/turtle",
            "nt" => "application/n-triples",
            "geojson" => "application/geo+json",
            _ => return None,
        };
        Some((id.to_owned(), kind))
    });
    let available =
        ["application/ld+json", "application/json", "text/turtle", "application/turtle", "application/n-triples", HTML];
    let (id, kind) = match by_ending {
        Some(found) => found,
        None => {
            let kind = pick(&visit.request, &available);
            (
                part,
                kind.ok_or(HttpError::NotAcceptable(
                    "application/ld+json, text/turtle, application/n-triples, text/html",
                ))?,
            )
        }
    };
    let found = match EntityId::parse(&id) {
        Ok(id) => retrieve_entity(&visit.state, &Target { tenant: visit.tenant, id, types: None }).await,
        Err(error) => Err(ngsild::Error::from(error).into()),
    };
    let stored = match found {
        Ok(stored) => stored,
        Err(_) if kind == HTML => return visit.missing(),
        Err(error) => return Err(error.into()),
    };
    let body = match kind {
        HTML => return entity_page(&visit, &stored),
        "text/turtle" | "application/turtle" => write(&short_triples(&stored), form::Form::Turtle)?,
        "application/n-triples" => write(&short_triples(&stored), form::Form::NTriples)?,
        "application/geo+json" => one_place(&visit, &stored),
        _ => json_ld(&visit, &stored)?,
    };
    Ok(HttpResponse::Ok().content_type(kind).insert_header((VARY, "Accept, Accept-Language, NGSILD-Tenant")).body(body))
}

/// One entity as a map shows it.
fn one_place(visit: &Visit, stored: &Stored) -> Vec<u8> {
    let feature = geojson::feature(stored, &visit.context, Detail::Map(visit.language));
    let feature = feature.map(|feature| feature.to_string()).unwrap_or_default();
    format!("{}{feature}{}", geojson::HEAD, geojson::TAIL).into_bytes()
}

/// JSON-LD that any processor understands: here the core context is named, not implied.
fn json_ld(visit: &Visit, stored: &Stored) -> Result<Vec<u8>> {
    let base = base_url(&visit.request, &visit.state);
    let context = json!([format!("{base}{}", hiroba_vocab::context::PATH), hiroba_vocab::ngsi_ld::CORE_CONTEXT]);
    let rendering = Rendering::whole(&visit.context, Form::Normalized);
    let document = EntityDocument { entity: &stored.entity, rendering, embedded_context: Some(&context) };
    Ok(serde_json::to_vec(&document).map_err(|e| StoreError::Database(e.to_string()))?)
}

fn entity_page(visit: &Visit, stored: &Stored) -> Result<HttpResponse> {
    let entity = &stored.entity;
    let language = visit.language;
    let mut facts = Vec::new();
    for (name, instances) in &entity.attributes {
        let short = visit.context.compact(name);
        for instance in instances {
            let value = cell::value(&short, &instance.is, language);
            let link = link_of(&instance.is, &value);
            let mut notes = Vec::new();
            if let Some(at) = instance.observed_at {
                notes.push(format!("{} {at}", visit.say("observed")));
            }
            if let Some(unit) = &instance.unit_code {
                notes.push(format!("{} {unit}", visit.say("unit")));
            }
            let source = visit.context.expand("sourceValue").and_then(|name| instance.attributes.get(&name));
            if let Some(source) = source.map(|source| cell::text("sourceValue", source, language)) {
                notes.push(format!("{} {source}", visit.say("published-as")));
            }
            facts.push(Fact { label: cell::label(&short, language), value, link, notes });
        }
    }
    for (key, at) in [("created", entity.created_at), ("modified", entity.modified_at)] {
        facts.push(Fact { label: visit.say(key).to_owned(), value: at.to_string(), link: None, notes: Vec::new() });
    }
    let path = format!("/entities/{}", encode(entity.id.as_str()));
    let link = |label: &str, href: String| Link { label: label.to_owned(), href };
    let types = entity
        .types
        .iter()
        .map(|name| link(&cell::label(&visit.context.compact(name), language), visit.type_path(name)));
    let located = entity.attributes.keys().any(|name| name.as_str() == hiroba_vocab::ngsi_ld::LOCATION);
    let title = name_of(stored, &visit.context, language);
    let page = EntityPage {
        id: entity.id.to_string(),
        types: types.collect(),
        facts,
        links: vec![
            link("NGSI-LD", format!("/ngsi-ld/v1{path}")),
            link("JSON-LD", format!("{path}.jsonld")),
            link("Turtle", format!("{path}.ttl")),
            link("N-Triples", format!("{path}.nt")),
        ],
        alternates: term::links(&format!("{}{}", identifier::PATH, encode(entity.id.as_str()))),
        map: located.then(|| format!("{path}.geojson?lang={}", language.tag())),
        map_label: language.fill("map-of", &[("type", &title)]),
        frame: visit.frame(title),
    };
    visit.html(&page)
}

/// Where a value leads to: pages outside by their address, entities here by their id.
fn link_of(is: &AttributeValue, text: &str) -> Option<String> {
    match is {
        AttributeValue::Relationship(iris) => match iris.as_slice() {
            [one] => Some(format!("/entities/{}", encode(one.as_str()))),
            _ => None,
        },
        AttributeValue::Property(Value::String(_)) if text.starts_with("https://") || text.starts_with("http://") => {
            Some(text.to_owned())
        }
        _ => None,
    }
}
