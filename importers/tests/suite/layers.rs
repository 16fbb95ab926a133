//! Shapefiles and GeoPackages, made here byte by byte.

use encoding_rs::SHIFT_JIS;
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;

use crate::archives::{all, zip};
use crate::{named, options};

const ZONE_9: &str = r#"PROJCS["JGD_2011_Japan_Zone_9",GEOGCS["GCS_JGD_2011",DATUM["D_JGD_2011",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",139.8333333333333],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",36.0],UNIT["Meter",1.0]]"#;
const DEGREES: &str = r#"GEOGCS["GCS_JGD_2011",DATUM["D_JGD_2011",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;

/// Names and contents of the members of an archive.
type Members<'m> = Vec<(&'m str, &'m [u8])>;

fn floats(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A record of the geometries: the kind of shape and what follows it.
fn shape(kind: u32, rest: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), rest].concat()
}

fn shp(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 100];
    bytes[..4].copy_from_slice(&9994_u32.to_be_bytes());
    for (number, record) in (1_u32..).zip(records) {
        bytes.extend(number.to_be_bytes());
        bytes.extend((record.len() as u32 / 2).to_be_bytes());
        bytes.extend(record);
    }
    bytes
}

/// A polygon of rings.
fn polygon(rings: &[&[f64]]) -> Vec<u8> {
    let mut rest = floats(&[0.0; 4]);
    rest.extend((rings.len() as u32).to_le_bytes());
    rest.extend((rings.iter().map(|ring| ring.len() as u32 / 2).sum::<u32>()).to_le_bytes());
    let mut start = 0_u32;
    for ring in rings {
        rest.extend(start.to_le_bytes());
        start += ring.len() as u32 / 2;
    }
    rings.iter().for_each(|ring| rest.extend(floats(ring)));
    shape(5, &rest)
}

/// The attributes: columns of 40 bytes each, in CP932.
fn dbf(columns: &[&str], rows: &[&[&str]]) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[0] = 3;
    bytes[4..8].copy_from_slice(&(rows.len() as u32).to_le_bytes());
    bytes[8..10].copy_from_slice(&(33 + 32 * columns.len() as u16).to_le_bytes());
    bytes[10..12].copy_from_slice(&(1 + 40 * columns.len() as u16).to_le_bytes());
    for column in columns {
        let name = SHIFT_JIS.encode(column).0;
        let mut field = vec![0; 32];
        field[..name.len().min(10)].copy_from_slice(&name[..name.len().min(10)]);
        field[11] = b'C';
        field[16] = 40;
        bytes.extend(field);
    }
    bytes.push(0x0D);
    for row in rows {
        bytes.push(b' ');
        for cell in *row {
            let mut text = SHIFT_JIS.encode(cell).0.into_owned();
            text.resize(40, b' ');
            bytes.extend(text);
        }
    }
    bytes
}

/// The names of the last two columns are cut to ten bytes.
fn toilets() -> Vec<u8> {
    dbf(
        &["名称", "名称_カナ", "設置位置", "男性トイレ総数", "オストメイト設置トイレ有無"],
        &[&["みかん公園", "ミカンコウエン", "北口", "2", "有"], &["りんご公園", "リンゴコウエン", "南口", "1", "無"]],
    )
}

#[test]
fn a_shapefile_in_an_archive_is_one_list_in_degrees_whatever_its_system() {
    let points = shp(&[shape(1, &floats(&[-5_992.4, -35_363.3])), shape(1, &floats(&[-6_000.0, -35_400.0]))]);
    let archive = zip(&[
        ("data/public_toilet.shp", &points),
        ("data/public_toilet.DBF", &toilets()),
        ("data/public_toilet.prj", ZONE_9.as_bytes()),
        ("data/public_toilet.shx", b"x"),
        ("data/lonely.dbf", b"x"),
    ]);
    let all = all(named("toilets.zip", archive), options()).unwrap();
    let toilets = all.of("public_toilet");
    assert_eq!(toilets.len(), 2);
    let place = &toilets[0]["location"]["coordinates"];
    let near = |at: usize, degrees: f64| (place[at].as_f64().unwrap() - degrees).abs() < 5e-4;
    assert!(near(0, 139.7671) && near(1, 35.6812), "{place}");
    assert_eq!(toilets[0]["name"]["languageMap"], json!({"ja": "みかん公園", "ja-Kana": "ミカンコウエン"}));
    // 男性トイレ and オストメイト are what ten bytes leave of these columns.
    assert_eq!(toilets[1]["hasOstomateToilet"], false, "{}", toilets[1]);
    assert_eq!(all.tables[0].0.format, "Shapefile");
    let left: Vec<_> = all.left_out.iter().map(|left| left.name.as_str()).collect();
    assert_eq!(left, ["data/lonely.dbf"]);
}

