//! `Link` headers (RFC 8288), as far as they name an @context (6.3.5, annex C.8) or a version of the standard (6.3.21).

use actix_web::HttpRequest;
use actix_web::http::header::LINK;
use hiroba_vocab::ngsi_ld::{CONTEXT_LINK_REL, PROFILES};
use ngsild::Error;
use ngsild::render::SpecVersion;

use super::super::problem::Result;

/// The URL of the @context that a request's Link headers name.
///
/// # Errors
/// BadRequestData for more than one, or for one that is no absolute URL.
pub fn context_link(request: &HttpRequest) -> Result<Option<String>> {
    let mut found = None;
    for (target, _) in all_links(request)?.into_iter().filter(|link| has_relation(link, CONTEXT_LINK_REL)) {
        if found.is_some() {
            return Err(Error::bad_request("only one Link header may name an @context").at("Link").into());
        }
        if !hiroba_vocab::iri::is_absolute_iri(&target) {
            return Err(Error::bad_request(format!("'{target}' is not an absolute URL")).at("Link").into());
        }
        found = Some(target);
    }
    Ok(found)
}

/// Checks the versions of the standard that a body's producer says it conforms to (5.5.4, RFC 6906): links with the
/// relation `profile`, and parameters `profile` of other links. Every version is accepted: the older ones are understood
/// wholly, and of newer ones nothing is known that could be taken away. Profiles of others say nothing here.
///
/// # Errors
/// BadRequestData for a profile of NGSI-LD whose version is none.
pub fn check_profiles(request: &HttpRequest) -> Result<()> {
    for link in all_links(request)? {
        let parameters = link.1.iter().filter(|(name, _)| name.eq_ignore_ascii_case("profile"));
        let values = parameters.flat_map(|(_, value)| value.split(' ')).map(ToOwned::to_owned);
        let target = has_relation(&link, "profile").then(|| link.0.clone());
        for profile in target.into_iter().chain(values) {
            if let Some(version) = profile.strip_prefix(PROFILES) {
                version.parse::<SpecVersion>().map_err(|e| e.at("Link"))?;
            }
        }
    }
    Ok(())
}

/// A link: its target and its parameters.
type Link = (String, Vec<(String, String)>);

fn has_relation((_, parameters): &Link, relation: &str) -> bool {
    // Registered relations are compared without regard to case, and so may those that are URIs be (RFC 8288, 2.1.1).
    let mut relations = parameters.iter().filter(|(name, _)| name.eq_ignore_ascii_case("rel"));
    relations.any(|(_, value)| value.split(' ').any(|known| known.eq_ignore_ascii_case(relation)))
}

/// The links of all headers.
fn all_links(request: &HttpRequest) -> Result<Vec<Link>> {
    let mut all = Vec::new();
    for value in request.headers().get_all(LINK) {
        all.extend(links(value.to_str().map_err(|_| Error::bad_request("the Link header is no text"))?));
    }
    Ok(all)
}

/// The links of one header. What is no link is passed over.
fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let Some(length) = rest[start..].find('>') else { break };
        let target = rest[start + 1..start + length].trim().to_owned();
        let (parameters, after) = parameters(&rest[start + length + 1..]);
        links.push((target, parameters));
        rest = after;
    }
    links
}

/// `; name=value` until a comma outside quotes.
fn parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix(';') {
        let after = after.trim_start();
        let name_end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let name = after[..name_end].trim().to_owned();
        let mut value = String::new();
        let mut tail = &after[name_end..];
        if let Some(quoted) = tail.strip_prefix('=').map(str::trim_start) {
            (value, tail) = match quoted.strip_prefix('"') {
                Some(quoted) => match quoted.split_once('"') {
                    Some((value, tail)) => (value.to_owned(), tail),
                    None => (quoted.to_owned(), ""),
                },
                None => {
                    let end = quoted.find([';', ',']).unwrap_or(quoted.len());
                    (quoted[..end].trim().to_owned(), &quoted[end..])
                }
            };
        }
        parameters.push((name, value));
        rest = tail.trim_start();
    }
    (parameters, rest)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_context_is_found_among_other_links() {
        let rel = r#"rel="http://www.w3.org/ns/json-ld#context""#;
        for (header, expected) in [
            (
                format!("<http://example.org/c.jsonld>; {rel}; type=\"application/ld+json\""),
                Some("http://example.org/c.jsonld"),
            ),
            (format!("<http://example.org/a,b;c>; type=\"a;b,c\"; {rel}"), Some("http://example.org/a,b;c")),
            (format!("</x>; rel=next, <http://example.org/c>;{rel}"), Some("http://example.org/c")),
            (
                "<http://example.org/c>; rel=http://www.w3.org/ns/json-ld#context".to_owned(),
                Some("http://example.org/c"),
            ),
            ("</x>; rel=\"next\"".to_owned(), None),
            ("<https://uri.etsi.org/ngsi-ld/profile/1.8>; rel=\"profile\"".to_owned(), None),
            (
                format!("<https://uri.etsi.org/ngsi-ld/profile/1.8>; rel=profile, <http://example.org/c>; {rel}"),
                Some("http://example.org/c"),
            ),
            ("nonsense; <".to_owned(), None),
        ] {
            let request = TestRequest::default().insert_header((LINK, header.clone())).to_http_request();
            assert_eq!(context_link(&request).unwrap().as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn two_contexts_or_a_relative_one_are_refused() {
        let rel = "rel=\"http://www.w3.org/ns/json-ld#context\"";
        for header in [format!("<http://a/>; {rel}, <http://b/>; {rel}"), format!("</relative>; {rel}")] {
            let request = TestRequest::default().insert_header((LINK, header.clone())).to_http_request();
            assert!(context_link(&request).is_err(), "{header}");
        }
    }
    #[test]
    fn versions_of_producers_are_checked_wherever_they_are_told() {
        let context = "<http://example.org/c>; rel=\"http://www.w3.org/ns/json-ld#context\"";
        for (header, legal) in [
            ("<https://uri.etsi.org/ngsi-ld/profile/1.8>; rel=\"profile\"".to_owned(), true),
            (format!("{context}, <https://uri.etsi.org/ngsi-ld/profile/1.3>; rel=profile"), true),
            (format!("{context}; profile=\"https://uri.etsi.org/ngsi-ld/profile/1.9\""), true),
            ("<https://uri.etsi.org/ngsi-ld/profile/7.0>; rel=\"profile\"".to_owned(), true),
            ("<https://example.org/own>; rel=\"profile\"".to_owned(), true),
            ("<https://uri.etsi.org/ngsi-ld/profile/new>; rel=\"next\"".to_owned(), true),
            ("<https://uri.etsi.org/ngsi-ld/profile/new>; rel=\"profile\"".to_owned(), false),
            ("<https://uri.etsi.org/ngsi-ld/profile/>; rel=\"next profile\"".to_owned(), false),
            (format!("{context}; profile=\"http://x/ https://uri.etsi.org/ngsi-ld/profile/1\""), false),
        ] {
            let request = TestRequest::default().insert_header((LINK, header.clone())).to_http_request();
            assert_eq!(check_profiles(&request).is_ok(), legal, "{header}");
        }
    }
}
