//! Triples as an answer: in one of their forms, with an entity tag and links to the other forms.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LINK, LOCATION, VARY};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::StoreError;
use hiroba_vocab::namespace;
use oxrdf::{NamedOrBlankNode, Term, Triple};
use oxrdfio::{RdfFormat, RdfSerializer};

use super::super::problem::Result;
use super::super::respond::{echo_tenant, knows};
use super::form::{FORMAT, Form, Offer};

/// The headers of a request that documents of linked data depend on.
pub const VARIES: &str = "Accept, NGSILD-Tenant, NGSILD-Snapshot";

/// A description, and how its answer is kept.
#[derive(Debug)]
pub struct Document<'d> {
    /// What it says.
    pub triples: &'d [Triple],
    /// The form that was asked for, which is no page.
    pub form: Form,
    /// The forms that there are.
    pub offer: &'d Offer,
    /// The address without what names a form.
    pub path: &'d str,
    /// `Cache-Control`.
    pub cache: &'d str,
    /// More values of `Link`.
    pub links: Vec<String>,
}

impl Document<'_> {
    /// The answer: 200, or 304 when the client has it already.
    ///
    /// # Errors
    /// When the triples cannot be written, which would be an error of the program.
    pub fn answer(&self, request: &HttpRequest) -> Result<HttpResponse> {
        let body = write(self.triples, self.form)?;
        let tag = tag_of(&body);
        let known = knows(request, &tag);
        let mut response = HttpResponse::build(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        response.insert_header((ETAG, tag)).insert_header((VARY, VARIES)).insert_header((CACHE_CONTROL, self.cache));
        for link in alternates(self.path, self.offer, self.form).into_iter().chain(self.links.iter().cloned()) {
            response.append_header((LINK, link));
        }
        echo_tenant(request, &mut response)?;
        Ok(if known { response.finish() } else { response.content_type(self.form.media()).body(body) })
    }
}

/// The strong entity tag of a body.
pub fn tag_of(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Values of `Link` that lead from one form to the others.
pub fn alternates(path: &str, offer: &Offer, but: Form) -> Vec<String> {
    let others = offer.forms().iter().filter(|form| **form != but);
    let and = if path.contains('?') { '&' } else { '?' };
    let link =
        |form: &Form| format!("<{path}{and}{FORMAT}={}>; rel=\"alternate\"; type=\"{}\"", form.word(), form.media());
    others.map(link).collect()
}

/// Leads to a page or document about what was asked for (303, as is usual for IRIs of things).
///
/// # Errors
/// None that a request that came so far could cause.
pub fn see_other(request: &HttpRequest, path: &str, links: Vec<String>) -> Result<HttpResponse> {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, path)).insert_header((VARY, VARIES));
    for link in links {
        response.append_header((LINK, link));
    }
    echo_tenant(request, &mut response)?;
    Ok(response.finish())
}

/// Triples in a form of RDF. What is said of one node stands together where a form has blocks.
///
/// # Errors
/// When they cannot be written, which would be an error of the program.
pub fn write(triples: &[Triple], form: Form) -> Result<Vec<u8>> {
    let failed =
        |error: &dyn std::fmt::Display| StoreError::Database(format!("linked data cannot be written: {error}"));
    let Some(format) = form.rdf() else { return Ok(Vec::new()) };
    let mut serializer = RdfSerializer::from_format(format);
    for (prefix, namespace) in namespace::PREFIXES.iter().filter(|(_, namespace)| is_used(triples, namespace)) {
        serializer = serializer.with_prefix(*prefix, *namespace).map_err(|e| failed(&e))?;
    }
    let mut writer = serializer.for_writer(Vec::new());
    let blocks = matches!(format, RdfFormat::Turtle | RdfFormat::TriG | RdfFormat::JsonLd { .. });
    for triple in if blocks { by_subject(triples) } else { triples.iter().collect() } {
        writer.serialize_triple(triple).map_err(|e| failed(&e))?;
    }
    Ok(writer.finish().map_err(|e| failed(&e))?)
}

/// Whether a namespace makes some IRI shorter: a document of a few lines has no page of prefixes before it.
fn is_used(triples: &[Triple], namespace: &str) -> bool {
    triples.iter().any(|triple| {
        let object = match &triple.object {
            Term::NamedNode(node) => node.as_str(),
            Term::Literal(literal) => literal.datatype().as_str(),
            Term::BlankNode(_) => "",
        };
        let subject =
            matches!(&triple.subject, NamedOrBlankNode::NamedNode(node) if node.as_str().starts_with(namespace));
        subject || triple.predicate.as_str().starts_with(namespace) || object.starts_with(namespace)
    })
}

/// The triples with those of one subject together, subjects in the order of their first.
fn by_subject(triples: &[Triple]) -> Vec<&Triple> {
    let mut places: HashMap<&NamedOrBlankNode, usize> = HashMap::new();
    let mut blocks: Vec<Vec<&Triple>> = Vec::new();
    for triple in triples {
        let place = *places.entry(&triple.subject).or_insert_with(|| {
            blocks.push(Vec::new());
            blocks.len() - 1
        });
        if let Some(block) = blocks.get_mut(place) {
            block.push(triple);
        }
    }
    blocks.into_iter().flatten().collect()
}
