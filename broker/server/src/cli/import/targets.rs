//! What to import: files, addresses, and the files in folders.

use std::path::{Path, PathBuf};

use url::Url;

use crate::service::sources::is_address;

/// How deep folders may lie in each other.
const DEPTH: usize = 16;
/// How many files one command takes from folders.
const FILES: usize = 10_000;
/// How names of files end that may hold a table. The files themselves are recognised by their bytes.
const TABLES: [&str; 11] = ["csv", "tsv", "xlsx", "xlsm", "xls", "ods", "geojson", "json", "shp", "gpkg", "zip"];
/// How names of files end that belong to a Shapefile of the same name, and are read with it or are indexes of it.
const BESIDE_SHAPES: [&str; 8] = ["dbf", "shx", "prj", "cpg", "sbn", "sbx", "qix", "qpj"];

/// One thing to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A file.
    File(PathBuf),
    /// The address of a file.
    Url(Url),
}

impl Target {
    /// As a person named it, or as it lies in the folder that was named.
    pub(super) fn label(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => url.to_string(),
        }
    }
}

/// Why there is nothing to import.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    #[error("'{text}' is not an address: {error}")]
    Address { text: String, error: url::ParseError },
    #[error("the folder {} cannot be read: {error}", .path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("the folder {} holds no table: no file below it ends in .{}", .0.display(), TABLES.join(", ."))]
    NoTable(PathBuf),
    #[error("the folder {} lies more than {DEPTH} folders deep. Give it by itself", .0.display())]
    TooDeep(PathBuf),
    #[error("below {} there are more than {FILES} files. Give its folders one by one", .0.display())]
    TooMany(PathBuf),
}

/// What the arguments of a command name.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// In the order of the arguments; those of a folder in the order of their paths.
    pub(super) all: Vec<Target>,
    /// Files in folders whose names are not those of tables.
    pub(super) passed_over: Vec<PathBuf>,
    /// Whether a folder was among the arguments.
    pub(super) from_folder: bool,
}

impl Targets {
    /// Finds what the arguments name. Whatever is no address and no folder is taken for a file.
    pub(super) fn find(arguments: &[PathBuf]) -> Result<Self, TargetError> {
        let mut targets = Self::default();
        for argument in arguments {
            match argument.to_str().filter(|text| is_address(text)) {
                Some(text) => {
                    let url = Url::parse(text);
                    let url = url.map_err(|error| TargetError::Address { text: text.to_owned(), error })?;
                    targets.all.push(Target::Url(url));
                }
                None if argument.is_dir() => {
                    targets.from_folder = true;
                    let (before, passed_over) = (targets.all.len(), targets.passed_over.len());
                    targets.walk(argument, argument, 0, (before, passed_over))?;
                    if targets.all.len() == before {
                        return Err(TargetError::NoTable(argument.clone()));
                    }
                }
                None => targets.all.push(Target::File(argument.clone())),
            }
        }
        Ok(targets)
    }

    /// Adds the files below a folder. Hidden ones, and the locks that office programs leave, are no files of the publisher;
    /// folders behind links are not entered, since they may lead in a circle.
    fn walk(&mut self, root: &Path, folder: &Path, depth: usize, before: (usize, usize)) -> Result<(), TargetError> {
        if depth > DEPTH {
            return Err(TargetError::TooDeep(folder.to_owned()));
        }
        let unreadable = |error| TargetError::Unreadable { path: folder.to_owned(), error };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            if !name.to_string_lossy().starts_with(['.', '~']) {
                entries.push((name, entry));
            }
            if entries.len() > FILES {
                return Err(TargetError::TooMany(root.to_owned()));
            }
        }
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (_, entry) in entries {
            let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
            if kind.is_dir() {
                self.walk(root, &path, depth + 1, before)?;
            } else if kind.is_file() || (kind.is_symlink() && path.is_file()) {
                if is_table(&path) {
                    self.all.push(Target::File(path));
                } else if !is_beside_shapes(&path) {
                    self.passed_over.push(path);
                }
            }
            if self.all.len() - before.0 + self.passed_over.len() - before.1 > FILES {
                return Err(TargetError::TooMany(root.to_owned()));
            }
        }
        Ok(())
    }
}

fn is_table(path: &Path) -> bool {
    ends_in(path, &TABLES)
}

/// Whether a file is a part of a Shapefile that is itself taken.
fn is_beside_shapes(path: &Path) -> bool {
    ends_in(path, &BESIDE_SHAPES) && ["shp", "SHP"].iter().any(|shapes| path.with_extension(shapes).is_file())
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(targets: &Targets, root: &Path) -> Vec<String> {
        let prefix = format!("{}/", root.display());
        targets.all.iter().map(|target| target.label().replace(&prefix, "")).collect()
    }

    #[test]
    fn a_folder_is_every_table_below_it_in_order_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in
            ["b.csv", "a/z.XLSX", "a/b/c.geojson", ".hidden.csv", ".git/x.csv", "~$b.xlsx", "readme.pdf", "a/notes.txt"]
        {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("a/circle")).unwrap();
        std::os::unix::fs::symlink(root.join("b.csv"), root.join("link.csv")).unwrap();
        let url = PathBuf::from("HTTPS://city.example/x.csv");
        let targets = Targets::find(&[PathBuf::from("one.csv"), root.to_owned(), url]).unwrap();
        assert_eq!(
            labels(&targets, root),
            ["one.csv", "a/b/c.geojson", "a/z.XLSX", "b.csv", "link.csv", "https://city.example/x.csv"]
        );
        assert_eq!(targets.passed_over, [root.join("a/notes.txt"), root.join("readme.pdf")]);
        assert!(targets.from_folder);
    }

    #[test]
    fn archives_and_layers_are_tables_and_the_parts_of_a_shapefile_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in ["a.shp", "a.dbf", "a.prj", "a.cpg", "b.SHP", "b.DBF", "c.gpkg", "d.ZIP", "lonely.dbf"] {
            std::fs::write(root.join(file), "x").unwrap();
        }
        let targets = Targets::find(&[root.to_owned()]).unwrap();
        assert_eq!(labels(&targets, root), ["a.shp", "b.SHP", "c.gpkg", "d.ZIP"]);
        assert_eq!(targets.passed_over, [root.join("lonely.dbf")]);
    }

    #[test]
    fn folders_without_end_and_without_tables_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let find = || Targets::find(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(find().contains("holds no table"));
        let deep = (0..=DEPTH).fold(folder.path().to_owned(), |path, _| path.join("d"));
        std::fs::create_dir_all(deep).unwrap();
        assert!(find().contains("16 folders deep"), "{}", find());
        assert!(Targets::find(&["http://".into()]).unwrap_err().to_string().contains("not an address"));
    }

    #[test]
    fn more_files_than_one_command_takes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=FILES {
            std::fs::write(folder.path().join(format!("{number}.csv")), "").unwrap();
        }
        let error = Targets::find(&[folder.path().to_owned()]).unwrap_err();
        assert!(matches!(error, TargetError::TooMany(_)), "{error}");
    }
}
