//! What is remembered of every row of a file, in memory that does not grow with the file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;

use crate::limits;

/// 128 bits of a hash: things of a file that differ do not share them.
pub(crate) type Key = (u64, u64);

/// Numbers below `u64::MAX` by hash. The first [`limits::REMEMBERED`] are held in memory, all others in a temporary file that is gone with
/// the map.
#[derive(Debug, Default)]
pub(crate) struct SpillMap {
    held: HashMap<Key, u64>,
    spilled: Option<Table>,
}

impl SpillMap {
    /// How many keys there are.
    pub(crate) fn len(&self) -> u64 {
        self.held.len() as u64 + self.spilled.as_ref().map_or(0, |table| table.filled)
    }

    /// The number of a key.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(crate) fn get(&self, key: Key) -> io::Result<Option<u64>> {
        match (self.held.get(&key), &self.spilled) {
            (Some(number), _) => Ok(Some(*number)),
            (None, Some(table)) => Ok(table.find(key)?.1),
            (None, None) => Ok(None),
        }
    }

    /// The number of a key, which is put in where there is none; `None` then.
    ///
    /// # Errors
    /// The temporary file cannot be read or written.
    pub(crate) fn get_or_insert(&mut self, key: Key, number: u64) -> io::Result<Option<u64>> {
        let is_full = self.held.len() >= limits::REMEMBERED;
        match self.held.entry(key) {
            Entry::Occupied(known) => return Ok(Some(*known.get())),
            Entry::Vacant(place) if !is_full => {
                place.insert(number);
                return Ok(None);
            }
            Entry::Vacant(_) => {}
        }
        let table = match &mut self.spilled {
            Some(table) => table,
            none => none.insert(Table::new(FIRST)?),
        };
        table.get_or_insert(key, number)
    }

    /// Gives a key that is known another number.
    ///
    /// # Errors
    /// The temporary file cannot be read or written.
    pub(crate) fn replace(&mut self, key: Key, number: u64) -> io::Result<()> {
        match (self.held.get_mut(&key), &mut self.spilled) {
            (Some(known), _) => *known = number,
            (None, Some(table)) => {
                if let (slot, Some(_)) = table.find(key)? {
                    table.write(slot, key, number)?;
                }
            }
            (None, None) => {}
        }
        Ok(())
    }
}

/// Bytes of a slot: a key, and the number plus one, so that a slot of zeros is empty.
const SLOT: usize = 24;
/// Slots that are read at once.
const TOGETHER: usize = 16;
/// Slots of a new table, as a power of two.
const FIRST: u32 = 19;

/// A hash table in a file, at most half full, with open addressing: a key stands in its slot or in one of the next.
#[derive(Debug)]
struct Table {
    file: File,
    /// The number of slots, as a power of two.
    bits: u32,
    filled: u64,
    /// Places keys in an order that no file can foresee, so that none can put all of its keys into one place.
    order: RandomState,
}

