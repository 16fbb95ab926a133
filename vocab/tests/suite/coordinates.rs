use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::coordinate::{Around, Frame, Point, packed_points, point};

use crate::shown;

fn read(latitude: &str, longitude: &str, frame: &Frame) -> String {
    shown(&point(latitude, longitude, frame).map(|p| format!("{},{}", p.latitude, p.longitude)))
}

const TAKAMATSU: Around = Around { center: Point { longitude: 134.05, latitude: 34.34 }, near_km: 10.0, far_km: 40.0 };

#[test]
fn a_pair_of_cells_is_read_by_itself() {
    let frame = Frame::default();
    for (latitude, longitude, expected) in [
        ("34.719504 ", "135.262343 ", "34.719504,135.262343"),
        ("３４．７１９５０４", "１３５．２６２３４３", "34.719504,135.262343"),
        ("34,719504", "135,262343", "34.719504,135.262343"),
        ("34.34092807514213", "134.0452448693125", "34.3409281,134.0452449 [coordinates-rounded]"),
        ("34.95", "132.33", "34.95,132.33 [coordinates-coarse]"),
        ("", "　", "empty"),
        ("0", "0", "empty [coordinates-zero]"),
        ("0", "", "empty [coordinates-zero]"),
        ("34.7", "", "unread [coordinates-half]"),
        ("139.7699202", "35.71943546", "35.7194355,139.7699202 [coordinates-swapped coordinates-rounded]"),
        ("34.764793", "34.764776", "unread [coordinates-equal]"),
        ("43.025174", "43.025174", "unread [coordinates-equal]"),
        ("35°25′33″", "139°30′12″", "35.4258333,139.5033333 [coordinates-dms]"),
        ("35度25分33秒", "139度30分12.5秒", "35.4258333,139.5034722 [coordinates-dms]"),
        ("北緯35度25分33秒", "東経139度30分12秒", "35.4258333,139.5033333 [coordinates-dms]"),
        ("35゜01’18”", "135゜59’53”", "35.0216667,135.9980556 [coordinates-dms]"),
        ("36.41.30", "137.25.10", "36.6916667,137.4194444 [coordinates-dms]"),
        ("518072", "103649", "unread [coordinates-not-degrees]"),
        ("-36259.47", "-8190.33", "unread [coordinates-not-degrees]"),
        ("51.5", "-0.12", "unread [coordinates-outside-japan]"),
        ("不明", "不明", "empty [placeholder]"),
        ("54SUE1234567890", "54SUE1234567890", "unread [coordinates-unread]"),
        ("35.68", "139.76923", "35.68,139.76923"),
        ("34.7 ", "−", "unread [coordinates-half]"),
        ("市役所", "市役所", "unread [coordinates-unread]"),
    ] {
        assert_eq!(read(latitude, longitude, &frame), expected, "{latitude:?} {longitude:?}");
    }
}

#[test]
fn the_place_decides_what_a_pattern_cannot() {
    let frame = Frame { around: Some(TAKAMATSU), stands_apart: true, ..Frame::default() };
    for (latitude, longitude, expected) in [
        // 34°20′24.5″ N 134°03′00.1″ E, packed: read as decimals it is 21 km away.
        ("34.20245", "134.03001", "34.3401389,134.0500278 [coordinates-packed-dms]"),
        // The same without zero padding of the minutes of longitude: 134°3′00.1″.
        ("34.20245", "134.3001", "34.3401389,134.0500278 [coordinates-packed-dms]"),
        ("34.342778", "134.046667", "34.342778,134.046667"),
        ("34342778", "134046667", "34.342778,134.046667 [coordinates-point-restored]"),
        ("342024.5", "1340300.1", "34.3401389,134.0500278 [coordinates-dms]"),
        // X is north, whichever of the two columns it stands in.
        ("148743.0", "50612.0", "34.3399346,134.0500917 [coordinates-plane]"),
        ("50612.0", "148743.0", "34.3399346,134.0500917 [coordinates-plane]"),
        ("33.2", "131.5", "33.2,131.5 [coordinates-far coordinates-coarse]"),
    ] {
        let read = read(latitude, longitude, &frame);
        assert_eq!(read, expected, "{latitude:?} {longitude:?}");
    }
}

#[test]
fn the_files_habit_is_taken_into_account() {
    let packed = Frame { packed: true, ..Frame::default() };
    assert_eq!(read("35.25333", "137.301234", &packed), "35.4259167,137.5034278 [coordinates-packed-dms]");
    let swapped = Frame { swapped: true, ..Frame::default() };
    assert_eq!(read("139.76992", "35.71943", &swapped), "35.71943,139.76992 [coordinates-swapped]");
    let tokyo = Frame { tokyo_datum: true, ..Frame::default() };
    let Reading::Value(moved, _) = point("35.678", "139.770", &tokyo) else { panic!() };
    let metres = moved.distance_km(Point { longitude: 139.770, latitude: 35.678 }) * 1000.0;
    assert!((400.0..500.0).contains(&metres), "{metres}");
    let abroad = Frame { abroad: true, ..Frame::default() };
    assert_eq!(read("43.69358", "-79.38225", &abroad), "43.69358,-79.38225");
}

#[test]
fn a_packed_pair_has_minutes_and_seconds_below_sixty() {
    let found = packed_points("35.25333", "137.301234");
    assert!((found[0].latitude - 35.425_916).abs() < 1e-5 && (found[0].longitude - 137.503_427).abs() < 1e-5);
    // 75 is no minute, and 7 minutes with 53 seconds are not padded.
    let unpadded = packed_points("35.75333", "137.301234");
    assert!((unpadded[0].latitude - 35.131_481).abs() < 1e-5, "{unpadded:?}");
    assert!(packed_points("35.98333", "137.301234").is_empty());
    assert!(packed_points("", "").is_empty());
}
