//! The names in the graph of the index.

use oxigraph::model::NamedNodeRef;

macro_rules! terms {
    ($($(#[$doc:meta])* $name:ident = $iri:literal;)*) => {
        $($(#[$doc])* pub const $name: NamedNodeRef<'static> = NamedNodeRef::new_unchecked($iri);)*
    };
}

terms! {
    /// The graph of the index.
    INDEX = "urn:hiroba:sparql:index";
    /// The index itself, as a subject.
    THIS = "urn:hiroba:sparql:this";
    /// Which kinds of homes are in use, as bits: `this levels 130`.
    LEVELS = "urn:hiroba:sparql:levels";
    /// `home in cell`
    IN = "urn:hiroba:sparql:in";
    /// `word occursIn "市役所"@ja`
    OCCURS_IN = "urn:hiroba:sparql:occursIn";
    /// The predicate whose values have places.
    AS_WKT = "http://www.opengis.net/ont/geosparql#asWKT";
}

/// The predicates whose values are names.
pub const LABELS: [NamedNodeRef<'static>; 6] = [
    NamedNodeRef::new_unchecked("https://schema.org/name"),
    NamedNodeRef::new_unchecked("https://schema.org/alternateName"),
    NamedNodeRef::new_unchecked("http://www.w3.org/2000/01/rdf-schema#label"),
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/title"),
    NamedNodeRef::new_unchecked("http://www.w3.org/2004/02/skos/core#prefLabel"),
    NamedNodeRef::new_unchecked("http://www.w3.org/2004/02/skos/core#altLabel"),
];

/// Whether a graph is that of the index.
pub fn is_of_index(graph: &str) -> bool {
    graph == INDEX.as_str()
}