#[test]
fn rings_of_a_polygon_are_outer_ones_and_holes_turned_as_geojson_has_them() {
    // Outer rings run clockwise in the file.
    let outer = [139.0, 35.0, 139.0, 35.4, 139.4, 35.4, 139.4, 35.0, 139.0, 35.0];
    let hole = [139.1, 35.1, 139.2, 35.1, 139.2, 35.2, 139.1, 35.2, 139.1, 35.1];
    let other = [139.5, 35.0, 139.5, 35.1, 139.6, 35.1, 139.5, 35.0];
    let shapes = shp(&[polygon(&[&outer, &other, &hole]), shape(0, &[])]);
    let archive = zip(&[
        ("public_toilet.shp", &shapes),
        ("public_toilet.dbf", &toilets()),
        ("public_toilet.prj", DEGREES.as_bytes()),
    ]);
    let all = all(named("toilets.zip", archive), options()).unwrap();
    let toilets = all.of("public_toilet");
    assert_eq!(
        toilets[0]["location"],
        json!({"type": "MultiPolygon", "coordinates": [
            [
                [[139.0, 35.0], [139.4, 35.0], [139.4, 35.4], [139.0, 35.4], [139.0, 35.0]],
                [[139.1, 35.1], [139.1, 35.2], [139.2, 35.2], [139.2, 35.1], [139.1, 35.1]],
            ],
            [[[139.5, 35.0], [139.6, 35.1], [139.5, 35.1], [139.5, 35.0]]],
        ]})
    );
    assert_eq!(toilets[1].get("location"), None);
}

