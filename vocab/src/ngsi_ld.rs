//! Constants of ETSI GS CIM 009 V1.9.1.

/// Prefix of every IRI that the core @context maps NGSI-LD's own terms to (annex B).
pub const NAMESPACE: &str = "https://uri.etsi.org/ngsi-ld/";

/// Where a term without a mapping goes: the core @context's `@vocab` (annex B).
pub const DEFAULT_VOCAB: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// URL of the core @context that this edition speaks.
pub const CORE_CONTEXT: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

/// Prefix of the error types in ProblemDetails (5.5.2).
pub const ERRORS: &str = "https://uri.etsi.org/ngsi-ld/errors/";

/// The NGSI-LD Null: "delete this" on input, "was deleted" on output (4.5.0).
pub const NULL: &str = "urn:ngsi-ld:null";

/// Link relation that names a JSON-LD @context (6.3.5).
pub const CONTEXT_LINK_REL: &str = "http://www.w3.org/ns/json-ld#context";

/// Prefix of the profiles that name a version of the standard, `1.8` (5.5.4).
pub const PROFILES: &str = "https://uri.etsi.org/ngsi-ld/profile/";

/// The predefined GeoProperties, known to the core @context by name (4.7).
pub const LOCATION: &str = "https://uri.etsi.org/ngsi-ld/location";
