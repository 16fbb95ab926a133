//! Namespaces of the vocabularies that Hiroba publishes with.

/// Our own terms: classes and attributes that no shared vocabulary has.
pub const HIROBA: &str = "https://w3id.org/hiroba/vocab/";

/// Columns that no data-set definition knows, and cells that could not be understood: this, followed by the header,
/// percent-encoded ([`crate::column_iri`]).
pub const COLUMN: &str = "https://w3id.org/hiroba/vocab/column/";

/// Code lists: this, followed by the attribute, and for a code by `/` and the code, percent-encoded.
pub const CODE: &str = "https://w3id.org/hiroba/vocab/code/";

/// schema.org, in its https form.
pub const SCHEMA: &str = "https://schema.org/";

/// DCMI Metadata Terms. NGSI-LD's core @context maps `title` and `description` here.
pub const DCTERMS: &str = "http://purl.org/dc/terms/";

/// W3C Data Catalog Vocabulary.
pub const DCAT: &str = "http://www.w3.org/ns/dcat#";

/// Vocabulary of Interlinked Datasets.
pub const VOID: &str = "http://rdfs.org/ns/void#";

/// IMI core vocabulary (共通語彙基盤), in the form that RDF data use.
pub const IMI: &str = "http://imi.go.jp/ns/core/rdf#";

/// Prefixes of everything that is published with, and the namespaces that they stand for: they make Turtle readable, and
/// editors offer them. No prefix stands twice, nor does a namespace; a namespace may lie within another.
pub const PREFIXES: &[(&str, &str)] = &[
    ("hiroba", HIROBA),
    ("column", COLUMN),
    ("code", CODE),
    ("ngsi-ld", crate::ngsi_ld::NAMESPACE),
    ("default", crate::ngsi_ld::DEFAULT_VOCAB),
    ("schema", SCHEMA),
    ("dcterms", DCTERMS),
    ("dcat", DCAT),
    ("void", VOID),
    ("prov", "http://www.w3.org/ns/prov#"),
    ("spdx", "http://spdx.org/rdf/terms#"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("geo", "http://www.opengis.net/ont/geosparql#"),
    ("geof", "http://www.opengis.net/def/function/geosparql/"),
    ("uom", "http://www.opengis.net/def/uom/OGC/1.0/"),
    ("wgs84", "http://www.w3.org/2003/01/geo/wgs84_pos#"),
    ("text", "http://jena.apache.org/text#"),
    ("ldes", "https://w3id.org/ldes#"),
    ("tree", "https://w3id.org/tree#"),
    ("as", "https://www.w3.org/ns/activitystreams#"),
    ("sd", "http://www.w3.org/ns/sparql-service-description#"),
    ("sh", "http://www.w3.org/ns/shacl#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// The prefix of an IRI, its namespace, and what is left: the longest namespace wins, since `column:` lies within `hiroba:`.
/// `None` when it lies in none.
pub fn split(iri: &str) -> Option<(&'static str, &'static str, &str)> {
    let fitting =
        PREFIXES.iter().filter_map(|(prefix, namespace)| Some((*prefix, *namespace, iri.strip_prefix(namespace)?)));
    fitting.max_by_key(|(_, namespace, _)| namespace.len())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_prefix_and_no_namespace_stands_twice() {
        let prefixes: HashSet<_> = PREFIXES.iter().map(|(prefix, _)| prefix).collect();
        let namespaces: HashSet<_> = PREFIXES.iter().map(|(_, namespace)| namespace).collect();
        assert_eq!((prefixes.len(), namespaces.len()), (PREFIXES.len(), PREFIXES.len()));
    }

    #[test]
    fn the_longest_namespace_wins() {
        let column = format!("{COLUMN}a");
        assert_eq!(split(&column), Some(("column", COLUMN, "a")));
        assert_eq!(split("https://w3id.org/hiroba/vocab/AED"), Some(("hiroba", HIROBA, "AED")));
        assert_eq!(split("urn:x:1"), None);
    }
}
