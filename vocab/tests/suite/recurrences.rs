use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::choice::code_word;
use hiroba_vocab::normalise::date::{date_in, month_in_title};
use hiroba_vocab::normalise::days::Day::{Friday, Monday, Thursday, Tuesday, Wednesday};
use hiroba_vocab::normalise::list::{items, parts};
use hiroba_vocab::normalise::recurrence::{Recurrence, recurrence};
use hiroba_vocab::{Issue, Issues};

#[test]
fn days_of_collection_are_read_and_half_a_rule_is_not() {
    let every = |days: &[_]| Reading::value(Recurrence { days: days.to_vec(), weeks: Vec::new() });
    let some = |weeks: &[u8], days: &[_]| Reading::value(Recurrence { days: days.to_vec(), weeks: weeks.to_vec() });
    let text = || Reading::unread(Issue::RecurrenceAsText);
    for (cell, expected) in [
        ("毎週火・金曜日", every(&[Tuesday, Friday])),
        ("月・木", every(&[Monday, Thursday])),
        ("水曜", every(&[Wednesday])),
        ("第２・４月曜日", some(&[2, 4], &[Monday])),
        ("第1・第3木曜日", some(&[1, 3], &[Thursday])),
        ("第2水曜日", some(&[2], &[Wednesday])),
        ("第2、4週の火曜日", text()),
        ("第1月曜日・第3木曜日", text()),
        ("第4・2月曜日", text()),
        ("月曜日（祝日を除く）", text()),
        ("12345", text()),
        ("申込制", text()),
        ("", Reading::BLANK),
        ("-", Reading::Empty(Issues::one(Issue::Placeholder))),
    ] {
        assert_eq!(recurrence(cell), expected, "{cell}");
    }
}

#[test]
fn a_date_without_a_year_takes_the_month_that_the_file_is_about_and_no_other() {
    let july = month_in_title("令和8年7月分献立").unwrap();
    let added = |text: &str| (text.to_owned(), Issues::one(Issue::DateYearAdded));
    for (cell, expected) in [
        ("7/1", Some(added("2026-07-01"))),
        ("7月31日(金)", Some(added("2026-07-31"))),
        ("８/1", None),
        ("7/32", None),
        ("2025-07-01", Some(("2025-07-01".to_owned(), Issues::NONE))),
    ] {
        let found = match date_in(cell, None, Some(july)) {
            Reading::Value(moment, issues) => Some((moment.to_string(), issues)),
            _ => None,
        };
        assert_eq!(found, expected, "{cell}");
    }
    assert_eq!(date_in("7/1", None, None), Reading::unread(Issue::DateWithoutYear));
}

#[test]
fn codes_of_a_list_become_their_words() {
    let choices = ["B1=小学校".to_owned(), "C1=中学校".to_owned()];
    let translated = Issues::one(Issue::CodeTranslated);
    for (cell, word, issues) in [
        ("小学校", "小学校", Issues::NONE),
        ("B1", "小学校", translated),
        ("ｂ１", "小学校", translated),
        ("C1：中学校", "中学校", translated),
        ("C1（中学校）", "中学校", translated),
        ("Z9", "Z9", Issues::one(Issue::NotInList)),
    ] {
        assert_eq!(code_word(cell, &choices), Reading::Value(word.to_owned(), issues), "{cell}");
    }
}

#[test]
fn parts_of_a_list_may_hold_commas() {
    let list = |items: &[&str]| Reading::value(items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
    assert_eq!(parts("一丁目1番、2番;二丁目全域"), list(&["一丁目1番、2番", "二丁目全域"]));
    assert_eq!(items("小麦、卵;乳"), list(&["小麦", "卵", "乳"]));
}