impl Table {
    fn new(bits: u32) -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        file.set_len((SLOT as u64) << bits)?;
        Ok(Self { file, bits, filled: 0, order: RandomState::new() })
    }

    /// The slot of a key with its number, or the empty slot where it would stand.
    fn find(&self, key: Key) -> io::Result<(u64, Option<u64>)> {
        let slots = 1_u64 << self.bits;
        // The upper bits, so that a larger table has its keys in the same order.
        let mut at = self.order.hash_one(key) >> (u64::BITS - self.bits);
        let mut buffer = [0; SLOT * TOGETHER];
        loop {
            let count = (slots - at).min(TOGETHER as u64);
            let Some(bytes) = buffer.get_mut(..SLOT * count as usize) else { return Err(io::ErrorKind::Other.into()) };
            read_at(&self.file, bytes, at * SLOT as u64)?;
            for (slot, bytes) in (at..).zip(bytes.chunks_exact(SLOT)) {
                match decode(bytes) {
                    None => return Ok((slot, None)),
                    Some((known, number)) if known == key => return Ok((slot, Some(number))),
                    Some(_) => {}
                }
            }
            at = (at + count) % slots;
        }
    }

    fn get_or_insert(&mut self, key: Key, number: u64) -> io::Result<Option<u64>> {
        let (slot, known) = self.find(key)?;
        if known.is_some() {
            return Ok(known);
        }
        self.write(slot, key, number)?;
        self.filled += 1;
        if self.filled * 2 > 1 << self.bits {
            self.grow()?;
        }
        Ok(None)
    }

    fn write(&self, slot: u64, key: Key, number: u64) -> io::Result<()> {
        let mut bytes = [0; SLOT];
        for (place, part) in bytes.chunks_exact_mut(8).zip([key.0, key.1, number.saturating_add(1)]) {
            place.copy_from_slice(&part.to_le_bytes());
        }
        write_at(&self.file, &bytes, slot * SLOT as u64)
    }

    /// Moves everything into a table of twice the size.
    fn grow(&mut self) -> io::Result<()> {
        let larger = Self { order: self.order.clone(), filled: self.filled, ..Self::new(self.bits + 1)? };
        let mut buffer = vec![0; SLOT * 4096];
        let end = (SLOT as u64) << self.bits;
        let mut at = 0;
        while at < end {
            let length = (end - at).min(buffer.len() as u64);
            let Some(bytes) = buffer.get_mut(..length as usize) else { break };
            read_at(&self.file, bytes, at)?;
            for (key, number) in bytes.chunks_exact(SLOT).filter_map(decode) {
                larger.write(larger.find(key)?.0, key, number)?;
            }
            at += length;
        }
        *self = larger;
        Ok(())
    }
}

fn decode(slot: &[u8]) -> Option<(Key, u64)> {
    let mut parts = slot.chunks_exact(8).map(|part| part.try_into().map_or(0, u64::from_le_bytes));
    let (first, second, number) = (parts.next()?, parts.next()?, parts.next()?);
    Some(((first, second), number.checked_sub(1)?))
}

#[cfg(not(windows))]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(not(windows))]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => (bytes, at) = (&mut bytes[n..], at + n as u64),
        }
    }
    Ok(())
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        (bytes, at) = (&bytes[n..], at + n as u64);
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
        fn a_table_in_a_file_says_what_a_map_in_memory_says(
            steps in proptest::collection::vec((0_u64..300, any::<bool>(), any::<u32>()), 0..2_000)
        ) {
            let (mut table, mut model) = (Table::new(3).unwrap(), HashMap::new());
            for (key, replaces, number) in steps {
                let (key, number) = ((key, 0), u64::from(number));
                if replaces && model.contains_key(&key) {
                    let (slot, _) = table.find(key).unwrap();
                    table.write(slot, key, number).unwrap();
                    model.insert(key, number);
                } else {
                    prop_assert_eq!(table.get_or_insert(key, number).unwrap(), model.get(&key).copied());
                    model.entry(key).or_insert(number);
                }
            }
            prop_assert_eq!(table.filled, model.len() as u64);
            for key in 0..300 {
                prop_assert_eq!(table.find((key, 0)).unwrap().1, model.get(&(key, 0)).copied());
            }
        }
    }

    #[test]
    fn more_keys_than_memory_takes_are_all_known_and_can_be_changed() {
        let mut map = SpillMap::default();
        let many = limits::REMEMBERED as u64 + 1_000;
        for n in 0..many {
            assert_eq!(map.get_or_insert((n, n), n).unwrap(), None);
        }
        assert_eq!((map.len(), map.held.len()), (many, limits::REMEMBERED));
        for n in [0, many - 1] {
            assert_eq!(map.get_or_insert((n, n), 7).unwrap(), Some(n));
            map.replace((n, n), 8).unwrap();
            assert_eq!(map.get((n, n)).unwrap(), Some(8));
        }
        assert_eq!(map.get((many, 0)).unwrap(), None);
    }
}
