//! The invented town of the demo.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::import;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_town_has_one_list_of_each_kind_and_they_stay_small() {
    let kinds: HashSet<String> = files().iter().map(|file| import(file.clone()).unwrap().report.dataset).collect();
    // The parts of a bus timetable are no lists.
    let lists = hiroba_vocab::Datasets::published().supported().iter().filter(|dataset| dataset.shares_columns);
    assert_eq!(kinds, lists.map(|dataset| dataset.slug.clone()).collect());
    assert_eq!(files().len(), kinds.len());
    let bytes: u64 = files().iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes < 150_000, "{bytes}");
}

#[test]
fn every_list_of_the_town_imports_without_a_refused_row_or_an_unknown_column() {
    for file in files() {
        let imported = import(file.clone()).unwrap();
        let report = &imported.report;
        let own: Vec<_> = report.columns.iter().filter(|column| column.means.is_none()).collect();
        assert!(own.is_empty(), "{}: {own:?}", report.file);
        assert_eq!(report.rows.refused, 0, "{}", report.file);
        assert!(report.rows.entities >= 20, "{}", report.file);
        assert!(!report.issues.is_empty(), "{}: a report that has nothing to say shows nothing", report.file);
        assert_eq!((report.publisher.as_str(), report.publisher_name.as_deref()), ("990019", Some("広場市")));
        let ids: HashSet<_> = imported.all("/id").into_iter().map(|id| id.to_string()).collect();
        assert_eq!(ids.len() as u64, report.rows.entities, "{}", report.file);
    }
}

#[test]
fn every_thing_of_the_town_has_an_address_there_and_nearly_all_a_place_on_its_map() {
    let (mut things, mut placed) = (0, 0);
    for file in files() {
        let imported = import(file.clone()).unwrap();
        for (address, location) in imported.all("/address").iter().zip(imported.all("/location")) {
            things += 1;
            let address = address.get("value").unwrap_or(address);
            assert_eq!(address["addressLocality"], "広場市", "{}: {address}", imported.report.file);
            let point = location.pointer("/value/coordinates").or_else(|| location.pointer("/coordinates"));
            let Some(point) = point else { continue };
            placed += 1;
            let (longitude, latitude) = (point[0].as_f64().unwrap(), point[1].as_f64().unwrap());
            assert!((139.01..139.11).contains(&longitude) && (36.36..36.42).contains(&latitude), "{point}");
        }
    }
    assert!(placed * 100 > things * 98, "{placed} of {things}");
}

#[test]
fn no_real_municipality_has_the_towns_name_or_code() {
    for body in hiroba_vocab::municipality::Municipalities::all() {
        assert!(body.name != "広場市" && body.code.to_string() != "990019", "{}", body.name);
    }
}