#[test]
fn a_shapefile_that_cannot_be_placed_is_refused_with_what_is_missing() {
    let points = shp(&[shape(1, &floats(&[-5_992.4, -35_363.3])), shape(1, &floats(&[0.0, 0.0]))]);
    let british = r#"PROJCS["British_National_Grid",GEOGCS["GCS_OSGB_1936",DATUM["D_OSGB_1936"]]]"#;
    let attributes = toilets();
    let cases: [(Members<'_>, &str); 4] = [
        (vec![("a.shp", &points)], "a.zip/a.shp: the attributes (.dbf) are missing."),
        (vec![("a.shp", &points), ("a.dbf", b"xx")], "a.zip/a.shp: the attributes (.dbf) are damaged."),
        (
            vec![("a.shp", &points), ("a.dbf", &attributes)],
            "a.zip/a.shp: the positions are no degrees, and the file that says what they are (.prj) is missing.",
        ),
        (
            vec![("a.shp", &points), ("a.dbf", &attributes), ("a.prj", british.as_bytes())],
            "a.zip/a.shp: the reference system British_National_Grid is not known.",
        ),
    ];
    for (members, expected) in cases {
        let error = all(named("a.zip", zip(&members)), options()).err().unwrap().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// A GeoPackage with a layer of toilets and a table without geometries that is no list.
fn geopackage(srs: i64, geometry: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let database = Connection::open(file.path()).unwrap();
    database
        .execute_batch(
            "CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT, organization_coordsys_id INTEGER, definition TEXT);
             INSERT INTO gpkg_spatial_ref_sys VALUES ('zone 9', 6677, 'EPSG', 6677, 'undefined'), ('degrees', 6668, 'EPSG', 6668, 'x'), ('British', 27700, 'EPSG', 27700, 'x');
             CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT);
             CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER);
             INSERT INTO gpkg_contents VALUES ('公衆トイレ', 'features'), ('codes', 'attributes');
             CREATE TABLE codes (コード INTEGER, 意味 TEXT);
             INSERT INTO codes VALUES (1, 'あり');
             CREATE TABLE 公衆トイレ (fid INTEGER PRIMARY KEY, geom BLOB, 名称 TEXT, 男性トイレ総数 INTEGER, 多機能トイレ数 INTEGER);",
        )
        .unwrap();
    database.execute("INSERT INTO gpkg_geometry_columns VALUES ('公衆トイレ', 'geom', ?1)", [srs]).unwrap();
    database.execute("INSERT INTO 公衆トイレ VALUES (5, ?1, 'みかん公園', 2, 1)", [geometry]).unwrap();
    database.close().unwrap();
    std::fs::read(file.path()).unwrap()
}

/// The header of a GeoPackage's geometry without an envelope, then WKB.
fn geometry(kind: u32, rest: &[u8]) -> Vec<u8> {
    [&b"GP\0\x01"[..], &[0; 4], &[1], &kind.to_le_bytes(), rest].concat()
}

#[test]
fn every_layer_of_a_geopackage_that_is_a_list_is_imported() {
    let point = geometry(1, &floats(&[-5_992.4, -35_363.3]));
    let all = all(named("toilets.gpkg", geopackage(6677, &point)), options()).unwrap();
    let toilet = &all.of("public_toilet")[0];
    assert_eq!(all.tables[0].0.sheet.as_deref(), Some("公衆トイレ"));
    assert_eq!((&toilet["identifier"], &toilet["mensToilets"]), (&json!("5"), &json!(2)));
    let place = &toilet["location"]["coordinates"];
    assert!((place[0].as_f64().unwrap() - 139.7671).abs() < 5e-4, "{place}");
    assert_eq!(all.left_out.iter().map(|left| left.name.as_str()).collect::<Vec<_>>(), ["codes"]);
}

#[test]
fn every_kind_of_geometry_is_read_and_heights_are_left_out() {
    let count = |n: u32| n.to_le_bytes().to_vec();
    let line = [count(2), floats(&[139.0, 35.0, 139.1, 35.1])].concat();
    let ring = [count(1), count(4), floats(&[139.0, 35.0, 139.1, 35.0, 139.1, 35.1, 139.0, 35.0])].concat();
    let inner = |kind: u32, rest: &[u8]| [&[1], &kind.to_le_bytes()[..], rest].concat();
    let cases = [
        (geometry(1001, &floats(&[139.0, 35.0, 12.5])), json!({"type": "Point", "coordinates": [139.0, 35.0]})),
        (geometry(0x8000_0001, &floats(&[139.0, 35.0, 1.0])), json!({"type": "Point", "coordinates": [139.0, 35.0]})),
        (geometry(2, &line), json!({"type": "LineString", "coordinates": [[139.0, 35.0], [139.1, 35.1]]})),
        (
            geometry(3, &ring),
            json!({"type": "Polygon", "coordinates": [[[139.0, 35.0], [139.1, 35.0], [139.1, 35.1], [139.0, 35.0]]]}),
        ),
        (
            geometry(5, &[count(1), inner(2, &line)].concat()),
            json!({"type": "MultiLineString", "coordinates": [[[139.0, 35.0], [139.1, 35.1]]]}),
        ),
    ];
    for (bytes, expected) in cases {
        let all = all(named("toilets.gpkg", geopackage(6668, &bytes)), options()).unwrap();
        assert_eq!(all.of("public_toilet")[0]["location"], expected);
    }
}

#[test]
fn a_geopackage_in_an_unknown_system_or_with_damage_is_refused_by_name() {
    let message = |bytes: Vec<u8>| all(named("a.gpkg", bytes), options()).err().unwrap().to_string();
    let point = geometry(1, &floats(&[139.0, 35.0]));
    assert!(message(geopackage(27700, &point)).starts_with("a.gpkg: layer 公衆トイレ: the reference system British"));
    let cut = message(geopackage(6668, &point[..20]));
    assert!(cut.starts_with("a.gpkg, row 1: layer 公衆トイレ cannot be read (its geometry is damaged"), "{cut}");
    assert!(message(b"SQLite format 3\0".to_vec()).starts_with("a.gpkg: the GeoPackage cannot be read"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_to_a_layer_or_an_archive_panics(at in 0usize..20_000, byte in any::<u8>(), cut in any::<bool>()) {
        let shapes = shp(&[polygon(&[&[139.0, 35.0, 139.0, 35.4, 139.4, 35.4, 139.0, 35.0]]), shape(1, &floats(&[139.0, 35.0]))]);
        let point = geometry(1, &floats(&[139.0, 35.0]));
        let damage = |mut bytes: Vec<u8>| {
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            bytes
        };
        let whole = zip(&[("a.shp", &shapes), ("a.dbf", &toilets())]);
        for (name, bytes) in [
            ("a.zip", zip(&[("a.shp", &damage(shapes)), ("a.dbf", &toilets())])),
            ("b.zip", zip(&[("a.shp", &shp(&[])), ("a.dbf", &damage(toilets()))])),
            ("c.zip", damage(whole)),
            ("d.gpkg", damage(geopackage(6668, &point))),
        ] {
            if let Err(error) = all(named(name, bytes), options()) {
                prop_assert!(error.to_string().starts_with(name), "{error}");
            }
        }
    }
}
