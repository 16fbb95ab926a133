//! The forms of texts, as regular expressions that JSON Schema, SHACL, Table Schema and CSVW read alike.

use crate::dataset::{Datatype, Reads};

/// `YYYY-MM-DD`, coarser, or a period.
const DATE: &str = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?(/[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$";

/// `HH:MM`, to 24:00. Types for times of day know no 24:00, with which the standard ends a whole day.
const TIME: &str = "^([01]?[0-9]|2[0-4]):[0-5][0-9]$";

/// The form of a type that other languages do not have.
pub(super) fn of_datatype(datatype: Datatype) -> Option<&'static str> {
    match datatype {
        Datatype::Date => Some(DATE),
        Datatype::Time => Some(TIME),
        _ => None,
    }
}

/// The form of a text that is a code.
pub(super) fn of_reads(reads: Reads) -> Option<&'static str> {
    match reads {
        Reads::PublisherCode | Reads::PlaceCode | Reads::Code => Some("^[0-9]{6}$"),
        Reads::TownId => Some("^[0-9]{7}$"),
        Reads::CorporateNumber => Some("^[0-9]{13}$"),
        Reads::PostalCode => Some("^[0-9]{3}-?[0-9]{4}$"),
        _ => None,
    }
}

/// The form of a cell.
pub(super) fn of_cell(reads: Reads) -> Option<&'static str> {
    of_reads(reads).or_else(|| (reads.cell().datatype == Datatype::Time).then_some(TIME))
}

/// The smallest and largest value of a coordinate that lies in Japan.
pub(super) fn bounds(reads: Reads) -> Option<(u8, u8)> {
    match reads {
        Reads::Latitude => Some((20, 46)),
        Reads::Longitude => Some((122, 154)),
        _ => None,
    }
}
