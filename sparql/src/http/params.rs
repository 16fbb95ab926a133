//! What a request asks, from its URL, its form and its headers.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::ACCEPT;
use hiroba_vocab::Tenant;
use percent_encoding::percent_decode;

use super::problem::{HttpError, Result};
use crate::query::{Question, Update};

/// What the tenant is called in the pattern of the path.
pub(super) const TENANT_IN_PATH: &str = "tenant";

/// Names and values, in the order of the request. Unknown ones are left aside: clients add their own.
pub(super) type Pairs = Vec<(String, String)>;

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The query operation.
    Query(Question),
    /// The update operation.
    Update(Update),
    /// Neither: the endpoint itself.
    Nothing,
}

/// The text of an operation that is the body itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Direct {
    Query(String),
    Update(String),
}

/// The parameters in the URL.
///
/// # Errors
/// [`HttpError::NotUtf8`].
pub(super) fn of_url(request: &HttpRequest) -> Result<Pairs> {
    read(request.query_string().as_bytes())
}

/// The parameters in a query string or a form.
///
/// # Errors
/// [`HttpError::NotUtf8`] with the name of the parameter: a query with other characters than those that were meant would
/// find other things.
pub(super) fn read(text: &[u8]) -> Result<Pairs> {
    let parts = text.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let end = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
            let name = decode(&part[..end]).map_err(|()| HttpError::NotUtf8("the name of a parameter".to_owned()))?;
            let value = decode(part.get(end + 1..).unwrap_or_default());
            let value = value.map_err(|()| HttpError::NotUtf8(format!("the parameter '{name}'")))?;
            Ok((name, value))
        })
        .collect()
}

fn decode(text: &[u8]) -> std::result::Result<String, ()> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().map(Cow::into_owned).map_err(|_| ())
}

/// What the parameters and headers ask for, with the operation in the body if it is there.
///
/// # Errors
/// [`HttpError::SeveralQueries`] when there is more than one operation; what [`tenant`] says.
pub(super) fn asked(request: &HttpRequest, pairs: &Pairs, direct: Option<Direct>) -> Result<Asked> {
    let all = |wanted: &[&str]| -> Vec<String> {
        pairs.iter().filter(|(name, _)| wanted.contains(&name.as_str())).map(|(_, value)| value.clone()).collect()
    };
    let (mut queries, mut updates) = (all(&["query"]), all(&["update"]));
    match direct {
        Some(Direct::Query(text)) => queries.push(text),
        Some(Direct::Update(text)) => updates.push(text),
        None => {}
    }
    if queries.len() + updates.len() > 1 {
        return Err(HttpError::SeveralQueries);
    }
    if let Some(text) = updates.pop() {
        return Ok(Asked::Update(Update {
            tenant: tenant(request)?,
            text,
            base: endpoint(request),
            using_graphs: all(&["using-graph-uri"]),
            using_named_graphs: all(&["using-named-graph-uri"]),
        }));
    }
    let Some(text) = queries.pop() else { return Ok(Asked::Nothing) };
    Ok(Asked::Query(Question {
        tenant: tenant(request)?,
        not_before: None,
        text,
        default_graphs: all(&["default-graph-uri"]),
        named_graphs: all(&["named-graph-uri"]),
        formats: all(&["format", "output"]),
        accept: accept(request),
        head_only: request.method() == Method::HEAD,
    }))
}

/// The address of the endpoint, as the client knows it.
pub(super) fn endpoint(request: &HttpRequest) -> String {
    let connection = request.connection_info();
    format!("{}://{}{}", connection.scheme(), connection.host(), request.path())
}

/// All headers Accept as one.
pub(super) fn accept(request: &HttpRequest) -> String {
    let headers: Vec<&str> = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    headers.join(",")
}

/// The tenant that a request is about: `/sparql/{tenant}`, the header `NGSILD-Tenant` (6.3.14), or `Fiware-Service` as older
/// clients have it; else the default one.
///
/// # Errors
/// [`HttpError::Header`] for a header that names none, [`HttpError::SeveralTenants`] when they name different ones.
pub(super) fn tenant(request: &HttpRequest) -> Result<Tenant> {
    let mut named = Vec::new();
    if let Some(name) = request.match_info().get(TENANT_IN_PATH) {
        named.push(Tenant::parse(name).map_err(|error| HttpError::TenantInPath(error.to_string()))?);
    }
    for place in ["NGSILD-Tenant", "Fiware-Service"] {
        if let Some(name) = header(request, place)? {
            named.push(Tenant::parse(name).map_err(|error| HttpError::Header(place, error.to_string()))?);
        }
    }
    let tenant = named.pop();
    if named.iter().any(|other| Some(other) != tenant.as_ref()) {
        return Err(HttpError::SeveralTenants);
    }
    Ok(tenant.unwrap_or_else(Tenant::default_tenant))
}

