//! The TOML of the definitions.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::Dataset;
use super::column::{Column, Keys, Need, Reads};
use super::layout::{self, Edition, RawLayout};
use crate::normalise::key::fold;
use crate::term::Terms;

/// Columns by the name of their group.
pub(super) type Groups = HashMap<String, Vec<RawColumn>>;

/// A column as it stands in a file. The comment at the top of `common.toml` explains the fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawColumn {
    name: String,
    en: Option<String>,
    definition_ja: Option<String>,
    definition_en: Option<String>,
    #[serde(default)]
    english: Vec<String>,
    #[serde(default)]
    old: Vec<String>,
    #[serde(default)]
    variants: Vec<String>,
    #[serde(default)]
    ends: Vec<String>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
    reads: Reads,
    feeds: Option<String>,
    part: Option<String>,
    of: Option<String>,
    #[serde(default)]
    units: Vec<String>,
    #[serde(default)]
    choices: Vec<String>,
    #[serde(default)]
    synonyms: HashMap<String, String>,
    #[serde(default)]
    choices_en: Vec<String>,
    #[serde(default)]
    blank_is_no: bool,
    #[serde(default)]
    need: Need,
    when: Option<String>,
    #[serde(default)]
    many: bool,
    #[serde(default)]
    extra: bool,
    #[serde(default)]
    rest: bool,
    header: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawDataset {
    slug: String,
    r#type: String,
    number: Option<u8>,
    old_number: Option<u8>,
    title_ja: String,
    title_en: String,
    words: Vec<String>,
    /// See [`Dataset::against`].
    #[serde(default)]
    against: Vec<String>,
    /// See [`Dataset::needs_word`].
    #[serde(default)]
    needs_word: bool,
    /// See [`Dataset::classes`].
    #[serde(default)]
    classes: Vec<String>,
    include: Vec<String>,
    /// See [`Dataset::subject`].
    #[serde(default = "named")]
    subject: Vec<String>,
    /// See [`Dataset::identity`].
    #[serde(default)]
    identity: Vec<String>,
    /// See [`Dataset::joined_by`].
    joined_by: Option<String>,
    current: Option<RawLayout>,
    old: Option<RawLayout>,
    #[serde(default)]
    column: Vec<RawColumn>,
}

/// Most lists are of things with a name.
fn named() -> Vec<String> {
    vec!["名称".to_owned()]
}

pub(super) fn groups(text: &str) -> Result<Groups, String> {
    toml::from_str(text).map_err(|e| format!("common.toml: {e}"))
}

pub(super) fn dataset(text: &str, groups: &Groups) -> Result<Dataset, String> {
    let raw: RawDataset = toml::from_str(text).map_err(|e| e.to_string())?;
    let slug = raw.slug;
    if Terms::published().get(&raw.r#type).is_none() {
        return Err(format!("{slug}: no class {}", raw.r#type));
    }
    let mut columns: Vec<Arc<Column>> =
        raw.column.into_iter().map(|column| build(column, &slug, &raw.classes)).collect::<Result<_, _>>()?;
    for name in &raw.include {
        let group = groups.get(name).ok_or_else(|| format!("{slug}: no group {name}"))?;
        for column in group {
            columns.push(build(column.clone(), &slug, &raw.classes)?);
        }
    }
    for column in &columns {
        if let Some(when) = &column.when
            && !columns.iter().any(|other| other.name == *when)
        {
            return Err(format!("{slug}: {} depends on {when}, which is no column", column.name));
        }
    }
    for name in raw.subject.iter().chain(&raw.identity).chain(&raw.joined_by) {
        if !columns.iter().any(|column| column.name == *name) {
            return Err(format!("{slug}: {name} is no column"));
        }
    }
    let lowercase = |words: &[String]| words.iter().map(|word| word.to_lowercase()).collect::<Vec<String>>();
    // Files of the standard are called by it: `131016_aed.csv`.
    let mut words = lowercase(&raw.words);
    if !words.contains(&slug) {
        words.push(slug.clone());
    }
    Ok(Dataset {
        entity_type: raw.r#type,
        number: raw.number,
        old_number: raw.old_number,
        title_ja: raw.title_ja,
        title_en: raw.title_en,
        words,
        against: lowercase(&raw.against),
        needs_word: raw.needs_word,
        classes: raw.classes,
        subject: raw.subject,
        identity: raw.identity,
        joined_by: raw.joined_by,
        shares_columns: !raw.include.is_empty(),
        current: layout::build(raw.current, Edition::Current, &columns, &slug, true)?,
        old: layout::build(raw.old, Edition::Old, &columns, &slug, raw.old_number.is_some())?,
        columns,
        slug,
    })
}

fn build(raw: RawColumn, slug: &str, classes: &[String]) -> Result<Arc<Column>, String> {
    for term in [&raw.feeds, &raw.of].into_iter().flatten() {
        if Terms::published().get(term).is_none() {
            return Err(format!("{slug}: {} feeds {term}, which is no term", raw.name));
        }
    }
    if !raw.choices_en.is_empty() && raw.choices_en.len() != raw.choices.len() {
        return Err(format!("{slug}: {} has not as many choices in English as in Japanese", raw.name));
    }
    let current: Vec<String> = std::iter::once(raw.name.clone()).chain(raw.english).collect();
    let official: Vec<String> = current.iter().chain(&raw.old).cloned().collect();
    let keys = Keys {
        official: Keys::fold(&official),
        variants: Keys::fold(&raw.variants),
        ends: Keys::fold(&raw.ends),
        contains: Keys::fold(&raw.contains),
        without: Keys::fold(&raw.without),
        classes: Keys::fold(classes),
    };
    Ok(Arc::new(Column {
        name: raw.name,
        en: raw.en,
        definition_ja: raw.definition_ja,
        definition_en: raw.definition_en,
        current,
        old: raw.old,
        reads: raw.reads,
        feeds: raw.feeds,
        part: raw.part,
        of: raw.of,
        units: raw.units,
        unit: None,
        choices: raw.choices,
        synonyms: raw.synonyms.into_iter().map(|(text, choice)| (fold(&text), choice)).collect(),
        choices_en: raw.choices_en,
        blank_is_no: raw.blank_is_no,
        need: raw.need,
        when: raw.when,
        many: raw.many,
        extra: raw.extra,
        rest: raw.rest,
        header: raw.header,
        keys,
    }))
}
