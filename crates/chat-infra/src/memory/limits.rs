//! The `RateLimiter` port in this process, on governor.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use async_trait::async_trait;
use chat_domain::{
    model::limit::{LimitKey, Limited, Quota},
    port::limit::RateLimiter,
    time::Clock,
};

use super::{
    address::network,
    buckets::{Buckets, Ticks},
};

/// Token buckets in memory, one for each key and quota. Addresses count by network: IPv6 by its /64.
///
/// A quota is expected to come from configuration: each different one that is ever asked for is remembered. Of the
/// keys as many are remembered as have buckets that are not full, and at most 131,072 of each quota.
pub struct MemoryRateLimiter {
    ticks: Ticks,
    quotas: RwLock<HashMap<Quota, Option<Arc<Buckets>>>>,
}

impl MemoryRateLimiter {
    /// Counts by the machine's monotonic clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_ticks(Ticks::Since(Instant::now()))
    }

    /// Counts by a clock that somebody else moves.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::with_ticks(Ticks::Port(clock))
    }

    fn with_ticks(ticks: Ticks) -> Self {
        Self {
            ticks,
            quotas: RwLock::default(),
        }
    }

    fn buckets(&self, quota: Quota) -> Option<Arc<Buckets>> {
        let quotas = self.quotas.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = quotas.get(&quota) {
            return known.clone();
        }
        drop(quotas);
        let mut quotas = self.quotas.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Buckets::new(quota, &self.ticks).map(Arc::new);
        quotas.entry(quota).or_insert_with(new).clone()
    }

    fn ask(&self, key: LimitKey, quota: Quota, takes: bool) -> Result<(), Limited> {
        match self.buckets(quota) {
            Some(buckets) => buckets.ask(by_network(key), takes),
            // Nothing is allowed, ever.
            None => Err(Limited {
                quota,
                retry_after_ms: quota.window_ms.max(1),
            }),
        }
    }
}

impl Default for MemoryRateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn take(&self, key: LimitKey, quota: Quota) -> Result<(), Limited> {
        self.ask(key, quota, true)
    }

    async fn peek(&self, key: LimitKey, quota: Quota) -> Result<(), Limited> {
        self.ask(key, quota, false)
    }
}

