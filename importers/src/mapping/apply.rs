//! From a mapping to what the columns of a table are.

use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Reads};
use hiroba_vocab::normalise::key::HeaderKey;
use hiroba_vocab::term::{AttributeKind, TermRole};
use hiroba_vocab::{Datasets, Iri, Terms};

use super::{ColumnMapping, Mapping, Named};
use crate::error::ImportError;
use crate::generic;
use crate::header::{Header, Preview};
use crate::recognise::{Binding, Clues};

/// The columns of a table as a mapping says.
///
/// # Errors
/// [`ImportError::Mapping`] where it names none of the table's columns, or asks for a column that the table lacks.
pub(crate) fn apply(mapping: &Mapping, preview: &Preview, clues: Clues<'_>) -> Result<Binding, ImportError> {
    let header = &preview.header;
    let datasets = Datasets::published();
    let standard = mapping.dataset.as_deref().and_then(|slug| datasets.get(slug));
    let base = standard.unwrap_or(datasets.generic());
    let own_iris = header.own_iris();
    let mut columns = vec![None; header.names.len()];
    let mut skipped = Vec::new();
    let mut fits = 0_u32;
    for said in &mapping.columns {
        let Some(at) = position(header, &said.header) else { continue };
        fits += 1;
        if said.skip {
            skipped.push(at);
        }
        if let (Some(column), Some(own)) = (columns.get_mut(at), own_iris.get(at)) {
            *column = column_of(said, base, own);
        }
    }
    if fits == 0 && !mapping.columns.is_empty() {
        return Err(wrong(
            mapping,
            mapping.columns.first().map_or((1, 1), |column| column.at),
            format!(
                "the table has none of these columns. Its header is in row {}: {}",
                header.row,
                header.names.join(", ")
            ),
        ));
    }
    let dataset = match standard {
        Some(dataset) => Arc::clone(dataset),
        None => Arc::new(own_dataset(mapping, preview, clues)),
    };
    let named =
        |names: &Option<Vec<Named>>| names.as_deref().map(|names| positions(mapping, header, names)).transpose();
    let mut binding = Binding::own(dataset, columns, 1.0);
    binding.is_own = standard.is_none();
    binding.identity = named(&mapping.identity)?;
    binding.subject = named(&mapping.subject)?;
    binding.skipped = skipped;
    binding.mapping = Some(mapping.file.clone());
    Ok(binding)
}

fn own_dataset(mapping: &Mapping, preview: &Preview, clues: Clues<'_>) -> Dataset {
    let mut dataset = generic::dataset(preview, clues);
    for (field, said) in [
        (&mut dataset.slug, &mapping.slug),
        (&mut dataset.title_ja, &mapping.title_ja),
        (&mut dataset.title_en, &mapping.title_en),
        (&mut dataset.entity_type, &mapping.entity_type),
    ] {
        if let Some(said) = said {
            said.clone_into(field);
        }
    }
    dataset
}

/// None of several tables has the columns of a mapping.
pub(crate) fn is_for_none(mapping: &Mapping) -> ImportError {
    let at = mapping.columns.first().map_or((1, 1), |column| column.at);
    wrong(mapping, at, "no table of the file has most of these columns".to_owned())
}

/// Where a header stands: exactly so, or typed otherwise.
fn position(header: &Header, name: &str) -> Option<usize> {
    let exact = header.names.iter().position(|other| other == name);
    let key = HeaderKey::new(name).full;
    exact.or_else(|| header.names.iter().position(|other| !key.is_empty() && HeaderKey::new(other).full == key))
}

fn positions(mapping: &Mapping, header: &Header, names: &[Named]) -> Result<Vec<usize>, ImportError> {
    if let [one] = names
        && one.header == "*"
    {
        return Ok((0..header.names.len()).collect());
    }
    let one = |name: &Named| {
        position(header, &name.header).ok_or_else(|| {
            wrong(
                mapping,
                name.at,
                format!("the table has no column '{}'. Its columns are: {}", name.header, header.names.join(", ")),
            )
        })
    };
    names.iter().map(one).collect()
}

