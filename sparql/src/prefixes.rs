//! Prefixes for people: they make Turtle readable, and editors offer them.

/// Prefixes and the IRIs that they stand for.
pub const PREFIXES: [(&str, &str); 17] = [
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("dcterms", "http://purl.org/dc/terms/"),
    ("schema", "https://schema.org/"),
    ("hiroba", hiroba_vocab::namespace::HIROBA),
    ("dcat", hiroba_vocab::namespace::DCAT),
    ("void", hiroba_vocab::namespace::VOID),
    ("geo", "http://www.opengis.net/ont/geosparql#"),
    ("geof", "http://www.opengis.net/def/function/geosparql/"),
    ("text", "http://jena.apache.org/text#"),
    ("uom", "http://www.opengis.net/def/uom/OGC/1.0/"),
    ("wgs84", "http://www.w3.org/2003/01/geo/wgs84_pos#"),
    ("ngsi-ld", "https://uri.etsi.org/ngsi-ld/"),
    ("default", "https://uri.etsi.org/ngsi-ld/default-context/"),
    ("sd", "http://www.w3.org/ns/sparql-service-description#"),
    ("sh", "http://www.w3.org/ns/shacl#"),
];
