//! The products of the vocabulary say the same: one column or term has one IRI, one type and one need in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hiroba_vocab::dataset::{Cardinality, Dataset, Datatype, Edition, Need, Target};
use hiroba_vocab::publish::{self, Product, attribute};
use hiroba_vocab::term::TermRole;
use hiroba_vocab::{Datasets, Terms, context};
use oxrdf::{NamedOrBlankNode, Term as Rdf, Triple};
use serde_json::Value;

const SH: &str = "http://www.w3.org/ns/shacl#";
const SKOS: &str = "http://www.w3.org/2004/02/skos/core#";
const RDFS: &str = "http://www.w3.org/2000/01/rdf-schema#";

/// A parsed Turtle document.
struct Graph(Vec<Triple>);

impl Graph {
    fn parse(text: &str) -> Self {
        let triples = oxttl::TurtleParser::new().for_slice(text.as_bytes()).collect::<Result<Vec<_>, _>>();
        Self(triples.unwrap_or_else(|error| panic!("{error}\n{text}")))
    }

    fn objects(&self, subject: &NamedOrBlankNode, predicate: &str) -> Vec<&Rdf> {
        let about = self.0.iter().filter(|triple| triple.subject == *subject && triple.predicate.as_str() == predicate);
        about.map(|triple| &triple.object).collect()
    }

    /// The subjects that are IRIs.
    fn described(&self) -> BTreeSet<&str> {
        let named = |triple: &'_ Triple| matches!(triple.subject, NamedOrBlankNode::NamedNode(_));
        self.0.iter().filter(|t| named(t)).map(|t| iri_of(&t.subject)).collect()
    }
}

fn iri_of(subject: &NamedOrBlankNode) -> &str {
    match subject {
        NamedOrBlankNode::NamedNode(node) => node.as_str(),
        NamedOrBlankNode::BlankNode(_) => "",
    }
}

fn node(iri: &str) -> NamedOrBlankNode {
    oxrdf::NamedNode::new(iri).unwrap().into()
}

fn text(term: &Rdf) -> &str {
    match term {
        Rdf::NamedNode(node) => node.as_str(),
        Rdf::Literal(literal) => literal.value(),
        Rdf::BlankNode(node) => node.as_str(),
    }
}

fn datasets() -> impl Iterator<Item = &'static Dataset> {
    Datasets::published().supported().iter().map(AsRef::as_ref)
}

/// The property shapes of a data set's entities, those of a severity apart: path → their statements.
fn shapes(dataset: &Dataset, wishes: bool) -> BTreeMap<String, BTreeMap<String, String>> {
    let graph = Graph::parse(&publish::shacl(dataset));
    let shape = node(&format!("https://w3id.org/hiroba/vocab/shape/{}", dataset.slug));
    let mut shapes = BTreeMap::new();
    for property in graph.objects(&shape, &format!("{SH}property")) {
        let Rdf::BlankNode(blank) = property else { panic!("{property}") };
        let blank: NamedOrBlankNode = blank.clone().into();
        let about = graph.0.iter().filter(|triple| triple.subject == blank);
        let statements: BTreeMap<String, String> = about
            .map(|t| (t.predicate.as_str().trim_start_matches(SH).to_owned(), text(&t.object).to_owned()))
            .collect();
        if statements.contains_key("severity") == wishes {
            let path = statements["path"].clone();
            assert!(shapes.insert(path.clone(), statements).is_none(), "{}: {path} twice", dataset.slug);
        }
    }
    shapes
}

