//! A table of a file on the page: what was recognised, what becomes of its rows, what is wrong with them.

use std::collections::HashMap;

use hiroba_importers::Report;
use hiroba_vocab::Iri;
use ngsild::Entity;

use super::page::{Fact, Link};
use super::visit::Visit;
use super::{Language, cell};
use crate::http::linked_data::encode;
use crate::service::datasets::{Entities, Imported, Previewed, Versioned};
use crate::service::imports::{download, standard};

/// How many rows that were refused are shown, and how many columns of the entities.
const REFUSED: usize = 200;
const COLUMNS: usize = 8;

/// What the template shows of a table.
pub(super) struct TableView {
    pub(super) title: String,
    pub(super) facts: Vec<Fact>,
    /// What became of it, of a table that was published.
    pub(super) outcome: Option<String>,
    /// More than half of the published list is not in it.
    pub(super) warning: Option<&'static str>,
    pub(super) links: Vec<Link>,
    /// What is to be known of its corrected file.
    pub(super) note: Option<&'static str>,
    /// Words and numbers: rows of the file.
    pub(super) rows: Vec<(&'static str, u64)>,
    /// Words and numbers: entities.
    pub(super) effect: Vec<(&'static str, u64)>,
    /// Header, name in the standard, attribute.
    pub(super) columns: Vec<[String; 3]>,
    pub(super) refused: Vec<[String; 4]>,
    pub(super) issues: Vec<IssueView>,
    /// Reason, number, where.
    pub(super) set_aside: Vec<[String; 3]>,
    pub(super) sample: Option<Sample>,
}

/// What was noticed in a column.
pub(super) struct IssueView {
    pub(super) level: &'static str,
    pub(super) column: String,
    pub(super) sentence: &'static str,
    pub(super) count: u64,
    pub(super) places: Vec<String>,
}

/// The first entities.
pub(super) struct Sample {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A table that would be published. `place` is the path of its import, and its number from 1.
pub(super) fn previewed(visit: &Visit, place: (&str, usize), table: &Previewed) -> TableView {
    let say = |key: &'static str| visit.language.say(key);
    let entities = table.entities;
    let (path, number) = place;
    let mut links = vec![report_link(visit, place)];
    let note = match standard(&table.report) {
        None => Some(say("no-layout")),
        // Whoever takes it in place of the old file would lose them.
        Some(_) if table.report.rows.refused > 0 => Some(say("corrected-lacks-refused")),
        Some(_) => None,
    };
    if standard(&table.report).is_some() {
        let file = |key: &'static str, format: &str| {
            link(visit, key, format!("{path}/corrected?table={number}&format={format}"))
        };
        links.extend([file("link-corrected-csv", "csv"), file("link-corrected-xlsx", "xlsx")]);
    }
    TableView {
        note,
        warning: table.takes_most_away.then(|| say("most-gone")),
        links,
        effect: vec![
            (say("effect-created"), entities.created),
            (say("effect-changed"), entities.changed),
            (say("effect-unchanged"), entities.unchanged),
            (say("effect-gone"), table.gone),
        ],
        sample: sample(visit, &table.first),
        ..of_report(visit, &table.report)
    }
}

/// A table that was published. `place` is the path of its import, and its number from 1.
pub(super) fn published(visit: &Visit, place: (&str, usize), table: &Imported) -> TableView {
    let say = |key: &'static str| visit.language.say(key);
    let Entities { created, changed, unchanged, removed, marked, kept, .. } = table.entities;
    let outcome = match &table.version {
        Versioned::New(version) => visit.language.fill("version-new", &[("version", &version.version.to_string())]),
        Versioned::Same { version, .. } => visit.language.fill("version-same", &[("version", &version.to_string())]),
        Versioned::NotKept => String::new(),
    };
    TableView {
        outcome: Some(outcome),
        warning: table.entities.took_most_away().then(|| say("most-was-gone")),
        links: links(visit, place, table),
        effect: vec![
            (say("effect-created"), created),
            (say("effect-changed"), changed),
            (say("effect-unchanged"), unchanged),
            (say("effect-marked"), marked),
            (say("effect-removed"), removed),
            (say("effect-kept"), kept),
        ],
        ..of_report(visit, &table.report)
    }
}

fn links(visit: &Visit, place: (&str, usize), table: &Imported) -> Vec<Link> {
    let id = encode(table.dataset.as_str());
    let mut links = vec![
        report_link(visit, place),
        link(visit, "link-dataset", format!("/entities/{id}")),
        link(visit, "link-versions", format!("/datasets/{id}/versions")),
        link(visit, "link-changes", format!("/datasets/{id}/changes")),
    ];
    if let Some(dataset) = standard(&table.report) {
        links.extend(visit.official_links(&download(dataset)));
    }
    links
}

fn report_link(visit: &Visit, (path, number): (&str, usize)) -> Link {
    link(visit, "link-report", format!("{path}/report?table={number}&lang={}", visit.language.tag()))
}

fn link(visit: &Visit, key: &'static str, href: String) -> Link {
    Link { label: visit.say(key).to_owned(), href }
}

fn of_report(visit: &Visit, report: &Report) -> TableView {
    let say = |key: &'static str| visit.language.say(key);
    let rows = report.rows;
    let columns = report.columns.iter().map(|column| {
        let means = column.means.clone().unwrap_or_else(|| say("column-unknown").to_owned());
        let attribute = Iri::from_expanded(column.attribute.as_str());
        let label = cell::label(&visit.context.compact(&attribute), visit.language);
        [column.header.clone(), means, label]
    });
    let refused = report.refused.iter().take(REFUSED).map(|row| {
        let reason = visit.language.choose(&row.reason, row.reason_ja).to_owned();
        [row.row.to_string(), row.column.clone(), row.value.clone(), reason]
    });
    let issues = report.issues.iter().map(|issue| IssueView {
        level: level(visit.language, issue.level),
        column: issue.column.clone().unwrap_or_default(),
        sentence: visit.language.choose(issue.sentence, issue.sentence_ja),
        count: issue.count,
        places: issue.examples.iter().map(|example| place(visit, example.row, &example.text)).collect(),
    });
    let set_aside = report.set_aside.iter().map(|group| {
        let places = group.examples.iter().map(|example| place(visit, example.row, &example.text));
        [
            visit.language.choose(group.sentence, group.sentence_ja).to_owned(),
            group.count.to_string(),
            places.collect::<Vec<_>>().join(" / "),
        ]
    });
    TableView {
        title: report.title.clone(),
        facts: facts(visit, report),
        outcome: None,
        warning: None,
        links: Vec::new(),
        note: None,
        rows: vec![
            (say("rows-read"), rows.read),
            (say("rows-entities"), rows.entities),
            (say("rows-merged"), rows.merged),
            (say("rows-set-aside"), rows.set_aside),
            (say("rows-refused"), rows.refused),
        ],
        effect: Vec::new(),
        columns: columns.collect(),
        refused: refused.collect(),
        issues: issues.collect(),
        set_aside: set_aside.collect(),
        sample: None,
    }
}

fn facts(visit: &Visit, report: &Report) -> Vec<Fact> {
    let fact = |key: &'static str, value: String| Fact {
        label: visit.say(key).to_owned(),
        value,
        link: None,
        notes: Vec::new(),
    };
    let publisher = report.publisher_name.clone().unwrap_or_default();
    let quality = [("score", report.quality.score.to_string()), ("grade", report.quality.grade.to_string())];
    let quality = quality.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut facts = vec![
        fact("table-file", report.file.clone()),
        fact("table-format", report.format_in(visit.language.of_reports()).to_owned()),
        fact("table-dataset", format!("{} ({}, {:.2})", report.title, report.dataset, report.likeness)),
        fact("publisher", format!("{} {publisher}", report.publisher)),
        fact("table-header-row", report.header_row.to_string()),
        fact("table-quality", visit.language.fill("quality-score", &quality)),
    ];
    if let Some(sheet) = &report.sheet {
        facts.insert(1, fact("upload-sheet", sheet.clone()));
    }
    facts
}

fn level(language: Language, level: &str) -> &'static str {
    language.say(match level {
        "unread" => "level-unread",
        "doubtful" => "level-doubtful",
        "changed" => "level-changed",
        _ => "level-note",
    })
}

