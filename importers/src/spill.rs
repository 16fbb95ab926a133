//! What is remembered of every row of a file, in memory that hardly grows with the file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};

use crate::limits;

/// 128 bits of a hash: things of a file that differ do not share them.
pub(crate) type Key = (u64, u64);

/// Numbers by hash. Up to [`limits::REMEMBERED`] are held in memory. When there are more they go to a temporary file, as
/// a run that is sorted by hash; the file is gone with the map.
///
/// Most of what a list holds is new in every row. A filter for each run says so without a look into the file, so that
/// writing is all that a long list costs.
#[derive(Debug)]
pub(crate) struct SpillMap {
    held: HashMap<Key, u64>,
    /// How many are held before they make a run.
    most: usize,
    /// The oldest first. A key in several runs has the number of the newest.
    runs: Vec<Run>,
    file: Option<File>,
    len: u64,
}

impl Default for SpillMap {
    fn default() -> Self {
        Self::holding(limits::REMEMBERED)
    }
}

impl SpillMap {
    fn holding(most: usize) -> Self {
        Self { held: HashMap::new(), most, runs: Vec::new(), file: None, len: 0 }
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The number of a key.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(crate) fn get(&self, key: Key) -> io::Result<Option<u64>> {
        match self.held.get(&key) {
            Some(number) => Ok(Some(*number)),
            None => self.spilled(key),
        }
    }

    /// The number of a key, which is put in where there is none; `None` then.
    ///
    /// # Errors
    /// The temporary file cannot be read or written.
    pub(crate) fn get_or_insert(&mut self, key: Key, number: u64) -> io::Result<Option<u64>> {
        let known = self.get(key)?;
        if known.is_none() {
            self.len += 1;
        }
        // What was met again is likely to be met once more.
        if let Entry::Vacant(place) = self.held.entry(key) {
            place.insert(known.unwrap_or(number));
            self.spill_if_full()?;
        }
        Ok(known)
    }

    /// Gives a key that is known another number.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(crate) fn replace(&mut self, key: Key, number: u64) -> io::Result<()> {
        self.held.insert(key, number);
        self.spill_if_full()
    }

    fn spilled(&self, key: Key) -> io::Result<Option<u64>> {
        let Some(file) = &self.file else { return Ok(None) };
        for run in self.runs.iter().rev().filter(|run| run.filter.may_hold(key)) {
            if let Some(number) = run.find(file, key)? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    fn spill_if_full(&mut self) -> io::Result<()> {
        if self.held.len() < self.most {
            return Ok(());
        }
        let mut entries: Vec<(Key, u64)> = self.held.drain().collect();
        entries.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        self.runs.push(Run::write(file, &entries)?);
        Ok(())
    }
}

/// Bytes of an entry: a key and its number.
const ENTRY: usize = 24;
/// Entries that are read at once.
const BLOCK: usize = 128;

/// Entries in the file, in the order of their keys.
#[derive(Debug)]
struct Run {
    start: u64,
    length: usize,
    /// The first key of each block.
    blocks: Vec<Key>,
    filter: Filter,
}

impl Run {
    fn write(file: &mut File, entries: &[(Key, u64)]) -> io::Result<Self> {
        let start = file.seek(SeekFrom::End(0))?;
        let mut filter = Filter::for_keys(entries.len());
        let mut bytes = Vec::with_capacity(ENTRY * BLOCK);
        let mut blocks = Vec::with_capacity(entries.len() / BLOCK + 1);
        for block in entries.chunks(BLOCK) {
            blocks.extend(block.first().map(|(key, _)| *key));
            bytes.clear();
            for (key, number) in block {
                filter.add(*key);
                for part in [key.0, key.1, *number] {
                    bytes.extend_from_slice(&part.to_le_bytes());
                }
            }
            file.write_all(&bytes)?;
        }
        Ok(Self { start, length: entries.len(), blocks, filter })
    }

    fn find(&self, file: &File, key: Key) -> io::Result<Option<u64>> {
        let Some(block) = self.blocks.partition_point(|first| *first <= key).checked_sub(1) else { return Ok(None) };
        let first = block * BLOCK;
        let mut buffer = [0; ENTRY * BLOCK];
        let count = self.length.saturating_sub(first).min(BLOCK);
        let bytes = buffer.get_mut(..count * ENTRY).unwrap_or_default();
        read_at(file, bytes, self.start + (first * ENTRY) as u64)?;
        let entry = |entry: &[u8]| {
            let mut parts = entry.chunks_exact(8).map(|part| part.try_into().map_or(0, u64::from_le_bytes));
            Some(((parts.next()?, parts.next()?), parts.next()?))
        };
        let mut entries = bytes.chunks_exact(ENTRY).filter_map(entry);
        Ok(entries.find(|(known, _)| *known == key).map(|(_, number)| number))
    }
}

/// A Bloom filter: two bytes for each key, which let one foreign key in a thousand pass.
#[derive(Debug)]
struct Filter(Vec<u64>);

impl Filter {
    fn for_keys(count: usize) -> Self {
        Self(vec![0; count / 4 + 1])
    }

    /// Six bits that a key sets: the word and the bit in it. Keys are hashes, so that their halves need no more mixing.
    fn bits(&self, key: Key) -> impl Iterator<Item = (usize, u64)> + use<> {
        let size = self.0.len() as u64 * 64;
        (0..6_u64).map(move |nth| {
            let bit = key.0.wrapping_add(key.1.wrapping_mul(nth)) % size;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }

    fn add(&mut self, key: Key) {
        for (word, bit) in self.bits(key) {
            if let Some(word) = self.0.get_mut(word) {
                *word |= bit;
            }
        }
    }

    fn may_hold(&self, key: Key) -> bool {
        self.bits(key).all(|(word, bit)| self.0.get(word).is_some_and(|word| word & bit != 0))
    }
}

#[cfg(not(windows))]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => (bytes, at) = (bytes.get_mut(n..).unwrap_or_default(), at + n as u64),
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_map_that_spills_says_what_a_map_in_memory_says(
            most in 1_usize..600,
            steps in proptest::collection::vec((0_u64..300, any::<bool>(), any::<u64>()), 0..2_000)
        ) {
            let (mut map, mut model) = (SpillMap::holding(most), HashMap::new());
            let hash = |key: u64| crate::plan::hash(&key);
            for (key, replaces, number) in steps {
                let key = hash(key);
                if replaces && model.contains_key(&key) {
                    map.replace(key, number).unwrap();
                    model.insert(key, number);
                } else {
                    prop_assert_eq!(map.get_or_insert(key, number).unwrap(), model.get(&key).copied());
                    model.entry(key).or_insert(number);
                }
            }
            prop_assert_eq!(map.len(), model.len() as u64);
            prop_assert!(map.held.len() <= most);
            for key in (0..300).map(hash) {
                prop_assert_eq!(map.get(key).unwrap(), model.get(&key).copied());
            }
        }
    }

    #[test]
    fn few_foreign_keys_pass_a_filter_and_no_own_key_is_kept_back() {
        let hash = |key: u64| crate::plan::hash(&key);
        let mut filter = Filter::for_keys(10_000);
        (0..10_000).for_each(|key| filter.add(hash(key)));
        assert!((0..10_000).all(|key| filter.may_hold(hash(key))));
        let passed = (10_000..110_000).filter(|key| filter.may_hold(hash(*key))).count();
        assert!(passed < 500, "{passed} of 100,000 pass");
    }
}
