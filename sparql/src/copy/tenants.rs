//! The databases of tenants within a copy's folder: `tenant-1/name` says whose quads are in `tenant-1/quads`. The folders
//! have numbers, because names may hold characters that are none of a file's, and be too long.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use hiroba_vocab::Tenant;

use super::folder::write_file;
use super::{Copy, CopyError, Part, State};

const PREFIX: &str = "tenant-";
const NAME: &str = "name";
const QUADS: &str = "quads";
/// How many files of each tenant are kept open, beside those that are being written.
const OPEN_FILES: u32 = 24;

/// Opens the databases of all tenants but the default one. What was not completed is removed: a name is written before
/// anything of its tenant is counted as applied.
pub(super) fn open(copy: &Path) -> Result<BTreeMap<Tenant, Arc<Part>>, CopyError> {
    let mut parts = BTreeMap::new();
    for folder in folders(copy)? {
        let name = fs::read_to_string(folder.join(NAME)).ok().and_then(|name| Tenant::parse(&name).ok());
        let Some(name) = name else {
            fs::remove_dir_all(&folder).map_err(|error| CopyError::Io { path: folder, error })?;
            continue;
        };
        parts.insert(name, Arc::new(open_part(&folder)?));
    }
    Ok(parts)
}

impl Copy {
    /// The part of a tenant, which is made if it is not there: empty, and standing at `state`. `None` when there is no
    /// room for one more.
    pub(super) fn part_for(&self, tenant: &Tenant, state: &State) -> Result<Option<Arc<Part>>, CopyError> {
        if let Some(part) = self.part(tenant) {
            return Ok(Some(part));
        }
        if !self.has_room() {
            return Ok(None);
        }
        let last = folders(&self.folder)?.iter().filter_map(|folder| number(folder)).max().unwrap_or(0);
        let folder = self.folder.join(format!("{PREFIX}{}", last + 1));
        let part = match self.new_part(&folder, tenant, state) {
            Ok(part) => Arc::new(part),
            Err(error) => {
                // Two folders of one tenant must not be; if this fails too, the one without a state gives it away.
                let _ = fs::remove_dir_all(&folder);
                return Err(error);
            }
        };
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        parts.insert(tenant.clone(), Arc::clone(&part));
        Ok(Some(part))
    }

    fn new_part(&self, folder: &Path, tenant: &Tenant, state: &State) -> Result<Part, CopyError> {
        fs::create_dir_all(folder).map_err(|error| CopyError::Io { path: folder.to_owned(), error })?;
        write_file(folder, NAME, tenant.as_str())?;
        let part = open_part(folder)?;
        part.stands_at(state, HashSet::new(), 0).map_err(|error| self.failed(error))?;
        Ok(part)
    }
}

fn open_part(folder: &Path) -> Result<Part, CopyError> {
    Part::open(&folder.join(QUADS), Some(OPEN_FILES))
        .map_err(|error| CopyError::Storage { folder: folder.to_owned(), error })
}

fn folders(copy: &Path) -> Result<Vec<PathBuf>, CopyError> {
    let failed = |error| CopyError::Io { path: copy.to_owned(), error };
    let entries = fs::read_dir(copy).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    Ok(entries.into_iter().map(|entry| entry.path()).filter(|path| number(path).is_some()).collect())
}

fn number(folder: &Path) -> Option<u64> {
    folder.file_name()?.to_str()?.strip_prefix(PREFIX)?.parse().ok()
}
