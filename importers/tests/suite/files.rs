//! The kinds of list in both layouts, each in another form: the samples of `tests/data`, from report to entities.

use std::fmt::Write as _;

use crate::{Imported, import, samples};

/// What people read of an import: the report in short, then the entities.
fn page(imported: &Imported) -> String {
    let report = &imported.report;
    let mut page = String::new();
    let sheet = report.sheet.as_deref().unwrap_or("none");
    writeln!(page, "{}, sheet {sheet}, misnamed {}", report.format, report.misnamed).unwrap();
    writeln!(page, "{} from row {}, above it {:?}", report.dataset, report.header_row, report.above_header).unwrap();
    let name = report.publisher_name.as_deref().unwrap_or("unknown");
    writeln!(page, "{} {name}, found in {:?}", report.publisher, report.publisher_found).unwrap();
    writeln!(page, "{}", imported.counts()).unwrap();
    for issue in imported.issues() {
        writeln!(page, "  {issue}").unwrap();
    }
    for group in &report.set_aside {
        let rows: Vec<u64> = group.examples.iter().map(|example| example.row).collect();
        writeln!(page, "set aside: {} {rows:?}", group.reason).unwrap();
    }
    for row in &report.merged {
        writeln!(page, "merged: {} into {}, {}", row.row, row.into, row.why).unwrap();
    }
    for row in &report.refused {
        writeln!(page, "refused: {}, {}, {:?}, {}", row.row, row.column, row.value, row.reason).unwrap();
    }
    for entity in &imported.entities {
        writeln!(page, "{}", serde_json::to_string_pretty(entity).unwrap()).unwrap();
    }
    page
}

#[test]
fn each_kind_of_list_becomes_what_the_snapshots_show_in_both_layouts() {
    let files = [
        ("aed", "aed_old.csv"),
        ("aed", "aed_current.csv"),
        ("evacuation_space", "evacuation_space_old.csv"),
        ("evacuation_space", "evacuation_space_current.csv"),
        ("public_facility", "public_facility_old.xlsx"),
        ("public_facility", "public_facility_current.csv"),
        ("public_toilet", "public_toilet_old.csv"),
        ("public_toilet", "public_toilet_current.geojson"),
        ("tourism", "tourism_old.csv"),
        ("tourism", "tourism_current.csv"),
        ("preschool", "preschool_old.csv"),
        ("preschool", "preschool_current.xls"),
        ("cultural_property", "cultural_property_old.csv"),
        ("cultural_property", "cultural_property_current.csv"),
        ("population", "population_old.csv"),
        ("population", "population_current.csv"),
        ("open_data_list", "open_data_list_old.csv"),
        ("open_data_list", "open_data_list_current.csv"),
        ("public_wireless_lan", "public_wireless_lan_old.csv"),
        ("public_wireless_lan", "public_wireless_lan_current.csv"),
        ("care_service", "care_service_old.csv"),
        ("care_service", "care_service_current.csv"),
        ("hospital", "hospital_old.csv"),
        ("hospital", "hospital_current.csv"),
        ("hospital", "hospital_circles.csv"),
        ("event", "event_old.csv"),
        ("event", "event_current.csv"),
        ("event", "event_words.csv"),
        ("fire_hydrant", "fire_hydrant_old.csv"),
        ("fire_hydrant", "fire_hydrant_current.csv"),
    ];
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        for (dataset, file) in files {
            let imported = import(samples().join(file)).unwrap();
            assert_eq!(imported.report.dataset, dataset, "{file}");
            let own: Vec<_> = imported.report.columns.iter().filter(|column| column.means.is_none()).collect();
            assert!(own.is_empty(), "{file}: {own:?}");
            insta::assert_snapshot!(file, page(&imported));
        }
    });
}
