//! `hiroba dataset diff`: differences as text, JSON or CSV, written as they are read.

use hiroba_store::{Store, TenantId};
use hiroba_vocab::EntityId;
use serde_json::Value;

use super::{DatasetError, DiffForm, PAGE, show};
use crate::cli::output;
use crate::service::datasets::{AttributeDifference, DifferenceKind, EntityDifference, differences};

/// The columns of the CSV form.
const HEADER: [&str; 6] = ["kind", "id", "name", "attribute", "before", "after"];

pub(super) async fn show(
    store: &Store,
    tenant: TenantId,
    dataset: &EntityId,
    versions: (i64, i64),
    form: DiffForm,
) -> Result<(), DatasetError> {
    let (mut added, mut changed, mut removed) = (0_u64, 0_u64, 0_u64);
    if form == DiffForm::Csv {
        output::result(csv_line(&HEADER)?);
    }
    let mut after = String::new();
    loop {
        let page = differences(store, tenant, dataset, versions, &after, PAGE).await?;
        for difference in &page.differences {
            match difference.kind {
                DifferenceKind::Added => added += 1,
                DifferenceKind::Changed => changed += 1,
                DifferenceKind::Removed => removed += 1,
            }
            match form {
                DiffForm::Text => text(difference),
                DiffForm::Json => output::result(show::json(difference)),
                DiffForm::Csv => csv(difference)?,
            }
        }
        match page.next {
            Some(next) => after = next.to_string(),
            None => break,
        }
    }
    if form == DiffForm::Text {
        let (from, to) = versions;
        output::result(format!("version {from} to {to}: {added} added, {changed} changed, {removed} removed"));
    }
    Ok(())
}

fn text(difference: &EntityDifference) {
    let EntityDifference { id, kind, name, attributes } = difference;
    let name = name.as_deref().unwrap_or_default();
    output::result(format!("{:<8} {id}  {name}", kind.name()));
    for AttributeDifference { attribute, before, after } in attributes {
        output::result(format!("           {attribute}: {} → {}", plain(before.as_ref()), plain(after.as_ref())));
    }
}

/// A value for people: text without quotation marks, nothing as a dash.
fn plain(value: Option<&Value>) -> String {
    match value {
        None => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn csv(difference: &EntityDifference) -> Result<(), DatasetError> {
    let EntityDifference { id, kind, name, attributes } = difference;
    let name = name.as_deref().unwrap_or_default();
    if attributes.is_empty() {
        output::result(csv_line(&[kind.name(), id.as_str(), name, "", "", ""])?);
    }
    let cell = |value: &Option<Value>| value.as_ref().map_or_else(String::new, |value| plain(Some(value)));
    for AttributeDifference { attribute, before, after } in attributes {
        let (before, after) = (cell(before), cell(after));
        output::result(csv_line(&[kind.name(), id.as_str(), name, attribute, &before, &after])?);
    }
    Ok(())
}

/// A record without the end of its line.
fn csv_line(cells: &[&str]) -> Result<String, DatasetError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    let mut bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
