//! From TOML to a mapping. What is wrong is said with line and column.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::iri::is_absolute_iri;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::term::TermRole;
use hiroba_vocab::{Datasets, Terms};
use serde::Deserialize;
use toml::Spanned;

use super::{ColumnMapping, Mapping, Named};
use crate::error::ImportError;
use crate::limits;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Raw {
    dataset: Option<Spanned<String>>,
    r#type: Option<Spanned<String>>,
    slug: Option<Spanned<String>>,
    title_ja: Option<String>,
    title_en: Option<String>,
    publisher: Option<Spanned<String>>,
    publisher_name: Option<String>,
    sheet: Option<String>,
    header_row: Option<u64>,
    subject: Option<Vec<Spanned<String>>>,
    identity: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    column: Vec<Spanned<RawColumn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawColumn {
    header: String,
    column: Option<Spanned<String>>,
    reads: Option<Reads>,
    attribute: Option<Spanned<String>>,
    language: Option<String>,
    part: Option<String>,
    unit: Option<String>,
    #[serde(default)]
    units: Vec<String>,
    #[serde(default)]
    skip: bool,
}

/// The text, for places in it.
struct Text<'t> {
    file: &'t str,
    text: &'t str,
}

impl Text<'_> {
    /// Line and column of a byte, both from 1.
    fn place(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    fn wrong(&self, span: &Range<usize>, problem: String) -> ImportError {
        let (line, column) = self.place(span.start);
        ImportError::Mapping { file: self.file.to_owned(), line, column, problem }
    }
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// The file cannot be read or is larger than [`limits::MAPPING`]; [`ImportError::Mapping`] with line and column.
    pub fn read(path: &Path) -> Result<Self, ImportError> {
        let file =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let unreadable =
            |error: std::io::Error| ImportError::Unreadable { file: file.clone(), reason: error.to_string() };
        let mut bytes = Vec::new();
        let opened = std::fs::File::open(path).map_err(unreadable)?;
        opened.take(limits::MAPPING + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > limits::MAPPING {
            let limit = limits::mebibytes(limits::MAPPING);
            return Err(ImportError::TooLarge { file, row: None, what: "the mapping", limit });
        }
        let text = String::from_utf8(bytes).map_err(|error| ImportError::Mapping {
            file: file.clone(),
            line: error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count() + 1,
            column: 1,
            problem: "this is no UTF-8. Save the mapping as UTF-8".to_owned(),
        })?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a mapping. `file` is for messages.
    ///
    /// # Errors
    /// [`ImportError::Mapping`] with line and column, and what to write.
    pub fn parse(file: &str, text: &str) -> Result<Self, ImportError> {
        let text = Text { file, text: text.trim_start_matches('\u{FEFF}') };
        let raw: Raw = toml::from_str(text.text).map_err(|error| {
            let problem = error.message().replace('\n', " ");
            text.wrong(&error.span().unwrap_or(0..0), problem)
        })?;
        if let (Some(_), Some(named)) = (&raw.dataset, &raw.r#type) {
            let problem = "dataset and type exclude each other. Keep one of them";
            return Err(text.wrong(&named.span(), problem.to_owned()));
        }
        if let Some(slug) = &raw.dataset
            && Datasets::published().get(slug.get_ref()).is_none()
        {
            let known =
                Datasets::published().supported().iter().map(|d| d.slug.as_str()).collect::<Vec<_>>().join(", ");
            return Err(
                text.wrong(&slug.span(), format!("there is no data set '{}'. There is: {known}", slug.get_ref()))
            );
        }
        if let Some(named) = &raw.r#type {
            let is_class = Terms::published().get(named.get_ref()).is_some_and(|term| term.role == TermRole::Class);
            if !is_class && !is_absolute_iri(named.get_ref()) {
                let problem =
                    format!("'{}' is no class of the vocabulary. Write Record, or an IRI (https://…)", named.get_ref());
                return Err(text.wrong(&named.span(), problem));
            }
        }
        if let Some(slug) = &raw.slug
            && (slug.get_ref().trim().is_empty() || slug.get_ref().chars().count() > 100)
        {
            return Err(text.wrong(&slug.span(), "the short name needs 1 to 100 characters".to_owned()));
        }
        let code = |code: Spanned<String>| {
            LocalGovernmentCode::parse(code.get_ref()).ok_or_else(|| {
                let problem =
                    "a 全国地方公共団体コード has six digits, of which the last one checks the others (131016)";
                text.wrong(&code.span(), problem.to_owned())
            })
        };
        let named = |names: Vec<Spanned<String>>| {
            let one = |name: Spanned<String>| Named { at: text.place(name.span().start), header: name.into_inner() };
            names.into_iter().map(one).collect()
        };
        Ok(Self {
            publisher: raw.publisher.map(code).transpose()?,
            columns: raw.column.into_iter().map(|column| read_column(column, &text)).collect::<Result<_, _>>()?,
            file: file.to_owned(),
            dataset: raw.dataset.map(Spanned::into_inner),
            entity_type: raw.r#type.map(Spanned::into_inner),
            slug: raw.slug.map(Spanned::into_inner),
            title_ja: raw.title_ja,
            title_en: raw.title_en,
            publisher_name: raw.publisher_name,
            sheet: raw.sheet,
            header_row: raw.header_row,
            subject: raw.subject.map(named),
            identity: raw.identity.map(named),
        })
    }
}

fn read_column(raw: Spanned<RawColumn>, text: &Text<'_>) -> Result<ColumnMapping, ImportError> {
    let at = text.place(raw.span().start);
    let raw = raw.into_inner();
    if let Some(name) = &raw.column {
        let datasets = Datasets::published();
        let mut all = datasets.supported().iter().chain([datasets.generic()]);
        if !all.any(|dataset| dataset.column(name.get_ref()).is_some()) {
            let problem = format!(
                "no data set has a column '{}'. Write an official name such as 名称, or leave it out and write reads and attribute",
                name.get_ref()
            );
            return Err(text.wrong(&name.span(), problem));
        }
    }
    if let Some(attribute) = &raw.attribute {
        let name = attribute.get_ref();
        let is_term = Terms::published().get(name).is_some_and(|term| matches!(term.role, TermRole::Attribute(_)));
        if name != "own" && !is_term && !is_absolute_iri(name) {
            let problem =
                format!("'{name}' is no attribute. Write a term such as telephone, an IRI (https://…), or own");
            return Err(text.wrong(&attribute.span(), problem));
        }
    }
    Ok(ColumnMapping {
        header: raw.header,
        column: raw.column.map(Spanned::into_inner),
        reads: raw.reads,
        attribute: raw.attribute.map(Spanned::into_inner),
        part: raw.language.or(raw.part),
        unit: raw.unit,
        units: raw.units,
        skip: raw.skip,
        at,
    })
}
