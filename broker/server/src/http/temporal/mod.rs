//! `/temporal` (6.18 to 6.24).

pub mod attributes;
pub mod entities;
pub mod maps;
pub mod query;

use actix_web::HttpResponseBuilder;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_RANGE;
use ngsild::render::{
    AggregatedDocument, Form, Rendering, SpecVersion, TemporalDocument, conform_aggregated, conform_evolution,
};
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

/// The JSON documents of an answer, one for each entity.
struct Documents {
    documents: Vec<Vec<u8>>,
    /// Whether they were altered for an older version of the standard.
    altered: bool,
}

impl Showing<'_> {
    /// The documents, in the version of the standard that the client prefers (6.3.21).
    fn conforming(&self, evolutions: &Evolutions) -> Result<Documents> {
        let whole = self.documents(evolutions)?;
        let Some(version) = self.answering.version().filter(|version| version.is_older()) else {
            return Ok(Documents { documents: whole, altered: false });
        };
        let conformed = self.documents(&self.older(evolutions, version))?;
        Ok(Documents { altered: conformed != whole, documents: conformed })
    }

    fn older(&self, evolutions: &Evolutions, version: SpecVersion) -> Evolutions {
        let rendering = self.rendering();
        match evolutions {
            Evolutions::Series(series, cut) => {
                let older = series.iter().map(|evolution| conform_evolution(evolution, version, &rendering));
                Evolutions::Series(older.collect(), *cut)
            }
            Evolutions::Aggregated(results) => {
                Evolutions::Aggregated(results.iter().map(|entity| conform_aggregated(entity, version)).collect())
            }
        }
    }

    fn rendering(&self) -> Rendering<'_> {
        Rendering {
            sys_attrs: self.representation.sys_attrs,
            lang: self.representation.lang.as_ref(),
            projection: &self.request.projection,
            ..Rendering::whole(&self.answering.names.context, Form::Normalized)
        }
    }

    fn documents(&self, evolutions: &Evolutions) -> Result<Vec<Vec<u8>>> {
        let (rendering, form) = (self.rendering(), self.representation.form);
        let context = self.answering.embedded();
        let embedded_context = context.as_ref();
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

    /// The status of an answer that is whole, or 206 with the range that it covers (6.3.10): that the series go on is what
    /// a client must know above all.
    async fn response(&self, whole: StatusCode, evolutions: &Evolutions, altered: bool) -> Result<HttpResponseBuilder> {
        let Evolutions::Series(series, Some(cut)) = evolutions else {
            return self.answering.begin_entities(whole, altered).await;
        };
        let mut response = self.answering.begin_entities(StatusCode::PARTIAL_CONTENT, altered).await?;
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
