//! What a request asks, from its URL, its form and its headers.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::ACCEPT;

use super::problem::{HttpError, Result};
use crate::query::{QueryError, Question};

/// Names and values, in the order of the request. Unknown ones are left aside: clients add their own.
pub(super) type Pairs = Vec<(String, String)>;

/// The parameters in the URL.
pub(super) fn of_url(request: &HttpRequest) -> Pairs {
    read(request.query_string().as_bytes())
}

/// The parameters in a query string or a form.
pub(super) fn read(text: &[u8]) -> Pairs {
    url::form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// The question that the parameters and headers make up; `None` when there is no query. `direct` is a query that is the
/// body itself.
///
/// # Errors
/// [`QueryError::Update`] when there is an update, [`HttpError::SeveralQueries`] when there is more than one query.
pub(super) fn question(request: &HttpRequest, pairs: &Pairs, direct: Option<String>) -> Result<Option<Question>> {
    let all = |wanted: &[&str]| -> Vec<String> {
        pairs.iter().filter(|(name, _)| wanted.contains(&name.as_str())).map(|(_, value)| value.clone()).collect()
    };
    if pairs.iter().any(|(name, _)| name == "update") {
        return Err(QueryError::Update.into());
    }
    let mut queries = all(&["query"]);
    queries.extend(direct);
    if queries.len() > 1 {
        return Err(HttpError::SeveralQueries);
    }
    let Some(text) = queries.pop() else { return Ok(None) };
    Ok(Some(Question {
        text,
        default_graphs: all(&["default-graph-uri"]),
        named_graphs: all(&["named-graph-uri"]),
        formats: all(&["format", "output"]),
        accept: accept(request),
        head_only: request.method() == Method::HEAD,
    }))
}

/// All headers Accept as one.
pub(super) fn accept(request: &HttpRequest) -> String {
    let headers: Vec<&str> = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    headers.join(",")
}

/// Makes sure that the request is about the tenant whose data are here: the default one. A place for more tenants.
///
/// # Errors
/// [`HttpError::NoSuchTenant`] when another is named.
pub(super) fn check_tenant(request: &HttpRequest) -> Result<()> {
    for name in ["NGSILD-Tenant", "Fiware-Service"] {
        let tenant = request.headers().get(name).map(|value| value.to_str().unwrap_or("?").trim());
        if let Some(tenant) = tenant.filter(|tenant| !tenant.is_empty()) {
            return Err(HttpError::NoSuchTenant(tenant.chars().take(256).collect()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asked(uri: &str, direct: Option<&str>) -> Result<Option<Question>> {
        let request = TestRequest::get().uri(uri).insert_header(("accept", "text/csv")).to_http_request();
        question(&request, &of_url(&request), direct.map(ToOwned::to_owned))
    }

    #[test]
    fn parameters_make_up_the_question() {
        let question = |uri, direct| asked(uri, direct).unwrap();
        assert_eq!(question("/sparql", None), None);
        assert_eq!(question("/sparql?", None), None);
        assert_eq!(question("/sparql?format=json", None), None);
        let found = question("/sparql?query=ASK+%7B%7D&format=json&output=xml&results=tsv&x=y", None).unwrap();
        assert_eq!((found.text.as_str(), found.accept.as_str(), found.head_only), ("ASK {}", "text/csv", false));
        assert_eq!(found.formats, ["json", "xml"]);
        let uri = "/sparql?default-graph-uri=urn:a&named-graph-uri=urn:b&default-graph-uri=urn:c";
        let found = question(uri, Some("ASK {}")).unwrap();
        assert_eq!(
            (found.default_graphs, found.named_graphs),
            (vec!["urn:a".into(), "urn:c".into()], vec!["urn:b".into()])
        );
    }

    #[test]
    fn updates_and_second_queries_are_refused() {
        assert!(matches!(asked("/sparql?update=DROP+ALL", None), Err(HttpError::Query(QueryError::Update))));
        assert!(matches!(asked("/sparql?query=ASK{}&query=ASK{}", None), Err(HttpError::SeveralQueries)));
        assert!(matches!(asked("/sparql?query=ASK{}", Some("ASK{}")), Err(HttpError::SeveralQueries)));
    }

    #[test]
    fn only_the_default_tenant_is_here() {
        let of =
            |value: &str| check_tenant(&TestRequest::get().insert_header(("NGSILD-Tenant", value)).to_http_request());
        assert!(of("").is_ok());
        assert!(matches!(of("other"), Err(HttpError::NoSuchTenant(name)) if name == "other"));
    }
}
