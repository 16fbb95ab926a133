//! The W3C's JSON-LD 1.1 API tests, held against `ngsild::jsonld`.
//!
//! NGSI-LD never runs generic expansion: the shape of its documents is known, and only names pass through a context.
//! So this file holds the smallest generic walker for documents of NGSI-LD's kind (nodes, values, arrays, lists, language
//! maps, coercion), and every name in it goes through `Context`. What it says of a test is what the context said.
//!
//! Each test is in one of three groups: passed, expected to differ (listed here with the reason), or out of scope (uses
//! a feature that NGSI-LD documents cannot have; counted). A test that changes group fails this file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ngsild::jsonld::{Context, ContextError, Documents, TypeMapping};
use serde_json::{Map, Value, json};

const SUITE_BASE: &str = "https://w3c.github.io/json-ld-api/tests/";

/// Tests whose documents are in scope but whose outcome differs on purpose.
const DIFFERENT: &[(&str, &str)] = &[
    ("expand#t0062", "dot segments of a base are left as written; NGSI-LD ids are absolute"),
    ("expand#t0091", "dot segments of a base are left as written; NGSI-LD ids are absolute"),
    ("expand#t0127", "scoped contexts that include one another; NGSI-LD refuses scoped contexts"),
    ("expand#tc031", "a scoped context inside a remote context; NGSI-LD refuses scoped contexts"),
];

struct Files(PathBuf);

impl Documents for Files {
    fn document(&self, url: &str) -> Option<Arc<Value>> {
        let text = std::fs::read_to_string(self.0.join(url.strip_prefix(SUITE_BASE)?)).ok()?;
        serde_json::from_str(&text).ok().map(Arc::new)
    }
}

fn suite() -> Option<Files> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .ok()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).ok()?;
    let manifest =
        metadata["packages"].as_array()?.iter().find(|p| p["name"] == "json-ld")?["manifest_path"].as_str()?;
    let folder = Path::new(manifest).parent()?.join("tests/json-ld-api/tests");
    folder.is_dir().then_some(Files(folder))
}

/// Features that NGSI-LD documents cannot have, or that it gives a meaning of its own.
fn out_of_scope(value: &Value) -> bool {
    const WORDS: [&str; 8] = ["@graph", "@included", "@nest", "@reverse", "@index", "@direction", "@default", "@json"];
    match value {
        Value::String(text) => WORDS.contains(&text.as_str()),
        Value::Array(items) => items.iter().any(out_of_scope),
        Value::Object(map) => map.iter().any(|(key, value)| {
            let scoped = key != "@context" && value.get("@context").is_some();
            let map_container = key == "@container" && (value == "@id" || value == "@type");
            WORDS.contains(&key.as_str()) || scoped || map_container || out_of_scope(value)
        }),
        _ => false,
    }
}

fn document_context(document: &Value, base: &str, files: &Files) -> Result<Context, ContextError> {
    let node = array(document).first().unwrap_or(document);
    Context::generic(node.get("@context").unwrap_or(&json!({})), Some(base), files)
}

fn resolve(reference: &str, context: &Context) -> String {
    match context.base().and_then(|base| oxiri::Iri::parse(base.as_str().to_owned()).ok()) {
        Some(base) => base.resolve(reference).map_or_else(|_| reference.to_owned(), oxiri::Iri::into_inner),
        None => reference.to_owned(),
    }
}

fn expand_document_iri(text: &str, context: &Context) -> Option<String> {
    match text.split_once(':') {
        Some((_, rest)) if rest.starts_with("//") => Some(text.to_owned()),
        Some((prefix, _)) if context.definition(prefix).is_some() => context.expand(text).map(|iri| iri.to_string()),
        _ if text
            .strip_prefix('@')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic())) =>
        {
            None
        }
        _ => Some(resolve(text, context)),
    }
}

fn array(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        single => std::slice::from_ref(single),
    }
}

