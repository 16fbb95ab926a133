//! Where mappings are found.

use std::path::{Path, PathBuf};

use super::Mapping;
use crate::error::ImportError;
use crate::header::Header;

/// How the name of a mapping beside its table ends.
const ENDING: &str = ".hiroba.toml";
/// Files of a folder that are looked at.
const FILES: usize = 10_000;

/// The mapping that stands beside a file: `list.csv.hiroba.toml`.
///
/// # Errors
/// It is there and cannot be read.
pub(crate) fn beside(file: &Path) -> Result<Option<Mapping>, ImportError> {
    let mut name = file.as_os_str().to_owned();
    name.push(ENDING);
    let path = PathBuf::from(name);
    if path.is_file() { Mapping::read(&path).map(Some) } else { Ok(None) }
}

/// The first mapping of a folder, by name, that names exactly the columns of a table.
///
/// # Errors
/// The folder cannot be listed, or a mapping in it cannot be read.
pub(crate) fn in_folder(folder: &Path, header: &Header) -> Result<Option<Mapping>, ImportError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| ImportError::Unreadable { file: folder.display().to_string(), reason: error.to_string() })?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).take(FILES).collect();
    paths.sort();
    for path in paths {
        let mapping = Mapping::read(&path)?;
        if mapping.is_for(header) {
            return Ok(Some(mapping));
        }
    }
    Ok(None)
}
