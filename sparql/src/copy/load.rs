//! A copy from nothing: every line of a snapshot, loaded in bulk, and complete only when the snapshot says so.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use hiroba_vocab::Tenant;
use ngsild::Entity;
use oxigraph::model::Quad;
use oxigraph::store::{BulkLoader, StorageError, Store};
use tokio::sync::mpsc::Receiver;

use super::{Copy, CopyError, State};
use crate::follow::{FeedError, SnapshotLine};
use crate::{index, quads};

/// How many threads sort for the loader.
const THREADS: usize = 2;
/// How many quads of other tenants than the default one wait until those of one tenant are loaded together: tenants
/// come mixed, and loading has a price of its own.
const WAITING_QUADS: usize = 300_000;

/// Why a copy could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The copy cannot be written.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The database says no.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The snapshot broke off, or is not what it should be.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

/// A complete copy, and what went into it.
#[derive(Debug)]
pub struct Loaded {
    /// The copy.
    pub copy: Copy,
    /// Entities in the snapshot, of all tenants.
    pub entities: u64,
    /// Entities that could not be understood; they are not in the copy.
    pub refused: u64,
    /// Entities of tenants that there was no room for.
    pub left_out: u64,
}

/// How much loading may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Megabytes in which the loader sorts: what does not fit is merged on the disk, more than once.
    megabytes: usize,
    /// How many quads of other tenants wait at most.
    waiting: usize,
}

impl Room {
    /// A quarter of what the process may use in bytes, since queries go on meanwhile, but no more than helps.
    pub fn within(memory: Option<u64>) -> Self {
        let quarter = memory.map_or(512, |bytes| bytes >> 22);
        Self { megabytes: usize::try_from(quarter.clamp(128, 1_536)).unwrap_or(128), waiting: WAITING_QUADS }
    }
}

/// Makes a copy of an empty one from the lines of a snapshot, the first line aside. Blocks the thread.
///
/// # Errors
/// [`LoadError`]: the folder holds no copy then.
pub fn load(
    copy: Copy,
    lines: Receiver<Result<Bytes, FeedError>>,
    state: &State,
    room: Room,
) -> Result<Loaded, LoadError> {
    let default = copy.part_for(&Tenant::default_tenant(), state)?;
    let default = default.ok_or_else(|| StorageError::Other("the default tenant has no part".into()))?;
    let mut quads = Quads {
        copy: &copy,
        state,
        lines,
        ready: Vec::new().into_iter(),
        others: BTreeMap::new(),
        waiting: 0,
        room,
        fragments: BTreeMap::new(),
        indexes: BTreeMap::new(),
        entities: 0,
        refused: 0,
        left_out: 0,
        done: false,
    };
    let mut loader = loader(&default.store, room);
    loader.load_ok_quads::<LoadError, LoadError>(&mut quads)?;
    loader.commit()?;
    while quads.load_others()? {}
    if !quads.done {
        return Err(FeedError::Incomplete.into());
    }
    let Quads { mut fragments, indexes, entities, refused, left_out, .. } = quads;
    let state = State { left_out: left_out > 0, ..*state };
    for (tenant, part) in copy.parts() {
        let levels = indexes.get(&tenant).map_or(0, index::Loading::levels);
        part.stands_at(&state, fragments.remove(&tenant).unwrap_or_default(), levels)?;
        part.store.flush()?;
    }
    copy.stands_at(Some(state));
    Ok(Loaded { copy, entities, refused, left_out })
}

fn loader(store: &Store, room: Room) -> BulkLoader<'_> {
    let loader = store.bulk_loader().with_num_threads(THREADS).without_atomicity();
    loader.with_max_memory_size_in_megabytes(room.megabytes)
}

