use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::code::{LocalGovernmentCode, corporate_number, local_government, town_id};
use hiroba_vocab::normalise::licence::licence;

use crate::{check, shown};

#[test]
fn local_government_codes_are_checked_and_repaired() {
    check(
        |cell| local_government(cell, None),
        &[
            ("132098", "132098"),
            ("372064", "372064"),
            ("010006", "010006"),
            ("１３２０９８", "132098"),
            ("37201", "372013 [code-repaired]"),
            ("72028", "072028 [code-repaired]"),
            ("92011", "092011 [code-repaired]"),
            ("1101", "011011 [code-repaired]"),
            ("37", "370002 [code-repaired]"),
            ("990019", "990019 [code-unknown]"),
            ("132099", "unread [code-unread]"),
            ("99999", "unread [code-unread]"),
            ("高松市", "unread [code-unread]"),
        ],
    );
}

#[test]
fn a_code_that_two_repairs_fit_is_decided_by_the_publisher() {
    // 12025 may be 120251 (no such body) or 012025, Hakodate; find one that both repairs fit.
    let all = Municipalities::all();
    let both = all.iter().map(|body| body.code.to_string()).filter(|code| code.starts_with('0')).find_map(|code| {
        let five = &code[1..];
        let other = LocalGovernmentCode::with_check(five.parse().unwrap());
        all.get(other).map(|_| (five.to_owned(), LocalGovernmentCode::parse(&code).unwrap(), other))
    });
    let (five, zero, check) = both.expect("some code fits both");
    assert_eq!(shown(&local_government(&five, None)), "unread [code-unread]", "{five}");
    assert_eq!(local_government(&five, Some(zero)).ok(), Some(zero));
    assert_eq!(local_government(&five, Some(check)).ok(), Some(check));
}

#[test]
fn the_list_holds_every_municipality_once() {
    let all = Municipalities::all();
    let wards = all.iter().filter(|body| body.name.contains('市') && body.name.ends_with('区')).count();
    assert_eq!(all.prefectures().count(), 47);
    assert_eq!(wards, 178, "171 wards, and Hamamatsu's of before 2024");
    assert_eq!(all.iter().count() - 47 - wards, 1741);
    assert!(all.iter().all(|body| body.code.is_prefecture() == body.office.is_none()));
    assert!(all.iter().filter_map(|body| body.office).all(|office| office.is_in_japan()));
}

#[test]
fn corporate_numbers_pass_their_check_or_are_not_published() {
    check(
        corporate_number,
        &[
            ("4000012090001", "4000012090001"),
            ("7000020102059", "7000020102059"),
            ("8000020104442 ", "8000020104442"),
            ("T3000020232017", "3000020232017"),
            ("4000012090002", "unread [corporate-number-unread]"),
            ("0123456789", "unread [corporate-number-unread]"),
            ("", "empty"),
        ],
    );
}

#[test]
fn town_ids_have_seven_digits() {
    check(town_id, &[("0008001", "0008001"), ("0008-001", "0008001"), ("8001", "unread [town-id-unread]")]);
}

#[test]
fn a_licence_is_an_iri_only_when_its_version_is_certain() {
    let read = |cell: &str| licence(cell).map(|licence| licence.as_str().to_owned());
    check(
        read,
        &[
            ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
            ("CC-BY4.0", "https://creativecommons.org/licenses/by/4.0/"),
            ("クリエイティブ・コモンズ 表示 4.0 国際", "https://creativecommons.org/licenses/by/4.0/"),
            ("CC0", "https://creativecommons.org/publicdomain/zero/1.0/"),
            ("PDL1.0", "https://www.digital.go.jp/resources/open_data/public_data_license_v1.0"),
            ("https://creativecommons.org/licenses/by/2.1/jp/", "https://creativecommons.org/licenses/by/2.1/jp/"),
            ("CC-BY", "CC-BY [licence-version-unknown]"),
            ("CC BYに準拠", "CC BYに準拠 [licence-version-unknown]"),
            ("CCライセンス", "CCライセンス [licence-version-unknown]"),
        ],
    );
}
