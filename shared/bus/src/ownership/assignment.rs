//! Who should own what: rendezvous hashing. Every instance computes the same from the same list of members, and when
//! one comes or goes, only the partitions that it gets or had move.

use std::collections::BTreeSet;

use troupe_types::Partition;

/// Returns who of `members` should own `partition`; `None` if there is nobody.
pub(crate) fn owner(partition: Partition, members: &BTreeSet<String>) -> Option<&str> {
    members.iter().map(String::as_str).max_by_key(|member| (score(partition, member), *member))
}

/// FNV-1a over the member's name, then the partition's number, stirred until every bit depends on every other one.
/// Instances of different builds have to agree on it, so it may never change.
fn score(partition: Partition, member: &str) -> u64 {
    let bytes = member.bytes().chain([0]).chain(partition.number().to_be_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, prelude::*};
    use troupe_types::PartitionCount;

    use super::*;

    fn owners(members: &BTreeSet<String>) -> Vec<Option<&str>> {
        PartitionCount::DEFAULT.all().map(|partition| owner(partition, members)).collect()
    }

    #[test]
    fn nobody_owns_nothing() {
        assert_eq!(owner(Partition::new(0), &BTreeSet::new()), None);
    }

    #[test]
    fn the_assignment_never_changes() {
        let members = ["a", "b", "c"].map(String::from).into();
        let first: Vec<_> = owners(&members).into_iter().take(12).flatten().collect();
        assert_eq!(first.concat(), "abaccaaababc");
    }

    #[test]
    fn shares_are_about_equal() {
        let members: BTreeSet<String> = (0..4).map(|number| format!("ingress-{number}")).collect();
        let owners = owners(&members);
        for member in &members {
            let share = owners.iter().filter(|owner| **owner == Some(member)).count();
            assert!((8..=26).contains(&share), "{member} has {share} of 64");
        }
    }

    proptest! {
        #[test]
        fn only_what_a_newcomer_gets_moves(members in btree_set("[a-z]{1,8}", 1..8), newcomer in "[A-Z]{1,8}") {
            let mut more = members.clone();
            more.insert(newcomer.clone());
            for (before, after) in owners(&members).into_iter().zip(owners(&more)) {
                prop_assert!(before.is_some());
                prop_assert!(after == before || after == Some(newcomer.as_str()));
            }
        }
    }
}
