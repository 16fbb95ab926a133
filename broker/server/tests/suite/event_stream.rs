//! `/ldes`, walked as a client of Linked Data Event Streams does: from the view along the relations.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oxrdf::{Dataset, NamedNodeRef, NamedOrBlankNodeRef, Quad, TermRef};
use oxrdfio::{RdfFormat, RdfParser};
use reqwest::Method;
use serde_json::json;

use crate::linked_data::{aed, triples};
use crate::support::{Answer, Broker, eventually, run};

const TREE: &str = "https://w3id.org/tree#";
const LDES: &str = "https://w3id.org/ldes#";

/// A page, read again.
struct Page {
    answer: Answer,
    graph: Dataset,
}

impl Page {
    async fn get(broker: &Broker, address: &str, accept: &str) -> Self {
        let path = address.strip_prefix(&broker.base).unwrap_or(address);
        let answer = broker.get(path).header("accept", accept).send().await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let format = RdfFormat::from_media_type(&answer.headers("content-type")).unwrap();
        let quads = RdfParser::from_format(format).for_slice(answer.text.as_bytes());
        let graph = quads.map(|quad: Result<Quad, _>| quad.unwrap()).collect();
        Self { answer, graph }
    }

    /// The objects of a predicate, of whichever subject, as text.
    fn objects(&self, predicate: &str) -> Vec<String> {
        let predicate = NamedNodeRef::new(predicate).unwrap();
        let text = |term: TermRef<'_>| match term {
            TermRef::NamedNode(node) => node.as_str().to_owned(),
            TermRef::Literal(literal) => literal.value().to_owned(),
            TermRef::BlankNode(_) => panic!("no blank nodes"),
        };
        let mut objects: Vec<String> =
            self.graph.quads_for_predicate(predicate).map(|quad| text(quad.object)).collect();
        objects.sort();
        objects
    }

    /// What is said of a node.
    fn about(&self, node: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let node = NamedOrBlankNodeRef::from(NamedNodeRef::new(node).unwrap());
        for quad in self.graph.quads_for_subject(node) {
            said.entry(quad.predicate.as_str().to_owned()).or_default().insert(quad.object.to_string());
        }
        said
    }

    /// Everything that is said is of the stream or its pages, of a member, or of a blank node that a member leads to: so
    /// clients find all of it.
    fn belongs_together(&self) {
        let members = self.objects(&format!("{TREE}member"));
        let mut led_to = BTreeSet::new();
        for quad in &self.graph {
            if let TermRef::BlankNode(node) = quad.object {
                led_to.insert(node.as_str().to_owned());
            }
        }
        for quad in &self.graph {
            match quad.subject {
                NamedOrBlankNodeRef::NamedNode(node) => {
                    let known = node.as_str().contains("/ldes") || members.iter().any(|member| member == node.as_str());
                    assert!(known, "{node} is no member");
                }
                NamedOrBlankNodeRef::BlankNode(node) => {
                    assert!(led_to.contains(node.as_str()), "nothing leads to {node}");
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        self.answer.headers("cache-control").contains("immutable")
    }
}

/// What a walk has seen: each member's version, in the order of pages, with its page's text.
#[derive(Default)]
struct Walk {
    /// Pages that were read, and whether they were full.
    pages: BTreeMap<String, (bool, String)>,
    members: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Walk {
    /// Follows every relation from the view; full pages are not asked for again.
    async fn go(&mut self, broker: &Broker, view: &str, accept: &str) {
        let root = Page::get(broker, view, accept).await;
        assert!(!root.is_full());
        let mut open = root.objects(&format!("{TREE}node"));
        while let Some(address) = open.pop() {
            if self.pages.get(&address).is_some_and(|(full, _)| *full) {
                let next = Page::get(broker, &address, accept).await;
                assert_eq!(next.answer.text, self.pages[&address].1, "a full page never changes");
                open.extend(next.objects(&format!("{TREE}node")));
                continue;
            }
            let page = Page::get(broker, &address, accept).await;
            page.belongs_together();
            let next = page.objects(&format!("{TREE}node"));
            assert_eq!(page.is_full(), !next.is_empty(), "{address}");
            let positions = page.objects("https://w3id.org/hiroba/vocab/changePosition");
            if let [bound] = &page.objects(&format!("{TREE}value"))[..] {
                assert!(positions.iter().all(|position| position <= bound), "{address}");
            }
            for member in page.objects(&format!("{TREE}member")) {
                let said = page.about(&member);
                assert!(!said.is_empty(), "{member} is on the page that names it");
                let before = self.members.insert(member.clone(), said);
                assert!(before.is_none() || self.pages.contains_key(&address), "{member} is on two pages");
            }
            self.pages.insert(address, (page.is_full(), page.answer.text));
            open.extend(next);
        }
    }

    /// Versions by what they are versions of and by the value of an attribute.
    fn versions(&self, attribute: &str) -> Vec<(String, String)> {
        let first = |said: &BTreeMap<String, BTreeSet<String>>, predicate: &str| {
            said.get(predicate).and_then(|objects| objects.first().cloned()).unwrap_or_default()
        };
        let mut versions: Vec<(String, String, String)> = self
            .members
            .values()
            .map(|said| {
                let at = first(said, "https://w3id.org/hiroba/vocab/changePosition");
                let kind = said["http://www.w3.org/1999/02/22-rdf-syntax-ns#type"].iter();
                let kind = kind.filter_map(|kind| kind.strip_prefix("<https://www.w3.org/ns/activitystreams#")).next();
                let value = first(said, attribute);
                (at, kind.unwrap().trim_end_matches('>').to_owned(), value)
            })
            .collect();
        versions.sort();
        versions.into_iter().map(|(_, kind, value)| (kind, value)).collect()
    }
}

const N: &str = "https://uri.etsi.org/ngsi-ld/default-context/n";

async fn set(broker: &Broker, id: &str, n: i64) {
    let body = json!({"n": {"type": "Property", "value": n}});
    let answer = broker.ask(Method::PATCH, &format!("/ngsi-ld/v1/entities/{id}")).body(&body).send().await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

#[test]
fn a_walk_finds_every_version_as_it_was_in_every_form() {
    run(async {
        for broker in Broker::every().await {
            let empty = Page::get(&broker, "/ldes", "text/turtle").await;
            assert_eq!(empty.objects(&format!("{TREE}node")), Vec::<String>::new());
            let address = json!({"type": "Property", "value": {"street": {"name": "一番町"}}});
            broker.create(&json!({"id": "urn:x:1", "type": "T", "n": 0, "steady": "same", "address": address})).await;
            set(&broker, "urn:x:1", 1).await;
            set(&broker, "urn:x:1", 2).await;
            broker.ask(Method::DELETE, "/ngsi-ld/v1/entities/urn:x:1").send().await;
            broker.create(&json!({"id": "urn:x:1", "type": "T", "n": 3})).await;
            broker.changes("/changes", 5).await;
            let mut known: Option<Vec<(String, String)>> = None;
            for accept in [
                "text/turtle",
                "application/trig",
                "application/ld+json",
                "application/n-quads",
                "application/n-triples",
            ] {
                let mut walk = Walk::default();
                walk.go(&broker, "/ldes", accept).await;
                let versions = walk.versions(N);
                let shown: Vec<(&str, &str)> =
                    versions.iter().map(|(kind, n)| (kind.as_str(), n.split('"').nth(1).unwrap_or_default())).collect();
                assert_eq!(
                    shown,
                    [("Create", "0"), ("Update", "1"), ("Update", "2"), ("Delete", ""), ("Create", "3")],
                    "{accept}"
                );
                assert_eq!(known.get_or_insert_with(|| versions.clone()), &versions, "{accept}");
                assert_eq!(walk.pages.values().next().unwrap().1.matches("一番町").count(), 3, "{accept}");
                let steady = format!("{}steady", N.trim_end_matches('n'));
                let steady: Vec<_> = walk.versions(&steady).into_iter().map(|(_, value)| !value.is_empty()).collect();
                assert_eq!(steady, [true, true, true, false, false], "whole states, not differences");
                for said in walk.members.values() {
                    assert_eq!(said["http://purl.org/dc/terms/isVersionOf"].first().unwrap(), "<urn:x:1>");
                    assert!(said["http://www.w3.org/ns/prov#generatedAtTime"].first().unwrap().contains("dateTime"));
                }
            }
            let root = Page::get(&broker, "/ldes", "text/turtle").await;
            let stream = root.about(&format!("{}/ldes#stream", broker.base));
            for (predicate, object) in [
                ("timestampPath", "<http://www.w3.org/ns/prov#generatedAtTime>"),
                ("sequencePath", "<https://w3id.org/hiroba/vocab/changePosition>"),
                ("versionOfPath", "<http://purl.org/dc/terms/isVersionOf>"),
                ("versionDeleteObject", "<https://www.w3.org/ns/activitystreams#Delete>"),
            ] {
                assert_eq!(stream[&format!("{LDES}{predicate}")].first().map(String::as_str), Some(object));
            }
            assert_eq!(root.objects(&format!("{TREE}view")), [format!("{}/ldes", broker.base)]);
        }
    });
}

#[test]
fn a_walk_beside_writers_collects_every_change_once_and_full_pages_stay() {
    run(async {
        for broker in Broker::every().await {
            // Enough for several pages, with changes of the same entities on many of them, and another tenant in between.
            const WRITERS: usize = 4;
            const ROUNDS: i64 = 70;
            let ids: Vec<String> = (0..WRITERS).map(|writer| format!("urn:x:{writer}")).collect();
            for id in &ids {
                broker.create(&json!({"id": id, "type": "T", "n": 0})).await;
            }
            let mut walk = Walk::default();
            let writing = async {
                let one = |id: String| {
                    let broker = &broker;
                    async move {
                        for round in 1..=ROUNDS {
                            set(broker, &id, round).await;
                            if round % 10 == 0 {
                                let other = json!({"id": format!("{id}:{round}"), "type": "T"});
                                broker
                                    .post("/ngsi-ld/v1/entities", &other)
                                    .header("NGSILD-Tenant", "other")
                                    .send()
                                    .await;
                            }
                        }
                    }
                };
                futures_util::future::join_all(ids.iter().cloned().map(one)).await;
            };
            let walking = async {
                for _ in 0..10 {
                    walk.go(&broker, "/ldes", "text/turtle").await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            tokio::join!(writing, walking);
            let expected = WRITERS * (usize::try_from(ROUNDS).unwrap() + 1);
            eventually("the walk has come to the end", async || {
                walk.go(&broker, "/ldes", "text/turtle").await;
                walk.members.len() >= expected
            })
            .await;
            assert_eq!(walk.members.len(), expected, "each change is one member");
            assert!(walk.pages.len() >= 3, "{:?}", walk.pages.keys());
            for id in &ids {
                let own = walk.members.iter().filter(|(version, _)| version.starts_with(&format!("{id}#")));
                let mut values: Vec<(String, i64)> = own
                    .map(|(_, said)| {
                        let at = said["https://w3id.org/hiroba/vocab/changePosition"].first().unwrap().clone();
                        (at, said[N].first().unwrap().split('"').nth(1).unwrap().parse().unwrap())
                    })
                    .collect();
                values.sort();
                let values: Vec<i64> = values.into_iter().map(|(_, value)| value).collect();
                assert_eq!(values, (0..=ROUNDS).collect::<Vec<_>>(), "{id}");
            }
            // A page that was read while it grew, and is full now, holds what was on it then.
            let again = {
                let mut again = Walk::default();
                again.go(&broker, "/ldes", "application/n-triples").await;
                again
            };
            assert_eq!(again.members, walk.members);
            // The other tenant has a stream of its own, by header and by path.
            for (path, tenant) in [("/ldes/other", ""), ("/ldes", "other")] {
                let root = broker.get(path).header("NGSILD-Tenant", tenant).send().await;
                assert_eq!(root.status, 200, "{}", root.text);
            }
            let mut other = Walk::default();
            other.go(&broker, "/ldes/other", "text/turtle").await;
            assert_eq!(other.members.len(), WRITERS * 7);
            let conflict = broker.get("/ldes/other").header("NGSILD-Tenant", "third").send().await;
            assert_eq!(conflict.status, 400, "{}", conflict.text);
        }
    });
}

#[test]
fn history_that_was_deleted_is_not_told_by_the_stream() {
    run(async {
        for broker in Broker::every().await {
            let was = json!({"id": "urn:x:1", "type": ["T", "Hushed"], "n": 1, "secret": "hush"});
            broker.create(&was).await;
            let now = json!({"type": "T", "n": 1, "secret": "hush"});
            let replaced = broker.ask(Method::PUT, "/ngsi-ld/v1/entities/urn:x:1").body(&now).send().await;
            assert_eq!(replaced.status, 204, "{}", replaced.text);
            set(&broker, "urn:x:1", 2).await;
            let secret = "/ngsi-ld/v1/entities/urn:x:1/attrs/secret";
            assert_eq!(broker.ask(Method::DELETE, secret).send().await.status, 204);
            set(&broker, "urn:x:1", 3).await;
            let address = "/ngsi-ld/v1/temporal/entities/urn:x:1/attrs/secret?deleteAll=true";
            broker.changes("/changes", 5).await;
            let page = Page::get(&broker, "/ldes", "text/turtle").await.objects(&format!("{TREE}node")).remove(0);
            let told = async || broker.get(page.strip_prefix(&broker.base).unwrap()).send().await.text;
            let before = told().await;
            assert_eq!(before.matches("\"hush\"").count(), 3, "it was true in three versions");
            assert!(before.contains("Hushed"), "{before}");
            let deleted = broker.ask(Method::DELETE, address).send().await;
            assert_eq!(deleted.status, 204, "{}", deleted.text);
            let mut walk = Walk::default();
            walk.go(&broker, "/ldes", "text/turtle").await;
            assert!(!told().await.to_lowercase().contains("hush"), "{}", told().await);
            let values: Vec<String> = walk.versions(N).into_iter().map(|(_, n)| n).filter(|n| !n.is_empty()).collect();
            assert!(values.len() == 1 && values[0].starts_with("\"3\""), "the present stays: {values:?}");
        }
    });
}

#[test]
fn the_stream_says_how_long_it_keeps_its_members() {
    run(async {
        for (arguments, kept) in [(&["--history-days", "30"][..], Some("P30D")), (&[], None)] {
            let broker = Broker::sqlite_with(arguments).await;
            let root = Page::get(&broker, "/ldes", "text/turtle").await;
            let policy = format!("{}/ldes#retention", broker.base);
            let expected: Vec<&str> = kept.into_iter().collect();
            assert_eq!(root.objects(&format!("{LDES}fullLogDuration")), expected, "{arguments:?}");
            assert_eq!(root.objects(&format!("{LDES}retentionPolicy")), vec![policy; expected.len()], "{arguments:?}");
        }
    });
}

#[test]
fn wrong_questions_are_told_what_is_wrong() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&aed(1)).await;
            broker.changes("/changes", 1).await;
            for (path, accept, status) in [
                ("/ldes?after=x", "text/turtle", 400),
                ("/ldes?odd=1", "text/turtle", 400),
                ("/ldes?format=html", "text/turtle", 400),
                ("/ldes", "text/html", 406),
                ("/ldes/nobody", "text/turtle", 404),
                // A position that the log cannot have got to is one of another log.
                ("/ldes?after=9223372036854775807-1", "text/turtle", 410),
            ] {
                let answer = broker.get(path).header("accept", accept).send().await;
                assert_eq!(answer.status, status, "{path}: {}", answer.text);
            }
            let page = broker.get("/ldes").send().await;
            let again = broker.get("/ldes").header("if-none-match", &page.headers("etag")).send().await;
            assert_eq!(again.status, 304);
            assert!(!triples(&page).is_empty());
        }
    });
}
