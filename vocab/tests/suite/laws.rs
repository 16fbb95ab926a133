//! What holds for any text.

use std::collections::HashMap;

use hiroba_vocab::Issue;
use hiroba_vocab::issue::Level;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::coordinate::{Frame, point};
use hiroba_vocab::normalise::flag::{FlagFamily, flag};
use hiroba_vocab::normalise::key::{HeaderKey, fold, identity};
use hiroba_vocab::normalise::{
    Reading, address, character, choice, code, date, days, hours, kana, licence, list, number, phone, time, web,
};
use proptest::prelude::*;

/// Text that looks like what lists hold: digits of two widths, marks, kanji of dates and addresses, kana.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,24}",
        "[0-9０-９:：～〜~ー－./年月日時分午前後令和平成昭RHS元 　]{0,20}",
        "[0-9.,°′″度分秒NE北東 -]{0,20}",
        "[東京都府県市区町村郡島大字丁目番地号0-9０-９ー－（） 　高松香川札幌]{0,24}",
        "[月火水木金土日祝曜～・、;除く第0-9（）]{0,12}",
        "[0-9()（）ー－内線代表、/\n-]{0,24}",
        "0[1-9][0-9]{8,9}",
        "[&#;<>brBR/ampltgquot0-9x]{0,24}",
        "[一二三四五六七八九十百千〇人分時間0-9]{0,8}",
        "[高髙崎﨑辺邉\\u{FA19}\\u{E0100}ヶケガｶﾞｰー－～〜ァ-ヺ]{0,12}",
    ]
}

/// A cell that could not be read says why, so that the report can.
fn explained<T>(reading: &Reading<T>) -> bool {
    !matches!(reading, Reading::Unread(issues) if issues.is_empty())
}

proptest! {
    #[test]
    fn no_text_panics_and_nothing_is_refused_without_a_reason(cell in cell(), other in cell()) {
        prop_assert!(explained(&date::date(&cell, None)));
        prop_assert!(explained(&time::time(&cell)));
        prop_assert!(explained(&hours::hours(&cell)));
        prop_assert!(explained(&days::days(&cell)));
        prop_assert!(explained(&phone::phones(&cell)));
        prop_assert!(explained(&phone::postal_code(&cell)));
        prop_assert!(explained(&number::count(&cell)));
        prop_assert!(explained(&number::fee(&cell)));
        prop_assert!(explained(&code::local_government(&cell, None)));
        prop_assert!(explained(&code::corporate_number(&cell)));
        prop_assert!(explained(&code::town_id(&cell)));
        prop_assert!(explained(&kana::katakana(&cell)));
        prop_assert!(explained(&web::urls(&cell)));
        prop_assert!(explained(&web::email(&cell)));
        prop_assert!(explained(&licence::licence(&cell)));
        prop_assert!(explained(&list::items(&cell)));
        prop_assert!(explained(&choice::choice(&cell, &[], &HashMap::new())));
        prop_assert!(explained(&point(&cell, &other, &Frame::default())));
        for family in [FlagFamily::Presence, FlagFamily::Circles, FlagFamily::Hazard, FlagFamily::Negated] {
            prop_assert!(explained(&flag(&cell, family)));
        }
        let _ = address::split(&cell, LocalGovernmentCode::parse("372013"));
        let _ = HeaderKey::new(&cell);
    }

    #[test]
    fn a_key_is_its_own_key(cell in cell()) {
        prop_assert_eq!(fold(&fold(&cell)), fold(&cell));
        prop_assert_eq!(identity(&identity(&cell)), identity(&cell));
    }

    #[test]
    fn published_text_keeps_its_characters_and_is_published_again_as_it_is(cell in cell()) {
        if let Reading::Value(published, issues) = character::text(&cell) {
            if !issues.contains(Issue::HtmlRemoved) {
                prop_assert!(cell.contains(&*published));
            }
            let again = character::text(&published).ok();
            prop_assert_eq!(again.as_deref(), Some(&*published));
        }
    }

    #[test]
    fn what_was_read_reads_the_same_again(cell in cell()) {
        let same = |once: Option<String>, again: fn(&str) -> Option<String>| once.is_none_or(|once| again(&once) == Some(once));
        let phone = |cell: &str| phone::phones(cell).ok().filter(|read| read.label.is_none()).map(|read| read.numbers.join(" / "));
        prop_assert!(same(phone(&cell), phone));
        let postal = |cell: &str| phone::postal_code(cell).ok();
        prop_assert!(same(postal(&cell), postal));
        let kana = |cell: &str| kana::katakana(cell).ok();
        prop_assert!(same(kana(&cell), kana));
        let count = |cell: &str| number::count(cell).ok().map(|count| count.to_string());
        prop_assert!(same(count(&cell), count));
        // Public holidays are no weekday, and have no short name to be read from.
        let days = |cell: &str| {
            let days = days::days(cell).ok().filter(|days| !days.contains(&days::Day::PublicHolidays))?;
            Some(days.iter().map(|day| day.name()).collect::<Vec<_>>().join(","))
        };
        prop_assert!(same(days(&cell), days));
        let hours = |cell: &str| {
            let spans = hours::hours(cell).ok()?;
            Some(spans.iter().map(|span| format!("{}～{}", span.opens, span.closes)).collect::<Vec<_>>().join("、"))
        };
        prop_assert!(same(hours(&cell), hours));
    }

    #[test]
    fn a_date_that_was_read_reads_the_same_again(cell in cell()) {
        if let Reading::Value(moment, _) = date::date(&cell, None)
            && !matches!(moment, date::Moment::Span(..))
        {
            let again = date::date(&moment.to_string(), None);
            prop_assert_eq!(again, Reading::value(moment));
        }
    }

    #[test]
    fn a_time_that_was_read_reads_the_same_again(cell in cell()) {
        if let Reading::Value(read, _) = time::time(&cell) {
            prop_assert_eq!(time::time(&read.to_string()), Reading::value(read));
        }
    }

    #[test]
    fn a_code_is_valid_with_its_check_digit_and_with_no_other(five in 1_000_u32..48_000) {
        let code = LocalGovernmentCode::with_check(five);
        prop_assert_eq!(LocalGovernmentCode::parse(&code.to_string()), Some(code));
        let valid = (0..10).filter(|check| LocalGovernmentCode::parse(&format!("{five:05}{check}")).is_some()).count();
        prop_assert_eq!(valid, 1);
    }

    #[test]
    fn a_point_in_japan_is_kept_and_its_exchange_is_undone(y in 20.1..45.9_f64, x in 122.1..153.9_f64) {
        let (y, x) = (format!("{y:.6}"), format!("{x:.6}"));
        let straight = point(&y, &x, &Frame::default());
        let exchanged = point(&x, &y, &Frame::default());
        prop_assert!(straight.issues().is_empty());
        prop_assert!(exchanged.issues().any(Level::Changed));
        prop_assert_eq!(straight.ok(), exchanged.ok());
    }
}
