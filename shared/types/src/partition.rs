use std::{fmt, num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::BotId;

/// How many partitions an installation has; fixed when it is created.
///
/// 64 by default. NATS carries 64 consumers on one stream well and 1,000 badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionCount(NonZeroU16);

impl PartitionCount {
    /// The count of a new installation.
    pub const DEFAULT: Self = Self(NonZeroU16::new(64).expect("64 is not zero"));

    /// Makes a count; `None` for zero.
    pub const fn new(count: u16) -> Option<Self> {
        match NonZeroU16::new(count) {
            Some(count) => Some(Self(count)),
            None => None,
        }
    }

    /// The count as a number, at least 1.
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// Every partition, in order.
    pub fn all(self) -> impl Iterator<Item = Partition> + Clone {
        (0..self.get()).map(Partition)
    }
}

impl Default for PartitionCount {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The part of the work that a bot belongs to: everything of one bot carries one partition's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(u16);

impl Partition {
    /// Makes a partition from its number. The number is not checked against a count.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The partition that `bot` lives in, for good: 32-bit FNV-1a of the id's decimal digits, modulo `count`.
    ///
    /// The same hash as NATS's own `partition()` subject mapping, so that a broker can check it.
    pub fn of(bot: BotId, count: PartitionCount) -> Self {
        let hash = bot
            .to_string()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let number = hash % u32::from(count.get());
        Self(u16::try_from(number).expect("a remainder of a u16 fits a u16"))
    }

    /// The partition's number, from 0.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A text that is no partition's number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no partition's number")]
pub struct PartitionError {
    text: String,
}

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        text.parse().map(Self).map_err(|_| PartitionError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_spread_over_all_partitions_and_stay_where_they_are() {
        let count = PartitionCount::DEFAULT;
        let mut seen = std::collections::BTreeMap::<Partition, usize>::new();
        for id in 1..=6400 {
            *seen.entry(Partition::of(BotId::new(id), count)).or_default() += 1;
        }
        assert_eq!(seen.len(), 64);
        assert!(seen.values().all(|bots| (50..200).contains(bots)), "{seen:?}");
        // Moving a bot to another partition would orphan its state: these numbers may never change.
        let numbers = [1, 2, 3, 1000].map(|id| Partition::of(BotId::new(id), count).number());
        assert_eq!(numbers, [28, 21, 2, 4]);
    }
}
