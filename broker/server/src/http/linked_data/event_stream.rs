//! `/ldes`: the changes of a tenant as a Linked Data Event Stream (LDES 1.0) in pages of TREE.
//!
//! The first page begins where the log begins, each full page leads to the next. A member is a version of an entity: its
//! types and attributes after a change, in short triples, with what it is a version of, when and where in the log it was
//! made, and whether it was created, changed or deleted. What has no IRI of its own is a blank node here: clients take as a
//! member what its node says, and what the blank nodes say that it leads to (TREE, member extraction).

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::Position;
use ngsild::Error;
use ngsild::change::Operation;
use ngsild::rdf::{Mapping, version_node};
use oxrdf::vocab::xsd;
use oxrdf::{BlankNode, Literal, NamedNode, NamedOrBlankNode, Term, Triple};

use super::super::problem::{HttpError, Result};
use super::super::request::params::Params;
use super::super::request::place_in_path;
use super::super::respond::segment;
use super::base_iri;
use super::document::Document;
use super::form::{FORMAT, STREAM};
use super::statements::{Statements, instant, iri};
use crate::service::event_stream::{Member, beginning, page};
use crate::service::existing_tenant;
use crate::state::AppState;

/// The path of the stream.
pub const PATH: &str = "/ldes";

/// A full page never changes.
const FULL: &str = "public, max-age=31536000, immutable";
/// The last page, and the way to the first one.
const GROWING: &str = "public, max-age=2";
/// How many triples a page holds, one member at least: entities may be large.
const MAX_TRIPLES: usize = 50_000;

/// `GET /ldes` and `/ldes/{tenant}`: the stream and the way to its first page; with `after=POSITION` a page.
///
/// # Errors
/// NotAcceptable; BadRequestData for parameters that are wrong; NonexistentTenant; Gone when the changes of a page are no
/// longer kept; Busy; when the database fails.
pub async fn stream(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let params = Params::of(&request, &["after", FORMAT])?;
    let form = STREAM.choose(&request, &params)?;
    let place = place_in_path(&request)?;
    if place.snapshot.is_some() {
        let detail = "the event stream knows the changes of tenants, not those of snapshots";
        return Err(Error::new(ngsild::ErrorKind::OperationNotSupported, detail).into());
    }
    let after: Option<Position> = params
        .get("after")
        .map(|text| text.parse().map_err(|e| HttpError::from(Error::bad_request(format!("{e}")).at("after"))))
        .transpose()?;
    let tenant = existing_tenant(&state, &place).await?;
    let path = path_of(&request);
    let tree = Tree::new(&base_iri(&request, &state)?, &path);
    let mut said = Statements::default();
    let (own, full) = match after {
        None => {
            tree.root(&mut said, state.config.history_days);
            if let Some(first) = beginning(&state).await? {
                tree.relation(&mut said, &tree.view, first);
            }
            (path, false)
        }
        Some(after) => {
            let page = page(&state, &place.tenant, tenant, after).await?;
            let next = tree.page(&mut said, after, page.members, page.next);
            (format!("{path}?after={after}"), next)
        }
    };
    let cache = if full { FULL } else { GROWING };
    let triples = said.into_triples();
    let document = Document { triples: &triples, form, offer: &STREAM, path: &own, cache, links: Vec::new() };
    document.answer(&request)
}

/// The path of the stream as the client asked for it: the links in its pages keep the tenant.
fn path_of(request: &HttpRequest) -> String {
    match request.match_info().get("tenant") {
        Some(tenant) => format!("{PATH}/{}", segment(tenant)),
        None => PATH.to_owned(),
    }
}

/// The names in a stream's pages.
struct Tree {
    stream: NamedNode,
    view: NamedNode,
}

impl Tree {
    /// `base` can stand in an IRI.
    fn new(base: &str, path: &str) -> Self {
        let view = format!("{base}{path}");
        Self { stream: NamedNode::new_unchecked(format!("{view}#stream")), view: NamedNode::new_unchecked(view) }
    }

    fn node(&self, after: Position) -> NamedNode {
        NamedNode::new_unchecked(format!("{}?after={after}", self.view.as_str()))
    }

    /// What clients need to know before they begin.
    fn root(&self, said: &mut Statements, history_days: Option<u32>) {
        self.context(said, &self.view);
        said.say_both(&self.stream, "dcterms:title", "すべての変更", "All changes");
        for (predicate, object) in [
            ("ldes:timestampPath", "prov:generatedAtTime"),
            ("ldes:sequencePath", "hiroba:changePosition"),
            ("ldes:versionOfPath", "dcterms:isVersionOf"),
            ("ldes:versionCreatePath", "rdf:type"),
            ("ldes:versionCreateObject", "as:Create"),
            ("ldes:versionUpdatePath", "rdf:type"),
            ("ldes:versionUpdateObject", "as:Update"),
            ("ldes:versionDeletePath", "rdf:type"),
            ("ldes:versionDeleteObject", "as:Delete"),
        ] {
            said.say(&self.stream, predicate, iri(object));
        }
        if let Some(days) = history_days {
            let part = |name: &str| NamedNode::new_unchecked(format!("{}#{name}", self.view.as_str()));
            let (description, policy) = (part("view"), part("retention"));
            said.say(&self.view, "tree:viewDescription", description.clone());
            said.say(&description, "ldes:retentionPolicy", policy.clone());
            said.is_a(&policy, "ldes:RetentionPolicy");
            let duration = Literal::new_typed_literal(format!("P{days}D"), xsd::DURATION);
            said.say(&policy, "ldes:fullLogDuration", duration);
        }
    }

