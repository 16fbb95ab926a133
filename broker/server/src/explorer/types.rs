//! The page of a type, and the way to its downloads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::Page;
use hiroba_vocab::{Iri, Terms};
use ngsild::Kind;
use ngsild::query::filter::Expansions;
use ngsild::query::{Q, Query};
use serde_json::json;

use super::geojson::{Detail, name_of};
use super::official::{self, Official};
use super::page::{Row, TypePage};
use super::visit::{HTML, Visit};
use super::{Language, cell, download};
use crate::http::linked_data::encode;
use crate::http::problem::{HttpError, Result};
use crate::http::request::accept::pick;
use crate::http::request::path_part;
use crate::service::catalogue;
use crate::state::AppState;

/// How many rows the table holds.
const ROWS: usize = 50;
/// How many attributes the table shows beside the name.
const COLUMNS: usize = 7;
/// How many places the map shows at most.
const PLACES: usize = 20_000;

/// `/data/{type}`: the entities of a type as a page; with `.csv`, `.geojson` or `.xlsx` as a download. A data set of the
/// standard is found by its short name too.
///
/// # Errors
/// BadRequestData for a name or parameter that is none; NotFound for a type that nobody knows; when the database fails.
pub async fn data(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let part = path_part(&request, "type")?;
    let visit = Visit::of(request, state).await?;
    let (name, ending) = match part.rsplit_once('.') {
        Some((name, ending @ ("csv" | "geojson" | "xlsx" | "html"))) => (name.to_owned(), ending.to_owned()),
        _ => {
            let available = [HTML, "text/csv", "application/geo+json"];
            let ending = match pick(&visit.request, &available) {
                Some("text/csv") => "csv",
                Some("application/geo+json") => "geojson",
                _ => "html",
            };
            (part, ending.to_owned())
        }
    };
    let part = name;
    let name = visit.type_named(&part).await?;
    let parameters: HashMap<String, String> =
        url::form_urlencoded::parse(visit.request.query_string().as_bytes()).into_owned().collect();
    let search = parameters.get("search").map(|text| text.trim().to_owned()).unwrap_or_default();
    let query = search_query(&visit, &name, &search)?;
    if ending != "html"
        && let Some(official) = Official::of(official::dataset(&part, &name), &ending, &parameters)?
    {
        return official.answer(&visit, query).await;
    }
    if ending != "html" && !visit.is_type(&name).await? {
        return Err(HttpError::NotFound(format!("{}: no entity has this type", visit.request.path())));
    }
    match ending.as_str() {
        "csv" => download::csv(&visit, &name, query).await,
        "geojson" => {
            let map = parameters.get("for").is_some_and(|purpose| purpose == "map");
            let detail = if map { Detail::Map(visit.language) } else { Detail::Everything };
            download::geojson(&visit, query, detail, if map { PLACES } else { usize::MAX })
        }
        _ => {
            let number = parameters.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
            type_page(&visit, &name, query, &search, number).await
        }
    }
}

/// The entities of a type whose name holds a text, in any language.
fn search_query(visit: &Visit, name: &Iri, search: &str) -> Result<Query> {
    let mut query = catalogue::of_type(name.clone());
    if !search.is_empty() {
        let pattern = json!(format!("(?i){}", regex::escape(search)));
        let text = format!("name[*]~={pattern}|name~={pattern}|title[*]~={pattern}");
        query.filter = Some(text.parse::<Q>()?.resolve(&visit.context, &Expansions::default())?);
    }
    Ok(query)
}

async fn type_page(visit: &Visit, name: &Iri, query: Query, search: &str, number: usize) -> Result<HttpResponse> {
    let summary = visit.summary().await?;
    let Some(of_type) = summary.types.get(name) else { return visit.missing() };
    let language = visit.language;
    let offset = (number - 1).saturating_mul(ROWS);
    let answer = visit.find(&query, Page { after: 0, offset, limit: ROWS, count: true }).await?;
    let total = answer.total.unwrap_or_default();
    let shown = shown_attributes(visit, &of_type.attributes);
    let label = cell::label(&visit.context.compact(name), language);
    let rows = answer.entities.iter().map(|stored| {
        let mut cells = vec![name_of(stored, &visit.context, language)];
        cells.extend(shown.iter().map(|name| {
            let instances = stored.entity.attributes.get(name);
            instances.map(|them| cell::text(&visit.context.compact(name), them, language)).unwrap_or_default()
        }));
        Row { href: format!("/entities/{}", encode(stored.entity.id.as_str())), cells }
    });
    let mut columns = vec![cell::label("name", language)];
    columns.extend(shown.iter().map(|name| cell::label(&visit.context.compact(name), language)));
    let path = visit.type_path(name);
    let href = |number: usize| format!("{path}?search={}&page={number}&lang={}", encode(search), language.tag());
    let pages = total.div_ceil(ROWS as u64).max(1);
    let located = of_type.attributes.keys().any(|name| name.as_str() == hiroba_vocab::ngsi_ld::LOCATION);
    let mut facts = Vec::new();
    for dataset in visit.datasets_of(name).await? {
        facts.extend(visit.dataset_facts(&dataset));
    }
    let compact = visit.context.compact(name);
    let term = Terms::published().get(&compact);
    let definition = term.map(|term| if language == Language::Ja { &term.definition_ja } else { &term.definition_en });
    let numbers = [offset + 1, offset + answer.entities.len()].map(|number| number.to_string());
    let page = TypePage {
        definition: definition.cloned().unwrap_or_default(),
        facts,
        links: visit.links(name),
        search: search.to_owned(),
        map: located.then(|| format!("{path}.geojson?for=map&search={}&lang={}", encode(search), language.tag())),
        map_label: language.fill("map-of", &[("type", &label)]),
        caption: language.fill(
            "table-of",
            &[("type", &label), ("total", &total.to_string()), ("from", &numbers[0]), ("to", &numbers[1])],
        ),
        columns,
        rows: rows.collect(),
        previous: (number > 1).then(|| href(number - 1)),
        next: answer.more.then(|| href(number + 1)),
        position: language.fill("page", &[("page", &number.to_string()), ("pages", &pages.to_string())]),
        path,
        frame: visit.frame(label),
    };
    visit.html(&page)
}

/// The attributes for the table: those of the vocabulary in its order, then others.
fn shown_attributes(visit: &Visit, attributes: &BTreeMap<Iri, BTreeSet<Kind>>) -> Vec<Iri> {
    let hidden = ["name", "title", "location", "inDataset", "sourceValue", "identifier", "alternateName"];
    let rank = |name: &Iri| {
        let compact = visit.context.compact(name);
        Terms::published().iter().position(|term| term.term == compact).unwrap_or(usize::MAX)
    };
    let mut names: Vec<Iri> =
        attributes.keys().filter(|name| !hidden.contains(&&*visit.context.compact(name))).cloned().collect();
    names.sort_by_key(rank);
    names.truncate(COLUMNS);
    names
}
