//! What a person tells of a file: by an option of a command, or in a form.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::date::{Moment, date};

/// A day, in any of the ways that lists write days, as `2026-04-01`.
///
/// # Errors
/// A sentence when it is none.
pub fn day(text: &str) -> Result<String, String> {
    match date(text, None) {
        Reading::Value(day @ Moment::Day(_), _) => Ok(day.to_string()),
        _ => Err("expected a day: 2026-04-01, 2026/4/1 or 令和8年4月1日".to_owned()),
    }
}

/// The code of a local government.
///
/// # Errors
/// A sentence when it is none.
pub fn municipality(text: &str) -> Result<LocalGovernmentCode, String> {
    LocalGovernmentCode::parse(text).ok_or_else(|| {
        let rule = "a 全国地方公共団体コード has six digits, of which the last one checks the others";
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.get(..5).filter(|_| is_digits && text.len() <= 6).and_then(|five| five.parse::<u32>().ok()) {
            Some(five) if five > 0 => {
                format!("{rule}: after {five:05} it is {}", LocalGovernmentCode::with_check(five))
            }
            _ => format!("{rule}, such as 131016"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_with_a_wrong_check_digit_is_answered_with_the_right_one() {
        assert_eq!(municipality("372013").map(|code| code.to_string()), Ok("372013".to_owned()));
        for (text, told) in [
            ("372010", "after 37201 it is 372013"),
            ("37201", "after 37201 it is 372013"),
            ("011000", "after 01100 it is 011002"),
            ("000000", "such as 131016"),
            ("3720", "such as 131016"),
            ("3720134", "such as 131016"),
            ("高松市", "such as 131016"),
            ("３７２０１０", "such as 131016"),
        ] {
            let error = municipality(text).unwrap_err();
            assert!(error.ends_with(told), "{text}: {error}");
        }
    }
}