fn wrong(mapping: &Mapping, (line, column): (usize, usize), problem: String) -> ImportError {
    ImportError::Mapping { file: mapping.file.clone(), line, column, problem }
}

/// The column of the standard that a mapping means by a name: that of the data set, else one that all lists share. Where
/// several have the name, the attribute decides.
pub(super) fn standard_column<'d>(base: &'d Dataset, name: &str, attribute: Option<&str>) -> Option<&'d Arc<Column>> {
    let mut all = base.columns.iter().filter(|column| column.name == name);
    match attribute {
        Some(attribute) => all.clone().find(|column| column.feeds.as_deref() == Some(attribute)).or_else(|| all.next()),
        None => all.next(),
    }
}

/// What a mapping says of a column; `None` is text under the IRI of its header.
fn column_of(said: &ColumnMapping, base: &Dataset, own: &Iri) -> Option<Arc<Column>> {
    let generic = Datasets::published().generic();
    let attribute = said.attribute.as_deref();
    let named = said
        .column
        .as_deref()
        .and_then(|name| standard_column(base, name, attribute).or_else(|| standard_column(generic, name, attribute)));
    let plain = said.part.is_none() && said.unit.is_none() && said.units.is_empty();
    if let Some(column) = named {
        let same = said.reads.is_none_or(|reads| reads == column.reads)
            && attribute.is_none_or(|attribute| column.feeds.as_deref() == Some(attribute));
        if same && plain {
            return Some(Arc::clone(column));
        }
    }
    let reads = said.reads.or(named.map(|column| column.reads)).unwrap_or(Reads::Text);
    // What has its place in the entity as a whole goes there without being told.
    let shared =
        base.columns.iter().chain(&generic.columns).find(|column| column.reads == reads && column.when.is_none());
    let shared = shared.filter(|_| named.is_none() && (is_part_of_the_whole(reads) || reads == Reads::Name));
    if let (Some(column), None, true) = (shared, attribute, plain) {
        return Some(Arc::clone(column));
    }
    if reads == Reads::Text && matches!(attribute, None | Some("own")) && plain && named.is_none() {
        return None;
    }
    let mut column =
        named.or(shared).map_or_else(|| Column::of_a_file(&said.header, reads, None), |column| (**column).clone());
    column.reads = reads;
    match attribute {
        Some("own") => column.feeds = Some(own.to_string()),
        Some(attribute) => column.feeds = Some(attribute.to_owned()),
        None if column.feeds.is_none() => column.feeds = Some(own.to_string()),
        None => {}
    }
    column.part = said.part.clone().or(column.part);
    let term = column.feeds.as_deref().and_then(|feeds| Terms::published().get(feeds));
    if column.part.is_none() && term.is_some_and(|term| term.role == TermRole::Attribute(AttributeKind::Language)) {
        column.part = Some("ja".to_owned());
    }
    column.unit = said.unit.clone().or(column.unit);
    if !said.units.is_empty() {
        column.units.clone_from(&said.units);
    }
    Some(Arc::new(column))
}

/// Whether what is read so is a part of address, position, hours or publisher, and no value of its own.
fn is_part_of_the_whole(reads: Reads) -> bool {
    use Reads::{
        Address, AllDay, Building, City, ClosedDays, Closes, Datum, Days, Hours, LatLon, Latitude, Locality, Longitude,
        Lot, Number, Opens, PlaceCode, Prefecture, PublisherCode, PublisherName, Region, Town, TownId,
    };
    matches!(
        reads,
        Address
            | AllDay
            | Building
            | City
            | ClosedDays
            | Closes
            | Datum
            | Days
            | Hours
            | LatLon
            | Latitude
            | Locality
            | Longitude
            | Lot
            | Number
            | Opens
            | PlaceCode
            | Prefecture
            | PublisherCode
            | PublisherName
            | Region
            | Town
            | TownId
    )
}
