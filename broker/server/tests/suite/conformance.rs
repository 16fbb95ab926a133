//! docs/conformance.md speaks of every clause, and names tests that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../../../docs/conformance.md");

/// Test files that are about no clause of the standard, or that others use.
const OF_NO_CLAUSE: &[&str] = &[
    "http/catalogue",
    "http/conformance",
    "http/datasets",
    "http/event_stream",
    "http/feed",
    "http/harvest",
    "http/importing",
    "http/importing_from",
    "http/imports",
    "http/indexes",
    "http/linked_data",
    "http/main",
    "http/mosquitto",
    "http/process",
    "http/readme",
    "http/receiver",
    "http/sidecar",
    "http/stream",
    "http/support",
    "http/vocab",
    "http/web",
    "ngsild/arbitrary",
    "ngsild/main",
    "store/datasets",
    "store/indexes",
    "store/log",
    "store/main",
    "store/sources",
];

/// The clauses that the page must speak of: a chapter, and the first and the last number of what is in it.
const CLAUSES: &[(&str, u32, u32)] = &[
    ("4", 2, 23),
    ("4.3", 1, 7),
    ("4.3.6", 1, 8),
    ("4.5", 0, 25),
    ("4.6", 1, 6),
    ("5", 4, 16),
    ("5.2", 2, 44),
    ("5.3", 1, 4),
    ("5.5", 2, 15),
    ("5.6", 1, 21),
    ("5.7", 1, 11),
    ("5.14", 1, 5),
    ("6.3", 2, 22),
    ("6", 4, 38),
];

struct Row<'p> {
    clauses: BTreeSet<String>,
    state: &'p str,
    tests: Vec<&'p str>,
    line: &'p str,
}

/// The rows of the tables of clauses.
fn rows() -> Vec<Row<'static>> {
    let mut rows = Vec::new();
    let mut inside = false;
    for line in PAGE.lines() {
        inside = line.starts_with("| Clause |") || (inside && line.starts_with('|'));
        if !inside || line.starts_with("| Clause |") || line.starts_with("|---") {
            continue;
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [clauses, _, state, tests, _] = cells[..] else { panic!("five cells: {line}") };
        let tests = tests.split('`').skip(1).step_by(2).collect();
        rows.push(Row { clauses: clauses.split(", ").flat_map(numbers).collect(), state, tests, line });
    }
    rows
}

/// `4.5.6 – 4.5.9` as four numbers.
fn numbers(text: &str) -> Vec<String> {
    let Some((first, last)) = text.split_once(" – ") else { return vec![text.to_owned()] };
    let (chapter, first) = first.rsplit_once('.').unwrap();
    let last: u32 = last.strip_prefix(chapter).unwrap().trim_start_matches('.').parse().unwrap();
    (first.parse().unwrap()..=last).map(|number| format!("{chapter}.{number}")).collect()
}

fn folder(kind: &str) -> PathBuf {
    let broker = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let package = if kind == "http" { "server" } else { kind };
    broker.join(package).join("tests/suite")
}

/// The test files of a folder, as the page names them.
fn files(folder: &Path, name: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let inside = format!("{name}/{}", path.file_stem().unwrap().to_str().unwrap());
        if path.is_dir() {
            files(&path, &inside, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(inside);
        }
    }
}

#[test]
fn tests_that_the_page_names_are_there() {
    for Row { state, tests, line, .. } in rows() {
        assert!(["yes", "partly", "no"].contains(&state), "{line}");
        assert!(state == "no" || !tests.is_empty(), "what is there is tested: {line}");
        for test in tests {
            let (kind, name) = test.split_once('/').unwrap_or_else(|| panic!("{test}: {line}"));
            let file = folder(kind).join(format!("{name}.rs"));
            assert!(file.is_file(), "{} of {line}", file.display());
        }
    }
}

#[test]
fn tests_of_the_standard_are_on_the_page() {
    let named: BTreeSet<&str> = rows().into_iter().flat_map(|row| row.tests).collect();
    let mut found = Vec::new();
    for kind in ["http", "ngsild", "store"] {
        files(&folder(kind), kind, &mut found);
    }
    assert!(found.len() > 40, "{found:?}");
    for file in &found {
        // The parts of a test file go with it.
        let is_known = |known: &&str| file == *known || file.starts_with(&format!("{known}/"));
        assert!(named.iter().any(is_known) || OF_NO_CLAUSE.iter().any(is_known), "{file}");
    }
    let gone: Vec<&&str> = OF_NO_CLAUSE.iter().filter(|name| !found.iter().any(|file| file == *name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn the_page_speaks_of_every_clause() {
    let rows = rows();
    let told: BTreeSet<&String> = rows.iter().flat_map(|row| &row.clauses).collect();
    // A clause is spoken of by its own number, or by those of all its parts, of which one stands for all here.
    let is_told = |clause: &str| {
        let part = format!("{clause}.");
        told.iter().any(|known| *known == clause || known.starts_with(&part))
    };
    let clauses =
        CLAUSES.iter().flat_map(|(chapter, first, last)| (*first..=*last).map(move |n| format!("{chapter}.{n}")));
    let missing: Vec<String> =
        clauses.chain(["7", "A", "B", "C", "D"].map(str::to_owned)).filter(|clause| !is_told(clause)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let mut twice = BTreeSet::new();
    for row in &rows {
        for clause in &row.clauses {
            assert!(twice.insert(clause), "{clause} is there twice: {}", row.line);
        }
    }
}
