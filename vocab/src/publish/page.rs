//! A page about each data set, in Markdown: `docs/datasets/<slug>.md`.

use std::fmt::Write as _;

use super::code_list::list_of;
use crate::dataset::{Cardinality, Column, Dataset, Datasets, Datatype, Edition, Need, Range, Reads, Target};
use crate::term::Terms;

/// The page of a data set: what it is, its official layouts, and every column with all that is known of it.
pub fn page(dataset: &Dataset) -> String {
    let mut page = String::new();
    let class = Terms::published().iri(&dataset.entity_type);
    let _ = writeln!(page, "# {}: {}\n", dataset.title_ja, dataset.title_en);
    let _ = writeln!(
        page,
        "Generated from `vocab/datasets/{}.toml`; do not edit. [All data sets](README.md)\n",
        dataset.slug
    );
    if let Some(class) = Terms::published().get(&dataset.entity_type) {
        let _ = writeln!(page, "{} {}\n", class.definition_en, class.definition_ja);
    }
    let number = |number: Option<u8>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
    let rows = [
        ("Short name", format!("`{}`", dataset.slug)),
        ("File name", format!("`<code>_{}.csv`", dataset.slug)),
        ("Number in the current standard", number(dataset.number)),
        ("Number in the old standard", number(dataset.old_number)),
        ("Entity type", format!("`{}`, <{class}>", dataset.entity_type)),
        ("A row is refused without", subject(dataset)),
    ];
    page.push_str("| | |\n|---|---|\n");
    for (name, value) in rows {
        let _ = writeln!(page, "| {name} | {value} |");
    }
    columns(&mut page, dataset);
    lists(&mut page, dataset);
    for edition in Edition::ALL {
        layout(&mut page, dataset, edition);
    }
    page
}

/// The index: `docs/datasets/README.md`.
pub fn index() -> String {
    let mut page = String::from(
        "# Data sets\n\n\
         What the columns of each data set mean, and what becomes of them. These pages are generated from the definitions in\n\
         `vocab/datasets`: `cargo run -p hiroba-vocab --example pages` writes them again. The same definitions are\n\
         published in forms for programs; see [For developers](../developer.md#the-vocabulary).\n\n\
         | Data set | | Short name | Number (old) | Entity type | Columns |\n|---|---|---|---|---|---|\n",
    );
    let number = |number: Option<u8>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
    for dataset in Datasets::published().supported() {
        let official = dataset.official().len();
        let _ = writeln!(
            page,
            "| [{}]({}.md) | {} | `{}` | {} ({}) | `{}` | {official} |",
            dataset.title_ja,
            dataset.slug,
            dataset.title_en,
            dataset.slug,
            number(dataset.number),
            number(dataset.old_number),
            dataset.entity_type
        );
    }
    page.push_str(LEGEND);
    page
}

const LEGEND: &str = "
## How to read the pages

- **Column** is the official name in the current standard (自治体標準オープンデータセット), with an English name below it: the
  standard's own where it is known. **Old name** is the header in the old standard (推奨データセット), if it has the column.
- **Need** is ◎ required, ○ recommended, blank optional in the current standard; the mark before an old name says the same of
  the old one. Lists that leave something out are imported all the same; only rows that do not say what they are about are
  refused.
