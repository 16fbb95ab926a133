//! What the templates show.

use askama::Template;

use super::Language;

/// What every page has.
pub(super) struct Frame {
    pub(super) language: Language,
    pub(super) title: String,
    /// The same page in the other language.
    pub(super) other: String,
    /// The script with the map; `None` when it was not built.
    pub(super) script: Option<String>,
    pub(super) style: &'static str,
}

impl Frame {
    /// A sentence in the page's language.
    pub(super) fn say<'k>(&self, key: &'k str) -> &'k str {
        self.language.say(key)
    }
}

/// A fact with its name.
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) link: Option<String>,
    /// What qualifies it: unit, time, text as published.
    pub(super) notes: Vec<String>,
}

/// A way to the same data in another form.
pub(super) struct Link {
    pub(super) label: String,
    pub(super) href: String,
}

/// A data set on the landing page.
pub(super) struct Card {
    pub(super) title: String,
    pub(super) href: String,
    pub(super) facts: Vec<Fact>,
    pub(super) links: Vec<Link>,
}

#[derive(Template)]
#[template(path = "landing.html")]
pub(super) struct Landing {
    pub(super) frame: Frame,
    pub(super) datasets: Vec<Card>,
    pub(super) types: Vec<Card>,
}

/// A row of the table.
pub(super) struct Row {
    pub(super) href: String,
    pub(super) cells: Vec<String>,
}

#[derive(Template)]
#[template(path = "type.html")]
pub(super) struct TypePage {
    pub(super) frame: Frame,
    pub(super) definition: String,
    pub(super) facts: Vec<Fact>,
    pub(super) links: Vec<Link>,
    pub(super) search: String,
    pub(super) path: String,
    /// Where the map gets its places; `None` when there are none.
    pub(super) map: Option<String>,
    pub(super) map_label: String,
    pub(super) caption: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    pub(super) position: String,
}

#[derive(Template)]
#[template(path = "entity.html")]
pub(super) struct EntityPage {
    pub(super) frame: Frame,
    pub(super) id: String,
    pub(super) types: Vec<Link>,
    pub(super) facts: Vec<Fact>,
    pub(super) links: Vec<Link>,
    /// The same as linked data: each is labelled with its media type.
    pub(super) alternates: Vec<Link>,
    pub(super) map: Option<String>,
    pub(super) map_label: String,
}

#[derive(Template)]
#[template(path = "sparql.html")]
pub(super) struct SparqlPage {
    pub(super) frame: Frame,
    /// There is an endpoint to ask.
    pub(super) running: bool,
    /// The query came with the request, so it is answered at once.
    pub(super) asked: bool,
    pub(super) query: String,
    /// Sentences by key, as JSON.
    pub(super) words: String,
    /// IRIs that the editor completes, as JSON: `classes` and `properties`.
    pub(super) names: String,
}

#[derive(Template)]
#[template(path = "missing.html")]
pub(super) struct Missing {
    pub(super) frame: Frame,
}

/// What is said of a term of the vocabulary, or of the vocabulary as a whole.
#[derive(Template)]
#[template(path = "term.html")]
pub(super) struct TermPage {
    pub(super) frame: Frame,
    pub(super) iri: String,
    pub(super) definition: String,
    pub(super) facts: Vec<Fact>,
    /// What leads to it from elsewhere in the vocabulary.
    pub(super) incoming: Vec<Fact>,
    /// The same in forms for programs: each is labelled with its media type.
    pub(super) links: Vec<Link>,
}
