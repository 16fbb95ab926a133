//! The 34 cases of the protocol section of W3C's SPARQL 1.1 test suite, by their names there, on data of our own.

use reqwest::{Method, RequestBuilder};

use crate::harness::{Sidecar, TOKEN, client};

const FORM: &str = "application/x-www-form-urlencoded";
const QUERY: &str = "application/sparql-query";
const UPDATE: &str = "application/sparql-update";
const ASK: &str = "ASK {}";
/// Three graphs, each with one book, and nothing in the default graph.
const BOOKS: &str = "INSERT DATA {
    GRAPH <urn:x:g1> { <urn:x:g1> <urn:x:holds> <urn:x:b1> } GRAPH <urn:x:g2> { <urn:x:g2> <urn:x:holds> <urn:x:b2> }
    GRAPH <urn:x:g3> { <urn:x:g3> <urn:x:holds> <urn:x:b3> } }";
const DEFAULT_1: (&str, &str) = ("default-graph-uri", "urn:x:g1");
const DEFAULT_2: (&str, &str) = ("default-graph-uri", "urn:x:g2");
const NAMED_1: (&str, &str) = ("named-graph-uri", "urn:x:g1");
const NAMED_2: (&str, &str) = ("named-graph-uri", "urn:x:g2");

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Ways to send a request.
struct Endpoint {
    url: String,
}

impl Endpoint {
    fn get(&self, pairs: &[(&str, &str)]) -> RequestBuilder {
        client().get(format!("{}?{}", self.url, encoded(pairs)))
    }

    fn form(&self, pairs: &[(&str, &str)]) -> RequestBuilder {
        self.post(&[], Some(FORM), encoded(pairs))
    }

    fn post(&self, pairs: &[(&str, &str)], kind: Option<&str>, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let url = if pairs.is_empty() { self.url.clone() } else { format!("{}?{}", self.url, encoded(pairs)) };
        let request = client().post(url).body(body);
        kind.iter().fold(request, |request, kind| request.header("content-type", *kind))
    }
}

async fn books() -> (tempfile::TempDir, Sidecar, Endpoint) {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::for_maintenance(folder.path()).await;
    sidecar.update(BOOKS).await;
    let endpoint = Endpoint { url: format!("{}/sparql", sidecar.process.url) };
    (folder, sidecar, endpoint)
}

#[tokio::test]
async fn queries_are_answered_in_each_way_of_asking() {
    let (_folder, _sidecar, to) = books().await;
    let direct = |query: &str, pairs: &[(&str, &str)]| to.post(pairs, Some(QUERY), query.to_owned());
    let one = "ASK { <urn:x:g1> <urn:x:holds> ?b }";
    let two = "ASK { <urn:x:g1> ?p ?b . <urn:x:g2> ?p ?c }";
    let named = "ASK { GRAPH ?g { <urn:x:g1> ?p ?b } GRAPH ?h { <urn:x:g2> ?p ?c } FILTER NOT EXISTS { GRAPH <urn:x:g3> { ?x ?y ?z } } }";
    let full =
        "ASK { <urn:x:g3> ?p ?b GRAPH ?g { <urn:x:g1> ?p ?c } FILTER NOT EXISTS { GRAPH <urn:x:g3> { ?x ?y ?z } } }";
    let other = "ASK FROM <urn:x:g3> { <urn:x:g1> ?p ?b FILTER NOT EXISTS { <urn:x:g3> ?q ?c } }";
    let with = |query: &'static str, rest: &[(&'static str, &'static str)]| [&[("query", query)], rest].concat();
    let default_3 = ("default-graph-uri", "urn:x:g3");
    for (name, request) in [
        ("query_get", to.get(&[("query", ASK)])),
        ("query_post_form", to.form(&[("query", ASK)])),
        ("query_post_direct", direct(ASK, &[])),
        ("query_dataset_default_graph", to.get(&with(one, &[DEFAULT_1]))),
        ("query_dataset_default_graphs_get", to.get(&with(two, &[DEFAULT_1, DEFAULT_2]))),
        ("query_dataset_default_graphs_post", direct(two, &[DEFAULT_1, DEFAULT_2])),
        ("query_dataset_default_graphs_post, form", to.form(&with(two, &[DEFAULT_1, DEFAULT_2]))),
        ("query_dataset_named_graphs_get", to.get(&with(named, &[NAMED_1, NAMED_2]))),
        ("query_dataset_named_graphs_post", direct(named, &[NAMED_1, NAMED_2])),
        ("query_dataset_full", direct(full, &[default_3, NAMED_1, NAMED_2])),
        ("query_multiple_dataset", to.get(&with(other, &[DEFAULT_1]))),
    ] {
        let answer = request.header("accept", "text/csv").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(answer.text().await.unwrap(), "true", "{name}");
    }
    // The dataset decides indeed: without it, or with another one, the answer is no.
    for (query, rest) in
        [(one, &[][..]), (two, &[DEFAULT_1][..]), (named, &[NAMED_1]), (named, &[]), (full, &[NAMED_1])]
    {
        let answer = to.get(&with(query, rest)).header("accept", "text/csv").send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "false", "{query} {rest:?}");
    }
}

