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
        "a 全国地方公共団体コード has six digits, of which the last one checks the others (131016)".to_owned()
    })
}
