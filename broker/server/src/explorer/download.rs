//! Downloads of a type, streamed: they may be larger than memory.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::VARY;
use actix_web::web::Bytes;
use hiroba_store::{StoreError, Stored};
use hiroba_vocab::Iri;
use ngsild::Kind;
use ngsild::query::Query;

use super::csv::Columns;
use super::geojson::{self, Detail};
use super::visit::Visit;
use crate::http::linked_data::encode;
use crate::http::problem::Result;
use crate::service::walk::Walk;

/// How many entities are read at a time.
const CHUNK: usize = 1_000;

/// The entities as CSV, one a row.
///
/// # Errors
/// When the database fails.
pub(super) async fn csv(visit: &Visit, name: &Iri, query: Query) -> Result<HttpResponse> {
    let summary = visit.summary().await?;
    let attributes = summary.types.get(name).map(|of_type| of_type.attributes.clone()).unwrap_or_default();
    let with_languages = attributes.iter().map(|(name, kinds)| (name, kinds.contains(&Kind::LanguageProperty)));
    let columns = Columns::of(with_languages, &visit.context);
    let head = columns.head();
    let file = format!("attachment; filename*=UTF-8''{}.csv", encode(&visit.context.compact(name)));
    let body = stream(visit, query, usize::MAX, head, String::new(), move |stored, _| Some(columns.row(stored)));
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header(("Content-Disposition", file))
        .insert_header((VARY, "Accept, NGSILD-Tenant"))
        .streaming(body))
}

/// The first `most` entities as a GeoJSON FeatureCollection.
pub(super) fn geojson(visit: &Visit, query: Query, detail: Detail, most: usize) -> Result<HttpResponse> {
    let context = Arc::clone(&visit.context);
    let body = stream(visit, query, most, geojson::HEAD.to_owned(), geojson::TAIL.to_owned(), move |stored, first| {
        let feature = geojson::feature(stored, &context, detail)?;
        Some(if first { feature.to_string() } else { format!(",\n{feature}") })
    });
    Ok(HttpResponse::Ok()
        .content_type("application/geo+json")
        .insert_header((VARY, "Accept, Accept-Language, NGSILD-Tenant"))
        .streaming(body))
}

/// The text of every entity that matches, read piece by piece.
fn stream<F: Fn(&Stored, bool) -> Option<String> + 'static>(
    visit: &Visit,
    query: Query,
    most: usize,
    head: String,
    tail: String,
    text: F,
) -> impl futures_util::Stream<Item = Result<Bytes, StoreError>> + use<F> {
    struct Reading<F> {
        walk: Walk,
        first: bool,
        head: Option<String>,
        tail: Option<String>,
        text: F,
    }
    let walk = Walk::new(visit.state.store.clone(), visit.tenant, query, most);
    let reading = Reading { walk, first: true, head: Some(head), tail: Some(tail), text };
    futures_util::stream::unfold(reading, |mut reading| async move {
        if let Some(head) = reading.head.take() {
            return Some((Ok(Bytes::from(head)), reading));
        }
        reading.tail.as_ref()?;
        let mut piece = String::new();
        match reading.walk.next(CHUNK).await {
            Ok(Some(entities)) => {
                for stored in entities {
                    if let Some(text) = (reading.text)(&stored, reading.first) {
                        piece.push_str(&text);
                        reading.first = false;
                    }
                }
            }
            Ok(None) => piece = reading.tail.take().unwrap_or_default(),
            Err(error) => {
                reading.tail = None;
                return Some((Err(error), reading));
            }
        }
        Some((Ok(Bytes::from(piece)), reading))
    })
}
