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
fn a_fee_is_yen_or_free_in_words() {
    assert_eq!(fee("無料").ok(), Some(Fee::Free));
    assert_eq!(fee("530円").ok(), Some(Fee::Yen(530)));
    assert_eq!(fee("1,100").ok(), Some(Fee::Yen(1100)));
    assert_eq!(fee("0").ok(), Some(Fee::Yen(0)));
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
    assert_eq!(items("A町会、B町会\nC自治会").ok().unwrap(), ["A町会", "B町会", "C自治会"]);
}