#[tokio::test]
async fn each_form_of_query_has_its_types_of_content() {
    let (_folder, _sidecar, to) = books().await;
    let results: &[&str] =
        &["application/sparql-results+xml", "application/sparql-results+json", "text/csv", "text/tab-separated-values"];
    let graph: &[&str] = &["application/rdf+xml", "text/turtle", "application/n-triples", "application/ld+json"];
    for (name, query, types) in [
        ("query_content_type_select", "SELECT (1 AS ?x) {}", results),
        ("query_content_type_ask", ASK, results),
        ("query_content_type_describe", "DESCRIBE <urn:x:g1>", graph),
        ("query_content_type_construct", "CONSTRUCT { <urn:x:s> <urn:x:p> 1 } {}", graph),
    ] {
        for wanted in types.iter().chain([&"*/*"]) {
            let answer = to.get(&[("query", query)]).header("accept", *wanted).send().await.unwrap();
            let kind = answer.headers()["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
            assert_eq!(answer.status(), 200, "{name} {wanted}");
            assert!(
                if *wanted == "*/*" { types.contains(&kind.as_str()) } else { kind == *wanted },
                "{name} {wanted}: {kind}"
            );
        }
    }
}

/// Name, request without the token, and a question that is true afterwards.
fn good_updates(to: &Endpoint) -> Vec<(&'static str, RequestBuilder, &'static str)> {
    let direct = |update: &str, pairs: &[(&str, &str)]| to.post(pairs, Some(UPDATE), update.to_owned());
    let using_1 = ("using-graph-uri", "urn:x:g1");
    let using_2 = ("using-graph-uri", "urn:x:g2");
    let using_named = [("using-named-graph-uri", "urn:x:g1"), ("using-named-graph-uri", "urn:x:g2")];
    let copied = "INSERT { GRAPH <urn:x:one> { ?s ?p ?o } } WHERE { ?s ?p ?o }";
    let both = "INSERT { GRAPH <urn:x:two> { ?s ?p ?o } } WHERE { ?s ?p ?o }";
    let named = "INSERT { GRAPH <urn:x:named> { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }";
    let full = "INSERT { GRAPH <urn:x:full> { ?s ?p ?o . ?a ?b ?c } } WHERE { ?s ?p ?o GRAPH ?g { ?a ?b ?c } }";
    vec![
        (
            "update_dataset_default_graph",
            direct(copied, &[using_1]),
            "ASK { GRAPH <urn:x:one> { <urn:x:g1> ?p ?o FILTER NOT EXISTS { <urn:x:g2> ?q ?x } } }",
        ),
        (
            "update_dataset_default_graphs",
            to.form(&[("update", both), using_1, using_2]),
            "ASK { GRAPH <urn:x:two> { <urn:x:g1> ?p ?o . <urn:x:g2> ?q ?x FILTER NOT EXISTS { <urn:x:g3> ?r ?y } } }",
        ),
        (
            "update_dataset_named_graphs",
            direct(named, &using_named),
            "ASK { GRAPH <urn:x:named> { <urn:x:g1> ?p ?o . <urn:x:g2> ?q ?x FILTER NOT EXISTS { <urn:x:g3> ?r ?y } } }",
        ),
        (
            "update_dataset_full",
            direct(full, &[using_1, ("using-named-graph-uri", "urn:x:g2")]),
            "ASK { GRAPH <urn:x:full> { <urn:x:g1> ?p ?o . <urn:x:g2> ?q ?x FILTER NOT EXISTS { <urn:x:g3> ?r ?y } } }",
        ),
        (
            "update_post_form",
            to.form(&[("update", "INSERT DATA { <urn:x:form> <urn:x:p> 1 }")]),
            "ASK { <urn:x:form> <urn:x:p> 1 }",
        ),
        (
            "update_post_direct",
            direct("INSERT DATA { <urn:x:direct> <urn:x:p> '広場' }", &[]),
            "ASK { <urn:x:direct> <urn:x:p> '広場' }",
        ),
        (
            "update_base_uri",
            direct("CLEAR GRAPH <urn:x:base> ; INSERT DATA { GRAPH <urn:x:base> { <urn:x:s> <urn:x:p> <test> } }", &[]),
            "ASK { GRAPH <urn:x:base> { <urn:x:s> <urn:x:p> ?o FILTER(ISIRI(?o) && REGEX(STR(?o), '^http://.*/test$')) } }",
        ),
    ]
}

#[tokio::test]
async fn updates_are_carried_out_in_maintenance() {
    let (_folder, sidecar, to) = books().await;
    sidecar.update("CREATE GRAPH <urn:x:base>").await;
    for (name, request, question) in good_updates(&to) {
        let before = sidecar.ask(question, "text/csv").await.text().await.unwrap();
        assert_eq!(before, "false", "{name}");
        let answer = request.bearer_auth(TOKEN).send().await.unwrap();
        let status = answer.status();
        assert_eq!(status, 204, "{name}: {}", answer.text().await.unwrap());
        let after = sidecar.ask(question, "text/csv").await.text().await.unwrap();
        assert_eq!(after, "true", "{name}");
    }
}

#[tokio::test]
async fn requests_that_the_protocol_does_not_know_are_refused() {
    let (_folder, sidecar, to) = books().await;
    let utf_16: Vec<u8> = "ASK {}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let update = "INSERT DATA { <urn:x:bad> <urn:x:p> 1 }";
    let utf_16_update: Vec<u8> = update.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let conflict = "INSERT { <urn:x:bad> <urn:x:p> ?o } USING <urn:x:g1> WHERE { ?s ?p ?o }";
    let with = "WITH <urn:x:g1> INSERT { <urn:x:bad> <urn:x:p> ?o } WHERE { ?s ?p ?o }";
    let using = ("using-named-graph-uri", "urn:x:g2");
    let put = Method::PUT;
    for (name, request, status) in [
        ("bad_query_method", client().request(put, format!("{}?{}", to.url, encoded(&[("query", ASK)]))), 405),
        ("bad_multiple_queries", to.get(&[("query", ASK), ("query", "SELECT * {}")]), 400),
        ("bad_query_wrong_media_type", to.post(&[], Some("text/plain"), ASK), 415),
        ("bad_query_missing_form_type", to.post(&[], None, encoded(&[("query", ASK)])), 415),
        ("bad_query_missing_direct_type", to.post(&[], None, ASK), 415),
        ("bad_query_non_utf8", to.post(&[], Some("application/sparql-query; charset=UTF-16"), utf_16.clone()), 415),
        ("bad_query_non_utf8, unsaid", to.post(&[], Some(QUERY), utf_16), 400),
        ("bad_query_non_utf8, form", to.post(&[], Some(FORM), "query=ASK%20%7B%20%3Fs%20%3Fp%20%22%FF%22%20%7D"), 400),
        ("bad_query_syntax", to.get(&[("query", "ASK {")]), 400),
        ("bad_update_get", to.get(&[("update", update)]), 400),
        ("bad_multiple_updates", to.form(&[("update", update), ("update", update)]), 400),
        ("bad_update_wrong_media_type", to.post(&[], Some("text/plain"), update), 415),
        ("bad_update_missing_form_type", to.post(&[], None, encoded(&[("update", update)])), 415),
        ("bad_update_non_utf8", to.post(&[], Some("application/sparql-update; charset=UTF-16"), utf_16_update), 415),
        ("bad_update_syntax", to.form(&[("update", "INSERT DATA { <urn:x:bad> }")]), 400),
        ("bad_update_dataset_conflict", to.form(&[("update", conflict), using]), 400),
        ("bad_update_dataset_conflict, WITH", to.post(&[using], Some(UPDATE), with), 400),
    ] {
        let answer = request.bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), status, "{name}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{name}");
    }
    assert_eq!(sidecar.rows("SELECT * { <urn:x:bad> ?p ?o }").await, Vec::<String>::new());
}

#[tokio::test]
async fn every_update_is_refused_in_ordinary_service() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::start("http://127.0.0.1:1", folder.path()).await;
    let to = Endpoint { url: format!("{}/sparql", sidecar.process.url) };
    for (name, request, _) in good_updates(&to) {
        let answer = request.bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{name}");
        let problem: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("changes go to the broker"), "{name}: {problem}");
    }
}
