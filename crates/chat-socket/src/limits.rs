//! How much may come from one socket, and how many connections from one address. Local to this node.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use chat_domain::model::limit::{Limited, Quota};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, RateLimiter,
    clock::{Clock, DefaultClock},
};

/// A token bucket; without a quota everything passes.
pub(crate) struct Bucket(Option<(Quota, DefaultDirectRateLimiter)>);

impl Bucket {
    pub(crate) fn new(quota: Option<Quota>) -> Self {
        Self(quota.map(|quota| (quota, RateLimiter::direct(rate(quota)))))
    }

    pub(crate) fn take(&self) -> Result<(), Limited> {
        let Some((quota, limiter)) = &self.0 else {
            return Ok(());
        };
        limiter.check().map_err(|wait| limited(*quota, &wait))
    }
}

/// Connection attempts per address.
pub(crate) struct ConnectLimit(Option<(Quota, DefaultKeyedRateLimiter<IpAddr>)>);

impl ConnectLimit {
    pub(crate) fn new(quota: Option<Quota>) -> Self {
        Self(quota.map(|quota| (quota, RateLimiter::keyed(rate(quota)))))
    }

    pub(crate) fn take(&self, from: IpAddr) -> Result<(), Limited> {
        let Some((quota, limiter)) = &self.0 else {
            return Ok(());
        };
        limiter
            .check_key(&from)
            .map_err(|wait| limited(*quota, &wait))
    }

    /// Forgets addresses whose bucket is full again.
    pub(crate) fn forget_idle(&self) {
        if let Some((_, limiter)) = &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// `limit` at once, then one each `window / limit`.
fn rate(quota: Quota) -> governor::Quota {
    let burst = NonZeroU32::new(quota.limit).unwrap_or(NonZeroU32::MIN);
    let step = Duration::from_millis(quota.window_ms.max(1)) / burst.get();
    governor::Quota::with_period(step)
        .unwrap_or(governor::Quota::per_second(burst))
        .allow_burst(burst)
}

fn limited(quota: Quota, wait: &NotUntil<<DefaultClock as Clock>::Instant>) -> Limited {
    let wait = wait.wait_time_from(DefaultClock::default().now());
    Limited {
        quota,
        // Rounded up: who waits so long passes.
        retry_after_ms: u64::try_from(wait.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota {
        limit: 3,
        window_ms: 60_000,
    };

    #[test]
    fn so_many_pass_at_once_and_the_next_is_told_when_to_come_back() {
        let bucket = Bucket::new(Some(QUOTA));
        for _ in 0..3 {
            bucket.take().unwrap();
        }
        let limited = bucket.take().unwrap_err();
        assert_eq!(limited.quota, QUOTA);
        assert!(
            (19_000..=20_001).contains(&limited.retry_after_ms),
            "{limited:?}"
        );
    }

    #[test]
    fn without_a_quota_everything_passes() {
        let bucket = Bucket::new(None);
        assert!((0..1_000).all(|_| bucket.take().is_ok()));
    }

    #[test]
    fn addresses_do_not_share_a_bucket() {
        let limit = ConnectLimit::new(Some(Quota { limit: 1, ..QUOTA }));
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse().unwrap());
        assert!(limit.take(one).is_ok() && limit.take(one).is_err());
        assert!(limit.take(other).is_ok());
        limit.forget_idle();
        assert!(limit.take(one).is_err());
    }
}
