//! Places in the broker's change log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// A place in the change log, such as `0-1234`. Later commits have greater positions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the transaction; 0 where the broker has one writer at a time.
    pub transaction: u64,
    /// The number within the log or the transaction.
    pub number: u64,
}

/// Text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a position is two numbers, such as 0-1234")]
pub struct PositionError;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction, self.number)
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        // Both are kept as signed numbers here and there.
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
        let (transaction, place) = text.split_once('-').ok_or(PositionError)?;
        match (number(transaction), number(place)) {
            (Some(transaction), Some(number)) => Ok(Self { transaction, number }),
            _ => Err(PositionError),
        }
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A change, condensed to a number: two changes with the same mark are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub i64);

impl Mark {
    /// The mark of a change that is made of these parts.
    pub fn of(parts: &[&str]) -> Self {
        // FNV-1a: it is stored, so it must be the same in every version of this program and of the library.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for part in parts {
            for byte in part.bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Self(i64::from_ne_bytes(hash.to_ne_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_written_and_compare_by_commit() {
        for text in ["0-0", "0-1234", "815-9223372036854775807"] {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
        for text in ["", "1", "-", "1-", "a-1", "1-2-3", "1--2", "0-9223372036854775808", " 0-1"] {
            assert_eq!(text.parse::<Position>(), Err(PositionError), "{text}");
        }
        let position = |text: &str| text.parse::<Position>().unwrap();
        assert!(position("0-9") < position("0-10"));
        assert!(position("9-1000") < position("10-1"));
    }

    #[test]
    fn marks_tell_changes_apart() {
        assert_eq!(Mark::of(&["a", "b"]), Mark::of(&["a", "b"]));
        assert_ne!(Mark::of(&["a", "b"]), Mark::of(&["ab", ""]));
        assert_ne!(Mark::of(&["a", "b"]), Mark::of(&["a", "c"]));
    }
}
