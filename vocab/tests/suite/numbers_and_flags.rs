use hiroba_vocab::normalise::flag::{FlagFamily, flag};
use hiroba_vocab::normalise::list::items;
use hiroba_vocab::normalise::number::{Fee, count, decimal, fee};

use crate::check;

#[test]
fn counts_are_digits_with_at_most_a_unit() {
    check(
        count,
        &[
            ("238", "238"),
            ("４,３１５ ", "4315 [number-unit-removed]"),
            ("4,315 ", "4315 [number-unit-removed]"),
            ("500人", "500 [number-unit-removed]"),
            ("0", "0"),
            ("２２０人", "220 [number-unit-removed]"),
            ("三", "3 [number-kanji]"),
            ("百二十人", "120 [number-kanji]"),
            ("当日先着\n220人", "unread [number-unread]"),
            ("15分以内", "unread [number-unread]"),
            ("1～3", "unread [number-unread]"),
            ("三島", "unread [number-unread]"),
            ("約500人", "unread [number-unread]"),
            ("1,23", "unread [number-unread]"),
            ("1.5", "unread [number-unread]"),
            ("-3", "unread [number-unread]"),
            ("100人(体育館)", "unread [number-unread]"),
            ("不明", "empty [placeholder]"),
        ],
    );
}

#[test]
fn measures_may_have_decimals_and_a_sign() {
    check(
        |cell| decimal(cell, &["m", "メートル"]),
        &[
            ("1.7", "1.7"),
            ("−0.5", "-0.5"),
            ("12.3m", "12.3 [number-unit-removed]"),
            ("12.3ｍ", "12.3 [number-unit-removed]"),
            ("1e5", "unread [number-unread]"),
            ("－", "empty [placeholder]"),
        ],
    );
}

#[test]
fn hours_and_minutes_are_minutes_where_the_column_counts_them() {
    check(
        |cell| decimal(cell, &["分"]),
        &[
            ("90分", "90 [number-unit-removed]"),
            ("１時間３０分", "90 [number-unit-removed]"),
            ("二時間", "120 [number-unit-removed]"),
            ("1時間75分", "unread [number-unread]"),
            ("約1時間", "unread [number-unread]"),
        ],
    );
    check(
        |cell| decimal(cell, &["m"]),
        &[("1時間30分", "unread [number-unread]"), ("1ｋｍ未満", "unread [number-unread]")],
    );
}

#[test]
fn a_fee_is_yen_or_free_in_words() {
    assert_eq!(fee("無料").ok(), Some(Fee::Free));
    assert_eq!(fee("530円").ok(), Some(Fee::Yen(530)));
    assert_eq!(fee("1,100").ok(), Some(Fee::Yen(1100)));
    assert_eq!(fee("0").ok(), Some(Fee::Yen(0)));
    assert_eq!(fee("￥500").ok(), Some(Fee::Yen(500)));
    assert_eq!(fee("５００円").ok(), Some(Fee::Yen(500)));
    assert_eq!(fee("入館無料。").ok(), Some(Fee::Free));
    assert_eq!(fee("一部無料").ok(), None);
    assert_eq!(fee("310円～").ok(), None);
    assert_eq!(fee("300～500円").ok(), None);
    assert_eq!(fee("一般310円、高校・大学生105円").ok(), None);
    assert_eq!(fee("無料（駐車場は有料）").ok(), None);
}

#[test]
fn flags_are_read_by_the_columns_family() {
    check(
        |cell| flag(cell, FlagFamily::Presence),
        &[
            ("有", "true"),
            ("あり", "true"),
            ("○", "true"),
            ("◯", "true"),
            ("〇", "true"),
            ("無", "false"),
            ("なし", "false"),
            ("×", "false"),
            ("不可", "false"),
            ("Y", "true"),
            ("N", "false"),
            ("", "empty"),
            ("－", "empty [placeholder]"),
            ("不明", "empty [placeholder]"),
            ("O", "true"),
            ("Ｘ", "false"),
            ("○（1階のみ）", "true [flag-conditional]"),
            ("あり（２台）", "true [flag-conditional]"),
            ("×（建替中）", "false [flag-conditional]"),
            ("有（要予約）", "true [flag-conditional]"),
            ("一部有", "true [flag-conditional]"),
            ("50cc以下は可", "true [flag-conditional]"),
            ("2", "true [flag-conditional]"),
            ("無（近隣にあり）", "false [flag-conditional]"),
            ("△", "unread [flag-unread]"),
            ("要相談", "unread [flag-unread]"),
        ],
    );
    check(|cell| flag(cell, FlagFamily::Circles), &[("○", "true"), ("", "false"), ("　", "false"), ("×", "false")]);
    check(
        |cell| flag(cell, FlagFamily::Hazard),
        &[
            ("1", "true"),
            ("", "false"),
            ("×", "false"),
            ("△", "unread [hazard-uncertain]"),
            ("－", "unread [hazard-uncertain]"),
        ],
    );
    check(|cell| flag(cell, FlagFamily::HazardExplicit), &[("○", "true"), ("", "empty"), ("0", "false")]);
    check(
        |cell| flag(cell, FlagFamily::Negated),
        &[("無", "false"), ("FALSE", "false"), ("", "empty"), ("1", "true"), ("職員のみ", "true [flag-conditional]")],
    );
}

#[test]
fn lists_are_split_only_at_their_separators() {
    assert_eq!(items("内科・消化器内科;外科").ok().unwrap(), ["内科・消化器内科", "外科"]);
    assert_eq!(items("内科　外科").ok().unwrap(), ["内科", "外科"]);
    assert_eq!(items("CSV/XLSX").ok().unwrap(), ["CSV", "XLSX"]);
    assert_eq!(items("外;リハ;放；形").ok().unwrap(), ["外", "リハ", "放", "形"]);
    assert_eq!(items("A 町会、B/C町会").ok().unwrap(), ["A 町会", "B/C町会"]);
    assert_eq!(items("https://city.example/a/b").ok().unwrap(), ["https://city.example/a/b"]);
    assert_eq!(items("、、").ok(), None);
    assert_eq!(items("A町会、B町会\nC自治会").ok().unwrap(), ["A町会", "B町会", "C自治会"]);
}
