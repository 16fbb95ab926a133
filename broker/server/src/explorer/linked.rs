//! Entities as linked data: Turtle, N-Triples and JSON-LD.

use ngsild::Entity;
use ngsild::jsonld::Context;
use ngsild::rdf::Mapping;
use oxrdf::Triple;
use oxttl::{NTriplesSerializer, TurtleSerializer};

/// Prefixes that make Turtle readable.
const PREFIXES: &[(&str, &str)] = &[
    ("schema", "https://schema.org/"),
    ("dcterms", "http://purl.org/dc/terms/"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("void", "http://rdfs.org/ns/void#"),
    ("geo", "http://www.opengis.net/ont/geosparql#"),
    ("wgs84", "http://www.w3.org/2003/01/geo/wgs84_pos#"),
    ("ngsi-ld", "https://uri.etsi.org/ngsi-ld/"),
    ("hiroba", "https://w3id.org/hiroba/vocab/"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

fn triples(entity: &Entity, context: &Context) -> Vec<Triple> {
    let mut triples = Vec::new();
    Mapping { context }.plain(entity, &mut |triple| triples.push(triple));
    triples
}

/// An entity in Turtle.
///
/// # Errors
/// When it cannot be serialised, which would be an error of the program.
pub(super) fn turtle(entity: &Entity, context: &Context) -> std::io::Result<Vec<u8>> {
    let mut serializer = TurtleSerializer::new();
    for (prefix, iri) in PREFIXES {
        serializer = serializer.with_prefix(*prefix, *iri).map_err(std::io::Error::other)?;
    }
    let mut writer = serializer.for_writer(Vec::new());
    for triple in triples(entity, context) {
        writer.serialize_triple(&triple)?;
    }
    writer.finish()
}

/// An entity in N-Triples.
///
/// # Errors
/// As [`turtle`].
pub(super) fn n_triples(entity: &Entity, context: &Context) -> std::io::Result<Vec<u8>> {
    let mut writer = NTriplesSerializer::new().for_writer(Vec::new());
    for triple in triples(entity, context) {
        writer.serialize_triple(&triple)?;
    }
    Ok(writer.finish())
}
