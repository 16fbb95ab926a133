//! The core @context (annex B), built in.

use std::sync::LazyLock;

use serde_json::Value;

use super::context::{Context, Table};
use super::process::{Mode, Processor};

/// The core context of V1.9.1 as published: a JSON object with `@context`.
const CORE_V1_9: &str = include_str!("../../contexts/ngsi-ld-core-context-v1.9.jsonld");

/// The editions that are answered from the built-in one. A name is matched whole, never by prefix: an edition that
/// does not exist yet must not silently get today's terms.
const EDITIONS: [&str; 8] = ["", "-v1.3", "-v1.4", "-v1.5", "-v1.6", "-v1.7", "-v1.8", "-v1.9"];

/// Whether `url` names a published edition (v1.3 to v1.9, or the unversioned name) of the core context.
pub fn is_core_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let Some(edition) = rest.strip_prefix("uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context") else { return false };
    edition.strip_suffix(".jsonld").is_some_and(|edition| EDITIONS.contains(&edition))
}

/// The core context as a document, as it is served.
pub fn core_document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(CORE_V1_9).unwrap_or_default());
    &DOCUMENT
}

/// The core context's own tables. Empty only if the built-in document were broken, which a test rules out.
pub(super) fn core_table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let mut context = Context::empty();
        let outcome = Processor::new(&super::process::NoDocuments, Mode::Core).apply(&mut context, core_document());
        debug_assert!(outcome.is_ok(), "{outcome:?}");
        context.into_table()
    });
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_core_context_is_valid_and_complete() {
        let table = core_table();
        assert_eq!(table.vocab.as_ref().map(|v| v.as_str()), Some(hiroba_vocab::ngsi_ld::DEFAULT_VOCAB));
        let declared = core_document()["@context"].as_object().unwrap();
        assert_eq!(table.terms.len(), declared.keys().filter(|k| !k.starts_with('@')).count());
    }

    #[test]
    fn editions_are_matched_whole() {
        for url in [
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld",
            "http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld",
        ] {
            assert!(is_core_url(url), "{url}");
        }
        for url in [
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.10.jsonld",
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld?x",
            "https://uri.etsi.org.evil.example/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld",
        ] {
            assert!(!is_core_url(url), "{url}");
        }
    }
}
