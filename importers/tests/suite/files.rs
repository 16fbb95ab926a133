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
        ("food_business", "food_business_old.csv"),
        ("food_business", "food_business_current.csv"),
        ("school_lunch", "school_lunch_202607.csv"),
        ("school_lunch", "school_lunch_menu.csv"),
        ("school_lunch_metadata", "school_lunch_metadata.csv"),
        ("school_district", "school_district_current.csv"),
        ("school_district", "school_district_towns.csv"),
        ("support_scheme", "support_scheme_current.csv"),
        ("support_scheme", "support_scheme_old.csv"),
        ("emergency_radio", "emergency_radio_current.csv"),
        ("emergency_radio", "emergency_radio_city.csv"),
        ("school", "school_current.csv"),
        ("school", "school_city.csv"),
        ("parking", "parking_current.csv"),
        ("parking", "parking_city.csv"),
        ("bicycle_parking", "bicycle_parking_current.csv"),
        ("bicycle_parking", "bicycle_parking_city.csv"),
        ("polling_place", "polling_place_current.csv"),
        ("polling_place", "polling_place_city.csv"),
        ("waste_sorting", "waste_sorting_current.csv"),
        ("waste_sorting", "waste_sorting_city.csv"),
        ("baby_station", "baby_station_current.csv"),
        ("baby_station", "baby_station_city.csv"),
        ("waste_collection_point", "waste_collection_point_current.csv"),
        ("tourism_point", "tourism_point_current.csv"),
        ("waste_collection_area", "waste_collection_area_city.csv"),
        ("waste_calendar", "waste_calendar_city.csv"),
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
        ("aed", "aed_city.csv"),
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

#[test]
fn a_table_that_is_no_data_set_becomes_what_the_snapshot_shows() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        let imported = import(samples().join("372013_libraries.csv")).unwrap();
        insta::assert_snapshot!("372013_libraries.csv", imported.report.to_text() + &page(&imported));
    });
}
