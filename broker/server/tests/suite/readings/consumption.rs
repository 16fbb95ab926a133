//! Clauses 4.9 to 4.23, 5.5.9, 5.7, 6.3.

use reqwest::Method;
use serde_json::{Value, json};

use super::steps::{Reading, Step, entity, get, post, reading, step};
use crate::support::encode;

const ONE: &str = "/entities/urn:x:1";

pub(super) fn readings() -> Vec<Reading> {
    let mut readings = conditions();
    readings.extend(pages_and_projections());
    readings.extend(http());
    readings
}

/// What a query of one entity is asked about.
fn sample() -> Step {
    entity(&json!({
        "id": "urn:x:1", "type": "T", "scope": "A/B",
        "t": {"value": 5, "unitCode": "CEL", "observedAt": "2026-04-01T00:00:00Z", "datasetId": "urn:d:1", "s": 7},
        "name": {"languageMap": {"en-GB": "colour", "ja": "色"}}, "parked": {"object": "urn:x:2"},
        "brand": "Mercedes", "kind": {"vocab": "Public"}, "location": {"type": "Point", "coordinates": [1, 2]},
        "c": {"value": {"k": {"n": 3}, "list": [1, 2]}}
    }))
}

/// That the entity is found, or not.
fn found(query: &str, count: usize) -> Step {
    let step = get(&format!("/entities?type=T&pick=id&{query}"));
    step.shows("", if count == 0 { json!([]) } else { json!([{"id": "urn:x:1"}]) })
}

fn q(text: &str, count: usize) -> Step {
    found(&format!("q={}", encode(text)), count)
}

fn wrong(query: &str, error: &'static str) -> Step {
    step(Method::GET, &format!("/entities?{query}"), 400).error(error)
}

fn conditions() -> Vec<Reading> {
    vec![
        reading(
            "q is read as its examples are: brackets inside brackets, bare words, quoted URIs, language tags",
            [
                sample(),
                q("((t>4|t<2);brand==\"Mercedes\")", 1),
                q("brand==Mercedes", 1),
                q("brand!=Opel", 1),
                q("parked==\"urn:x:2\"", 1),
                q("parked==urn:x:2", 1),
                q("name[en-GB]==\"colour\"", 1),
                q("name[en]==\"colour\"", 0),
                q("name[*]==\"色\"", 1),
                q("name==\"色\"", 1),
                q("kind==Public", 0),
                found("q=kind==Public&expandValues=kind", 1),
                wrong(&format!("type=T&q={}", encode("!t")), "BadRequestData"),
                wrong(&format!("type=T&q={}", encode("ex:t==5")), "BadRequestData"),
            ],
        ),
        reading(
            "paths lead to sub-attributes, to members that are not reified, and into values",
            [
                sample(),
                q("t.s==7", 1),
                q("t.observedAt>=2026-04-01T00:00:00Z", 1),
                q("t.unitCode==\"CEL\"", 1),
                q("t.datasetId==urn:d:1", 1),
                q("c[k.n]==3", 1),
                q("c[k.m]", 0),
                q("c[list]==2", 1),
                q("location", 1),
            ],
        ),
        reading(
            "createdAt and modifiedAt can be asked for, but narrow no query; id and type are no attributes",
            [
                sample(),
                wrong(&format!("type=T&q={}", encode("id==urn:x:1")), "BadRequestData"),
                q("createdAt>2020-01-01T00:00:00Z", 1),
                q("modifiedAt<2020-01-01T00:00:00Z", 0),
                wrong(&format!("q={}", encode("createdAt>2020-01-01T00:00:00Z")), "BadRequestData"),
            ],
        ),
        reading(
            "an operator against another type finds nothing, but for unequal",
            [sample(), q("t>\"a\"", 0), q("t==\"5\"", 0), q("t!=\"5\"", 1), q("none!=1", 0), q("t~=\"5\"", 0), q("parked>1", 0)],
        ),
        reading(
            "a scope without its first slash is the same, and scopeQ may stand in quotation marks",
            [
                sample(),
                found(&format!("scopeQ={}", encode("/A/B")), 1),
                found(&format!("scopeQ={}", encode("\"/A/#\"")), 1),
                found(&format!("scopeQ={}", encode("A/+")), 1),
                found(&format!("scopeQ={}", encode("/A/B;/#")), 1),
                found(&format!("scopeQ={}", encode("/X|/A/#")), 1),
                wrong(&format!("type=T&scopeQ={}", encode("/A//")), "BadRequestData"),
            ],
        ),
        reading(
            "an id pattern may match anywhere, and must be a regular expression",
            [
                sample(),
                found(&format!("idPattern={}", encode("x:.$")), 1),
                found(&format!("idPattern={}", encode("^x")), 0),
                found("id=urn:x:1&idPattern=2", 0),
                wrong(&format!("type=T&idPattern={}", encode("(")), "BadRequestData"),
            ],
        ),
        reading(
            "type=* is local, and no request is both local and not",
            [
                sample(),
                get("/entities?type=*&pick=id").shows("", json!([{"id": "urn:x:1"}])),
                wrong("type=*&local=false", "BadRequestData"),
                get("/entities?local=true&pick=id").shows("", json!([{"id": "urn:x:1"}])),
            ],
        ),
        reading(
            "in the parameters id and idPattern both count, in a selector id goes first",
            [
                sample(),
                found("id=urn:x:1&idPattern=none", 0),
                post(
                    "/entityOperations/query",
                    &json!({"type": "Query", "entities": [{"type": "T", "id": "urn:x:1", "idPattern": "none"}], "pick": ["id"]}),
                    200,
                )
                .shows("", json!([{"id": "urn:x:1"}])),
            ],
        ),
    ]
}

