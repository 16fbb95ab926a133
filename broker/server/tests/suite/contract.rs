//! openapi.yaml says exactly what the server does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Broker, run};

#[test]
fn the_contract_and_the_routes_are_the_same() {
    let document = hiroba::http::system::openapi_document();
    let paths = document["paths"].as_object().expect("openapi.yaml is valid YAML with paths");
    let methods = ["get", "post", "put", "patch", "delete"];
    let written: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().unwrap();
            item.keys()
                .filter(|key| methods.contains(&key.as_str()))
                .map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let served: BTreeSet<String> = hiroba::http::ROUTES
        .iter()
        .flat_map(|(path, methods)| methods.iter().map(move |method| format!("{method} {path}")))
        .collect();
    assert_eq!(written, served);
}

/// Parameters that the contract names for an operation are known to the server; others are refused.
#[test]
fn the_contract_s_parameters_are_the_server_s() {
    run(async {
        let broker = Broker::sqlite().await;
        let document = hiroba::http::system::openapi_document();
        for (path, item) in document["paths"].as_object().unwrap() {
            if !path.starts_with("/ngsi-ld/") && path != "/stream" {
                continue;
            }
            for (method, operation) in item.as_object().unwrap() {
                let Some(parameters) = operation["parameters"].as_array() else { continue };
                let names: BTreeSet<&str> = parameters
                    .iter()
                    .map(|parameter| resolve(document, parameter))
                    .filter(|parameter| parameter["in"] == "query")
                    .map(|parameter| parameter["name"].as_str().unwrap())
                    .collect();
                let url = path.replace("{id}", "urn:x:1").replace("{attr}", "a").replace("{type}", "T");
                let url = url.replace("{instance}", "urn:x:2");
                let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let asking = broker.ask(method.clone(), &format!("{url}?surelyUnknown=1"));
                let asking =
                    if method == "GET" || method == "DELETE" { asking } else { asking.raw("application/json", "{}") };
                let answer = asking.send().await;
                assert_eq!(answer.status, 400, "{method} {path}: {}", answer.text);
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                let known = detail.split("known here: ").nth(1).unwrap_or_default().trim_end_matches(')');
                let known: BTreeSet<&str> =
                    known.split(", ").filter(|name| !name.is_empty() && *name != "none").collect();
                assert_eq!(names, known, "{method} {path}");
            }
        }
    });
}

/// Media types that the contract names for a body are read by the server; others are refused.
#[test]
fn the_contract_s_media_types_are_the_server_s() {
    run(async {
        let broker = Broker::sqlite().await;
        let document = hiroba::http::system::openapi_document();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if !path.starts_with("/ngsi-ld/") || operation["requestBody"].is_null() {
                    continue;
                }
                let content = resolve(document, &operation["requestBody"])["content"].as_object().unwrap();
                let url = path.replace("{id}", "urn:x:1").replace("{attr}", "a");
                let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                for kind in ["application/json", "application/ld+json", "application/merge-patch+json", "text/plain"] {
                    let answer = broker.ask(method.clone(), &url).raw(kind, "{}").send().await;
                    assert_eq!(answer.status != 415, content.contains_key(kind), "{method} {path} in {kind}");
                }
            }
        }
    });
}

fn resolve<'d>(document: &'d Value, parameter: &'d Value) -> &'d Value {
    match parameter["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("the reference leads somewhere"),
        None => parameter,
    }
}