/// Where something was seen: `row 5: 1234`.
fn place(visit: &Visit, row: u64, text: &str) -> String {
    if row == 0 {
        return text.to_owned();
    }
    visit.language.fill("row-of", &[("row", &row.to_string()), ("text", text)])
}

/// The first entities in a table: name first, then the attributes that most of them have.
fn sample(visit: &Visit, first: &[Entity]) -> Option<Sample> {
    let mut uses: HashMap<&Iri, usize> = HashMap::new();
    for name in first.iter().flat_map(|entity| entity.attributes.keys()) {
        *uses.entry(name).or_default() += 1;
    }
    let hidden = ["inDataset", "sourceValue", "dataIssues"];
    let mut names: Vec<(&Iri, usize, String)> = uses
        .into_iter()
        .map(|(name, count)| (name, count, visit.context.compact(name).into_owned()))
        .filter(|(_, _, compact)| !hidden.contains(&compact.as_str()))
        .collect();
    names.sort_by_key(|(_, count, compact)| (compact != "name", std::cmp::Reverse(*count), compact.clone()));
    names.truncate(COLUMNS);
    let cells = |entity: &Entity| {
        let values = names.iter().map(|(name, _, compact)| {
            let instances = entity.attributes.get(*name);
            instances.map(|instances| cell::text(compact, instances, visit.language)).unwrap_or_default()
        });
        std::iter::once(entity.id.to_string()).chain(values).collect()
    };
    let labels = names.iter().map(|(_, _, compact)| cell::label(compact, visit.language));
    (!first.is_empty()).then(|| Sample {
        columns: std::iter::once("id".to_owned()).chain(labels).collect(),
        rows: first.iter().map(cells).collect(),
    })
}