fn coerce(value: &Value, term: &str, context: &Context) -> Value {
    let definition = context.definition(term);
    let mapping = definition.and_then(|d| d.type_mapping.as_ref());
    match (mapping, value) {
        (Some(TypeMapping::Id), Value::String(text)) => json!({"@id": expand_document_iri(text, context)}),
        (Some(TypeMapping::Vocab), Value::String(text)) => {
            let iri = context.expand(text).map(|iri| iri.to_string());
            json!({"@id": iri.filter(|i| i.contains(':')).or_else(|| Some(resolve(text, context)))})
        }
        (Some(TypeMapping::Datatype(datatype)), _) => json!({"@value": value, "@type": datatype.as_str()}),
        (_, Value::String(text)) => {
            let language = match definition.and_then(|d| d.language.clone()) {
                Some(own) => own,
                None => context.language().map(str::to_owned),
            };
            match language {
                Some(tag) => json!({"@value": text, "@language": tag}),
                None => json!({"@value": text}),
            }
        }
        _ => json!({"@value": value}),
    }
}

/// Expansion of one value of the property `term`. Empty when it is dropped.
fn expand_value(value: &Value, term: Option<&str>, context: &Context) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => expand_object(map, term, context),
        scalar => term.map(|term| coerce(scalar, term, context)),
    }
}

fn expand_items(value: &Value, term: Option<&str>, context: &Context, out: &mut Vec<Value>) {
    for item in array(value) {
        match item {
            Value::Array(_) => expand_items(item, term, context, out),
            single => out.extend(expand_value(single, term, context)),
        }
    }
}

fn expand_object(map: &Map<String, Value>, term: Option<&str>, context: &Context) -> Option<Value> {
    let mut result = Map::new();
    let mut keys: Vec<&String> = map.keys().collect();
    keys.sort();
    for key in keys {
        let value = &map[key];
        if key == "@context" {
            continue;
        }
        let Some(property) = context.expand(key).map(|iri| iri.to_string()) else { continue };
        match property.as_str() {
            "@id" => {
                let id = value.as_str().and_then(|text| expand_document_iri(text, context));
                result.insert(property, id.map_or(Value::Null, Value::String));
            }
            "@type" => {
                let types = result.entry("@type").or_insert_with(|| json!([]));
                for name in array(value).iter().filter_map(Value::as_str) {
                    let iri = context.expand(name).map(|iri| iri.to_string());
                    let iri = iri.filter(|iri| iri.contains(':')).unwrap_or_else(|| resolve(name, context));
                    types.as_array_mut()?.push(Value::String(iri));
                }
            }
            "@value" => {
                result.insert(property, value.clone());
            }
            "@language" => {
                result.insert(property, value.clone());
            }
            "@list" | "@set" => {
                let mut items = Vec::new();
                expand_items(value, term, context, &mut items);
                result.insert(property, Value::Array(items));
            }
            keyword if keyword.starts_with('@') => {}
            iri if !iri.contains(':') => {}
            _ => {
                let Some(items) = expand_property(key, value, context) else { continue };
                let entry = result.entry(property).or_insert_with(|| json!([]));
                entry.as_array_mut()?.extend(items);
            }
        }
    }
    finish_object(result)
}

fn expand_property(term: &str, value: &Value, context: &Context) -> Option<Vec<Value>> {
    let container = context.definition(term).map(|d| d.container).unwrap_or_default();
    if container.language
        && let Value::Object(map) = value
    {
        let mut items = Vec::new();
        let mut tags: Vec<&String> = map.keys().collect();
        tags.sort();
        for tag in tags {
            let none = context.expand(tag).is_some_and(|iri| iri.as_str() == "@none");
            for text in array(&map[tag]).iter().filter(|text| !text.is_null()) {
                items.push(if none { json!({"@value": text}) } else { json!({"@value": text, "@language": tag}) });
            }
        }
        return Some(items);
    }
    if value.is_null() {
        return None;
    }
    if container.list && !(value.as_object().is_some_and(|map| is_list(map, context))) {
        return Some(vec![json!({"@list": expand_list(value, term, context)})]);
    }
    let mut items = Vec::new();
    expand_items(value, Some(term), context, &mut items);
    if items.is_empty() && !value.is_array() && !is_set(value, context) {
        return None;
    }
    let flat = items.into_iter().flat_map(|item| match item.get("@set") {
        Some(Value::Array(inner)) => inner.clone(),
        _ => vec![item],
    });
    Some(flat.collect())
}

fn expand_list(value: &Value, term: &str, context: &Context) -> Vec<Value> {
    let mut items = Vec::new();
    for item in array(value) {
        match item {
            Value::Array(_) => items.push(json!({"@list": expand_list(item, term, context)})),
            single => items.extend(expand_value(single, Some(term), context)),
        }
    }
    items
}

