//! Several tables in one file: archives, workbooks with several lists, bus timetables.

use std::io::{Cursor, Write as _};

use hiroba_importers::report::Language;
use hiroba_importers::{ImportError, Input, LeftOut, Options, Outcome, Report, open};
use serde_json::{Value as Json, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{named, options, samples, shown};

/// An archive of members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// All tables of a file, read to their ends.
pub(crate) struct All {
    pub(crate) tables: Vec<(Report, Vec<Json>)>,
    pub(crate) datasets: Vec<String>,
    pub(crate) left_out: Vec<LeftOut>,
}

impl All {
    /// The entities of the table of a data set.
    pub(crate) fn of(&self, dataset: &str) -> &[Json] {
        &self.tables.iter().find(|(report, _)| report.dataset == dataset).unwrap_or_else(|| panic!("no {dataset}")).1
    }

    fn left_out(&self) -> Vec<(&str, &str)> {
        self.left_out.iter().map(|left| (left.name.as_str(), left.reason.as_str())).collect()
    }
}

pub(crate) fn all(input: impl Into<Input>, options: Options) -> Result<All, ImportError> {
    let opened = open(input, options)?;
    let mut all = All { tables: Vec::new(), datasets: Vec::new(), left_out: opened.left_out };
    for mut import in opened.imports {
        let outcomes = import.rows()?.collect::<Result<Vec<_>, _>>()?;
        let report = import.report();
        assert!(report.rows.add_up(), "{:?}", report.rows);
        assert_eq!(outcomes.len() as u64, report.rows.read, "{}", report.file);
        assert_eq!(import.expected_rows(), Some(report.rows.read), "{}", report.file);
        all.datasets.push(import.dataset_entity().id.to_string());
        let entities = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Entity { entity, .. } => Some(shown(entity)),
            _ => None,
        });
        all.tables.push((report, entities.collect()));
    }
    let is_japanese = |left: &LeftOut| left.reason_in(Language::Japanese).chars().any(|c| ('ぁ'..='ん').contains(&c));
    assert!(all.left_out.iter().all(is_japanese), "{:?}", all.left_out);
    Ok(all)
}

const AED: &str = "市区町村コード,NO,名称,住所,緯度,経度,設置位置\n372013,1,みかん会館,番町1,34.34,134.04,玄関\n";
const TOILETS: &str = "市区町村コード,NO,名称,住所,緯度,経度,男性トイレ総数,女性トイレ総数,多機能トイレ数\n372013,1,みかん公園,番町2,34.34,134.04,1,1,1\n";

const FRUIT: &str = "品名,数量\nりんご,3\nみかん,5\n";
const TREES: &str = "樹種,本数\nいちょう,2\nけやき,7\n";

#[test]
fn tables_that_fit_no_data_set_are_left_out_beside_one_that_does_and_else_are_their_own() {
    let members: &[(&str, &[u8])] = &[("fruit.csv", FRUIT.as_bytes()), ("trees.csv", TREES.as_bytes())];
    let alone = all(named("lists.zip", zip(members)), options()).unwrap();
    let found: Vec<_> = alone.tables.iter().map(|(report, _)| (report.dataset.as_str(), report.is_own)).collect();
    assert_eq!(found, [("fruit", true), ("trees", true)]);
    assert_eq!(alone.left_out(), []);

    let beside = all(named("lists.zip", zip(&[members, &[("aed.csv", AED.as_bytes())]].concat())), options()).unwrap();
    let found: Vec<_> = beside.tables.iter().map(|(report, _)| report.dataset.as_str()).collect();
    assert_eq!(found, ["aed"]);
    let reason =
        "no data set fits it, and another table fits one. Give it by itself to import it as a data set of its own.";
    assert_eq!(beside.left_out(), [("fruit.csv", reason), ("trees.csv", reason)]);
}

#[test]
fn tables_of_their_own_that_share_a_name_have_short_names_and_ids_of_their_own() {
    let archive = zip(&[("2025/list.csv", FRUIT.as_bytes()), ("2026/list.csv", FRUIT.as_bytes())]);
    let all = all(named("lists.zip", archive), options()).unwrap();
    let slugs: std::collections::HashSet<_> = all.tables.iter().map(|(report, _)| &report.dataset).collect();
    assert_eq!(slugs, ["list_2025_list".to_owned(), "list_2026_list".to_owned()].iter().collect());
    let ids: std::collections::HashSet<_> =
        all.tables.iter().flat_map(|(_, entities)| entities).map(|entity| entity["id"].to_string()).collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
}

