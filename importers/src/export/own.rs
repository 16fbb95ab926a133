//! Columns that no definition knows, and the text of ids.

use std::sync::Arc;

use hiroba_vocab::Dataset;
use hiroba_vocab::dataset::{Fit, Reads};
use hiroba_vocab::normalise::key::HeaderKey;
use hiroba_vocab::normalise::list;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde_json::Value as Json;

use super::value::texts;
use crate::build::ENCODED;

/// What was percent-encoded. Bytes that are no text stay encoded.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

/// A number as it stands in an id.
pub(super) fn encoded(number: &str) -> String {
    utf8_percent_encode(number, ENCODED).to_string()
}

/// Whether a header is the one that names the geodetic datum.
pub(super) fn is_datum(dataset: &Arc<Dataset>, header: &str) -> bool {
    let key = HeaderKey::new(header);
    let datum = dataset.columns.iter().find(|column| column.reads == Reads::Datum);
    datum.is_some_and(|column| column.fit(&key).is_some_and(|fit| fit < Fit::Likeness))
}

/// Whether an array of texts survives as a list in one cell: no item holds a separator.
pub(super) fn is_list(value: &Json) -> bool {
    let Some(items) = texts(value) else { return false };
    list::items(&items.join(";")).ok().is_some_and(|read| read == items)
}