fn by_network(key: LimitKey) -> LimitKey {
    let counted = |address: IpAddr| network(address);
    match key {
        LimitKey::Connections(address) => LimitKey::Connections(counted(address)),
        LimitKey::AuthFailures(address) => LimitKey::AuthFailures(counted(address)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use chat_domain::testing::{builder::user, fakes::ManualClock};
    use futures::executor::block_on;

    use super::*;
    use crate::memory::buckets::MAX_BUCKETS;

    const THREE: Quota = Quota {
        limit: 3,
        window_ms: 9_000,
    };

    struct World {
        clock: Arc<ManualClock>,
        limiter: MemoryRateLimiter,
    }

    impl World {
        fn new() -> Self {
            let clock = Arc::new(ManualClock::at(1_000_000));
            Self {
                limiter: MemoryRateLimiter::with_clock(clock.clone()),
                clock,
            }
        }

        fn take(&self, key: LimitKey, quota: Quota) -> Option<u64> {
            block_on(self.limiter.take(key, quota))
                .err()
                .map(|limited| limited.retry_after_ms)
        }

        fn peek(&self, key: LimitKey, quota: Quota) -> Option<u64> {
            block_on(self.limiter.peek(key, quota))
                .err()
                .map(|limited| limited.retry_after_ms)
        }
    }

    fn alice() -> LimitKey {
        LimitKey::UserMessages(user("alice"))
    }

    fn address(number: u32) -> LimitKey {
        LimitKey::Connections(Ipv4Addr::from_bits(number).into())
    }

    #[test]
    fn a_refused_call_passes_after_the_time_it_was_told_and_not_before() {
        let world = World::new();
        for _ in 0..3 {
            assert_eq!(world.take(alice(), THREE), None);
        }
        assert_eq!(world.take(alice(), THREE), Some(3_000));
        world.clock.advance(2_999);
        assert_eq!(world.take(alice(), THREE), Some(1));
        world.clock.advance(1);
        assert_eq!(world.take(alice(), THREE), None);
        assert_eq!(world.take(alice(), THREE), Some(3_000));
    }

    #[test]
    fn peeking_takes_nothing_and_refuses_just_when_taking_would() {
        let world = World::new();
        for moment in 0..200 {
            for _ in 0..5 {
                assert_eq!(world.peek(alice(), THREE), world.peek(alice(), THREE));
            }
            let told = world.peek(alice(), THREE);
            assert_eq!(world.take(alice(), THREE), told, "at step {moment}");
            world.clock.advance(moment * 37 % 4_001);
        }
    }

    #[test]
    fn a_bucket_is_full_again_after_the_window() {
        let world = World::new();
        for quota in [
            THREE,
            Quota {
                limit: 7,
                window_ms: 1_000,
            },
            Quota {
                limit: 1,
                window_ms: 1,
            },
        ] {
            for _ in 0..4 {
                for _ in 0..quota.limit {
                    assert_eq!(world.take(alice(), quota), None);
                }
                assert!(world.take(alice(), quota).is_some());
                world.clock.advance(i64::try_from(quota.window_ms).unwrap());
            }
        }
    }

    #[test]
    fn keys_and_quotas_have_buckets_of_their_own() {
        let world = World::new();
        let one = Quota {
            limit: 1,
            window_ms: 9_000,
        };
        assert_eq!(world.take(alice(), one), None);
        assert!(world.take(alice(), one).is_some());
        assert_eq!(world.take(LimitKey::RestRequests(user("alice")), one), None);
        assert_eq!(world.take(LimitKey::UserMessages(user("bob")), one), None);
        assert_eq!(world.take(alice(), THREE), None);
    }

    #[test]
    fn ipv6_addresses_of_one_64_share_a_bucket() {
        let world = World::new();
        let v6 = |net: u16, host: u16| {
            LimitKey::AuthFailures(Ipv6Addr::new(0x2001, 0xdb8, 0, net, 0, 0, 0, host).into())
        };
        for host in 0..3 {
            assert_eq!(world.take(v6(1, host), THREE), None);
        }
        assert!(world.take(v6(1, 99), THREE).is_some());
        assert_eq!(world.take(v6(2, 99), THREE), None);
    }

    #[test]
    fn extreme_quotas_neither_panic_nor_pass_too_much() {
        let world = World::new();
        let never = Quota {
            limit: 0,
            window_ms: 5_000,
        };
        assert_eq!(world.take(alice(), never), Some(5_000));
        assert_eq!(world.peek(alice(), never), Some(5_000));
        for quota in [
            Quota {
                limit: 1,
                window_ms: 0,
            },
            Quota {
                limit: u32::MAX,
                window_ms: 1,
            },
            Quota {
                limit: u32::MAX,
                window_ms: u64::MAX,
            },
        ] {
            assert_eq!(world.take(alice(), quota), None, "{quota:?}");
        }
        let long = Quota {
            limit: 1,
            window_ms: u64::MAX,
        };
        assert_eq!(world.take(alice(), long), None);
        assert!(world.take(alice(), long).unwrap() > 31_000_000_000);
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let world = World::new();
        let minute = Quota {
            limit: 60,
            window_ms: 60_000,
        };
        for number in 0..100_000 {
            assert_eq!(world.take(address(number), minute), None);
            if number % 100 == 0 {
                world.clock.advance(100);
            }
        }
        // A thousand a second, of which each matters for a second; governor keeps it for two.
        let remembered = world.limiter.buckets(minute).unwrap().len();
        assert!(remembered < 10_000, "{remembered}");
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_frees_nobody() {
        let world = World::new();
        let five_minutes = Quota {
            limit: 10,
            window_ms: 300_000,
        };
        let blocked = address(u32::MAX);
        for _ in 0..10 {
            assert_eq!(world.take(blocked.clone(), five_minutes), None);
        }
        let flood = u32::try_from(MAX_BUCKETS).unwrap() * 2;
        for number in 0..flood {
            assert_eq!(world.take(address(number), five_minutes), None);
        }
        assert!(world.limiter.buckets(five_minutes).unwrap().len() <= MAX_BUCKETS);
        assert!(world.take(blocked, five_minutes).is_some());
    }

    #[test]
    fn the_machines_clock_refills_too() {
        let limiter = MemoryRateLimiter::new();
        let quick = Quota {
            limit: 1,
            window_ms: 1,
        };
        assert!(block_on(limiter.take(alice(), quick)).is_ok());
        let deadline = Instant::now() + std::time::Duration::from_secs(10);
        while block_on(limiter.peek(alice(), quick)).is_err() {
            assert!(
                Instant::now() < deadline,
                "a bucket of 1 ms has to fill within 10 s"
            );
            std::thread::yield_now();
        }
    }

    #[test]
    fn no_more_pass_than_the_limit_when_many_ask_at_once() {
        let world = World::new();
        let hundred = Quota {
            limit: 100,
            window_ms: 1_000,
        };
        let passed: usize = std::thread::scope(|scope| {
            let worker = || {
                (0..100)
                    .filter(|_| world.take(alice(), hundred).is_none())
                    .count()
            };
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(worker)).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .sum()
        });
        assert_eq!(passed, 100);
    }
}
