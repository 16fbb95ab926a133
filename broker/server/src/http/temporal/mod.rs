//! `/temporal` (6.18 to 6.24).

pub mod attributes;
pub mod entities;
pub mod query;

use actix_web::HttpResponseBuilder;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_RANGE;
use ngsild::render::{AggregatedDocument, Form, Rendering, TemporalDocument};
use ngsild::temporal::{Cut, Evolution, TemporalQuery};

use super::problem::Result;
use super::request::temporal::TemporalRepresentation;
use super::respond::{Answering, serialize};
use crate::service::temporal::{Evolutions, TemporalRequest};

/// How an answer shows series.
struct Showing<'a> {
    answering: &'a Answering<'a>,
    request: &'a TemporalRequest,
    representation: &'a TemporalRepresentation,
}

impl Showing<'_> {
    /// The JSON documents, one for each entity.
    fn documents(&self, evolutions: &Evolutions) -> Result<Vec<Vec<u8>>> {
        let rendering = Rendering {
            sys_attrs: self.representation.sys_attrs,
            lang: self.representation.lang.as_ref(),
            projection: &self.request.projection,
            ..Rendering::whole(&self.answering.names.context, Form::Normalized)
        };
        let context = self.answering.embedded();
        let embedded_context = context.as_ref();
        let form = self.representation.form;
        match evolutions {
            Evolutions::Series(series, _) => series
                .iter()
                .map(|evolution| serialize(&TemporalDocument { evolution, rendering, form, embedded_context }))
                .collect(),
            Evolutions::Aggregated(results) => results
                .iter()
                .map(|entity| serialize(&AggregatedDocument { entity, rendering, embedded_context }))
                .collect(),
        }
    }

    /// 200, or 206 with the range that the answer covers (6.3.10).
    async fn response(&self, evolutions: &Evolutions) -> Result<HttpResponseBuilder> {
        let Evolutions::Series(series, Some(cut)) = evolutions else {
            return self.answering.begin(StatusCode::OK).await;
        };
        let mut response = self.answering.begin(StatusCode::PARTIAL_CONTENT).await?;
        response.insert_header((CONTENT_RANGE, content_range(series, *cut, &self.request.temporal)));
        Ok(response)
    }
}

/// `date-time <start>-<end>/<size>`: from where the interval starts, on the side from which the answer was filled, to the
/// last instant that the answer covers.
fn content_range(series: &[Evolution], cut: Cut, query: &TemporalQuery) -> String {
    let times = || series.iter().flat_map(Evolution::points).map(|point| point.time);
    let (bound, edge, size) = match query.last {
        Some(count) => (query.interval.and_then(|interval| interval.end()), times().max(), count.to_string()),
        None => (query.interval.and_then(|interval| interval.start()), times().min(), "*".to_owned()),
    };
    let Cut(end) = cut;
    let start = bound.or(edge).unwrap_or(end);
    format!("date-time {start}-{end}/{size}")
}