- **Attribute** is what takes the value, under the name of the [published @context](../developer.md#names-and-context).
  `address.building` is a key of an object, `name` (ja) a language, `telephone`.`telephoneExtension` a sub-attribute.
- **Value** is what stands in the entity.
- A cell that cannot be read is published as text under the IRI of its column,
  `https://w3id.org/hiroba/vocab/column/<header>`. So is every column that no definition knows.
- Columns may stand in any order, and headers need not be exact: see [Importing](../importing.md).

`openingHoursSpecification` is an array of objects with `dayOfWeek`, `opens` and `closes`. `address` also has
`addressCountry`. Hazards that a site is not meant for are in `hazardTypesExcluded`. Those with △ or － are in
`hazardTypesUncertain`, with the mark. Where the file never writes a no, a blank flag means no, as the standard says;
where it does, a blank says nothing.
";

fn subject(dataset: &Dataset) -> String {
    if dataset.subject.is_empty() { "any cell".to_owned() } else { dataset.subject.join(", or ") }
}

fn columns(page: &mut String, dataset: &Dataset) {
    let official = dataset.official();
    let is_official = |column: &Column| official.iter().any(|known| std::ptr::eq(*known, column));
    let extra: Vec<&Column> = dataset.columns.iter().map(AsRef::as_ref).filter(|column| !is_official(column)).collect();
    let _ = writeln!(page, "\n## Columns of the standard\n");
    table(page, dataset, &official);
    if !extra.is_empty() {
        let _ = writeln!(page, "\n## Columns that cities add\n");
        table(page, dataset, &extra);
    }
}

fn table(page: &mut String, dataset: &Dataset, columns: &[&Column]) {
    page.push_str("| Column | Old name | Need | Attribute | Value | Meaning |\n|---|---|---|---|---|---|\n");
    for column in columns {
        let english = column.english().map_or_else(String::new, |name| format!("<br>`{name}`"));
        let _ = writeln!(
            page,
            "| {}{english} | {} | {} | {} | {} | {} |",
            cell(&column.name),
            cell(&old_name(dataset, column)),
            mark(dataset.need(column)),
            attribute(column),
            value(column),
            meaning(column),
        );
    }
}

/// The header of the old layout with its mark.
fn old_name(dataset: &Dataset, column: &Column) -> String {
    let fields = dataset.old.fields.iter().filter(|field| std::ptr::eq::<Column>(&*field.column, column));
    fields.map(|field| format!("{}{}", mark(field.need), field.header)).collect::<Vec<_>>().join(", ")
}

fn mark(need: Need) -> &'static str {
    match need {
        Need::Required => "◎",
        Need::Recommended => "○",
        Need::Optional => "",
    }
}

fn meaning(column: &Column) -> String {
    let texts =
        [format!("**{}**.", column.label_en()), column.definition_en().to_owned(), column.definition_ja().to_owned()];
    cell(&texts.iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" "))
}

/// The attribute as the @context names it.
fn attribute(column: &Column) -> String {
    match (column.reads, column.target()) {
        (Reads::PublisherCode, _) => "the id".to_owned(),
        (Reads::PublisherName, _) => "`publisher` of the data set".to_owned(),
        (Reads::Prefecture | Reads::City, _) => "completes `address`".to_owned(),
        (Reads::Datum, _) => "corrects `location`".to_owned(),
        (Reads::Hazard, target) => format!(
            "`{}`: `{}`",
            target.attribute().map_or("", |term| term.term.as_str()),
            column.part.as_deref().unwrap_or_default()
        ),
        (_, Target::Own) => "under its own IRI".to_owned(),
        (_, Target::Language(term, tag)) => format!("`{}` ({tag})", term.term),
        (_, Target::Key(term, key) | Target::Piece(term, Some(key))) => format!("`{}.{}`", term.term, key.term),
        (_, Target::Attribute(term) | Target::Piece(term, None)) => match &column.of {
            Some(parent) => format!("`{parent}`.`{}`", term.term),
            None => format!("`{}`", term.term),
        },
    }
}

