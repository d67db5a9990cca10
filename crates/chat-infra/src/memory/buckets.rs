//! The buckets of one quota: governor's arithmetic over a store that can be asked without taking, and stays small.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chat_domain::{
    model::limit::{LimitKey, Limited, Quota},
    time::Clock,
};
use governor::{
    RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};

use super::bounded::{keep_greatest, lock};

/// Locks are per shard, and so is the work of pruning.
const SHARDS: usize = 16;

/// The most buckets of one quota: some 15 MB.
pub(super) const MAX_BUCKETS: usize = 1 << 17;

/// A shard this small is not worth pruning.
const MIN_PRUNED: usize = 256;

/// Longer windows count as this long: governor counts nanoseconds in 64 bits.
const MAX_WINDOW: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Where the time comes from.
#[derive(Clone)]
pub(super) enum Ticks {
    /// The machine's monotonic clock, counted from there: steps of the wall clock refill nothing.
    Since(Instant),
    /// The port, for tests and for stores that share a clock.
    Port(Arc<dyn Clock>),
}

impl GovernorClock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        match self {
            Self::Since(start) => start.elapsed().into(),
            Self::Port(clock) => {
                let millis = u64::try_from(clock.now().as_millis()).unwrap_or(0);
                Duration::from_millis(millis).into()
            }
        }
    }
}

/// A question to the store: whose bucket, and whether to take from it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Probe {
    key: LimitKey,
    takes: bool,
}

/// By key the moment at which the bucket will be full again (the "theoretical arrival time" of GCRA). A bucket that
/// is not here is full.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<HashMap<LimitKey, Nanos>>>);

impl StateStore for Store {
    type Key = Probe;

    fn measure_and_replace<T, F, E>(&self, probe: &Probe, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut buckets = lock(&self.0);
        let (outcome, full_at) = decide(buckets.get(&probe.key).copied())?;
        if probe.takes {
            buckets.insert(probe.key.clone(), full_at);
        }
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<Probe> for Store {
    fn retain_recent(&self, drop_below: Nanos) {
        lock(&self.0).retain(|_, full_at| *full_at > drop_below);
    }

    fn len(&self) -> usize {
        lock(&self.0).len()
    }

    fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }
}

struct Shard {
    limiter: RateLimiter<Probe, Store, Ticks, NoOpMiddleware<Nanos>>,
    store: Store,
    prune_at: AtomicUsize,
}

/// All buckets of one quota.
pub(super) struct Buckets {
    quota: Quota,
    shards: Vec<Shard>,
    hasher: RandomState,
}

impl Buckets {
    /// `None` if the quota allows nothing.
    pub(super) fn new(quota: Quota, ticks: &Ticks) -> Option<Self> {
        let limit = NonZeroU32::new(quota.limit)?;
        let window = Duration::from_millis(quota.window_ms).min(MAX_WINDOW);
        let period = (window / quota.limit).max(Duration::from_nanos(1));
        let rule = governor::Quota::with_period(period)?.allow_burst(limit);
        let shard = || {
            let store = Store::default();
            Shard {
                limiter: RateLimiter::new(rule, store.clone(), ticks.clone()),
                store,
                prune_at: AtomicUsize::new(MIN_PRUNED),
            }
        };
        Some(Self {
            quota,
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher: RandomState::new(),
        })
    }

    /// Asks the bucket of the key, and takes one from it if `takes`.
    pub(super) fn ask(&self, key: LimitKey, takes: bool) -> Result<(), Limited> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any bits of the hash will do"
        )]
        let shard = &self.shards[self.hasher.hash_one(&key) as usize % SHARDS];
        let answer = shard.limiter.check_key(&Probe { key, takes });
        shard.prune();
        answer.map_err(|until| {
            let wait = until.wait_time_from(shard.limiter.clock().now());
            let millis = wait.as_nanos().div_ceil(1_000_000).max(1);
            Limited {
                quota: self.quota,
                retry_after_ms: u64::try_from(millis).unwrap_or(u64::MAX),
            }
        })
    }

    /// How many buckets are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.store.len()).sum()
    }
}

impl Shard {
    /// Forgets full buckets once the shard has doubled since the last time, which costs each call a constant share.
    /// If too many are in use, those go that will be full soonest: whoever is blocked stays blocked, however many
    /// addresses somebody sends from.
    fn prune(&self) {
        const MAX: usize = MAX_BUCKETS / SHARDS;
        if self.store.len() < self.prune_at.load(Ordering::Relaxed) {
            return;
        }
        self.limiter.retain_recent();
        let mut buckets = lock(&self.store.0);
        keep_greatest(&mut buckets, MAX / 2, |full_at| *full_at);
        let next = (buckets.len() * 2).clamp(MIN_PRUNED, MAX);
        buckets.shrink_to(next);
        self.prune_at.store(next, Ordering::Relaxed);
    }
}