#[test]
fn every_official_column_has_a_label_and_a_definition_in_both_languages() {
    let mut missing = Vec::new();
    for dataset in datasets() {
        for column in dataset.official() {
            let (label, ja, en) = (column.label_en(), column.definition_ja(), column.definition_en());
            if label.is_empty() || !label.is_ascii() || ja.is_ascii() || !en.ends_with('.') {
                missing.push(format!("{}: {}: {label:?}, {ja:?}, {en:?}", dataset.slug, column.name));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn both_descriptions_of_files_have_the_columns_of_the_layout_with_one_meaning() {
    for dataset in datasets() {
        for edition in Edition::ALL {
            let layout = dataset.layout(edition);
            let table = publish::table_schema(dataset, edition);
            let csvw = publish::csvw(dataset, edition);
            let fields = table["fields"].as_array().unwrap();
            let columns: Vec<&Value> = csvw["tableSchema"]["columns"].as_array().unwrap().iter().collect();
            let real: Vec<&Value> = columns.iter().copied().filter(|column| column["virtual"] != true).collect();
            assert_eq!((fields.len(), real.len()), (layout.fields.len(), layout.fields.len()), "{}", dataset.slug);
            let names: BTreeSet<&str> = columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
            assert_eq!(names.len(), columns.len(), "{}: a name occurs twice", dataset.slug);
            for ((official, field), column) in layout.fields.iter().zip(fields).zip(real) {
                let at = format!("{} {}: {}", dataset.slug, edition.word(), official.header);
                assert_eq!(field["name"], official.header.as_str(), "{at}");
                assert_eq!(column["titles"]["ja"][0], official.header.as_str(), "{at}");
                assert_eq!(column["titles"]["en"][0], field["title"], "{at}");
                assert_eq!(field["rdfType"], column["propertyUrl"], "{at}");
                assert_eq!(field["rdfType"], official.column.property().as_str(), "{at}");
                let required = official.need == Need::Required && !official.column.blank_is_no();
                assert_eq!(field["constraints"]["required"] == true, required, "{at}");
                assert_eq!(column["required"], required, "{at}");
                assert_eq!(field["x-need"], official.need.word(), "{at}");
                let datatype = &column["datatype"];
                let datatype = datatype["base"].as_str().or(datatype.as_str()).unwrap();
                let same = match datatype {
                    "anyURI" => field["format"] == "uri",
                    other => field["type"] == other,
                };
                assert!(same, "{at}: {datatype} and {field}");
            }
        }
    }
}

#[test]
fn both_descriptions_of_entities_have_the_attributes_that_columns_feed_with_one_iri_need_and_type() {
    for dataset in datasets() {
        let schema = publish::json_schema(dataset);
        let (shapes, wishes) = (shapes(dataset, false), shapes(dataset, true));
        let attributes = attribute::of_dataset(dataset);
        for column in &dataset.columns {
            let Some(term) = column.target().attribute() else { continue };
            assert!(attributes.iter().any(|attribute| attribute.term.term == term.term), "{}", column.name);
        }
        let required: Vec<&str> =
            schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        for attribute in &attributes {
            let at = format!("{}: {}", dataset.slug, attribute.term.term);
            let property = &schema["properties"][&attribute.term.term];
            let shape = &shapes[attribute.term.iri.as_str()];
            assert_eq!(property["x-iri"], attribute.term.iri.as_str(), "{at}");
            assert_eq!(property["x-need"], attribute.need.word(), "{at}");
            let severity = wishes.get(attribute.term.iri.as_str()).map(|wish| wish["severity"].as_str());
            let expected = match attribute.need {
                Need::Required => Some("http://www.w3.org/ns/shacl#Warning"),
                Need::Recommended => Some("http://www.w3.org/ns/shacl#Info"),
                Need::Optional => None,
            };
            assert_eq!(severity, expected, "{at}");
            assert_eq!(required.contains(&attribute.term.term.as_str()), attribute.always, "{at}");
            assert_eq!(shape.contains_key("minCount"), attribute.always, "{at}");
            let item = match attribute.range.cardinality {
                Cardinality::One => property,
                Cardinality::Many => &property["items"],
                Cardinality::OneOrMany => &property["anyOf"][0],
            };
            let json = item["type"].as_str().unwrap_or("string");
            let rdf = match (shape.get("datatype").map(String::as_str), shape.contains_key("uniqueLang")) {
                (Some(datatype), _) => datatype.rsplit('#').next().unwrap(),
                (None, true) => "langString",
                (None, false) if shape.contains_key("nodeKind") => "node",
                (None, false) => "number",
            };
            let same = match rdf {
                "langString" => item["properties"]["languageMap"].is_object(),
                "node" => json == "object" || item["format"] == "iri",
                other => json == other,
            };
            assert!(same, "{at}: {property} and {shape:?}");
            assert_eq!(item["pattern"].as_str(), shape.get("pattern").map(String::as_str), "{at}");
        }
        assert_eq!(shapes.len(), attributes.len(), "{}", dataset.slug);
        assert_eq!(schema["properties"].as_object().unwrap().len(), attributes.len() + 3, "{}", dataset.slug);
    }
}

/// A cell that becomes an attribute alone has the attribute's type in the file as well.
#[test]
fn a_file_and_its_entities_have_the_same_types() {
    for dataset in datasets() {
        let schema = publish::json_schema(dataset);
        for edition in Edition::ALL {
            let table = publish::table_schema(dataset, edition);
            for (field, described) in dataset.layout(edition).fields.iter().zip(table["fields"].as_array().unwrap()) {
                let Target::Attribute(term) = field.column.target() else { continue };
                let property = &schema["properties"][&term.term];
                let item = [&property["items"], &property["anyOf"][0]].into_iter().find(|item| item.is_object());
                let json = item.unwrap_or(property);
                let file = described["type"].as_str().unwrap();
                let file = if file == "date" { "string" } else { file };
                let at = format!("{}: {}", dataset.slug, field.header);
                assert!(json["enum"].is_array() || json.get("type").is_none_or(|json| json == file), "{at}: {json}");
                assert_eq!(property["x-iri"], described["rdfType"], "{at}");
            }
        }
    }
}

#[test]
fn the_ontology_describes_every_term_column_and_path_with_the_type_that_all_products_use() {
    let graph = Graph::parse(&publish::ontology());
    let described = graph.described();
    let context = context::context();
    for term in Terms::published() {
        assert!(described.contains(term.iri.as_str()), "{}", term.term);
        assert_eq!(context["@context"][&term.term], term.iri.as_str());
        for predicate in [format!("{RDFS}label"), format!("{SKOS}definition")] {
            let texts = graph.objects(&node(term.iri.as_str()), &predicate);
            assert!(texts.len() >= 2, "{}: {predicate} {texts:?}", term.term);
        }
    }
    for dataset in datasets() {
        for column in &dataset.columns {
            assert!(described.contains(column.iri().as_str()), "{}", column.name);
            assert!(described.contains(column.property().as_str()), "{}", column.name);
        }
        for path in shapes(dataset, false).keys() {
            assert!(described.contains(path.as_str()), "{path}");
        }
    }
    let all_terms =
        attribute::all().into_iter().map(|attribute| (attribute.term, attribute.range)).chain(attribute::keys());
    for (term, range) in all_terms {
        let ranges = graph.objects(&node(term.iri.as_str()), &format!("{RDFS}range"));
        let local = ranges.first().map(|range| text(range).rsplit(['#', '/']).next().unwrap());
        let expected = match range.datatype {
            Datatype::Text | Datatype::Date | Datatype::Time | Datatype::Url | Datatype::Day => Some("string"),
            Datatype::LanguageText => Some("langString"),
            Datatype::Integer => Some("integer"),
            Datatype::Number => Some("double"),
            Datatype::Boolean => Some("boolean"),
            Datatype::Geometry => Some("Geometry"),
            Datatype::Entity | Datatype::Object | Datatype::OpeningHours | Datatype::Any => local,
        };
        assert_eq!(local, expected, "{}", term.term);
    }
}

#[test]
fn every_nested_path_of_a_shape_is_known_to_the_ontology() {
    let ontology = Graph::parse(&publish::ontology());
    let described = ontology.described();
    for dataset in datasets() {
        let graph = Graph::parse(&publish::shacl(dataset));
        let paths: Vec<&Triple> =
            graph.0.iter().filter(|triple| triple.predicate.as_str() == format!("{SH}path")).collect();
        let attributes: BTreeSet<&str> = dataset.columns.iter().filter_map(|column| column.feeds.as_deref()).collect();
        assert!(paths.len() >= attributes.len(), "{}", dataset.slug);
        for path in paths {
            assert!(described.contains(text(&path.object)), "{}: {}", dataset.slug, path.object);
        }
    }
}

#[test]
fn every_code_has_a_scheme_a_notation_and_a_japanese_label() {
    let graph = Graph::parse(&publish::ontology());
    let lists = publish::code_lists();
    assert!(lists.iter().any(|list| list.name == "hazardTypes" && list.codes.len() == 8));
    for list in &lists {
        assert!(graph.described().contains(list.iri().as_str()));
        for code in &list.codes {
            let subject = node(list.code_iri(code).as_str());
            let labels = graph.objects(&subject, &format!("{SKOS}prefLabel"));
            assert!(labels.iter().any(|label| label.to_string() == format!("\"{}\"@ja", code.ja)), "{labels:?}");
            assert_eq!(graph.objects(&subject, &format!("{SKOS}notation")).len(), 1, "{}", code.notation);
            assert_eq!(text(graph.objects(&subject, &format!("{SKOS}inScheme"))[0]), list.iri().as_str());
        }
    }
}

/// One language has one preferred label (SKOS, S14).
#[test]
fn nothing_has_two_preferred_labels_in_one_language() {
    let graph = Graph::parse(&publish::ontology());
    let mut seen = BTreeSet::new();
    for triple in &graph.0 {
        if let (true, Rdf::Literal(literal)) = (triple.predicate.as_str() == format!("{SKOS}prefLabel"), &triple.object)
        {
            let key = (triple.subject.to_string(), literal.language().map(str::to_owned));
            assert!(seen.insert(key), "{triple}");
        }
    }
}

#[test]
fn matches_lead_to_other_vocabularies_from_classes_attributes_and_keys() {
    let known = ["http://imi.go.jp/ns/core/rdf#", "https://smartdatamodels.org/", "https://schema.org/"];
    let mut count = 0;
    for term in Terms::published() {
        for other in term.exact.iter().chain(&term.close) {
            assert!(known.iter().any(|namespace| other.as_str().starts_with(namespace)), "{}: {other}", term.term);
            assert_ne!(*other, term.iri, "{}", term.term);
            count += 1;
        }
    }
    assert!(count > 20);
    assert!(Terms::published().iter().any(|term| term.role == TermRole::Key && !term.exact.is_empty()));
}

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/datasets")
}

#[test]
fn the_committed_pages_are_those_that_the_definitions_make_now() {
    let mut written = BTreeMap::from([("README.md".to_owned(), publish::index())]);
    written.extend(datasets().map(|dataset| (format!("{}.md", dataset.slug), publish::page(dataset))));
    for (name, page) in &written {
        let committed = std::fs::read_to_string(pages().join(name)).unwrap_or_default();
        assert!(*page == committed, "{name} differs; write it again: cargo run -p hiroba-vocab --example pages");
    }
    let committed: BTreeSet<String> =
        std::fs::read_dir(pages()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(committed, written.into_keys().collect());
}

#[test]
fn a_page_names_every_column_and_every_header() {
    for dataset in datasets() {
        let page = publish::page(dataset);
        for column in &dataset.columns {
            let name = &column.name;
            assert!(page.contains(&format!("\n| {name}<br>")) || page.contains(&format!("\n| {name} |")), "{name}");
        }
        for field in Edition::ALL.iter().flat_map(|edition| &dataset.layout(*edition).fields) {
            assert!(page.contains(&field.header), "{}: {}", dataset.slug, field.header);
        }
    }
}

#[test]
fn products_that_are_json_are_json_and_end_with_a_line_break() {
    for dataset in datasets() {
        for product in Product::ALL {
            for edition in Edition::ALL {
                let text = product.text(dataset, edition);
                assert!(text.ends_with('\n'), "{product:?}");
                if product.extension().ends_with("json") {
                    serde_json::from_str::<Value>(&text).unwrap();
                }
            }
            let differ = product.text(dataset, Edition::Old) != product.text(dataset, Edition::Current);
            assert_eq!(differ, product.has_editions(), "{}: {product:?}", dataset.slug);
        }
    }
}
