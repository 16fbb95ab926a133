//! Entities as RDF, in both shapes.

use ngsild::jsonld::{Context, UserContext, process};
use ngsild::rdf::Mapping;
use oxrdf::Triple;
use proptest::prelude::*;
use serde_json::json;

use crate::arbitrary::arbitrary_entity;
use crate::entity;

fn lines(triples: impl IntoIterator<Item = Triple>) -> Vec<String> {
    let mut lines: Vec<String> = triples.into_iter().map(|triple| triple.to_string()).collect();
    lines.sort();
    lines
}

fn subject() -> ngsild::Entity {
    entity(json!({
        "id": "urn:ngsi-ld:AED:372013:1", "type": "AED", "scope": "/a",
        "名称": {"languageMap": {"ja": "市役所", "@none": "x"}},
        "count": {"value": 3, "observedAt": "2020-01-01T00:00:00Z", "unitCode": "C62"},
        "height": 1.5,
        "open": true,
        "since": {"value": "2020-04-01", "valueType": "Date"},
        "address": {"addressRegion": "香川県", "parts": ["a", "b"]},
        "location": {"type": "Point", "coordinates": [134.04, 34.34]},
        "owner": {"object": "urn:ngsi-ld:Org:1"},
        "tour": {"objectList": ["urn:x:1", "urn:x:2"]},
        "raw": {"json": {"k": [1]}}
    }))
}

#[test]
fn both_shapes_say_the_same_facts() {
    let context = r#"{"@context": {"addressRegion": "https://schema.org/addressRegion"}}"#;
    let context: serde_json::Value = serde_json::from_str(context).unwrap();
    let user = UserContext::from_json(&context["@context"]).unwrap();
    struct Nothing;
    impl ngsild::jsonld::Documents for Nothing {
        fn document(&self, _: &str) -> Option<std::sync::Arc<serde_json::Value>> {
            None
        }
    }
    let context = process(&user, &Nothing).unwrap();
    let mapping = Mapping { context: &context };
    let mut plain = Vec::new();
    mapping.plain(&subject(), &mut |triple| plain.push(triple));
    insta::assert_snapshot!("plain", lines(plain).join("\n"));
    let mut reified = Vec::new();
    mapping.reified(&subject(), &mut |triple| reified.push(triple));
    insta::assert_snapshot!("reified", lines(reified).join("\n"));
}

proptest! {
    /// Whoever replaces an entity's triples must be able to find them: their subjects start with its id.
    #[test]
    fn every_subject_is_the_entity_or_below_it(entity in arbitrary_entity()) {
        let context = Context::core();
        let mapping = Mapping { context: &context };
        let mut triples = Vec::new();
        mapping.plain(&entity, &mut |triple| triples.push(triple));
        mapping.reified(&entity, &mut |triple| triples.push(triple));
        for triple in &triples {
            let subject = triple.subject.to_string();
            let id = format!("<{}", entity.id);
            prop_assert!(subject.strip_prefix(&id).is_some_and(|rest| rest == ">" || rest.starts_with('#')), "{triple}");
            prop_assert!(oxrdf::NamedNode::new(subject.trim_matches(['<', '>'])).is_ok(), "{triple}");
        }
    }
}
