//! What an import writes besides the entities: the page of its report, and the corrected file.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use hiroba_importers::export::Format;
use hiroba_importers::report::{Corrected, Language};
use hiroba_importers::{CorrectedError, Report};
use hiroba_vocab::dataset::Edition;

use super::{ImportArgs, ReportForm};
use crate::cli::export::tell;
use crate::service::datasets::Imported;

/// Why such a file was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// It cannot be made.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// The corrected file cannot be made.
    #[error("{0}: {1}")]
    Corrected(String, CorrectedError),
}

/// A corrected file up to this size goes into the page too.
const INLINE: u64 = 1024 * 1024;

/// The form that a file's name asks for.
fn format(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "xlsx" => Some(Format::Xlsx),
        "geojson" | "json" => Some(Format::GeoJson),
        _ => None,
    }
}

/// A path whose ending says which form is wanted.
pub(super) fn corrected_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    format(&path).map(|_| path).ok_or_else(|| "end the name in .csv, .xlsx or .geojson".to_owned())
}

/// The pages and corrected files of a command.
pub(super) struct Pages {
    /// The language of the reports.
    pub(super) language: Language,
    /// Whether there are several files to import.
    several_files: bool,
    /// What was written so far: files of the same name in different folders do not take each other's place.
    taken: HashSet<PathBuf>,
}

impl Pages {
    pub(super) fn new(language: Language, several_files: bool) -> Self {
        Self { language, several_files, taken: HashSet::new() }
    }

    /// The path for one of several tables: `report.html` is `report-aed.html` for `aed.csv`.
    fn path_for(&mut self, wanted: &Path, names: &[String]) -> PathBuf {
        let ending = wanted.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
        let mut name = stem(wanted);
        for part in names {
            name = format!("{name}-{part}");
        }
        let mut path = wanted.with_file_name(format!("{name}{ending}"));
        let mut number = 2_u64;
        while !self.taken.insert(path.clone()) {
            path = wanted.with_file_name(format!("{name}-{number}{ending}"));
            number += 1;
        }
        path
    }

    /// What is added to the names of files for a table.
    fn names(&self, label: &str, several_tables: bool, report: &Report) -> Vec<String> {
        let mut names = Vec::new();
        if self.several_files {
            names.push(stem(Path::new(label)));
        }
        if several_tables {
            let member = stem(Path::new(&report.file));
            if member != stem(Path::new(label)) {
                names.push(member);
            }
            names.push(report.sheet.clone().unwrap_or_else(|| report.dataset.clone()));
        }
        names.iter().map(|name| file_name(name)).collect()
    }

    /// Writes the files that were asked for of a table, and gives the page where it is wanted.
    pub(super) async fn write(
        &mut self,
        arguments: &ImportArgs,
        label: &str,
        several_tables: bool,
        table: &mut Imported,
    ) -> Result<String, PageError> {
        let Imported { report, import, .. } = table;
        let names = self.names(label, several_tables, report);
        let corrected = arguments.corrected.as_ref().map(|wanted| self.path_for(wanted, &names));
        if let (Some(path), Some(import)) = (&corrected, import) {
            let refuse = |error| PageError::File(path.display().to_string(), error);
            let out = BufWriter::new(File::create(path).map_err(refuse)?);
            let format = format(path).unwrap_or(Format::Csv);
            let (_, summary) = tokio::task::block_in_place(|| import.write_corrected(Edition::Current, format, out))
                .map_err(|error| PageError::Corrected(path.display().to_string(), error))?;
            tell(&summary, self.language);
        }
        if arguments.html.is_none() && arguments.report != ReportForm::Html {
            return Ok(String::new());
        }
        let name = corrected.as_deref().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let small = corrected.as_ref().filter(|path| path.metadata().is_ok_and(|file| file.len() <= INLINE));
        let bytes = small.and_then(|path| std::fs::read(path).ok());
        let offered = corrected.as_ref().map(|path| Corrected {
            name: &name,
            media_type: format(path).unwrap_or(Format::Csv).media_type(),
            bytes: bytes.as_deref(),
        });
        let page = report.to_html(self.language, offered.as_ref());
        if let Some(wanted) = &arguments.html {
            let path = self.path_for(wanted, &names);
            tokio::fs::write(&path, &page).await.map_err(|error| PageError::File(path.display().to_string(), error))?;
        }
        Ok(page)
    }
}

/// The name of a file without its folder and its ending.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A name without characters that names of files cannot have everywhere.
fn file_name(name: &str) -> String {
    let allowed = |c: char| !c.is_control() && !r#"/\:*?"<>|"#.contains(c);
    name.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_tables_have_pages_of_their_own() {
        let mut pages = Pages::new(Language::English, true);
        let mut path = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| file_name(name)).collect();
            pages.path_for(Path::new("out/report.html"), &names)
        };
        assert_eq!(path(&[]), Path::new("out/report.html"));
        assert_eq!(path(&["aed"]), Path::new("out/report-aed.html"));
        assert_eq!(path(&["aed"]), Path::new("out/report-aed-2.html"));
        assert_eq!(path(&["aed", "a/b"]), Path::new("out/report-aed-a_b.html"));
    }

    #[test]
    fn the_ending_says_the_form() {
        assert!(corrected_file("a.xlsx").is_ok() && corrected_file("a.CSV").is_ok());
        assert!(corrected_file("a.pdf").is_err() && corrected_file("csv").is_err());
    }
}
