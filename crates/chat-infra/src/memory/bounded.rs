//! Locks that outlive a panic, and maps that don't outgrow their bound.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Locks. What is behind our locks is valid after every single statement, so a panic elsewhere does not spoil it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps at most `keep` entries, those with the greatest `rank`.
pub(super) fn keep_greatest<K, V, S, R>(
    map: &mut HashMap<K, V, S>,
    keep: usize,
    rank: impl Fn(&V) -> R,
) where
    K: Eq + Hash,
    S: BuildHasher,
    R: Ord + Copy,
{
    let Some(cut) = map.len().checked_sub(keep).filter(|cut| *cut > 0) else {
        return;
    };
    let mut ranks: Vec<R> = map.values().map(&rank).collect();
    let (_, &mut least_dropped, kept) = ranks.select_nth_unstable(cut - 1);
    // Others may have the rank of the last one that goes.
    let mut ties = kept.iter().filter(|kept| **kept == least_dropped).count();
    map.retain(|_, value| {
        let rank = rank(value);
        let tie = rank == least_dropped && ties > 0;
        ties -= usize::from(tie);
        tie || rank > least_dropped
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(ranks: &[u32], keep: usize) -> Vec<u32> {
        let mut map: HashMap<usize, u32> = ranks.iter().copied().enumerate().collect();
        keep_greatest(&mut map, keep, |rank| *rank);
        let mut left: Vec<u32> = map.into_values().collect();
        left.sort_unstable();
        left
    }

    #[test]
    fn the_greatest_stay_also_among_equals() {
        assert_eq!(kept(&[5, 1, 4, 2, 3], 2), [4, 5]);
        assert_eq!(kept(&[7, 7, 7, 7], 3), [7, 7, 7]);
        assert_eq!(kept(&[1, 7, 7, 9], 2), [7, 9]);
        assert_eq!(kept(&[1, 2], 2), [1, 2]);
        assert_eq!(kept(&[1, 2], 0), [0_u32; 0]);
    }
}
