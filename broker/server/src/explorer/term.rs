//! Pages about the vocabulary: all terms, and one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_vocab::Terms;
use hiroba_vocab::namespace::HIROBA;
use oxrdf::vocab::rdfs;
use oxrdf::{NamedOrBlankNode, Term, Triple};

use super::Language;
use super::page::{Fact, Link, TermPage};
use super::visit::Visit;
use crate::http::linked_data::form::{DOCUMENT, FORMAT, Form};
use crate::http::linked_data::statements::short;
use crate::http::linked_data::vocabulary::{PATH, path_of};
use crate::http::problem::Result;
use crate::state::AppState;

const DEFINITION: &str = "http://www.w3.org/2004/02/skos/core#definition";
const PREF_LABEL: &str = "http://www.w3.org/2004/02/skos/core#prefLabel";

/// The page that lists every term.
///
/// # Errors
/// NonexistentTenant; when the page cannot be made.
pub async fn index(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let visit = Visit::of(request, state).await?;
    let fact = |term: &hiroba_vocab::term::Term| Fact {
        label: term.term.clone(),
        value: in_language(visit.language, &term.ja, &term.en).to_owned(),
        link: Some(format!("{PATH}/{}", term.term)),
        notes: Vec::new(),
    };
    let page = TermPage {
        frame: visit.frame(visit.say("vocabulary")),
        iri: HIROBA.to_owned(),
        definition: String::new(),
        facts: Terms::published().iter().map(fact).collect(),
        incoming: Vec::new(),
        links: links(PATH),
    };
    visit.html(&page)
}

/// The page about a term, from all that is said of it.
///
/// # Errors
/// As [`index`].
pub async fn page(
    request: HttpRequest,
    state: Data<AppState>,
    iri: &str,
    triples: &[Triple],
    path: &str,
) -> Result<HttpResponse> {
    let visit = Visit::of(request, state).await?;
    let (about, leading): (Vec<&Triple>, Vec<&Triple>) = triples
        .iter()
        .partition(|triple| matches!(&triple.subject, NamedOrBlankNode::NamedNode(subject) if subject.as_str() == iri));
    let text = |predicate: &str| text_of(&about, predicate, visit.language);
    let title = text(rdfs::LABEL.as_str()).or_else(|| text(PREF_LABEL)).unwrap_or_else(|| short(iri));
    let incoming = leading.iter().map(|triple| {
        let subject = match &triple.subject {
            NamedOrBlankNode::NamedNode(subject) => subject.as_str(),
            NamedOrBlankNode::BlankNode(_) => "",
        };
        fact(triple.predicate.as_str(), subject)
    });
    let facts = about.iter().map(|triple| match &triple.object {
        Term::Literal(literal) => Fact {
            label: short(triple.predicate.as_str()),
            value: literal.value().to_owned(),
            link: None,
            notes: literal.language().map(ToOwned::to_owned).into_iter().collect(),
        },
        Term::NamedNode(object) => fact(triple.predicate.as_str(), object.as_str()),
        Term::BlankNode(_) => fact(triple.predicate.as_str(), ""),
    });
    let page = TermPage {
        iri: iri.to_owned(),
        definition: text(DEFINITION).unwrap_or_default(),
        facts: facts.collect(),
        incoming: incoming.collect(),
        links: links(path),
        frame: visit.frame(title),
    };
    visit.html(&page)
}

/// What is said by an IRI: a link here for terms, outside for pages of others.
fn fact(predicate: &str, iri: &str) -> Fact {
    let outside = || iri.starts_with("http").then(|| iri.to_owned());
    Fact { label: short(predicate), value: short(iri), link: path_of(iri).or_else(outside), notes: Vec::new() }
}

/// A text in the reader's language, or in another one.
fn text_of(about: &[&Triple], predicate: &str, language: Language) -> Option<String> {
    let texts = || {
        about.iter().filter(|triple| triple.predicate.as_str() == predicate).filter_map(|triple| match &triple.object {
            Term::Literal(literal) => Some(literal),
            _ => None,
        })
    };
    let own = texts().find(|literal| literal.language() == Some(language.tag()));
    own.or_else(|| texts().next()).map(|literal| literal.value().to_owned())
}

fn in_language<'t>(language: Language, ja: &'t str, en: &'t str) -> &'t str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// The same in forms for programs, at the address of something that has an IRI.
pub(super) fn links(path: &str) -> Vec<Link> {
    let programs = DOCUMENT.forms().iter().filter(|form| **form != Form::Html);
    programs
        .map(|form| Link { label: form.media().to_owned(), href: format!("{path}?{FORMAT}={}", form.word()) })
        .collect()
}