/// The value of a header that may be there once; an empty one counts as none.
///
/// # Errors
/// [`HttpError::Header`] when it is there twice, or is no text.
pub(super) fn header<'r>(request: &'r HttpRequest, name: &'static str) -> Result<Option<&'r str>> {
    let mut values = request.headers().get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(HttpError::Header(name, "it is there twice".to_owned()));
    }
    let text = value.to_str().map_err(|_| HttpError::Header(name, "it is no text".to_owned()))?;
    Ok(Some(text.trim()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn of(request: TestRequest, uri: &str, direct: Option<Direct>) -> Result<Asked> {
        let request = request.uri(uri).insert_header(("accept", "text/csv")).to_http_request();
        asked(&request, &of_url(&request)?, direct)
    }

    fn query(text: &str) -> Option<Direct> {
        Some(Direct::Query(text.to_owned()))
    }

    #[test]
    fn parameters_make_up_the_question() {
        let asked = |uri, direct| of(TestRequest::get(), uri, direct).unwrap();
        for uri in ["/sparql", "/sparql?", "/sparql?format=json", "/sparql?&"] {
            assert_eq!(asked(uri, None), Asked::Nothing, "{uri}");
        }
        let uri = "/sparql?query=ASK+%7B%7D&format=json&output=xml&results=tsv&x=y&z";
        let Asked::Query(found) = asked(uri, None) else { panic!() };
        assert_eq!((found.text.as_str(), found.accept.as_str(), found.head_only), ("ASK {}", "text/csv", false));
        assert_eq!(found.formats, ["json", "xml"]);
        let uri = "/sparql?default-graph-uri=urn:a&named-graph-uri=urn:b&default-graph-uri=urn:c";
        let Asked::Query(found) = asked(uri, query("ASK {}")) else { panic!() };
        assert_eq!(
            (found.default_graphs, found.named_graphs),
            (vec!["urn:a".into(), "urn:c".into()], vec!["urn:b".into()])
        );
    }

    #[test]
    fn updates_come_with_the_graphs_that_they_use() {
        let uri = "/sparql?using-graph-uri=urn:a&using-named-graph-uri=urn:b&update=DROP+ALL";
        let Asked::Update(found) = of(TestRequest::post(), uri, None).unwrap() else { panic!() };
        assert_eq!((found.text.as_str(), found.base.as_str()), ("DROP ALL", "http://localhost:8080/sparql"));
        assert_eq!((found.using_graphs, found.using_named_graphs), (vec!["urn:a".into()], vec!["urn:b".into()]));
    }

    #[test]
    fn a_request_holds_one_operation() {
        let update = Some(Direct::Update("DROP ALL".to_owned()));
        for (uri, direct) in [
            ("/sparql?query=ASK{}&query=ASK{}", None),
            ("/sparql?query=ASK{}", query("ASK{}")),
            ("/sparql?query=ASK{}", update.clone()),
            ("/sparql?update=DROP+ALL", update),
            ("/sparql?update=DROP+ALL&query=ASK{}", None),
        ] {
            assert!(matches!(of(TestRequest::post(), uri, direct), Err(HttpError::SeveralQueries)), "{uri}");
        }
    }

    #[test]
    fn parameters_are_utf_8() {
        assert_eq!(read("a=%E5%BA%83%E5%A0%B4&b=広+場".as_bytes()).unwrap()[1], ("b".to_owned(), "広 場".to_owned()));
        assert_eq!(read(b"a=b=c&d").unwrap(), [("a".into(), "b=c".into()), ("d".to_owned(), String::new())]);
        for (text, where_it_is) in [(&b"query=%FF"[..], "'query'"), (b"query=%E5%BA", "'query'"), (b"\xff=1", "name")] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains(where_it_is), "{error}");
        }
    }

    #[test]
    fn the_tenant_is_in_the_path_or_a_header() {
        let of = |path: &'static str, headers: &[(&'static str, &'static str)]| {
            let request = headers.iter().fold(TestRequest::get(), |request, header| request.append_header(*header));
            let request = if path.is_empty() { request } else { request.param(TENANT_IN_PATH, path) };
            tenant(&request.to_http_request()).map(|tenant| tenant.to_string())
        };
        let (new, old) = ("NGSILD-Tenant", "Fiware-Service");
        for (path, headers, found) in [
            ("", &[][..], ""),
            ("", &[(new, "")], ""),
            ("", &[(new, "city")], "city"),
            ("", &[(old, "city")], "city"),
            ("city", &[], "city"),
            ("city", &[(new, "city"), (old, "city")], "city"),
        ] {
            assert_eq!(of(path, headers).unwrap(), found, "{path} {headers:?}");
        }
        assert!(matches!(of("", &[(new, "a"), (old, "b")]), Err(HttpError::SeveralTenants)));
        assert!(matches!(of("a", &[(new, "b")]), Err(HttpError::SeveralTenants)));
        assert!(matches!(of("", &[(new, "a"), (new, "a")]), Err(HttpError::Header("NGSILD-Tenant", _))));
        assert!(matches!(of("", &[(new, "two words")]), Err(HttpError::Header("NGSILD-Tenant", _))));
        assert!(matches!(of("two words", &[]), Err(HttpError::TenantInPath(_))));
    }
}
