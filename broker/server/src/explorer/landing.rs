//! The first page.

use actix_web::http::header::VARY;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::cell;
use super::geojson::name_of;
use super::page::{Card, Fact, Landing};
use super::visit::{HTML, Visit};
use crate::http::linked_data::encode;
use crate::http::problem::Result;
use crate::http::request::accept::pick;
use crate::http::request::base_url;
use crate::service::catalogue::DATASET;
use crate::state::AppState;

/// `/`: what this city publishes. For programs a list of data sets.
///
/// # Errors
/// When the database fails.
pub async fn landing(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let html = pick(&request, &["application/json", HTML]) == Some(HTML);
    let visit = Visit::of(request, state).await?;
    let datasets = visit.datasets().await?;
    let summary = visit.summary().await?;
    let base = base_url(&visit.request, &visit.state);
    if !html {
        let list: Vec<Value> = datasets
            .iter()
            .map(|dataset| {
                let count = visit.entity_type(dataset).and_then(|name| Some(summary.types.get(&name)?.entities));
                json!({
                    "id": dataset.entity.id, "title": name_of(dataset, &visit.context, visit.language),
                    "entities": count, "page": format!("{base}/entities/{}", encode(dataset.entity.id.as_str())),
                    "data": visit.entity_type(dataset).map(|name| format!("{base}{}", visit.type_path(&name))),
                })
            })
            .collect();
        let body = json!({"title": visit.say("site"), "datasets": list, "api": format!("{base}/openapi.json")});
        return Ok(HttpResponse::Ok().insert_header((VARY, "Accept, Accept-Language, NGSILD-Tenant")).json(body));
    }
    let mut cards = Vec::new();
    let mut seen = Vec::new();
    for dataset in &datasets {
        let name = visit.entity_type(dataset);
        let mut facts = Vec::new();
        if let Some(of_type) = name.as_ref().and_then(|name| summary.types.get(name)) {
            let value = format!("{}{}", of_type.entities, visit.say("count-unit"));
            facts.push(Fact { label: visit.say("count").to_owned(), value, link: None, notes: Vec::new() });
        }
        facts.extend(visit.dataset_facts(dataset));
        let entity_page = format!("/entities/{}", encode(dataset.entity.id.as_str()));
        cards.push(Card {
            title: name_of(dataset, &visit.context, visit.language),
            href: name.as_ref().map_or(entity_page, |name| visit.type_path(name)),
            facts,
            links: name.as_ref().map(|name| visit.links(name)).unwrap_or_default(),
        });
        seen.extend(name);
    }
    let others = summary.types.iter().filter(|(name, _)| !seen.contains(name) && name.as_str() != DATASET);
    let types = others.map(|(name, of_type)| Card {
        title: cell::label(&visit.context.compact(name), visit.language),
        href: visit.type_path(name),
        facts: vec![Fact {
            label: visit.say("count").to_owned(),
            value: format!("{}{}", of_type.entities, visit.say("count-unit")),
            link: None,
            notes: Vec::new(),
        }],
        links: visit.links(name),
    });
    let types = types.collect();
    visit.html(&Landing { frame: visit.frame(visit.say("home")), datasets: cards, types })
}
