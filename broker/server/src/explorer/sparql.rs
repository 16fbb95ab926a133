//! The page on which people ask in SPARQL. Without scripts it is a form that the endpoint itself answers.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::page::SparqlPage;
use super::visit::Visit;
use crate::http::problem::Result;
use crate::state::AppState;

/// Where the page is.
pub(super) const PATH: &str = "/explore/sparql";

/// What is in the editor when nothing else was asked for.
const FIRST: &str = "PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?type (COUNT(*) AS ?entities) {
  ?entity a ?type ; dcterms:created ?created .
} GROUP BY ?type ORDER BY DESC(?entities)";

/// How many types, and how many attributes, the editor can complete.
const MOST_NAMES: usize = 1_000;

/// The sentences of the parts that run in the browser.
const WORDS: &[&str] = &[
    "map",
    "table",
    "in-view",
    "map-failed",
    "previous",
    "next",
    "page",
    "yes",
    "no",
    "sparql-query",
    "sparql-run",
    "sparql-stop",
    "sparql-running",
    "sparql-stopped",
    "sparql-keys",
    "sparql-share",
    "sparql-complete",
    "sparql-example",
    "sparql-examples-none",
    "sparql-choose",
    "sparql-results",
    "sparql-rows",
    "sparql-nothing",
    "sparql-show-as",
    "sparql-chart",
    "sparql-download",
    "sparql-table-caption",
    "sparql-sort-hint",
    "sparql-map-label",
    "sparql-map-none",
    "sparql-map-skipped",
    "sparql-chart-none",
    "sparql-chart-label",
    "sparql-chart-value",
    "sparql-chart-kind",
    "sparql-chart-bars",
    "sparql-chart-line",
    "sparql-chart-alt",
    "sparql-chart-part",
    "sparql-chart-table",
    "sparql-subject",
    "sparql-predicate",
    "sparql-object",
    "sparql-error",
    "sparql-error-place",
    "sparql-error-malformed-query",
    "sparql-error-too-complex",
    "sparql-error-too-many-results",
    "sparql-error-out-of-memory",
    "sparql-error-timeout",
    "sparql-error-busy",
    "sparql-error-no-data-yet",
    "sparql-error-unreachable",
    "sparql-error-too-large",
];

/// `/explore/sparql`: an editor, example queries, and results as table, map and chart. `?query=` is put into the editor.
///
/// # Errors
/// NotFound when the tenant does not exist; when the database fails.
pub async fn sparql(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let visit = Visit::of(request, state).await?;
    let mut parameters = url::form_urlencoded::parse(visit.request.query_string().as_bytes());
    let query = parameters.find(|(name, _)| name == "query").map(|(_, value)| value.into_owned());
    let words: BTreeMap<_, _> = WORDS.iter().map(|key| (*key, visit.say(key))).collect();
    let summary = visit.summary().await?;
    let names = json!({
        "classes": summary.types.keys().take(MOST_NAMES).collect::<Vec<_>>(),
        "properties": summary.attributes.keys().take(MOST_NAMES).collect::<Vec<_>>(),
    });
    visit.html(&SparqlPage {
        frame: visit.frame(visit.say("sparql-title")),
        running: visit.state.sidecar.is_some(),
        asked: query.is_some(),
        query: query.unwrap_or_else(|| FIRST.to_owned()),
        words: json!(words).to_string(),
        names: names.to_string(),
    })
}
