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