fn has_keyword(map: &Map<String, Value>, keyword: &str, context: &Context) -> bool {
    map.keys().any(|key| context.expand(key).is_some_and(|iri| iri.as_str() == keyword))
}

fn is_list(map: &Map<String, Value>, context: &Context) -> bool {
    has_keyword(map, "@list", context)
}

fn is_set(value: &Value, context: &Context) -> bool {
    value.as_object().is_some_and(|map| has_keyword(map, "@set", context))
}

fn finish_object(mut result: Map<String, Value>) -> Option<Value> {
    if let Some(value) = result.get("@value") {
        if value.is_null() {
            return None;
        }
        if let Some(Value::Array(types)) = result.get("@type")
            && let [single] = types.as_slice()
        {
            let single = single.clone();
            result.insert("@type".to_owned(), single);
        }
        if let Some(Value::String(tag)) = result.get("@language") {
            let tag = tag.clone();
            result.insert("@language".to_owned(), Value::String(tag));
        }
    }
    if result.len() == 1 && result.contains_key("@language") {
        return None;
    }
    Some(Value::Object(result))
}

fn expand(document: &Value, context: &Context) -> Value {
    let mut items = Vec::new();
    for item in array(document) {
        if let Value::Object(map) = item {
            items.extend(expand_object(map, None, context));
        }
    }
    items.retain(|item| {
        let map = item.as_object();
        map.is_some_and(|map| {
            let free = map.len() == 1 && map.contains_key("@id");
            !(map.is_empty() || free || map.contains_key("@value") || map.contains_key("@list"))
        })
    });
    Value::Array(items)
}

/// JSON-LD equality: the order of objects and of non-list arrays is not significant.
fn canonical(value: &Value, list: bool) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| canonical(item, false)).collect();
            if !list {
                items.sort_by_key(Value::to_string);
            }
            Value::Array(items)
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            keys.into_iter().map(|key| (key.clone(), canonical(&map[key], key == "@list"))).collect()
        }
        Value::Number(number) => json!(number.as_f64()),
        scalar => scalar.clone(),
    }
}

fn manifest(files: &Files, name: &str) -> Vec<Value> {
    let document = files.document(&format!("{SUITE_BASE}{name}-manifest.jsonld")).expect("the manifest is JSON");
    document["sequence"].as_array().expect("a sequence").clone()
}

fn is_1_1(test: &Value) -> bool {
    let version = test["option"]["specVersion"].as_str().unwrap_or("json-ld-1.1");
    let mode = test["option"]["processingMode"].as_str().unwrap_or("json-ld-1.1");
    version == "json-ld-1.1" && mode == "json-ld-1.1"
}

fn kind(test: &Value) -> &str {
    test["@type"][0].as_str().unwrap_or_default()
}

fn report(name: &str, passed: usize, differ: &BTreeSet<String>, skipped: usize) {
    eprintln!("W3C JSON-LD {name}: {passed} passed, {} differ, {skipped} out of scope", differ.len());
    let known: BTreeSet<String> =
        DIFFERENT.iter().filter(|(id, _)| id.starts_with(name)).map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(differ, &known, "tests that changed group ({name})");
}

