//! The only place that prints: results to standard output, everything about them to standard error.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stderr, stdout};

/// A line of the result. A reader that has seen enough and closed the pipe is no error.
pub(super) fn result(line: impl Display) {
    if let Err(failure) = writeln!(stdout().lock(), "{line}")
        && failure.kind() != ErrorKind::BrokenPipe
    {
        error(format_args!("the result cannot be written: {failure}"));
    }
}

/// A line for the person at the terminal.
pub(super) fn note(line: impl Display) {
    // Where nobody can be told, there is nothing to do about it.
    let _ = writeln!(stderr().lock(), "{line}");
}

/// What went wrong, and what to do.
pub(super) fn error(what: impl Display) {
    note(format_args!("error: {what}"));
}
