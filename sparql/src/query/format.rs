//! The form of the answer: what there is, and which one the client gets.

use oxigraph::io::{JsonLdProfileSet, RdfFormat};
use oxigraph::sparql::results::QueryResultsFormat;

use super::QueryError;

/// What an answer consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Rows, or yes and no: SELECT and ASK.
    Results,
    /// Triples: CONSTRUCT and DESCRIBE, and the service description.
    Graph,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Rows, or yes and no.
    Results(QueryResultsFormat),
    /// Triples.
    Graph(RdfFormat),
}

/// One form that an answer can have.
#[derive(Debug, PartialEq, Eq)]
pub struct Format {
    /// What it is called in `Content-Type`.
    pub media: &'static str,
    /// What else it may be called in `Accept`: older names, and less precise ones.
    aliases: &'static [&'static str],
    /// What it is called in `format=`.
    words: &'static [&'static str],
    /// How it is written.
    pub form: Form,
}

/// All of them; the preferred ones of each family first.
pub static FORMATS: [Format; 10] = [
    Format {
        media: "application/sparql-results+json",
        aliases: &["application/json", "text/json"],
        words: &["json", "srj"],
        form: Form::Results(QueryResultsFormat::Json),
    },
    Format {
        media: "application/sparql-results+xml",
        aliases: &["application/xml", "text/xml"],
        words: &["xml", "srx"],
        form: Form::Results(QueryResultsFormat::Xml),
    },
    Format {
        media: "text/csv; charset=utf-8",
        aliases: &["text/csv"],
        words: &["csv"],
        form: Form::Results(QueryResultsFormat::Csv),
    },
    Format {
        media: "text/tab-separated-values; charset=utf-8",
        aliases: &["text/tab-separated-values"],
        words: &["tsv"],
        form: Form::Results(QueryResultsFormat::Tsv),
    },
    Format {
        media: "text/turtle",
        aliases: &["application/turtle", "application/x-turtle", "text/n3", "text/rdf+n3", "application/n3"],
        words: &["turtle", "ttl", "n3"],
        form: Form::Graph(RdfFormat::Turtle),
    },
    Format {
        media: "application/n-triples",
        aliases: &["text/plain", "text/ntriples"],
        words: &["ntriples", "n-triples", "nt"],
        form: Form::Graph(RdfFormat::NTriples),
    },
    Format {
        media: "application/rdf+xml",
        aliases: &["application/xml", "text/xml"],
        words: &["rdf+xml", "rdfxml", "rdf", "xml"],
        form: Form::Graph(RdfFormat::RdfXml),
    },
    Format {
        media: "application/ld+json",
        aliases: &["application/json"],
        words: &["json-ld", "jsonld", "json"],
        form: Form::Graph(RdfFormat::JsonLd { profile: JsonLdProfileSet::empty() }),
    },
    Format {
        media: "application/n-quads",
        aliases: &["text/nquads"],
        words: &["nquads", "n-quads", "nq"],
        form: Form::Graph(RdfFormat::NQuads),
    },
    Format {
        media: "application/trig",
        aliases: &["application/x-trig"],
        words: &["trig"],
        form: Form::Graph(RdfFormat::TriG),
    },
];

impl Format {
    /// Which family it belongs to.
    pub fn family(&self) -> Family {
        match self.form {
            Form::Results(_) => Family::Results,
            Form::Graph(_) => Family::Graph,
        }
    }

    /// The form for an answer: by the words of `format=` and `output=`, else by `Accept`, else the preferred one.
    /// Words that mean nothing for this kind of answer are as good as none: clients send the same for every query.
    ///
    /// # Errors
    /// [`QueryError::NotAcceptable`] when `Accept` leaves none.
    pub fn choose(family: Family, words: &[String], accept: &str) -> Result<&'static Self, QueryError> {
        let offers = || FORMATS.iter().filter(|format| format.family() == family);
        if let Some(format) = words.iter().find_map(|word| offers().find(|format| format.is_called(word))) {
            return Ok(format);
        }
        let ranges: Vec<Range<'_>> = accept.split(',').filter_map(Range::read).collect();
        let mut best: Option<((f32, u8), &Self)> = None;
        for format in offers() {
            let weight = if ranges.is_empty() { Some((1.0, 0)) } else { format.weight(&ranges) };
            if let Some(weight) = weight.filter(|weight| best.is_none_or(|(most, _)| *weight > most)) {
                best = Some((weight, format));
            }
        }
        best.map(|(_, format)| format).ok_or_else(|| {
            let media: Vec<&str> = offers().map(|format| format.media).collect();
            QueryError::NotAcceptable(media.join(", "))
        })
    }

    fn is_called(&self, word: &str) -> bool {
        // A plus sign in a URL that was not escaped has become a blank.
        let word = word.trim().replace(' ', "+");
        let known = |name: &&'static str| name.eq_ignore_ascii_case(&word);
        self.words.iter().any(known) || self.names().any(|name| known(&name))
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.media).chain(self.aliases.iter().copied())
    }

    /// How much the client likes it, and how precisely it says so. `None` when not at all.
    fn weight(&self, ranges: &[Range<'_>]) -> Option<(f32, u8)> {
        let of_name = |name: &str| {
            let fits = ranges.iter().filter_map(|range| Some((range.fit(name)?, range.weight)));
            fits.max_by_key(|(precision, _)| *precision).map(|(precision, weight)| (weight, precision))
        };
        // "Anything" means the proper name, so that refusing it refuses the form; other names must be spelled out.
        let aliases = self.aliases.iter().copied().filter_map(of_name).filter(|(_, precision)| *precision == EXACT);
        let weights = of_name(self.media).into_iter().chain(aliases).filter(|(weight, _)| *weight > 0.0);
        weights.max_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))
    }
}

