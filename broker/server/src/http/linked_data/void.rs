//! `/.well-known/void`: what linked data there are here, how much, and where (VoID, section 7 for the address).

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::Stored;
use hiroba_vocab::namespace;
use oxrdf::{Literal, NamedNode};

use super::super::problem::Result;
use super::super::request::params::Params;
use super::super::request::tenant;
use super::document::Document;
use super::form::{DESCRIPTION, FORMAT};
use super::statements::Statements;
use super::{base_iri, dataset, dumps, event_stream, identifier};
use crate::service::catalogue::{datasets, text};
use crate::service::discovery::{Summary, summary};
use crate::service::existing_tenant;
use crate::state::AppState;

/// The path.
pub const PATH: &str = "/.well-known/void";

/// Numbers that are a minute old do nobody harm.
const CACHE: &str = "public, max-age=60";
/// How many types and attributes are counted one by one.
const PARTITIONS: usize = 2_000;

/// `GET /.well-known/void`: the description in Turtle, JSON-LD or N-Triples.
///
/// # Errors
/// NotAcceptable; BadRequestData for parameters that are wrong; NonexistentTenant; when the database fails.
pub async fn void(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let params = Params::of(&request, &[FORMAT])?;
    let form = DESCRIPTION.choose(&request, &params)?;
    let place = tenant(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    let base = base_iri(&request, &state)?;
    let summary = summary(&state, tenant).await?;
    let all = datasets(&state, tenant).await?;
    // Addresses that lead on name the tenant themselves: who follows them need not send the header.
    let own = if place.tenant.is_default() { String::new() } else { format!("/{}", place.tenant) };
    let mut said = Statements::default();
    let dataset = NamedNode::new_unchecked(format!("{base}{PATH}#dataset"));
    let document = NamedNode::new_unchecked(format!("{base}{PATH}"));
    said.is_a(&document, "void:DatasetDescription");
    said.say(&document, "foaf:primaryTopic", dataset.clone());
    said.is_a(&dataset, "void:Dataset");
    said.say_both(&dataset, "dcterms:title", "オープンデータ", "Open data");
    said.say_both(
        &dataset,
        "dcterms:description",
        "このサーバーのすべてのエンティティ。数はエンティティと属性のもので、トリプルの数ではない。",
        "All entities of this server. Counted are entities and attributes, not triples.",
    );
    said.link(&dataset, "foaf:homepage", &format!("{base}/"));
    said.link(&dataset, "void:uriLookupEndpoint", &format!("{base}{}", identifier::PATH));
    said.link(&dataset, "rdfs:seeAlso", &format!("{base}{}", dataset::PATH));
    said.link(&dataset, "rdfs:seeAlso", &format!("{base}{}{own}", event_stream::PATH));
    for format in ["Turtle", "JSON-LD", "N-Triples"] {
        said.link(&dataset, "void:feature", &format!("http://www.w3.org/ns/formats/{format}"));
    }
    if state.sidecar.is_some() {
        said.link(&dataset, "void:sparqlEndpoint", &format!("{base}/sparql{own}"));
        for name in dumps::NAMES {
            said.link(&dataset, "void:dataDump", &format!("{base}{}{own}/{name}", dumps::PATH));
        }
    }
    for namespace in vocabularies(&summary) {
        said.link(&dataset, "void:vocabulary", namespace);
    }
    partitions(&mut said, &dataset, &summary);
    for stored in &all {
        subset(&mut said, &dataset, stored);
    }
    let triples = said.into_triples();
    Document { triples: &triples, form, offer: &DESCRIPTION, path: PATH, cache: CACHE, links: Vec::new() }
        .answer(&request)
}

/// The namespaces of the types and attributes that are in use, as far as they are known by a prefix.
fn vocabularies(summary: &Summary) -> BTreeSet<&'static str> {
    let names = summary.types.keys().chain(summary.attributes.keys());
    names.filter_map(|name| namespace::split(name.as_str()).map(|(_, namespace, _)| namespace)).collect()
}

/// How many entities there are, of each type, and with each attribute.
fn partitions(said: &mut Statements, dataset: &NamedNode, summary: &Summary) {
    let part = |name: String| NamedNode::new_unchecked(format!("{}-{name}", dataset.as_str()));
    said.count(dataset, "void:entities", summary.entities);
    said.count(dataset, "void:classes", summary.types.len() as u64);
    said.count(dataset, "void:properties", summary.attributes.len() as u64);
    for (number, (name, class)) in summary.types.iter().take(PARTITIONS).enumerate() {
        let node = part(format!("class-{number}"));
        said.say(dataset, "void:classPartition", node.clone());
        said.link(&node, "void:class", name.as_str());
        said.count(&node, "void:entities", class.entities);
        said.count(&node, "void:properties", class.attributes.len() as u64);
    }
    for (number, (name, attribute)) in summary.attributes.iter().take(PARTITIONS).enumerate() {
        let node = part(format!("property-{number}"));
        said.say(dataset, "void:propertyPartition", node.clone());
        said.link(&node, "void:property", name.as_str());
        said.count(&node, "void:distinctSubjects", attribute.entities);
    }
}

/// A data set of the catalogue with its licence.
fn subset(said: &mut Statements, dataset: &NamedNode, stored: &Stored) {
    let Some(node) = ngsild::rdf::entity_node(&stored.entity.id) else { return };
    said.say(dataset, "void:subset", node.clone());
    said.is_a(&node, "void:Dataset");
    if let Some(licence) = text(stored, "license") {
        match NamedNode::new(licence) {
            Ok(licence) => said.say(&node, "dcterms:license", licence),
            Err(_) => said.say(&node, "dcterms:rights", Literal::from(licence)),
        }
    }
}