fn pages_and_projections() -> Vec<Reading> {
    let query = json!({"type": "Query", "entities": [{"type": "T"}]});
    vec![
        reading(
            "what is picked is there and omitted is not; nothing may be both, and no list is empty",
            [
                sample(),
                get(&format!("{ONE}?pick=none")).shows("", json!({})),
                get(&format!("{ONE}?pick=id,brand&omit=t,scope&format=simplified"))
                    .shows("", json!({"id": "urn:x:1", "brand": "Mercedes"})),
                step(Method::GET, &format!("{ONE}?pick=t&omit=t"), 400).error("BadRequestData"),
                step(Method::GET, &format!("{ONE}?pick="), 400).error("BadRequestData"),
                step(Method::GET, &format!("{ONE}?omit="), 400).error("BadRequestData"),
                step(Method::GET, &format!("{ONE}?attrs="), 400).error("BadRequestData"),
                post(
                    "/entityOperations/query",
                    &json!({"type": "Query", "entities": [{"type": "T"}], "omit": []}),
                    400,
                ),
            ],
        ),
        reading(
            "true is written true",
            [
                sample(),
                wrong("type=T&local=True", "InvalidRequest"),
                wrong("type=T&count=1", "InvalidRequest"),
                step(Method::GET, "/types?details=yes", 400).error("InvalidRequest"),
            ],
        ),
        reading(
            "a parameter is there once, and one that the operation does not know is refused",
            [
                sample(),
                wrong("type=T&type=T", "InvalidRequest"),
                wrong("type=T&odd=1", "InvalidRequest"),
                step(Method::GET, &format!("{ONE}?q=t"), 400).error("InvalidRequest"),
            ],
        ),
        reading(
            "pages hold a thousand at most, and behind the last there is an empty one",
            [
                sample(),
                step(Method::GET, "/entities?type=T&limit=1001", 403).error("TooManyResults"),
                get("/entities?type=T&offset=7&count=true").shows("", json!([])).tells("NGSILD-Results-Count", "1"),
                wrong("type=T&limit=0", "BadRequestData"),
                wrong("type=T&offset=-1", "BadRequestData"),
            ],
        ),
        reading(
            "what is a member of Query is no parameter of a query by POST",
            [
                sample(),
                post(
                    "/entityOperations/query?limit=5&count=true&format=simplified&options=sysAttrs&local=true",
                    &query,
                    200,
                )
                .tells("NGSILD-Results-Count", "1"),
                post("/entityOperations/query?type=T", &query, 400).error("InvalidRequest"),
                post("/entityOperations/query?lang=ja", &query, 400).error("InvalidRequest"),
            ],
        ),
        reading(
            "a language that is not there is that of @none, or else the first",
            [
                sample(),
                get(&format!("{ONE}?lang=fr"))
                    .shows("/name", json!({"type": "Property", "value": "colour", "lang": "en-GB"})),
                get(&format!("{ONE}?lang=ja&format=simplified")).shows("/name", json!("色")),
                step(Method::GET, &format!("{ONE}?lang=not_a_tag"), 400).error("BadRequestData"),
            ],
        ),
        reading(
            "attributes are listed with those that are predefined, the scope is none of them",
            [
                sample(),
                get("/attributes")
                    .shows("/attributeList", json!(["brand", "c", "kind", "name", "parked", "t", "location"])),
                get("/attributes/location")
                    .shows("/attributeTypes", json!(["GeoProperty"]))
                    .shows("/attributeCount", json!(1)),
                step(Method::GET, "/attributes/scope", 404),
                get("/types/T").shows("/entityCount", json!(1)),
            ],
        ),
        reading(
            "a query makes a map only if it is asked to",
            [
                sample(),
                get("/entities?type=T&entityMap=false"),
                step(Method::GET, "/entities?type=T&entityMap=true", 201).tells("location", "/ngsi-ld/v1/entityMaps/"),
            ],
        ),
        reading(
            "an entity without anything in the interval has its id and type",
            [
                sample(),
                get("/temporal/entities/urn:x:1?timerel=before&timeAt=2001-01-01T00:00:00Z")
                    .shows("", json!({"id": "urn:x:1", "type": "T"})),
                step(Method::GET, "/temporal/entities/urn:x:none", 404),
                step(Method::GET, "/temporal/entities/urn:x:1?format=aggregatedValues", 400).error("BadRequestData"),
            ],
        ),
    ]
}

