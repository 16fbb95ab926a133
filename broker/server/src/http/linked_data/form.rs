//! In which form linked data is answered: by ending, by `format=`, or by Accept, in this order.

use actix_web::HttpRequest;
use ngsild::Error;
use oxrdfio::{JsonLdProfileSet, RdfFormat};

use super::super::problem::{HttpError, Result};
use super::super::request::accept::pick;
use super::super::request::params::Params;

/// The parameter that names a form.
pub const FORMAT: &str = "format";

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// RDF 1.1 Turtle.
    Turtle,
    /// JSON-LD 1.1 with expanded names: no @context has to be fetched.
    JsonLd,
    /// RDF 1.1 N-Triples.
    NTriples,
    /// RDF 1.1 N-Quads.
    NQuads,
    /// RDF 1.1 TriG.
    TriG,
    /// A page for people.
    Html,
}

/// Forms that something is offered in, the preferred first, and what to tell who wants none of them.
#[derive(Debug)]
pub struct Offer {
    forms: &'static [Form],
    media: &'static str,
}

/// Documents about one thing.
pub const DOCUMENT: Offer = Offer {
    forms: &[Form::Turtle, Form::JsonLd, Form::NTriples, Form::Html],
    media: "text/turtle, application/ld+json, application/n-triples, text/html",
};

/// Descriptions for programs.
pub const DESCRIPTION: Offer = Offer {
    forms: &[Form::Turtle, Form::JsonLd, Form::NTriples],
    media: "text/turtle, application/ld+json, application/n-triples",
};

/// Pages of the event stream.
pub const STREAM: Offer = Offer {
    forms: &[Form::Turtle, Form::TriG, Form::JsonLd, Form::NQuads, Form::NTriples],
    media: "text/turtle, application/trig, application/ld+json, application/n-quads, application/n-triples",
};

impl Form {
    const ALL: [Self; 6] = [Self::Turtle, Self::JsonLd, Self::NTriples, Self::NQuads, Self::TriG, Self::Html];

    /// The media type.
    pub fn media(self) -> &'static str {
        match self {
            Self::Turtle => "text/turtle",
            Self::JsonLd => "application/ld+json",
            Self::NTriples => "application/n-triples",
            Self::NQuads => "application/n-quads",
            Self::TriG => "application/trig",
            Self::Html => "text/html",
        }
    }

    /// What else clients call it.
    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Turtle => &["application/turtle", "application/x-turtle", "text/n3"],
            Self::JsonLd => &["application/json"],
            Self::NTriples => &["text/plain"],
            Self::NQuads => &["text/x-nquads"],
            Self::TriG => &["application/x-trig"],
            Self::Html => &["application/xhtml+xml"],
        }
    }

    /// The word for it in `format=`, which is also the ending.
    pub fn word(self) -> &'static str {
        match self {
            Self::Turtle => "ttl",
            Self::JsonLd => "jsonld",
            Self::NTriples => "nt",
            Self::NQuads => "nq",
            Self::TriG => "trig",
            Self::Html => "html",
        }
    }

    fn is_called(self, word: &str) -> bool {
        let others: &[&str] = match self {
            Self::Turtle => &["turtle"],
            Self::JsonLd => &["json-ld"],
            Self::NTriples => &["ntriples", "n-triples"],
            Self::NQuads => &["nquads", "n-quads"],
            Self::TriG | Self::Html => &[],
        };
        word == self.word() || others.contains(&word) || word == self.media()
    }

    /// How RDF is written; `None` for a page.
    pub fn rdf(self) -> Option<RdfFormat> {
        Some(match self {
            Self::Turtle => RdfFormat::Turtle,
            Self::JsonLd => RdfFormat::JsonLd { profile: JsonLdProfileSet::empty() },
            Self::NTriples => RdfFormat::NTriples,
            Self::NQuads => RdfFormat::NQuads,
            Self::TriG => RdfFormat::TriG,
            Self::Html => return None,
        })
    }
}

impl Offer {
    /// The forms, the preferred first.
    pub fn forms(&self) -> &'static [Form] {
        self.forms
    }

    /// The form that a request asks for.
    ///
    /// # Errors
    /// BadRequestData for a `format` that is not offered; NotAcceptable when Accept wants none of those that are.
    pub fn choose(&self, request: &HttpRequest, params: &Params) -> Result<Form> {
        if let Some(word) = params.get(FORMAT) {
            return self.forms.iter().copied().find(|form| form.is_called(word)).ok_or_else(|| {
                let known: Vec<&str> = self.forms.iter().map(|form| form.word()).collect();
                let detail = format!("'{word}' is not one of {}", known.join(", "));
                Error::bad_request(detail).at(FORMAT).into()
            });
        }
        let names = |form: &Form| std::iter::once(form.media()).chain(form.aliases().iter().copied());
        // A name of another form's own comes before an older or less precise one.
        let mut available: Vec<&str> = self.forms.iter().map(|form| form.media()).collect();
        available.extend(self.forms.iter().flat_map(|form| form.aliases().iter().copied()));
        let chosen = pick(request, &available).ok_or(HttpError::NotAcceptable(self.media))?;
        let form = self.forms.iter().copied().find(|form| names(form).any(|name| name == chosen));
        form.ok_or(HttpError::NotAcceptable(self.media))
    }

    /// A name in a path without the ending that names a form, and the form: `AED.ttl` is `AED` in Turtle.
    pub fn ending<'n>(&self, name: &'n str) -> Option<(&'n str, Form)> {
        let (stem, ending) = name.rsplit_once('.')?;
        let form = Form::ALL.into_iter().find(|form| form.word() == ending && self.forms.contains(form))?;
        Some((stem, form)).filter(|(stem, _)| !stem.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn chosen(offer: &Offer, accept: &str, query: &str) -> Option<Form> {
        let request = TestRequest::get().uri(&format!("/x{query}")).insert_header(("accept", accept)).to_http_request();
        offer.choose(&request, &Params::of(&request, &[FORMAT]).unwrap()).ok()
    }

    #[test]
    fn the_parameter_comes_before_accept_and_turtle_when_nobody_minds() {
        for (accept, query, form) in [
            ("*/*", "", Some(Form::Turtle)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "", Some(Form::Html)),
            ("application/ld+json", "", Some(Form::JsonLd)),
            ("application/json", "", Some(Form::JsonLd)),
            ("application/turtle, text/turtle", "", Some(Form::Turtle)),
            ("application/n-triples;q=0.9, text/turtle;q=0.2", "", Some(Form::NTriples)),
            ("text/html", "?format=nt", Some(Form::NTriples)),
            ("image/png", "?format=turtle", Some(Form::Turtle)),
            ("image/png", "", None),
            ("*/*", "?format=rdfxml", None),
            ("application/n-quads", "", None),
        ] {
            assert_eq!(chosen(&DOCUMENT, accept, query), form, "{accept} {query}");
        }
        assert_eq!(chosen(&DESCRIPTION, "text/html", ""), None);
        assert_eq!(chosen(&STREAM, "application/n-quads,application/trig;q=0.9", ""), Some(Form::NQuads));
    }

    #[test]
    fn an_ending_that_names_a_form_is_told_from_the_name() {
        for (name, found) in [
            ("AED.ttl", Some(("AED", Form::Turtle))),
            ("a.b.jsonld", Some(("a.b", Form::JsonLd))),
            ("AED", None),
            ("AED.nq", None),
            (".ttl", None),
        ] {
            assert_eq!(DOCUMENT.ending(name), found, "{name}");
        }
    }
}
