//! A value as the text of a cell.

use hiroba_vocab::Issue;
use hiroba_vocab::dataset::{Column, Reads};
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::flag::{FlagFamily, flag};
use hiroba_vocab::normalise::licence::{licence, licence_name};
use hiroba_vocab::normalise::phone::phones;
use ngsild::{Attribute, AttributeValue};
use serde_json::Value as Json;

use crate::build::names;

/// The cell of a value in a column; `None` where the column cannot hold it. `fee_note` is what stands beside a fee.
pub(super) fn cell(column: &Column, value: &Json, attribute: &Attribute, fee_note: Option<&str>) -> Option<String> {
    match (column.reads, value) {
        (Reads::Flag | Reads::NegatedFlag, Json::Bool(yes)) => Some(flag_text(column.reads, *yes, attribute)),
        (Reads::Fee, value) if value.as_u64() == Some(0) => {
            // A 0 beside details of a fee would be doubted.
            let doubted = fee_note.is_some_and(|note| !note.contains("無料"));
            Some(if doubted { "無料" } else { "0" }.to_owned())
        }
        (_, Json::Number(number)) => Some(plain(number)),
        (Reads::Date, Json::String(text)) => Some(text.replace('/', "～")),
        (Reads::Licence, Json::String(iri)) => {
            let name = licence_name(iri).filter(|name| licence(name).ok().is_some_and(|read| read.as_str() == iri));
            Some(name.map_or_else(|| iri.clone(), str::to_owned))
        }
        (Reads::Phone, value) => phone(texts(value)?, attribute),
        (_, Json::Bool(yes)) => Some(if *yes { "有" } else { "無" }.to_owned()),
        (_, value) => texts(value).map(|texts| texts.join(";")),
    }
}

/// A text, or the texts of an array; `None` where the value is something else.
pub(super) fn texts(value: &Json) -> Option<Vec<String>> {
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(plain(number)),
        _ => None,
    };
    match value {
        Json::Array(values) => values.iter().map(text).collect(),
        value => text(value).map(|text| vec![text]),
    }
}

/// The text beside a value that was changed: what stood in the cell.
pub(super) fn source(attribute: &Attribute) -> Option<&str> {
    match &attribute.attributes.get(&names().source_value)?.first()?.is {
        AttributeValue::Property(Json::String(text)) => Some(text),
        _ => None,
    }
}

/// A number without a fraction of nothing: 12, not 12.0.
fn plain(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// 有 and 無; 1 and 0 where the column says that something is not possible. A condition is kept in its own words, which no
/// other cell has.
fn flag_text(reads: Reads, yes: bool, attribute: &Attribute) -> String {
    let (family, words) = match reads {
        Reads::NegatedFlag => (FlagFamily::Negated, ["0", "1"]),
        _ => (FlagFamily::Presence, ["無", "有"]),
    };
    if let Some(source) = source(attribute)
        && let Reading::Value(read, issues) = flag(source, family)
        && read == yes
        && issues.contains(Issue::FlagConditional)
    {
        return source.to_owned();
    }
    words[usize::from(yes)].to_owned()
}

/// Telephone numbers with the words beside them, as long as they are read back as they are.
fn phone(numbers: Vec<String>, attribute: &Attribute) -> Option<String> {
    let joined = numbers.join(";");
    let label = attribute.attributes.get(&names().telephone_label).and_then(|label| label.first());
    if let Some(Attribute { is: AttributeValue::Property(Json::String(label)), .. }) = label {
        for text in [format!("{joined}({label})"), format!("{label};{joined}")] {
            let same = phones(&text)
                .ok()
                .is_some_and(|read| read.numbers == numbers && read.label.as_deref() == Some(label.as_str()));
            if same {
                return Some(text);
            }
        }
    }
    Some(joined)
}