fn http() -> Vec<Reading> {
    let entity_of = |id: &str| json!({"id": id, "type": "T"});
    vec![
        reading(
            "what there is not is ResourceNotFound, at any path",
            [
                step(Method::GET, "/nothing/here", 404).error("ResourceNotFound"),
                step(Method::GET, "/entities/urn:x:1/attrs/a/more", 404).error("ResourceNotFound"),
            ],
        ),
        reading(
            "a charset beside the media type is tolerated, a body without a media type is not",
            [
                step(Method::POST, "/entities", 201)
                    .body(&entity_of("urn:x:1"))
                    .media("application/json; charset=utf-8"),
                step(Method::POST, "/entities", 415).body(&entity_of("urn:x:2")).media(""),
                step(Method::POST, "/entities", 415).body(&entity_of("urn:x:2")).media("application/merge-patch+json"),
            ],
        ),
        reading(
            "OPTIONS tells the methods, and HEAD is as GET",
            [
                entity(&entity_of("urn:x:1")),
                step(Method::OPTIONS, ONE, 204)
                    .tells("allow", "PATCH")
                    .tells("accept-patch", "application/merge-patch+json"),
                step(Method::HEAD, ONE, 200).tells("content-type", "application/json"),
                step(Method::DELETE, "/types", 405).tells("allow", "GET, HEAD, OPTIONS"),
                get("/entities/urn:x:1/").shows("/id", json!("urn:x:1")),
                get("/entities/?type=T").shows("/0/id", json!("urn:x:1")),
            ],
        ),
        reading(
            "errors are application/json, with names in full",
            [
                entity(&entity_of("urn:x:1")),
                step(Method::GET, "/entities/urn:x:1/attrs/a", 405),
                step(Method::DELETE, "/entities/urn:x:1/attrs/none", 404)
                    .header("accept", "application/ld+json")
                    .tells("content-type", "application/json")
                    .error("ResourceNotFound"),
            ],
        ),
        reading(
            "media types are chosen by weight, and GeoJSON only where entities are",
            [
                entity(&json!({"id": "urn:x:1", "type": "T", "location": {"type": "Point", "coordinates": [1, 2]}})),
                get(ONE)
                    .header("accept", "application/json;q=0.1, application/geo+json")
                    .tells("content-type", "application/geo+json"),
                get(ONE).header("accept", "application/*").tells("content-type", "application/json"),
                step(Method::GET, "/types", 406).header("accept", "application/geo+json"),
                get(ONE)
                    .header("accept", "application/geo+json")
                    .header("prefer", "body=json")
                    .tells("link", "json-ld#context")
                    .shows("/@context", Value::Null),
            ],
        ),
    ]
}
