//! How requests are told apart in logs, and counted.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderName;
use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;

/// The header with the id of a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's own id, if it is one that can go into a log; else a new one.
pub fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let legal = |id: &&str| {
        (1..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    given.filter(legal).map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), ToOwned::to_owned)
}

/// What a request is counted under. The route is the pattern, never the path, and methods that no route has are one, so
/// the number of series is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

impl RequestLabels {
    /// A request for a route such as `/ngsi-ld/v1/entities/{id}`; `none` when it was for none, or nobody has looked.
    pub fn new(method: &Method, route: Option<String>, status: StatusCode) -> Self {
        const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        Self {
            method: KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other"),
            route: route.unwrap_or_else(|| "none".to_owned()),
            status: status.as_u16(),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn an_id_that_cannot_go_into_a_log_is_replaced() {
        for (given, kept) in [("a-B_9.c", true), ("a b", false), ("", false), (&"a".repeat(101), false)] {
            let request = TestRequest::default().insert_header((REQUEST_ID, given)).to_srv_request();
            let id = request_id(&request);
            assert_eq!(id == given, kept, "{given}");
            assert!(!id.is_empty(), "{given}");
        }
    }

    #[test]
    fn methods_that_nobody_knows_are_one() {
        let labels = |method: &[u8]| RequestLabels::new(&Method::from_bytes(method).unwrap(), None, StatusCode::OK);
        assert_eq!(labels(b"BREW"), labels(b"STEEP"));
        assert_ne!(labels(b"BREW"), labels(b"GET"));
    }
}