#[test]
fn a_mapping_is_for_the_table_of_an_archive_that_has_its_columns() {
    let path = std::env::temp_dir().join(format!("hiroba-archive-{}.toml", std::process::id()));
    std::fs::write(&path, "slug = \"fruit-of-the-day\"\n[[column]]\nheader = \"品名\"\n[[column]]\nheader = \"数量\"\nreads = \"count\"\n").unwrap();
    let mapping = hiroba_importers::Mapping::read(&path);
    std::fs::remove_file(&path).unwrap();
    let options = Options { mapping: Some(mapping.unwrap()), ..options() };
    let archive = zip(&[("aed.csv", AED.as_bytes()), ("fruit.csv", FRUIT.as_bytes())]);
    let found = all(named("lists.zip", archive), options.clone()).unwrap();
    let slugs: Vec<_> = found.tables.iter().map(|(report, _)| report.dataset.as_str()).collect();
    assert_eq!(slugs, ["aed", "fruit-of-the-day"]);

    let others = zip(&[("aed.csv", AED.as_bytes()), ("trees.csv", TREES.as_bytes())]);
    let error = all(named("lists.zip", others), options).err().unwrap().to_string();
    assert!(error.contains("no table of the file has most of these columns"), "{error}");
}

#[test]
fn every_table_of_an_archive_is_imported_and_everything_else_is_left_out_by_name() {
    let inner = zip(&[("aed.csv", AED.as_bytes())]);
    let archive = zip(&[
        ("lists/aed.csv", AED.as_bytes()),
        ("__MACOSX/lists/._aed.csv", b"\0\x05\x16"),
        ("lists/.DS_Store", b"x"),
        ("lists/toilets.txt", TOILETS.as_bytes()),
        ("readme.pdf", b"%PDF-1.7"),
        ("notes.txt", "これは説明です。\n".as_bytes()),
        ("more.zip", &inner),
    ]);
    let all = all(named("lists.zip", archive), options()).unwrap();
    let found: Vec<_> = all.tables.iter().map(|(report, _)| (report.file.as_str(), report.dataset.as_str())).collect();
    assert_eq!(found, [("lists.zip/lists/aed.csv", "aed"), ("lists.zip/lists/toilets.txt", "public_toilet")]);
    assert_eq!(all.of("aed")[0]["id"], "urn:ngsi-ld:AED:372013:1");
    assert_eq!(
        all.left_out(),
        [
            ("__MACOSX/lists/._aed.csv", "it is a hidden file."),
            ("lists/.DS_Store", "it is a hidden file."),
            ("readme.pdf", "it is no table."),
            (
                "notes.txt",
                "no header row was found in the first 1 rows. The header names the columns, such as 名称, 住所, 緯度, 経度."
            ),
            ("more.zip", "it is an archive inside an archive. Unpack it and give it by itself."),
        ]
    );
    let japanese: Vec<&str> = all.left_out.iter().skip(2).map(|left| left.reason_in(Language::Japanese)).collect();
    assert_eq!(
        japanese,
        [
            "表ではありません。",
            "最初の1行に見出しの行がありません。名称、住所、緯度、経度のように項目名を並べた行が必要です。",
            "圧縮ファイルの中の圧縮ファイルです。展開して、それだけを指定してください。",
        ]
    );
}

#[test]
fn a_name_from_windows_is_read_whatever_the_archive_says_of_it() {
    let mut bytes = zip(&[("XXXXXXXX.csv", AED.as_bytes())]);
    let name = encoding_rs::SHIFT_JIS.encode("設置場所").0.into_owned();
    assert_eq!(name.len(), 8);
    while let Some(at) = bytes.windows(8).position(|window| window == b"XXXXXXXX") {
        bytes[at..at + 8].copy_from_slice(&name);
    }
    let all = all(named("lists.zip", bytes), options()).unwrap();
    assert_eq!(all.tables[0].0.file, "lists.zip/設置場所.csv");
}

#[test]
fn lists_of_one_kind_in_one_file_keep_their_rows_apart() {
    let north = AED.to_owned() + "372013,7,ぶどう会館,番町7,34.35,134.05,玄関\n";
    let south = AED.replace("みかん会館", "りんご会館");
    let archive = zip(&[("north.csv", north.as_bytes()), ("south.csv", south.as_bytes())]);
    let all = all(named("aed.zip", archive), options()).unwrap();
    assert_eq!(
        all.datasets,
        ["urn:ngsi-ld:Dataset:372013:aed:aed.zip%2Fnorth.csv", "urn:ngsi-ld:Dataset:372013:aed:aed.zip%2Fsouth.csv"]
    );
    let ids: Vec<&str> =
        all.tables.iter().flat_map(|(_, entities)| entities).map(|entity| entity["id"].as_str().unwrap()).collect();
    // The number 1 is in both: it names nothing. The number 7 is in one.
    assert!(ids[0] != ids[2] && ids[0].starts_with("urn:ngsi-ld:AED:372013:x"), "{ids:?}");
    assert_eq!(ids[1], "urn:ngsi-ld:AED:372013:7");
}