#[test]
fn documents_expand_as_the_w3c_expects() {
    let Some(files) = suite() else {
        eprintln!("SKIPPED: the W3C test suite is not at hand (cargo metadata did not find the package json-ld)");
        return;
    };
    let (mut passed, mut skipped, mut differ) = (0, 0, BTreeSet::new());
    for test in manifest(&files, "expand") {
        let id = format!("expand{}", test["@id"].as_str().unwrap_or_default());
        let input = test["input"].as_str().expect("an input");
        let Some(document) = files.document(&format!("{SUITE_BASE}{input}")) else { continue };
        let base = test["option"]["base"].as_str().map_or_else(|| format!("{SUITE_BASE}{input}"), str::to_owned);
        let positive = kind(&test) == "jld:PositiveEvaluationTest";
        if !is_1_1(&test) || test["option"]["expandContext"].is_string() || out_of_scope(&document) {
            skipped += 1;
            continue;
        }
        let context = document_context(&document, &base, &files);
        if positive {
            let expected = files.document(&format!("{SUITE_BASE}{}", test["expect"].as_str().unwrap())).unwrap();
            let actual = context.map(|context| canonical(&expand(&document, &context), false));
            if actual.as_ref().ok() == Some(&canonical(&expected, false)) {
                passed += 1;
            } else {
                eprintln!("{id} {}\n  expected {expected}\n  actual   {actual:?}", test["name"]);
                differ.insert(id);
            }
        } else {
            // Only errors of the context itself are this module's business.
            match context {
                Err(ContextError::Invalid { code, .. }) if test["expectErrorCode"] == code => passed += 1,
                Err(ContextError::Missing(_)) if test["expectErrorCode"] == "loading remote context failed" => {
                    passed += 1;
                }
                Ok(_) if is_document_error(test["expectErrorCode"].as_str().unwrap_or_default()) => skipped += 1,
                other => {
                    eprintln!("{id} {} expected {} got {other:?}", test["name"], test["expectErrorCode"]);
                    differ.insert(id);
                }
            }
        }
    }
    report("expand", passed, &differ, skipped);
}

/// Errors that expansion raises about a document, not about its context.
fn is_document_error(code: &str) -> bool {
    matches!(
        code,
        "colliding keywords"
            | "invalid @id value"
            | "invalid type value"
            | "invalid value object value"
            | "invalid language-tagged string"
            | "invalid language map value"
            | "invalid value object"
            | "invalid language-tagged value"
            | "invalid typed value"
            | "invalid set or list object"
            | "invalid @index value"
            | "invalid @reverse value"
            | "invalid reverse property value"
            | "invalid reverse property map"
            | "list of lists"
            | "invalid @nest value"
            | "invalid @included value"
    )
}

/// Every IRI of an expanded document that is a property or a type.
fn names(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names(item, out)),
        Value::Object(map) => {
            for (key, value) in map {
                if key == "@type" && !map.contains_key("@value") {
                    out.extend(array(value).iter().filter_map(Value::as_str).map(str::to_owned));
                } else if !key.starts_with('@') {
                    out.insert(key.clone());
                }
                names(value, out);
            }
        }
        _ => {}
    }
}

#[test]
fn names_compact_as_the_w3c_expects() {
    let Some(files) = suite() else {
        eprintln!("SKIPPED: the W3C test suite is not at hand (cargo metadata did not find the package json-ld)");
        return;
    };
    let (mut passed, mut skipped, mut differ) = (0, 0, BTreeSet::new());
    for test in manifest(&files, "compact") {
        let id = format!("compact{}", test["@id"].as_str().unwrap_or_default());
        let input = test["input"].as_str().expect("an input");
        let (Some(document), Some(context)) =
            (files.document(&format!("{SUITE_BASE}{input}")), test["context"].as_str())
        else {
            skipped += 1;
            continue;
        };
        let Some(context) = files.document(&format!("{SUITE_BASE}{context}")) else { continue };
        let positive = kind(&test) == "jld:PositiveEvaluationTest";
        let empty = json!({});
        let local = context.get("@context").unwrap_or(&empty);
        if !is_1_1(&test) || !positive || out_of_scope(&document) || out_of_scope(local) {
            skipped += 1;
            continue;
        }
        let base = format!("{SUITE_BASE}{input}");
        let expected = files.document(&format!("{SUITE_BASE}{}", test["expect"].as_str().unwrap())).unwrap();
        let processed = Context::generic(local, Some(&base), &files);
        let outcome = processed.map_err(|e| e.to_string()).and_then(|context| {
            let mut wanted = BTreeSet::new();
            names(
                &expand(&document, &document_context(&document, &base, &files).map_err(|e| e.to_string())?),
                &mut wanted,
            );
            let text = expected.to_string();
            wanted.iter().try_for_each(|iri| {
                let iri = hiroba_vocab::Iri::from_expanded(iri.as_str());
                let name = context.compact(&iri);
                if text.contains(&json!(name).to_string()) { Ok(()) } else { Err(format!("{iri} became '{name}'")) }
            })
        });
        match outcome {
            Ok(()) => passed += 1,
            Err(reason) => {
                eprintln!("{id} {}: {reason}\n  expected {expected}", test["name"]);
                differ.insert(id);
            }
        }
    }
    report("compact", passed, &differ, skipped);
}
