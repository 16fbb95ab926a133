//! `/datasets` and `/datasets/{id}`: the catalogue and its data sets, in the words of DCAT 3 and PROV-O.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::{Stored, TenantId};
use hiroba_vocab::{EntityId, Iri};
use ngsild::jsonld::Context;
use ngsild::{Error, ErrorKind};
use oxrdf::vocab::xsd;
use oxrdf::{Literal, NamedNode};

use super::super::problem::{HttpError, Result};
use super::super::request::params::Params;
use super::super::request::{path_part, tenant};
use super::super::respond::segment;
use super::document::{Document, alternates, see_other};
use super::form::{DOCUMENT, FORMAT, Form};
use super::identifier::{FRESH, short_triples};
use super::statements::{Statements, instant, iri};
use super::{base_iri, encode};
use crate::service::catalogue::{DATASET, datasets, entity_type, text};
use crate::service::datasets::{VersionSummary, versions};
use crate::service::entities::{Target, retrieve_entity};
use crate::service::{ServiceError, existing_tenant};
use crate::state::AppState;

/// The path of the catalogue.
pub const PATH: &str = "/datasets";

/// How many versions a data set tells of; all of them are at `/datasets/{id}/versions`.
const VERSIONS: usize = 20;

/// `GET /datasets`: the catalogue (`dcat:Catalog`) in Turtle, JSON-LD or N-Triples; who wants a page is led to the first
/// page of the explorer.
///
/// # Errors
/// NotAcceptable; BadRequestData for parameters that are wrong; NonexistentTenant; when the database fails.
pub async fn catalogue(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let params = Params::of(&request, &[FORMAT, "lang"])?;
    let form = DOCUMENT.choose(&request, &params)?;
    let place = tenant(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    if form == Form::Html {
        return see_other(&request, "/", alternates(PATH, &DOCUMENT, form));
    }
    let base = base_iri(&request, &state)?;
    let all = datasets(&state, tenant).await?;
    let mut said = Statements::default();
    let catalogue = NamedNode::new_unchecked(format!("{base}{PATH}"));
    said.is_a(&catalogue, "dcat:Catalog");
    said.say_both(&catalogue, "dcterms:title", "オープンデータ", "Open data");
    said.link(&catalogue, "foaf:homepage", &format!("{base}/"));
    said.link(&catalogue, "rdfs:seeAlso", &format!("{base}{}", super::void::PATH));
    let published = Published::new(&base, &all);
    for stored in &all {
        let Some(node) = ngsild::rdf::entity_node(&stored.entity.id) else { continue };
        said.say(&catalogue, "dcat:dataset", node);
        said.extend(short_triples(stored));
        published.describe(&mut said, stored);
    }
    let triples = said.into_triples();
    Document { triples: &triples, form, offer: &DOCUMENT, path: PATH, cache: FRESH, links: Vec::new() }.answer(&request)
}

/// `GET /datasets/{id}`: a data set with its distributions and versions in Turtle, JSON-LD or N-Triples, by Accept,
/// `format` or ending; who wants a page is led to that of the data set's entity.
///
/// # Errors
/// NotAcceptable; BadRequestData for parameters that are wrong; ResourceNotFound where there is no such data set; when the
/// database fails.
pub async fn dataset(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let params = Params::of(&request, &[FORMAT, "lang"])?;
    let place = tenant(&request)?;
    let part = path_part(&request, "id")?;
    let tenant = existing_tenant(&state, &place).await?;
    // An id may look as if it had an ending.
    let (stored, form) = match (existing(&state, tenant, &part).await, DOCUMENT.ending(&part)) {
        (Ok(stored), _) => (stored, DOCUMENT.choose(&request, &params)?),
        (Err(HttpError::Service(ServiceError::Ngsild(error))), Some((name, form)))
            if error.kind == ErrorKind::ResourceNotFound =>
        {
            (existing(&state, tenant, name).await?, form)
        }
        (Err(error), _) => return Err(error),
    };
    let id = segment(stored.entity.id.as_str()).to_string();
    let path = format!("{PATH}/{id}");
    if form == Form::Html {
        return see_other(&request, &format!("/entities/{id}"), alternates(&path, &DOCUMENT, form));
    }
    let base = base_iri(&request, &state)?;
    let all = datasets(&state, tenant).await?;
    let mut said = Statements::default();
    said.extend(short_triples(&stored));
    Published::new(&base, &all).describe(&mut said, &stored);
    match versions(&state.store, tenant, &stored.entity.id, i64::MAX, VERSIONS).await {
        Ok(versions) => tell_versions(&mut said, &stored, &format!("{base}{path}"), &versions),
        // Written by hand, and not by an import.
        Err(ServiceError::NoDataset(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let triples = said.into_triples();
    let links = vec![format!("<{PATH}>; rel=\"collection\""), format!("<{path}/versions>; rel=\"version-history\"")];
    Document { triples: &triples, form, offer: &DOCUMENT, path: &path, cache: FRESH, links }.answer(&request)
}

/// The entity of a data set.
async fn existing(state: &AppState, tenant: TenantId, id: &str) -> Result<Stored> {
    let id = EntityId::parse(id).map_err(Error::from)?;
    let nothing = |id: &EntityId| Error::new(ErrorKind::ResourceNotFound, format!("there is no data set {id}"));
    match retrieve_entity(state, &Target { tenant, id: id.clone(), types: None }).await {
        Ok(stored) if stored.entity.types.iter().any(|name| name.as_str() == DATASET) => Ok(stored),
        Ok(_) => Err(nothing(&id).into()),
        Err(ServiceError::Ngsild(error)) if error.kind == ErrorKind::ResourceNotFound => Err(nothing(&id).into()),
        Err(error) => Err(HttpError::from(error)),
    }
}

/// Where data sets are published.
struct Published<'p> {
    /// How this server is reached.
    base: &'p str,
    /// How many data sets there are of each type of entities: what holds those of several is no distribution of one.
    of_type: HashMap<Iri, usize>,
}

impl<'p> Published<'p> {
    fn new(base: &'p str, all: &[Stored]) -> Self {
        let mut of_type = HashMap::new();
        for name in all.iter().filter_map(|stored| entity_type(stored, Context::vocabulary())) {
            *of_type.entry(name).or_default() += 1;
        }
        Self { base, of_type }
    }

    /// The pages of a data set and the files in which all its entities are.
    fn describe(&self, said: &mut Statements, stored: &Stored) {
        let Some(dataset) = ngsild::rdf::entity_node(&stored.entity.id) else { return };
        let (base, id) = (self.base, segment(stored.entity.id.as_str()));
        said.link(&dataset, "dcat:landingPage", &format!("{base}/entities/{id}"));
        said.link(&dataset, "foaf:isPrimaryTopicOf", &format!("{base}{PATH}/{id}"));
        let context = Context::vocabulary();
        let Some(name) = entity_type(stored, context) else { return };
        if self.of_type.get(&name).is_some_and(|count| *count > 1) {
            return;
        }
        for file in files(&name, context) {
            let node = NamedNode::new_unchecked(format!("{base}{PATH}/{id}#{}", file.word));
            said.say(&dataset, "dcat:distribution", node.clone());
            said.is_a(&node, "dcat:Distribution");
            said.say(&node, "dcterms:title", Literal::from(file.title));
            said.link(&node, file.predicate, &format!("{base}{}", file.path));
            let media = format!("https://www.iana.org/assignments/media-types/{}", file.media);
            said.link(&node, "dcat:mediaType", &media);
            if let Some(licence) = text(stored, "license") {
                said.link(&node, "dcterms:license", licence);
            }
        }
    }
}

/// A file or service with the entities of a type.
struct File {
    word: &'static str,
    title: &'static str,
    predicate: &'static str,
    path: String,
    media: &'static str,
}

/// The path of a type's page; with an ending, of its entities in a file.
pub fn type_path(name: &Iri, context: &Context) -> String {
    format!("/data/{}", encode(&context.compact(name)))
}

fn files(name: &Iri, context: &Context) -> [File; 3] {
    let data = type_path(name, context);
    let query = format!("/ngsi-ld/v1/entities?type={}&limit=100", encode(name.as_str()));
    let download = "dcat:downloadURL";
    [
        File { word: "csv", title: "CSV", predicate: download, path: format!("{data}.csv"), media: "text/csv" },
        File {
            word: "geojson",
            title: "GeoJSON",
            predicate: download,
            path: format!("{data}.geojson"),
            media: "application/geo+json",
        },
        File {
            word: "ngsi-ld",
            title: "NGSI-LD",
            predicate: "dcat:accessURL",
            path: query,
            media: "application/ld+json",
        },
    ]
}

/// Each version as the activity that made it, with the file that it used.
fn tell_versions(said: &mut Statements, stored: &Stored, address: &str, versions: &[VersionSummary]) {
    let Some(dataset) = ngsild::rdf::entity_node(&stored.entity.id) else { return };
    if let Some(latest) = versions.first() {
        said.say(&dataset, "dcat:version", Literal::from(latest.version.to_string()));
    }
    for version in versions {
        let node = NamedNode::new_unchecked(format!("{address}#version-{}", version.version));
        said.is_a(&node, "prov:Activity");
        said.say(&node, "dcterms:identifier", Literal::from(version.version.to_string()));
        said.say(&node, "dcterms:type", Literal::from(version.kind));
        said.say(&node, "prov:startedAtTime", instant(version.begun_at));
        if let Some(at) = version.finished_at {
            said.say(&node, "prov:endedAtTime", instant(at));
        }
        if version.state == "published" || version.state == "undone" {
            said.say(&node, "prov:generated", dataset.clone());
        }
        if let Some(file) = &version.details.file_name {
            let used = NamedNode::new_unchecked(format!("{address}#file-{}", version.version));
            said.say(&node, "prov:used", used.clone());
            said.say(&used, "rdf:type", iri("prov:Entity"));
            said.say(&used, "dcterms:title", Literal::from(file.as_str()));
            if let Some(source) = &version.details.source {
                said.link(&used, "dcterms:source", source);
            }
            if let Some(licence) = &version.details.license {
                said.link(&used, "dcterms:license", licence);
            }
            if let Some(sum) = &version.details.sha256 {
                let checksum = NamedNode::new_unchecked(format!("{address}#sha256-{}", version.version));
                said.say(&used, "spdx:checksum", checksum.clone());
                said.is_a(&checksum, "spdx:Checksum");
                said.say(&checksum, "spdx:algorithm", iri("spdx:checksumAlgorithm_sha256"));
                said.say(&checksum, "spdx:checksumValue", Literal::new_typed_literal(sum, xsd::HEX_BINARY));
            }
        }
    }
}
