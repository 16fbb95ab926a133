//! Which media type to answer in (6.3.4, RFC 9110 12.5.1).

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT;

use super::super::problem::{HttpError, Result};

/// The media types of NGSI-LD answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Media {
    /// `application/json`
    Json,
    /// `application/ld+json`
    LdJson,
    /// `application/geo+json`
    GeoJson,
}

impl Media {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::LdJson => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// The media type of server-sent events.
pub const EVENTS: &str = "text/event-stream";

/// What operations that know no GeoJSON can answer in.
const PLAIN: &[&str] = &["application/json", "application/ld+json"];
/// What Retrieve Entity and Query Entities can answer in.
const GEO: &[&str] = &["application/json", "application/ld+json", "application/geo+json"];

/// The media type for an answer that can be JSON or JSON-LD.
///
/// # Errors
/// NotAcceptable when the client wants neither.
pub fn plain(request: &HttpRequest) -> Result<Media> {
    pick(request, PLAIN).ok_or(HttpError::NotAcceptable("application/json, application/ld+json")).map(media)
}

/// The media type for an answer that can also be GeoJSON.
///
/// # Errors
/// NotAcceptable when the client wants none of them.
pub fn geo(request: &HttpRequest) -> Result<Media> {
    let available = "application/json, application/ld+json, application/geo+json";
    pick(request, GEO).ok_or(HttpError::NotAcceptable(available)).map(media)
}

/// Whether the client takes a stream of events.
///
/// # Errors
/// NotAcceptable when it does not.
pub fn events(request: &HttpRequest) -> Result<()> {
    pick(request, &[EVENTS]).map(drop).ok_or(HttpError::NotAcceptable(EVENTS))
}

fn media(name: &str) -> Media {
    match name {
        "application/ld+json" => Media::LdJson,
        "application/geo+json" => Media::GeoJson,
        _ => Media::Json,
    }
}

/// The media type among `available` (the preferred first) that the client's Accept headers like best.
pub fn pick<'a>(request: &HttpRequest, available: &[&'a str]) -> Option<&'a str> {
    let headers: Vec<&str> = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    choose(&headers.join(","), available)
}

fn choose<'a>(header: &str, available: &[&'a str]) -> Option<&'a str> {
    let ranges: Vec<(mime::Mime, f32)> = header
        .split(',')
        .filter_map(|range| {
            let range: mime::Mime = range.trim().parse().ok()?;
            let weight = range.get_param("q").map_or(Some(1.0), |q| q.as_str().parse().ok())?;
            Some((range, weight))
        })
        .collect();
    if ranges.is_empty() {
        return available.first().copied();
    }
    let mut best: Option<(f32, &str)> = None;
    for name in available {
        let Ok(candidate) = name.parse::<mime::Mime>() else { continue };
        // The most specific range that fits says how much the client likes it.
        let fit = ranges.iter().filter_map(|(range, weight)| Some((specificity(range, &candidate)?, *weight)));
        let weight = fit.max_by_key(|(specificity, _)| *specificity).map_or(0.0, |(_, weight)| weight);
        if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, name));
        }
    }
    best.map(|(_, name)| name)
}

fn specificity(range: &mime::Mime, candidate: &mime::Mime) -> Option<u8> {
    match (range.type_(), range.subtype()) {
        (mime::STAR, mime::STAR) => Some(0),
        (kind, mime::STAR) if kind == candidate.type_() => Some(1),
        _ if range.essence_str() == candidate.essence_str() => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_most_specific_range_decides() {
        for (accept, chosen) in [
            ("", Some("application/json")),
            ("*/*", Some("application/json")),
            ("application/*", Some("application/json")),
            ("application/ld+json", Some("application/ld+json")),
            ("application/geo+json", Some("application/geo+json")),
            ("application/ld+json, application/json", Some("application/json")),
            ("application/ld+json, application/json;q=0.9", Some("application/ld+json")),
            ("application/json;q=0, */*", Some("application/ld+json")),
            ("text/html, */*;q=0.1", Some("application/json")),
            ("application/ld+json; charset=utf-8", Some("application/ld+json")),
            ("text/html", None),
            ("application/*;q=0.2, application/geo+json", Some("application/geo+json")),
        ] {
            assert_eq!(choose(accept, GEO), chosen, "{accept}");
        }
        assert_eq!(choose("application/geo+json", PLAIN), None);
    }
}
