//! Linked data over HTTP: what every IRI that is published here stands for, and the whole as dumps and as a stream.
//!
//! | module | what it answers |
//! |---|---|
//! | `form` | which form of RDF, or a page: by ending, `format=` or Accept |
//! | `document` | triples in that form, with entity tag, `Vary` and links to the other forms |
//! | `statements` | triples with short names |
//! | `identifier` | `/id/{IRI}`: entities, and whatever else has an IRI here |
//! | `vocabulary` | `/vocab`: the ontology and its terms |
//! | `dataset` | `/datasets`: the catalogue and its data sets (DCAT, PROV-O) |
//! | `void` | `/.well-known/void`: what there is, how much, and where (VoID) |
//! | `dumps` | `/dumps`: everything at once, from the SPARQL sidecar |
//! | `event_stream` | `/ldes`: everything that happened, page by page (LDES, TREE) |

pub mod dataset;
pub mod document;
pub mod dumps;
pub mod event_stream;
pub mod form;
pub mod identifier;
pub mod statements;
pub mod vocabulary;
pub mod void;

use actix_web::HttpRequest;
use oxrdf::NamedNode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::problem::{HttpError, Result};
use super::request::base_url;
use crate::state::AppState;

/// A text as part of a path or a query, percent-encoded.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// How this server is reached, as a part of IRIs: `http://host:port`, without a final slash.
///
/// # Errors
/// BadRequestData when the client calls this host by a name that cannot stand in an IRI.
pub(super) fn base_iri(request: &HttpRequest, state: &AppState) -> Result<String> {
    let base = base_url(request, state);
    match NamedNode::new(format!("{base}/")) {
        Ok(_) => Ok(base),
        Err(_) => Err(HttpError::bad_request("the header Host is no name of a host")),
    }
}