/// The precision of a media range that is the media type itself.
const EXACT: u8 = 2;

/// One element of Accept (RFC 9110, 12.5.1).
struct Range<'a> {
    name: &'a str,
    weight: f32,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().filter(|name| name.contains('/'))?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse().ok())?;
        Some(Self { name, weight })
    }

    /// How precisely it names a media type; `None` when it does not.
    fn fit(&self, name: &str) -> Option<u8> {
        let name = name.split(';').next().unwrap_or_default();
        if self.name == "*/*" {
            return Some(0);
        }
        if let Some(group) = self.name.strip_suffix("/*") {
            return name.split('/').next().is_some_and(|kind| kind.eq_ignore_ascii_case(group)).then_some(1);
        }
        self.name.eq_ignore_ascii_case(name).then_some(EXACT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(family: Family, words: &[&str], accept: &str) -> &'static str {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Format::choose(family, &words, accept).map_or("none", |format| format.media.split(';').next().unwrap())
    }

    #[test]
    fn words_come_before_accept_and_accept_before_json() {
        const JSON: &str = "application/sparql-results+json";
        const XML: &str = "application/sparql-results+xml";
        for (words, accept, chosen) in [
            (&[][..], "", JSON),
            (&[], "*/*", JSON),
            (&[], "application/sparql-results+json", JSON),
            (&[], "application/json", JSON),
            (&[], "application/sparql-results+xml", XML),
            (&[], "text/xml;q=0.5, application/json;q=0.4", XML),
            (&[], "text/csv", "text/csv"),
            (&[], "text/csv; charset=utf-8", "text/csv"),
            (&[], "TEXT/CSV;Q=0.3", "text/csv"),
            (&[], "text/csv, */*", "text/csv"),
            (&[], "text/csv;q=0.5, */*", JSON),
            (&[], "text/tab-separated-values, text/csv;q=0.9", "text/tab-separated-values"),
            (&[], "application/*", JSON),
            (&[], "application/sparql-results+json;q=0, application/json;q=0, */*", XML),
            (&[], "text/turtle", "none"),
            (&[], "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML),
            // SPARQLWrapper repeats itself, and Comunica lists everything it knows.
            (&["json", "json", "json"], "application/sparql-results+xml", JSON),
            (&["csv"], "application/json", "text/csv"),
            (&["application/sparql-results xml"], "", XML),
            (&["text/csv"], "", "text/csv"),
            (&["turtle"], "", JSON),
            (&["klingon", "tsv"], "", "text/tab-separated-values"),
            (&[], "application/n-quads;q=0.7,application/sparql-results+json;q=1.0,text/html;q=0.2", JSON),
        ] {
            assert_eq!(media(Family::Results, words, accept), chosen, "{words:?} {accept}");
        }
    }

    #[test]
    fn graphs_are_turtle_unless_something_else_is_asked_for() {
        for (words, accept, chosen) in [
            (&[][..], "", "text/turtle"),
            (&[], "application/turtle,text/turtle", "text/turtle"),
            (&[], "text/rdf+n3", "text/turtle"),
            (&[], "application/n-triples", "application/n-triples"),
            (&[], "text/plain", "application/n-triples"),
            (&[], "application/rdf+xml", "application/rdf+xml"),
            (&[], "application/ld+json", "application/ld+json"),
            (&[], "application/n-quads,application/trig;q=0.95,text/html;q=0.2", "application/n-quads"),
            (&[], "application/sparql-results+json,application/json", "application/ld+json"),
            (&[], "application/sparql-results+json", "none"),
            (&["nt"], "text/turtle", "application/n-triples"),
            (&["json"], "", "application/ld+json"),
            (&["xml"], "", "application/rdf+xml"),
            (&["csv"], "text/turtle", "text/turtle"),
        ] {
            assert_eq!(media(Family::Graph, words, accept), chosen, "{words:?} {accept}");
        }
    }
}
