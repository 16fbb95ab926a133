//! CSVW metadata of the files of a data set (W3C, Metadata Vocabulary for Tabular Data).

use serde_json::{Map, Value, json};

use super::pattern;
use crate::dataset::{Cardinality, Dataset, Datatype, Edition, Field, Layout, Reads, Target};
use crate::term::Term;

/// The metadata of a table in one edition. `url` is the file's name without the publisher's code: the publisher puts in
/// what the file is called.
///
/// Rows are about the entities that Hiroba makes of them, where they have code and number. Cells that are part of an
/// address or contact are about a node of their own, to which a virtual column leads. Cells that make a value together
/// with others are under the IRI of their column.
pub fn csvw(dataset: &Dataset, edition: Edition) -> Value {
    let layout = dataset.layout(edition);
    let names = names(layout);
    let about = about(dataset, layout, &names);
    let mut columns: Vec<Value> =
        layout.fields.iter().zip(&names).map(|(field, name)| column(field, name, about.as_deref())).collect();
    if let Some(about) = &about {
        columns.extend(objects(layout).into_iter().map(|term| virtual_column(term, about)));
    }
    let mut schema = Map::new();
    schema.insert("columns".to_owned(), Value::Array(columns));
    if let Some(about) = about {
        schema.insert("aboutUrl".to_owned(), json!(about));
    }
    json!({
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "ja"}],
        "@type": "Table",
        "url": format!("{}.csv", dataset.slug),
        "dc:title": [
            {"@value": dataset.title_ja, "@language": "ja"},
            {"@value": dataset.title_en, "@language": "en"},
        ],
        "dialect": {"encoding": "utf-8", "header": true},
        "tableSchema": schema,
    })
}

/// Names by which templates can mention columns: English, ASCII, each once.
fn names(layout: &Layout) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for field in &layout.fields {
        let column = &field.column;
        let base = column.english().or(column.feeds.as_deref()).unwrap_or("column");
        let base: String = base.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let base = base.trim_matches('_');
        let mut name = base.to_owned();
        let mut count = 2;
        while names.contains(&name) {
            name = format!("{base}_{count}");
            count += 1;
        }
        names.push(name);
    }
    names
}

/// The template of the entities' ids: `urn:ngsi-ld:AED:{localgov_code}:{id}`. The day of a survey follows; the lists of
/// data sets have their slug in it.
fn about(dataset: &Dataset, layout: &Layout, names: &[String]) -> Option<String> {
    let name = |reads: Reads| {
        let position = layout.fields.iter().position(|field| field.column.reads == reads)?;
        names.get(position)
    };
    let (code, number) = (name(Reads::PublisherCode)?, name(Reads::Number)?);
    let slug = if dataset.entity_type == "Dataset" { format!("{}:", dataset.slug) } else { String::new() };
    let day = name(Reads::SurveyDate).map_or_else(String::new, |day| format!(":{{{day}}}"));
    Some(format!("urn:ngsi-ld:{}:{{{code}}}:{slug}{{{number}}}{day}", dataset.entity_type))
}

fn column(field: &Field, name: &str, about: Option<&str>) -> Value {
    let column = &field.column;
    let cell = column.reads.cell();
    let mut schema = Map::new();
    let mut put = |key: &str, value: Value| drop(schema.insert(key.to_owned(), value));
    put("name", json!(name));
    put("titles", json!({"ja": [field.header], "en": [column.label_en()]}));
    put(
        "dc:description",
        json!([
            {"@value": column.definition_ja(), "@language": "ja"},
            {"@value": column.definition_en(), "@language": "en"},
        ]),
    );
    put("propertyUrl", json!(column.property()));
    put("datatype", datatype(field));
    put("required", json!(field.must_be_filled()));
    if cell.cardinality == Cardinality::Many {
        put("separator", json!(";"));
    }
    match column.target() {
        Target::Language(_, tag) => put("lang", json!(tag)),
        Target::Key(term, _) => {
            if let Some(about) = about {
                put("aboutUrl", json!(format!("{about}#{}", term.term)));
            }
        }
        _ => {}
    }
    Value::Object(schema)
}

fn datatype(field: &Field) -> Value {
    let column = &field.column;
    if let Some(pattern) = pattern::of_cell(column.reads) {
        // CSVW's patterns speak of the whole value.
        let whole = pattern.trim_start_matches('^').trim_end_matches('$');
        return json!({"base": "string", "format": whole});
    }
    if let Some((least, most)) = pattern::bounds(column.reads) {
        return json!({"base": "number", "minimum": least, "maximum": most});
    }
    match column.reads.cell().datatype {
        Datatype::Integer => json!("integer"),
        Datatype::Number => json!("number"),
        Datatype::Boolean => json!({"base": "boolean", "format": if column.blank_is_no() { "1|0" } else { "有|無" }}),
        Datatype::Date => json!("date"),
        Datatype::Url => json!("anyURI"),
        _ => json!("string"),
    }
}

/// The attributes whose objects are made of cells.
fn objects(layout: &Layout) -> Vec<&Term> {
    let mut terms: Vec<&Term> = Vec::new();
    for field in &layout.fields {
        if let Target::Key(term, _) = field.column.target()
            && terms.iter().all(|known| known.term != term.term)
        {
            terms.push(term);
        }
    }
    terms
}

fn virtual_column(term: &Term, about: &str) -> Value {
    json!({
        "name": format!("{}_node", term.term),
        "virtual": true,
        "propertyUrl": term.iri,
        "valueUrl": format!("{about}#{}", term.term),
    })
}
