//! `Link` headers (RFC 8288), as far as they name an @context (6.3.5, annex C.8).

use actix_web::HttpRequest;
use actix_web::http::header::LINK;
use hiroba_vocab::ngsi_ld::CONTEXT_LINK_REL;
use ngsild::Error;

use super::super::problem::Result;

/// The URL of the @context that a request's Link headers name.
///
/// # Errors
/// BadRequestData for more than one, or for one that is no absolute URL.
pub fn context_link(request: &HttpRequest) -> Result<Option<String>> {
    let mut found = None;
    for value in request.headers().get_all(LINK) {
        let text = value.to_str().map_err(|_| Error::bad_request("the Link header is no text"))?;
        for (target, parameters) in links(text) {
            let is_context = parameters.iter().any(|(name, value)| {
                name.eq_ignore_ascii_case("rel") && value.split(' ').any(|rel| rel == CONTEXT_LINK_REL)
            });
            if !is_context {
                continue;
            }
            if found.is_some() {
                return Err(Error::bad_request("only one Link header may name an @context").at("Link").into());
            }
            if !hiroba_vocab::iri::is_absolute_iri(&target) {
                return Err(Error::bad_request(format!("'{target}' is not an absolute URL")).at("Link").into());
            }
            found = Some(target);
        }
    }
    Ok(found)
}

/// The links of one header: targets with their parameters. What is no link is passed over.
fn links(text: &str) -> Vec<(String, Vec<(String, String)>)> {
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
}
