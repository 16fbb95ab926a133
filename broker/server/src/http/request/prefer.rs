//! `Prefer` headers (RFC 7240): what a client would like, and need not get.

use actix_web::HttpRequest;
use ngsild::render::SpecVersion;

/// The version of the standard that an answer should conform to (6.3.21), when it is not the one spoken here. A version that
/// there is not, or text that is none, is not understood, and ignored as any such preference is; a newer one is answered
/// with what is spoken here.
pub fn version(request: &HttpRequest) -> Option<SpecVersion> {
    let version: SpecVersion = preference(request, "ngsi-ld")?.parse().ok()?;
    (version >= SpecVersion::FIRST).then_some(version.min(SpecVersion::CURRENT))
}

/// `Prefer: body=json` (6.3.6), for GeoJSON only.
pub fn plain_body(request: &HttpRequest) -> bool {
    preference(request, "body").is_some_and(|body| body == "json")
}

/// The value of a preference: where it is there several times the first counts, whatever its parameters.
fn preference(request: &HttpRequest, name: &str) -> Option<String> {
    let headers = request.headers().get_all("Prefer").filter_map(|value| value.to_str().ok());
    let mut pairs = headers.flat_map(|text| text.split([',', ';'])).filter_map(|part| part.split_once('='));
    let (_, value) = pairs.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn versions_are_found_among_other_preferences() {
        for (header, expected) in [
            ("ngsi-ld=1.8", Some("1.8")),
            ("NGSI-LD = \"1.4\"", Some("1.4")),
            ("return=minimal, ngsi-ld=1.3; x=y, ngsi-ld=1.9", Some("1.3")),
            ("body=json; ngsi-ld=1.6", Some("1.6")),
            ("ngsi-ld=1.12", Some("1.9")),
            ("ngsi-ld=2.0", Some("1.9")),
            ("ngsi-ld=1.0", None),
            ("ngsi-ld=0.9", None),
            ("ngsi-ld=latest", None),
            ("ngsi-ld", None),
            ("ngsi-ld=1.8.1", None),
            ("", None),
        ] {
            let request = TestRequest::default().insert_header(("Prefer", header)).to_http_request();
            assert_eq!(version(&request).map(|version| version.to_string()).as_deref(), expected, "{header}");
        }
        let request = TestRequest::default().append_header(("Prefer", "ngsi-ld=1.8"));
        let request = request.append_header(("Prefer", "body=json")).to_http_request();
        assert!(plain_body(&request) && version(&request).is_some());
    }
}