#[test]
fn an_archive_without_a_table_or_too_much_of_one_is_refused() {
    let message = |name: &str, bytes: Vec<u8>| all(named(name, bytes), options()).err().unwrap().to_string();
    assert_eq!(
        message("photos.zip", zip(&[("a.jpg", b"x"), ("b.jpg", b"y")])),
        "photos.zip is a ZIP archive without a table (a.jpg, b.jpg). Put CSV, Excel or GeoJSON files into it."
    );
    let zeros = vec![b' '; 3 << 20];
    assert_eq!(
        message("bomb.zip", zip(&[("a.csv", &zeros)])),
        "bomb.zip: an unpacked member exceeds the limit of 400 times its packed size. Split the file, or export it as CSV."
    );
    let many: Vec<(String, &[u8])> = (0..1001).map(|n| (format!("{n}.jpg"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    assert!(message("many.zip", zip(&many)).starts_with("many.zip: the number of members exceeds the limit of 1000."));
    let mut damaged = zip(&[("aed.csv", AED.as_bytes())]);
    damaged[60] ^= 0xFF;
    assert!(message("damaged.zip", damaged).starts_with("damaged.zip: the archive is damaged"));
}

#[test]
fn of_a_workbook_every_sheet_that_is_a_list_is_imported() {
    let all = all(samples().join("public_facility_old.xlsx"), options()).unwrap();
    assert_eq!(all.tables.len(), 1);
    assert_eq!(all.tables[0].0.sheet.as_deref(), Some("公共施設一覧"));
    assert_eq!(all.left_out.iter().map(|left| left.name.as_str()).collect::<Vec<_>>(), ["記入要領"]);
    assert_eq!(all.datasets[0].matches(':').count(), 4, "{}", all.datasets[0]);
}

/// A timetable of an invented town with everything that real ones have: a mark before the header, Windows line ends, a
/// misspelt header, an empty table, hours above 24.
pub(crate) fn timetable(agency: &str, translations: &str) -> Vec<u8> {
    let agency = format!(
        "\u{FEFF}agency_id,agency_name,agency_url,agency_timezone\r\n{agency},ひろば町,http://example.jp,Asia/Tokyo\r\n"
    );
    let agency_jp = "agency_id,agency_offilcal_name,agency_zip_number\n7000020102059,広場町役場,3730853\n";
    let stops = "stop_id,stop_name,stop_lat,stop_lon,zone_id,location_type,parent_station,wheelchair_boarding,platform_code\n\
         S1,駅前,36.2944,139.3791,,1,,,\nP1,駅前,36.2945,139.3789,A,0,S1,1,2\nP2,役場前,36.3,139.38,B,,,,\n";
    let shapes = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nL,36.30000000001,139.38,2\nM,36.1,139.1,1\nL,36.2945,139.3789,1\n\nM,x,139.2,2\n";
    zip(&[
        ("feed/agency.txt", agency.as_bytes()),
        ("feed/agency_jp.txt", agency_jp.as_bytes()),
        ("feed/stops.txt", stops.as_bytes()),
        ("feed/routes.txt", "route_id,route_short_name,route_long_name,route_type\nR1,1,循環線,3\n".as_bytes()),
        ("feed/route_jp.txt", "route_id,origin_stop\nR1,駅前\n".as_bytes()),
        (
            "feed/trips.txt",
            "route_id,service_id,trip_id,trip_headsign,shape_id,jp_office_id\nR1,平日,T 1,役場前,L,O1\n".as_bytes(),
        ),
        ("feed/office_jp.txt", "office_id,office_name\nO1,本社\n".as_bytes()),
        ("feed/calendar.txt", b"service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\xE5\xB9\xB3\xE6\x97\xA5,1,1,1,1,1,0,0,20260401,20270331\n"),
        ("feed/calendar_dates.txt", "service_id,date,exception_type\n平日,20260429,2\n平日,20260503,2\n".as_bytes()),
        ("feed/shapes.txt", shapes.as_bytes()),
        ("feed/stop_times.txt", b"trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT 1,24:10:00,24:10:00,P1,1\n"),
        ("feed/frequencies.txt", b"trip_id,start_time,end_time,headway_secs\n"),
        ("feed/translations.txt", translations.as_bytes()),
    ])
}

const OLD: &str =
    "trans_id,lang,translation\r\n駅前,ja,駅前\r\n駅前,ja-Hrkt,えきまえ\r\n駅前,en,Station\r\n役場前,en,Town hall\r\n";
const STANDARD: &str = "table_name,field_name,language,translation,record_id,record_sub_id,field_value\n\
    stops,stop_name,ja-Hrkt,えきまえ,,,駅前\nstops,stop_name,en,Station,S1,,\nstops,stop_name,en,Station,P1,,\nstops,stop_name,en,Town hall,P2,,\ntrips,trip_headsign,en,Town hall,T 1,,\n";

#[test]
fn a_bus_timetable_becomes_entities_that_refer_to_one_another() {
    for (form, translations) in [("old", OLD), ("standard", STANDARD)] {
        let all = all(named("bus.zip", timetable("7000020102059", translations)), options()).unwrap();
        assert!(all.tables.iter().all(|(report, _)| report.publisher == "102059"), "{form}");
        let agency = &all.of("gtfs_agency")[0];
        assert_eq!(agency["id"], "urn:ngsi-ld:GtfsAgency:102059:7000020102059");
        assert_eq!(agency["officialName"], "広場町役場");
        assert_eq!(agency["address"]["postalCode"], "373-0853");
        let platform = &all.of("gtfs_stops")[1];
        assert_eq!(platform["id"], "urn:ngsi-ld:GtfsStop:102059:P1");
        assert_eq!(
            platform["name"]["languageMap"],
            json!({"ja": "駅前", "ja-Kana": "エキマエ", "en": "Station"}),
            "{form}"
        );
        assert_eq!(platform["hasParentStation"]["object"], all.of("gtfs_stops")[0]["id"]);
        assert_eq!((&platform["zoneCode"], &platform["platformCode"]), (&json!("A"), &json!("2")));
        assert_eq!(platform["wheelChairAccessible"], "1");
        let route = &all.of("gtfs_routes")[0];
        assert_eq!(route["operatedBy"]["object"], agency["id"], "the only agency runs the route");
        assert_eq!((&route["shortName"]["languageMap"]["ja"], &route["originStop"]), (&json!("1"), &json!("駅前")));
        let trip = &all.of("gtfs_trips")[0];
        assert_eq!(trip["id"], "urn:ngsi-ld:GtfsTrip:102059:T%201");
        assert_eq!(trip["hasRoute"]["object"], route["id"]);
        assert_eq!(trip["hasService"]["object"], all.of("gtfs_calendar")[0]["hasService"]["object"]);
        assert_eq!(trip["hasService"]["object"], all.of("gtfs_calendar_dates")[1]["hasService"]["object"]);
        assert_eq!(trip["hasShape"]["object"], all.of("gtfs_shapes")[0]["id"]);
        assert_eq!(trip["headSign"]["languageMap"]["en"], "Town hall", "{form}");
        assert_eq!(trip["officeName"], "本社");
        assert_eq!(all.of("gtfs_calendar")[0]["serviceStartDate"], "2026-04-01");
        assert_eq!(all.of("gtfs_calendar_dates")[0]["appliesOn"], "2026-04-29");
    }
}

#[test]
fn the_points_of_a_shape_are_one_line_in_their_order_and_every_row_is_accounted_for() {
    let all = all(named("bus.zip", timetable("7000020102059", OLD)), options()).unwrap();
    let (report, shapes) = all.tables.iter().find(|(report, _)| report.dataset == "gtfs_shapes").unwrap();
    assert_eq!(
        shapes[0]["location"],
        json!({"type": "LineString", "coordinates": [[139.3789, 36.2945], [139.38, 36.3]]})
    );
    // A line around a point that cannot be read would be another line.
    assert_eq!(shapes[1].get("location"), None);
    assert_eq!((report.rows.read, report.rows.entities, report.rows.merged), (4, 2, 2));
    let merged: Vec<_> = report.merged.iter().map(|row| (row.row, row.into, row.why)).collect();
    assert_eq!(merged, [(4, 2, "part"), (6, 3, "part")]);
    assert_eq!(report.issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), ["coordinates-unread"]);
}

#[test]
fn of_a_timetable_what_is_not_imported_is_counted_and_named() {
    let all = all(named("bus.zip", timetable("7000020102059", OLD)), options()).unwrap();
    assert_eq!(
        all.left_out(),
        [
            ("feed/frequencies.txt", "it has no rows."),
            ("feed/stop_times.txt", "1 times of calls at stops: they are counted, and not imported by this version."),
        ]
    );
}

#[test]
fn the_timetable_of_a_company_has_ids_of_the_company() {
    for (agency, part) in [("4010001081234", "4010001081234"), ("1", "%E3%81%B2%E3%82%8D%E3%81%B0%E7%94%BA")] {
        let all = all(named("bus.zip", timetable(agency, OLD)), options()).unwrap();
        assert_eq!(all.of("gtfs_stops")[0]["id"], format!("urn:ngsi-ld:GtfsStop:{part}:S1"));
        assert!(all.datasets.iter().all(|id| id.starts_with(&format!("urn:ngsi-ld:Dataset:{part}:gtfs_"))));
        assert_eq!(all.of("gtfs_routes")[0]["operatedBy"]["object"], all.of("gtfs_agency")[0]["id"]);
    }
}
