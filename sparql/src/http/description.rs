//! The service description (SPARQL 1.1 Service Description): what this endpoint is and can.

use actix_web::http::header::VARY;
use actix_web::{HttpRequest, HttpResponse};
use oxigraph::model::vocab::rdf;
use oxigraph::model::{Literal, NamedNode, NamedNodeRef, Term, TripleRef};

use super::params::{self, Pairs};
use super::problem::Result;
use crate::config::Config;
use crate::query::{self, FORMATS, Family, Form, Format, QueryError};
use crate::state::AppState;

const TITLE: NamedNodeRef<'static> = NamedNodeRef::new_unchecked("http://purl.org/dc/terms/title");
const DESCRIPTION: NamedNodeRef<'static> = NamedNodeRef::new_unchecked("http://purl.org/dc/terms/description");

/// Answers with the description, in the form that the client likes best.
pub(super) fn answer(request: &HttpRequest, state: &AppState, pairs: &Pairs) -> Result<HttpResponse> {
    let words: Vec<String> =
        pairs.iter().filter(|(name, _)| name == "format" || name == "output").map(|(_, value)| value.clone()).collect();
    let format = Format::choose(Family::Graph, &words, &params::accept(request))?;
    let tenant = params::tenant(request)?;
    let graphs = match state.current.get() {
        Some(copy) => {
            copy.reading(&tenant).ok_or(QueryError::NoSuchTenant(tenant))?.graphs().map_err(QueryError::from)?
        }
        None => Vec::new(),
    };
    let endpoint = params::endpoint(request);
    let body =
        describe(&endpoint, &graphs, &state.config, format).map_err(|error| QueryError::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type(format.media)
        .insert_header((VARY, "Accept, NGSILD-Tenant, Fiware-Service"))
        .body(body))
}

fn describe(endpoint: &str, graphs: &[String], config: &Config, format: &Format) -> std::io::Result<Vec<u8>> {
    let Form::Graph(rdf_format) = format.form else { return Ok(Vec::new()) };
    let mut writer = query::serializer(rdf_format).for_writer(Vec::new());
    // Whatever the client calls this host; a name that cannot stand in an IRI is left out.
    let endpoint = NamedNode::new(endpoint).unwrap_or_else(|_| NamedNode::new_unchecked("urn:hiroba:sparql:endpoint"));
    let part = |name: &str| NamedNode::new_unchecked(format!("{}#{name}", endpoint.as_str()));
    let (dataset, default) = (part("dataset"), part("default-graph"));
    // The service is called what its endpoint is: Comunica looks for what the address that it knows says of itself.
    let service = &endpoint;
    let mut say = |subject: &NamedNode, predicate: NamedNodeRef<'_>, object: Term| {
        writer.serialize_triple(TripleRef::new(subject, predicate, &object))
    };
    say(service, rdf::TYPE, sd("Service").into())?;
    say(service, sd("endpoint").as_ref(), endpoint.clone().into())?;
    say(service, sd("supportedLanguage").as_ref(), sd("SPARQL11Query").into())?;
    if !config.services.is_empty() {
        say(service, sd("feature").as_ref(), sd("BasicFederatedQuery").into())?;
    }
    if config.maintenance {
        say(service, sd("supportedLanguage").as_ref(), sd("SPARQL11Update").into())?;
    }
    for format in &FORMATS {
        let iri = match format.form {
            Form::Results(form) => form.iri(),
            Form::Graph(form) => form.iri(),
        };
        say(service, sd("resultFormat").as_ref(), NamedNode::new_unchecked(iri).into())?;
    }
    for name in query::function_names() {
        say(service, sd("extensionFunction").as_ref(), NamedNode::new_unchecked(name).into())?;
    }
    say(service, sd("defaultDataset").as_ref(), dataset.clone().into())?;
    say(&dataset, rdf::TYPE, sd("Dataset").into())?;
    say(&dataset, sd("defaultGraph").as_ref(), default.clone().into())?;
    for (i, graph) in graphs.iter().enumerate() {
        let (node, contents) = (part(&format!("graph-{i}")), part(&format!("graph-{i}-contents")));
        say(&dataset, sd("namedGraph").as_ref(), node.clone().into())?;
        say(&node, rdf::TYPE, sd("NamedGraph").into())?;
        say(&node, sd("name").as_ref(), NamedNode::new_unchecked(graph).into())?;
        say(&node, sd("graph").as_ref(), contents.clone().into())?;
        say(&contents, rdf::TYPE, sd("Graph").into())?;
    }
    say(&default, rdf::TYPE, sd("Graph").into())?;
    say(&default, TITLE, Literal::from("All entities, in short triples").into())?;
    let about = "The same facts with observedAt, unitCode and the other metadata of NGSI-LD are in the named graphs, one \
                 for each entity type.";
    say(&default, DESCRIPTION, Literal::from(about).into())?;
    writer.finish()
}

/// A term of the service description vocabulary.
fn sd(name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("http://www.w3.org/ns/sparql-service-description#{name}"))
}
