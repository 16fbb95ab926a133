//! What an import writes besides the entities: the page of its report, and the corrected file.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use hiroba_importers::export::Format;
use hiroba_importers::report::{Corrected, Language};
use hiroba_importers::{CorrectedError, Import, Report};
use hiroba_vocab::dataset::Edition;

use super::{ImportArgs, ReportForm};
use crate::cli::export::tell;

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

/// The path for one of several files: `report.html` is `report-aed.html` for `aed.csv`.
fn path_for(wanted: &Path, file: &Path, several: bool) -> PathBuf {
    if !several {
        return wanted.to_owned();
    }
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = wanted.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    wanted.with_file_name(format!("{}-{}{ending}", stem(wanted), stem(file)))
}

/// Writes the files that were asked for, and gives the page where it is wanted.
pub(super) async fn write(
    arguments: &ImportArgs,
    language: Language,
    file: &Path,
    import: &mut Import,
    report: &Report,
) -> Result<String, PageError> {
    let several = arguments.files.len() > 1;
    let corrected = arguments.corrected.as_ref().map(|wanted| path_for(wanted, file, several));
    if let Some(path) = &corrected {
        let refuse = |error| PageError::File(path.display().to_string(), error);
        let out = BufWriter::new(File::create(path).map_err(refuse)?);
        let format = format(path).unwrap_or(Format::Csv);
        let (_, summary) = tokio::task::block_in_place(|| import.write_corrected(Edition::Current, format, out))
            .map_err(|error| PageError::Corrected(path.display().to_string(), error))?;
        tell(&summary, language);
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
    let page = report.to_html(language, offered.as_ref());
    if let Some(wanted) = &arguments.html {
        let path = path_for(wanted, file, several);
        tokio::fs::write(&path, &page).await.map_err(|error| PageError::File(path.display().to_string(), error))?;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_have_pages_of_their_own() {
        let path = |several| path_for(Path::new("out/report.html"), Path::new("in/aed.csv"), several);
        assert_eq!(path(false), Path::new("out/report.html"));
        assert_eq!(path(true), Path::new("out/report-aed.html"));
    }

    #[test]
    fn the_ending_says_the_form() {
        assert!(corrected_file("a.xlsx").is_ok() && corrected_file("a.CSV").is_ok());
        assert!(corrected_file("a.pdf").is_err() && corrected_file("csv").is_err());
    }
}
