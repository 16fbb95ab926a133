//! The only place that prints: everything for the person at the terminal, to standard error.

#![expect(clippy::print_stderr, reason = "this is the command line's output")]

use std::fmt::Display;

/// A line for the person at the terminal.
pub(super) fn note(line: impl Display) {
    eprintln!("{line}");
}

/// What went wrong, and what to do.
pub(super) fn error(what: impl Display) {
    eprintln!("error: {what}");
}