    fn context(&self, said: &mut Statements, node: &NamedNode) {
        said.is_a(&self.stream, "ldes:EventStream");
        said.say(&self.stream, "tree:view", self.view.clone());
        said.is_a(node, "tree:Node");
    }

    /// The way to the page after a position, where every change that stands behind it is found.
    fn relation(&self, said: &mut Statements, node: &NamedNode, after: Position) {
        let relation = NamedNode::new_unchecked(format!("{}#next", node.as_str()));
        said.say(node, "tree:relation", relation.clone());
        said.is_a(&relation, "tree:GreaterThanRelation");
        said.say(&relation, "tree:node", self.node(after));
        said.say(&relation, "tree:path", iri("hiroba:changePosition"));
        said.say(&relation, "tree:value", position(after));
    }

    /// A page. Whether it is full: what does not fit is left to the next one.
    fn page(&self, said: &mut Statements, after: Position, members: Vec<Member>, next: Option<Position>) -> bool {
        let node = self.node(after);
        self.context(said, &node);
        let (mut size, mut next, mut last) = (0, next, None);
        for (number, member) in members.iter().enumerate() {
            let triples = triples_of(member, number);
            if let (Some(last), true) = (last, size + triples.len() > MAX_TRIPLES) {
                next = Some(last);
                break;
            }
            if let Some(version) = version_node(&member.record.entity, member.record.version.0) {
                said.say(&self.stream, "tree:member", version);
            }
            (size, last) = (size + triples.len(), Some(member.record.position));
            said.extend(triples);
        }
        if let Some(next) = next {
            self.relation(said, &node, next);
        }
        next.is_some()
    }
}

/// What a member says. `number` tells its blank nodes from those of others.
fn triples_of(member: &Member, number: usize) -> Vec<Triple> {
    let record = &member.record;
    let mut said = Statements::default();
    let Some(version) = version_node(&record.entity, record.version.0) else { return Vec::new() };
    said.is_a(
        &version,
        match record.change.operation {
            Operation::Created => "as:Create",
            Operation::Updated => "as:Update",
            Operation::Deleted => "as:Delete",
        },
    );
    if let Some(entity) = ngsild::rdf::entity_node(&record.entity) {
        said.say(&version, "dcterms:isVersionOf", entity);
    }
    said.say(&version, "prov:generatedAtTime", instant(record.at));
    said.say(&version, "hiroba:changePosition", position(record.position));
    let mut triples = said.into_triples();
    if let Some(state) = &member.state {
        let mut unnamed = Unnamed { below: format!("{}.", version.as_str()), number, known: HashMap::new() };
        Mapping::published().state(&version, state, &mut |triple| triples.push(unnamed.triple(triple)));
    }
    triples
}

/// Takes the names away from nodes below a version.
struct Unnamed {
    below: String,
    number: usize,
    known: HashMap<String, BlankNode>,
}

impl Unnamed {
    fn triple(&mut self, triple: Triple) -> Triple {
        let Triple { subject, predicate, object } = triple;
        let subject = match subject {
            NamedOrBlankNode::NamedNode(node) => self.node(&node).map_or(NamedOrBlankNode::NamedNode(node), Into::into),
            blank => blank,
        };
        let object = match object {
            Term::NamedNode(node) => self.node(&node).map_or(Term::NamedNode(node), Into::into),
            other => other,
        };
        Triple { subject, predicate, object }
    }

    fn node(&mut self, node: &NamedNode) -> Option<BlankNode> {
        let step = node.as_str().strip_prefix(&self.below)?;
        let (number, next) = (self.number, self.known.len());
        let label = || BlankNode::new_unchecked(format!("m{number}n{next}"));
        Some(self.known.entry(step.to_owned()).or_insert_with(label).clone())
    }
}

/// A position as text that sorts as positions do. Numbers of this size lose their ends in many clients.
fn position(at: Position) -> Literal {
    Literal::from(format!("{:020}-{:020}", at.transaction, at.number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_sort_as_text() {
        let at = |transaction, number| position(Position { transaction, number }).value().to_owned();
        let positions = [at(0, 9), at(0, 10), at(9, 1_000_000), at(10, 1), at(i64::MAX as u64, 0)];
        assert!(positions.is_sorted(), "{positions:?}");
    }
}
