//! Counting against limits.

use async_trait::async_trait;

use crate::model::limit::{LimitKey, Limited, Quota};

/// Token buckets by key. Never fails: where the shared store is away, it counts locally.
///
/// # Rules (each has a case in `contract/limit.rs`)
/// - **L1** `limit` calls pass at once, the next one is refused and told when to come back.
/// - **L2** Keys don't share buckets.
/// - **L3** `peek` takes nothing, and refuses just when `take` would.
/// - **L4** A bucket fills again with time: after `window_ms` without calls it is full.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes one from the bucket.
    async fn take(&self, key: LimitKey, quota: Quota) -> Result<(), Limited>;

    /// Whether one could be taken.
    async fn peek(&self, key: LimitKey, quota: Quota) -> Result<(), Limited>;
}
