//! Where a data set comes from, for those who read PROV-O and DCAT: what the importer notes as attributes of a
//! `dcat:Dataset`, said in their words.

use hiroba_vocab::namespace::DCAT;
use hiroba_vocab::{Iri, Terms};
use oxrdf::vocab::xsd;
use oxrdf::{Literal, NamedNode, Triple};
use serde_json::Value;

use super::node::below;
use super::{date_time, emit};
use crate::entity::{Attribute, AttributeValue, Entity};
use crate::time::DateTime;

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const PROV: &str = "http://www.w3.org/ns/prov#";
const DCTERMS: &str = hiroba_vocab::namespace::DCTERMS;
const SPDX: &str = "http://spdx.org/rdf/terms#";

/// The import as an activity and the file as what it used, which is also a distribution: name, address, licence, checksum.
/// Nothing where no file is known. The activity ends when the last of what it noted was written.
pub(super) fn of_dataset(entity: &Entity, dataset: &NamedNode, sink: &mut dyn FnMut(Triple)) {
    let is_dataset = |name: &Iri| name.as_str().strip_prefix(DCAT) == Some("Dataset");
    if !entity.types.iter().any(is_dataset) {
        return;
    }
    let noted = |term: &str| entity.default_instance(Terms::published().iri(term).as_str());
    let text = |term: &str| noted(term).and_then(text);
    let (Some(name), checksum) = (text("fileName"), text("sha256")) else { return };
    let (import, file) = (below(dataset, "import"), below(dataset, "sourceFile"));
    let mut say = |subject: &NamedNode, namespace: &str, local: &str, object: Option<oxrdf::Term>| {
        emit(sink, subject, term(namespace, local).as_ref(), object);
    };
    let node = |node: &NamedNode| Some(node.clone().into());
    let address = |text: Option<&str>| text.and_then(|text| NamedNode::new(text).ok()).map(Into::into);
    say(dataset, PROV, "wasGeneratedBy", node(&import));
    say(dataset, PROV, "wasDerivedFrom", node(&file));
    say(dataset, DCAT, "distribution", node(&file));
    // Beside the text of the attribute, which may be words: DCAT wants a resource.
    say(dataset, DCTERMS, "license", address(text("license")));
    say(&import, RDF, "type", node(&term(PROV, "Activity")));
    say(&import, PROV, "used", node(&file));
    say(&import, PROV, "generated", node(dataset));
    let ended: Option<DateTime> = NOTES.iter().filter_map(|term| Some(noted(term)?.modified_at)).max();
    say(&import, PROV, "endedAtTime", ended.map(date_time).map(Into::into));
    say(&file, RDF, "type", node(&term(DCAT, "Distribution")));
    say(&file, RDF, "type", node(&term(PROV, "Entity")));
    say(&file, DCTERMS, "title", Some(Literal::from(name).into()));
    say(&file, DCAT, "downloadURL", address(text("source")));
    say(&file, DCTERMS, "license", address(text("license")));
    if let Some(checksum) = checksum {
        let sum = below(&file, "sha256");
        say(&file, SPDX, "checksum", node(&sum));
        say(&sum, RDF, "type", node(&term(SPDX, "Checksum")));
        say(&sum, SPDX, "algorithm", node(&term(SPDX, "checksumAlgorithm_sha256")));
        say(&sum, SPDX, "checksumValue", Some(Literal::new_typed_literal(checksum, xsd::HEX_BINARY).into()));
    }
}

/// What every import writes.
const NOTES: [&str; 7] =
    ["fileName", "sha256", "rowsRead", "rowsPublished", "rowsMerged", "rowsSetAside", "rowsRefused"];

fn text(instance: &Attribute) -> Option<&str> {
    match &instance.is {
        AttributeValue::Property(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn term(namespace: &str, local: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{namespace}{local}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jsonld::Context;
    use crate::rdf::Mapping;
    use crate::read::{Nulls, Reader};

    fn triples(body: Value) -> Vec<String> {
        let context = Context::vocabulary();
        let reader = Reader { context, nulls: Nulls::Refused };
        let at = DateTime::parse("2026-04-01T09:00:00Z").unwrap();
        let entity = reader.fragment(body).unwrap().into_entity(at).unwrap();
        let mut triples = Vec::new();
        Mapping::published().plain(&entity, &mut |triple| triples.push(triple.to_string()));
        triples
    }

    #[test]
    fn an_imported_data_set_says_when_from_which_file_and_under_which_licence() {
        let property = |value: &str| json!({"type": "Property", "value": value});
        let said = triples(json!({
            "id": "urn:ngsi-ld:Dataset:372013:aed", "type": "Dataset",
            "fileName": property("aed.csv"), "sha256": property("00ff"),
            "source": property("https://example.org/aed.csv"),
            "license": property("https://creativecommons.org/licenses/by/4.0/"),
        }));
        let id = "urn:ngsi-ld:Dataset:372013:aed";
        for expected in [
            format!("<{id}> <{PROV}wasGeneratedBy> <{id}#import>"),
            format!("<{id}#import> <{PROV}used> <{id}#sourceFile>"),
            format!("<{id}#import> <{PROV}endedAtTime> \"2026-04-01T09:00:00Z\"^^<{}>", xsd::DATE_TIME.as_str()),
            format!("<{id}#sourceFile> <{DCTERMS}title> \"aed.csv\""),
            format!("<{id}#sourceFile> <{DCAT}downloadURL> <https://example.org/aed.csv>"),
            format!("<{id}> <{DCTERMS}license> <https://creativecommons.org/licenses/by/4.0/>"),
            format!("<{id}#sourceFile> <{DCTERMS}license> <https://creativecommons.org/licenses/by/4.0/>"),
            format!("<{id}#sourceFile.sha256> <{SPDX}checksumValue> \"00ff\"^^<{}>", xsd::HEX_BINARY.as_str()),
        ] {
            assert!(said.contains(&expected), "{expected} in {said:#?}");
        }
    }

    #[test]
    fn what_was_not_imported_has_no_activity_and_words_are_no_address() {
        let none = triples(json!({"id": "urn:x:1", "type": "Dataset", "title": {"type": "Property", "value": "t"}}));
        assert!(none.iter().all(|triple| !triple.contains(PROV)), "{none:#?}");
        let words = triples(json!({
            "id": "urn:x:1", "type": "Dataset", "fileName": {"type": "Property", "value": "a.csv"},
            "license": {"type": "Property", "value": "利用規約による"}, "source": {"type": "Property", "value": "窓口で 配布"},
        }));
        assert!(!words.iter().any(|triple| triple.contains("downloadURL")), "{words:#?}");
        let licences: Vec<_> = words.iter().filter(|triple| triple.contains("license")).collect();
        assert_eq!(licences, ["<urn:x:1> <http://purl.org/dc/terms/license> \"利用規約による\""], "{words:#?}");
    }
}
