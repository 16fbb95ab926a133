//! What should have come against what came.

use std::collections::HashSet;

/// A state of an entity that was written or told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Told {
    /// The number of the entity.
    pub(crate) entity: u64,
    /// Later writes of the same writer have greater ones.
    pub(crate) value: u64,
}

/// How the notifications of a run came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How many acknowledged writes demand.
    pub(crate) expected: u64,
    /// How many came, the same ones again included.
    pub(crate) received: u64,
    /// How many came again.
    pub(crate) duplicates: u64,
    /// How many never came.
    pub(crate) lost: u64,
    /// How many came for the first time after a later one of the same writer and subscription.
    pub(crate) out_of_order: u64,
    /// How many came that nobody asked for.
    pub(crate) unwanted: u64,
}

impl Verdict {
    /// Whether at-least-once and the order were kept.
    pub(crate) fn holds(&self) -> bool {
        (self.lost, self.out_of_order, self.unwanted) == (0, 0, 0)
    }

    /// Adds one subscription: what writers had acknowledged that it asked for, each writer's in its order, and what came.
    /// `writer` tells who writes an entity.
    pub(crate) fn add(&mut self, expected: &[Vec<Told>], received: &[Told], writer: impl Fn(u64) -> usize) {
        let wanted: HashSet<Told> = expected.iter().flatten().copied().collect();
        let mut seen = HashSet::new();
        let mut latest = vec![0; expected.len()];
        for told in received {
            self.received += 1;
            if !seen.insert(*told) {
                self.duplicates += 1;
                continue;
            }
            if !wanted.contains(told) {
                self.unwanted += 1;
                continue;
            }
            let latest = &mut latest[writer(told.entity)];
            if told.value < *latest {
                self.out_of_order += 1;
            }
            *latest = told.value.max(*latest);
        }
        self.expected += wanted.len() as u64;
        self.lost += wanted.difference(&seen).count() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(received: &[u64]) -> Verdict {
        let told = |value: &u64| Told { entity: value % 2, value: *value };
        let mut verdict = Verdict::default();
        verdict.add(&[[1, 2, 3, 4].iter().map(told).collect()], &received.iter().map(told).collect::<Vec<_>>(), |_| 0);
        verdict
    }

    #[test]
    fn losses_duplicates_and_breaks_of_order_are_told_apart() {
        let good = Verdict { expected: 4, received: 4, ..Verdict::default() };
        for (received, expected) in [
            (&[1, 2, 3, 4][..], good),
            (&[1, 2, 1, 2, 3, 4, 4], Verdict { received: 7, duplicates: 3, ..good }),
            (&[1, 2, 4], Verdict { received: 3, lost: 1, ..good }),
            (&[1, 3, 2, 4], Verdict { out_of_order: 1, ..good }),
            (&[1, 2, 3, 4, 9], Verdict { received: 5, unwanted: 1, ..good }),
            (&[], Verdict { received: 0, lost: 4, ..good }),
        ] {
            assert_eq!(verdict(received), expected, "{received:?}");
            assert_eq!(expected.holds(), expected.lost + expected.out_of_order + expected.unwanted == 0);
        }
    }
}