/// The quads of a snapshot, line by line: an iterator over those of the default tenant, which most cities only have.
/// Those of other tenants are loaded on the way.
struct Quads<'c> {
    copy: &'c Copy,
    state: &'c State,
    lines: Receiver<Result<Bytes, FeedError>>,
    ready: std::vec::IntoIter<Quad>,
    others: BTreeMap<Tenant, Vec<Quad>>,
    /// How many quads are in `others`.
    waiting: usize,
    room: Room,
    fragments: BTreeMap<Tenant, HashSet<String>>,
    indexes: BTreeMap<Tenant, index::Loading>,
    entities: u64,
    refused: u64,
    left_out: u64,
    done: bool,
}

impl Iterator for Quads<'_> {
    type Item = Result<Quad, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(quad) = self.ready.next() {
                return Some(Ok(quad));
            }
            let line = self.lines.blocking_recv()?;
            if let Err(error) = line.map_err(LoadError::from).and_then(|line| self.line(&line)) {
                return Some(Err(error));
            }
        }
    }
}

impl Quads<'_> {
    fn line(&mut self, line: &[u8]) -> Result<(), LoadError> {
        match SnapshotLine::read(line)? {
            SnapshotLine::Entity { tenant, entity } => {
                self.entities += 1;
                match quads::entity(entity) {
                    Ok(entity) => self.entity(tenant, &entity)?,
                    Err(error) => {
                        tracing::warn!(%error, "an entity is left out: it cannot be read");
                        self.refused += 1;
                    }
                }
            }
            SnapshotLine::End { entities } if entities == self.entities => self.done = true,
            SnapshotLine::End { .. } => return Err(FeedError::Incomplete.into()),
        }
        Ok(())
    }

    fn entity(&mut self, tenant: Tenant, entity: &Entity) -> Result<(), LoadError> {
        if self.copy.part_for(&tenant, self.state)?.is_none() {
            if self.left_out == 0 {
                tracing::warn!(%tenant, "left out: there is no room for more tenants (--max-tenants)");
            }
            self.left_out += 1;
            return Ok(());
        }
        if entity.id.as_str().contains('#') {
            self.fragments.entry(tenant.clone()).or_default().insert(entity.id.as_str().to_owned());
        }
        let mut quads = quads::quads(entity);
        self.indexes.entry(tenant.clone()).or_default().add(&mut quads);
        if tenant.is_default() {
            self.ready = quads.into_iter();
            return Ok(());
        }
        self.waiting += quads.len();
        self.others.entry(tenant).or_default().extend(quads);
        if self.waiting > self.room.waiting {
            self.load_others()?;
        }
        Ok(())
    }

    /// Loads what waits for the tenant with the most of it. `false` when nothing waits.
    fn load_others(&mut self) -> Result<bool, LoadError> {
        let most = self.others.iter().max_by_key(|(_, quads)| quads.len()).map(|(tenant, _)| tenant.clone());
        let Some(tenant) = most else { return Ok(false) };
        let quads = self.others.remove(&tenant).unwrap_or_default();
        self.waiting -= quads.len();
        if let Some(part) = self.copy.part(&tenant) {
            let mut loader = loader(&part.store, self.room);
            loader.load_quads(quads)?;
            loader.commit()?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::copy::Anchor;
    use crate::follow::Position;

    const TENANTS: [&str; 4] = ["", "a", "b", "c"];

    fn state() -> State {
        let position = Position { transaction: 0, number: 7 };
        State { position, anchor: Anchor { after: Position::default(), mark: None }, shape: 1, left_out: false }
    }

    /// A snapshot in which tenants take turns, `a` less often than others.
    fn snapshot(entities: u64) -> Vec<Bytes> {
        let mut lines = Vec::new();
        for number in 0..entities {
            let turn = usize::try_from(number % 4).unwrap();
            let tenant = if turn == 1 && number % 20 != 1 { "b" } else { TENANTS[turn] };
            let id = format!("urn:x:{number}{}", if number % 10 == 3 { "#me" } else { "" });
            let entity = json!({"id": id, "type": "T", "whose": {"type": "Property", "value": format!("of {tenant}")}});
            lines.push(Bytes::from(json!({"tenant": tenant, "entity": entity}).to_string()));
        }
        lines.push(Bytes::from(json!({"end": true, "entities": entities}).to_string()));
        lines
    }

    fn loaded(folder: &std::path::Path, lines: Vec<Bytes>, room: usize, waiting: usize) -> Result<Loaded, LoadError> {
        let (sender, receiver) = tokio::sync::mpsc::channel(lines.len().max(1));
        for line in lines {
            sender.try_send(Ok(line)).unwrap();
        }
        drop(sender);
        load(Copy::open(folder, room).unwrap(), receiver, &state(), Room { megabytes: 128, waiting })
    }

    /// How many entities a tenant has; none is another's.
    fn count(copy: &Copy, tenant: &str) -> usize {
        let tenant = if tenant.is_empty() { Tenant::default_tenant() } else { Tenant::parse(tenant).unwrap() };
        let Some(part) = copy.part(&tenant) else { return 0 };
        let values = part.store.iter().map(|quad| quad.unwrap().object.to_string());
        let owners: Vec<String> = values.filter(|value| value.starts_with("\"of ")).collect();
        assert!(owners.iter().all(|owner| *owner == format!("\"of {tenant}\"")), "{tenant}: {owners:?}");
        // In the default graph, and in that of the type.
        owners.len() / 2
    }

    #[test]
    fn tenants_that_come_mixed_are_loaded_apart_however_few_may_wait() {
        for waiting in [200, 1_000_000] {
            let folder = tempfile::tempdir().unwrap();
            let Loaded { copy, entities, left_out, .. } = loaded(folder.path(), snapshot(400), 8, waiting).unwrap();
            assert_eq!((entities, left_out), (400, 0));
            assert_eq!(TENANTS.map(|tenant| count(&copy, tenant)), [100, 20, 180, 100], "{waiting}");
            assert_eq!(copy.state(), Some(state()));
            drop(copy);
            let again = Copy::open(folder.path(), 8).unwrap();
            assert_eq!(again.state(), Some(state()), "it is there when it is opened again");
            let fragments: usize = again.parts().values().map(|part| part.fragments().len()).sum();
            assert_eq!(fragments, 40);
        }
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_and_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let Loaded { copy, left_out, .. } = loaded(folder.path(), snapshot(400), 2, 1_000).unwrap();
        // The first two that come are taken.
        assert_eq!((TENANTS.map(|tenant| count(&copy, tenant)), left_out), ([100, 20, 180, 0], 100));
        assert!(copy.state().unwrap().left_out);
    }

    #[test]
    fn a_snapshot_that_breaks_off_makes_no_copy() {
        for missing in [1, 2, 300, 401] {
            let folder = tempfile::tempdir().unwrap();
            let mut lines = snapshot(400);
            lines.truncate(401 - missing);
            assert!(matches!(loaded(folder.path(), lines, 8, 1_000), Err(LoadError::Feed(FeedError::Incomplete))));
            assert_eq!(Copy::open(folder.path(), 8).unwrap().state(), None, "{missing}");
        }
    }

    #[test]
    fn the_copy_stands_where_the_last_of_its_tenants_does() {
        let folder = tempfile::tempdir().unwrap();
        let Loaded { copy, .. } = loaded(folder.path(), snapshot(40), 8, 50).unwrap();
        let further = State { position: Position { transaction: 0, number: 9 }, ..state() };
        for tenant in ["a", "c"] {
            copy.part(&Tenant::parse(tenant).unwrap()).unwrap().stands_at(&further, HashSet::new(), 0).unwrap();
        }
        drop(copy);
        assert_eq!(Copy::open(folder.path(), 8).unwrap().state(), Some(state()));
        // A tenant whose part was not begun well makes the whole incomplete.
        std::fs::remove_dir_all(folder.path().join("tenant-1/quads")).unwrap();
        assert_eq!(Copy::open(folder.path(), 8).unwrap().state(), None);
        // One without a name was never counted as applied.
        std::fs::remove_file(folder.path().join("tenant-1/name")).unwrap();
        assert_eq!(Copy::open(folder.path(), 8).unwrap().state(), Some(state()));
    }
}