/// What stands in the entity.
fn value(column: &Column) -> String {
    let text = match column.reads {
        Reads::Number => "text, and the last part of the id".to_owned(),
        Reads::PublisherCode | Reads::Code | Reads::PlaceCode => "six digits".to_owned(),
        Reads::TownId => "seven digits".to_owned(),
        Reads::CorporateNumber => "13 digits".to_owned(),
        Reads::PostalCode => "`NNN-NNNN`".to_owned(),
        Reads::Kana => "katakana".to_owned(),
        Reads::Fee => "whole number, yen".to_owned(),
        Reads::Licence => "IRI, or text".to_owned(),
        Reads::Hazard => "the code, in an array".to_owned(),
        Reads::Amenity => "the header, in an array, where a circle stands".to_owned(),
        Reads::Latitude | Reads::Longitude | Reads::LatLon => "GeoJSON point".to_owned(),
        Reads::Days => "`dayOfWeek`".to_owned(),
        Reads::Opens => "`opens`, `HH:MM`".to_owned(),
        Reads::Closes => "`closes`, `HH:MM`".to_owned(),
        Reads::Hours => "`opens` and `closes`".to_owned(),
        Reads::AllDay => "00:00 to 24:00".to_owned(),
        Reads::Choice | Reads::CodeWord => "a word of the list below, or text".to_owned(),
        Reads::ChoiceList => "words of the list below, or texts, in an array".to_owned(),
        Reads::AgeBand => "`{ageFrom, ageTo, gender, count}`, in an array".to_owned(),
        Reads::Recurrence => "`{wasteKind, text, byDay, byMonthWeek}`, in an array".to_owned(),
        Reads::GroupCell => "`{areaGroup, wasteKind}`, in an array".to_owned(),
        Reads::SurveyDate => "`YYYY-MM-DD`, or coarser, and the end of the id".to_owned(),
        Reads::EventDates => "the first day; the last is `endDate`".to_owned(),
        reads => in_words(reads.range()),
    };
    let unit = column.target().attribute().and_then(|term| term.unit.as_deref());
    match unit {
        Some("MTR") => format!("{text}, metres"),
        Some(unit) => format!("{text}, unit `{unit}`"),
        None => text,
    }
}

fn in_words(range: Range) -> String {
    let one = match range.datatype {
        Datatype::Text | Datatype::LanguageText => "text",
        Datatype::Integer => "whole number",
        Datatype::Number => "number",
        Datatype::Boolean => "true or false",
        Datatype::Date => "`YYYY-MM-DD`, or coarser",
        Datatype::Time => "`HH:MM`",
        Datatype::Url => "URL",
        Datatype::Entity => "id of an entity",
        Datatype::Geometry => "GeoJSON",
        Datatype::Object | Datatype::OpeningHours => "object",
        Datatype::Day => "day of the week",
        Datatype::Any => "any value",
    };
    match range.cardinality {
        Cardinality::One => one.to_owned(),
        Cardinality::OneOrMany => format!("{one}, or array"),
        Cardinality::Many => format!("array of {one}"),
    }
}

fn lists(page: &mut String, dataset: &Dataset) {
    for column in dataset.columns.iter().filter(|column| !column.choices.is_empty() && list_of(column).is_some()) {
        let _ = writeln!(page, "\n## Values of {}\n\n| Value | English |\n|---|---|", column.name);
        for (at, word) in column.words().enumerate() {
            let english = column.choices_en.get(at).map_or("", String::as_str);
            let code = column.code_of(word).map_or_else(String::new, |code| format!(" (code `{code}`)"));
            let _ = writeln!(page, "| {}{code} | {} |", cell(word), cell(english));
        }
    }
}

fn layout(page: &mut String, dataset: &Dataset, edition: Edition) {
    let layout = dataset.layout(edition);
    if layout.fields.is_empty() {
        return;
    }
    let title = match edition {
        Edition::Current => "The current layout",
        Edition::Old => "The old layout",
    };
    let _ = writeln!(page, "\n## {title}\n");
    if !layout.confirmed {
        page.push_str("As far as it is known: columns and order were not compared with the official template.\n\n");
    }
    let headers: Vec<String> =
        layout.fields.iter().map(|field| format!("{}{}", mark(field.need), field.header)).collect();
    let _ = writeln!(page, "{} columns: {}", headers.len(), headers.join(", "));
}

/// Text that does not break a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
