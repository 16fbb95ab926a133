//! The published JSON-LD @context.

use serde_json::{Map, Value, json};

use crate::term::Terms;

/// The path under which a server publishes [`context`], and by which documents name it.
pub const PATH: &str = "/contexts/hiroba.jsonld";

/// `{"@context": {term: IRI, …}}` with every class, attribute and compound key.
///
/// Plain mappings only: no scoped contexts, no `@type` coercions. NGSI-LD says of each value what it is, and a coercion
/// would change what other users of the context read.
pub fn context() -> Value {
    let terms: Map<String, Value> =
        Terms::published().iter().map(|term| (term.term.clone(), Value::from(term.iri.as_str()))).collect();
    json!({ "@context": terms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_a_plain_mapping() {
        let document = context();
        let terms = document["@context"].as_object().unwrap();
        assert_eq!(terms["name"], "https://schema.org/name");
        assert_eq!(terms["addressRegion"], "https://schema.org/addressRegion");
        assert_eq!(terms["hazardTypes"], "https://w3id.org/hiroba/vocab/hazardTypes");
        assert!(terms.values().all(Value::is_string));
        assert!(terms.len() > 100);
    }
}
