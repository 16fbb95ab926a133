//! The published JSON Schemas fit the entities that the importer makes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use hiroba_importers::{Import, Input, Outcome};
use hiroba_vocab::{Dataset, Datasets, publish};
use jsonschema::Validator;
use ngsild::Entity;
use ngsild::jsonld::{Context, Documents, UserContext, process};
use ngsild::render::{EntityDocument, Form, Rendering};
use serde_json::{Value as Json, json};

use crate::archives::timetable;
use crate::{named, options, samples, survey};

/// An entity in its simplified representation, under the names of the published @context.
fn simplified(entity: &Entity) -> Json {
    struct NoDocuments;
    impl Documents for NoDocuments {
        fn document(&self, _: &str) -> Option<Arc<Json>> {
            None
        }
    }
    static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
        let context = hiroba_vocab::context::context();
        process(&UserContext::from_json(&context["@context"]).unwrap(), &NoDocuments).unwrap()
    });
    let rendering = Rendering::whole(&CONTEXT, Form::Simplified);
    serde_json::to_value(EntityDocument { entity, rendering, embedded_context: None }).unwrap()
}

fn validator(dataset: &Dataset) -> (Json, Validator) {
    let schema = publish::json_schema(dataset);
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
    (schema, validator)
}

/// The data set of a table, and its entities.
fn entities(mut import: Import) -> (Arc<Dataset>, Vec<Json>) {
    let outcomes: Vec<Outcome> = import.rows().unwrap().map(Result::unwrap).collect();
    let entities = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Entity { entity, .. } => Some(simplified(entity)),
        _ => None,
    });
    (Arc::clone(import.dataset()), entities.collect())
}

fn files() -> Vec<PathBuf> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo");
    let mut files = Vec::new();
    for directory in [samples(), demo, survey::directory()] {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            eprintln!("not tested: there are no files in {}", directory.display());
            continue;
        };
        files.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    files.sort();
    files
}

#[test]
fn every_entity_of_every_sample_fits_the_schema_of_its_data_set() {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    let timetable = named("feed.zip", timetable("990019", "全国バス停"));
    for input in files().into_iter().map(Input::from).chain([timetable]) {
        let name = input.name();
        // What is no list is the subject of other tests.
        let Ok(opened) = hiroba_importers::open(input, options()) else { continue };
        for (dataset, entities) in opened.imports.into_iter().map(entities) {
            let (schema, validator) = validator(&dataset);
            *seen.entry(dataset.slug.clone()).or_default() += entities.len();
            for entity in entities {
                if let Err(error) = validator.validate(&entity) {
                    panic!("{name}: {} at {}\n{entity:#}", error, error.instance_path());
                }
                for key in entity.as_object().unwrap().keys() {
                    let known =
                        schema["properties"][key].is_object() || key.starts_with(hiroba_vocab::namespace::COLUMN);
                    assert!(known, "{name}: the schema does not know {key}");
                }
            }
        }
    }
    for dataset in Datasets::published().supported() {
        assert!(seen.get(&dataset.slug).is_some_and(|count| *count > 0), "{}: no sample", dataset.slug);
    }
}

#[test]
fn an_entity_with_a_wrong_value_does_not_fit_the_schema() {
    let (dataset, all) = entities(Import::open(samples().join("aed_old.csv"), options()).unwrap());
    let (_, validator) = validator(&dataset);
    let whole = all.first().unwrap();
    assert!(validator.is_valid(whole));
    for (key, wrong) in [
        ("type", json!("PublicToilet")),
        ("id", json!("urn:ngsi-ld:PublicToilet:372013:1")),
        ("name", json!("みかん会館")),
        ("identifier", json!(1)),
        ("hasChildEquipment", json!("有")),
        ("telephone", json!({"number": "087"})),
        ("location", json!({"latitude": 34.3})),
        ("address", json!("高松市")),
        ("address", json!({"localGovernmentCode": "37201"})),
        ("openingHoursSpecification", json!([{"opens": "9時"}])),
        ("openingHoursSpecification", json!([{"dayOfWeek": ["月"]}])),
        ("url", json!("www.example.jp/aed")),
        ("inDataset", Json::Null),
    ] {
        let mut entity = whole.clone();
        entity[key] = wrong;
        assert!(!validator.is_valid(&entity), "{key}: {}", entity[key]);
    }
    for key in ["id", "type", "name", "inDataset"] {
        let mut entity = whole.clone();
        entity.as_object_mut().unwrap().remove(key);
        assert!(!validator.is_valid(&entity), "without {key}");
    }
}
