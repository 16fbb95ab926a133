//! One test binary for the crate: tables of real cells, and laws that hold for any text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod addresses;
mod characters;
mod codes;
mod contacts;
mod coordinates;
mod datasets;
mod dates_and_times;
mod laws;
mod numbers_and_flags;
mod population_and_events;
mod products;
mod recurrences;

use hiroba_vocab::normalise::Reading;

/// A reading as one line of text: the value and the codes of its issues, so that a table can hold it.
fn shown<T: std::fmt::Display>(reading: &Reading<T>) -> String {
    let codes: Vec<&str> = reading.issues().iter().map(|issue| issue.code()).collect();
    let head = match reading {
        Reading::Empty(_) => "empty".to_owned(),
        Reading::Value(value, _) => value.to_string(),
        Reading::Unread(_) => "unread".to_owned(),
    };
    if codes.is_empty() { head } else { format!("{head} [{}]", codes.join(" ")) }
}

/// Compares a table of cells with what a normaliser makes of them.
fn check<T: std::fmt::Display>(normalise: impl Fn(&str) -> Reading<T>, table: &[(&str, &str)]) {
    for (cell, expected) in table {
        assert_eq!(shown(&normalise(cell)), *expected, "{cell:?}");
    }
}
