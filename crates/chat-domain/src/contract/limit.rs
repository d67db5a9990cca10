//! The rules of [`RateLimiter`].

use std::{net::IpAddr, sync::Arc};

use futures::{FutureExt, future::join_all};

use super::{Case, Pass, case};
use crate::{
    model::limit::{LimitKey, Limited, Quota},
    port::limit::RateLimiter,
    testing::builder::user,
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(l1_so_many_pass_and_the_next_is_told_when_to_come_back),
    case!(l1_of_fifty_at_once_no_more_than_the_limit_pass),
    case!(l2_keys_do_not_share_buckets),
    case!(l3_peek_takes_nothing),
    case!(l3_peek_refuses_just_when_take_would),
    case!(l4_a_bucket_is_full_after_the_window),
    case!(l_a_call_that_was_dropped_took_one_at_most),
];

/// An adapter whose buckets are all full.
pub struct World {
    /// The adapter.
    pub limiter: Arc<dyn RateLimiter>,
    /// Lets time pass for its buckets.
    pub pass: Pass,
}

/// Long enough that a slow store refills nothing while a case runs.
const TEN: Quota = Quota {
    limit: 10,
    window_ms: 600_000,
};

impl World {
    async fn take(&self, key: &LimitKey) -> Result<(), Limited> {
        self.limiter.take(key.clone(), TEN).await
    }

    async fn peek(&self, key: &LimitKey) -> Result<(), Limited> {
        self.limiter.peek(key.clone(), TEN).await
    }

    /// How many pass until one is refused.
    async fn exhaust(&self, key: &LimitKey) -> usize {
        let mut passed = 0;
        while passed < 100 && self.take(key).await.is_ok() {
            passed += 1;
        }
        passed
    }
}

fn alice() -> LimitKey {
    LimitKey::UserMessages(user("alice"))
}

async fn l1_so_many_pass_and_the_next_is_told_when_to_come_back(w: World) {
    assert_eq!(w.exhaust(&alice()).await, 10);
    let refused = w.take(&alice()).await.expect_err("the bucket is empty");
    assert_eq!(refused.quota, TEN);
    assert!(
        (1..=60_000).contains(&refused.retry_after_ms),
        "{refused:?}"
    );
    (w.pass)(refused.retry_after_ms.cast_signed()).await;
    assert_eq!(w.exhaust(&alice()).await, 1);
}

async fn l1_of_fifty_at_once_no_more_than_the_limit_pass(w: World) {
    let key = alice();
    let answers = join_all((0..50).map(|_| w.take(&key))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10);
}

async fn l2_keys_do_not_share_buckets(w: World) {
    let address = |text: &str| -> IpAddr { text.parse().expect("an address") };
    let keys = [
        alice(),
        LimitKey::UserMessages(user("bob")),
        LimitKey::RestRequests(user("alice")),
        LimitKey::Connections(address("192.0.2.1")),
        LimitKey::Connections(address("192.0.2.2")),
        LimitKey::Connections(address("2001:db8:0:1::1")),
        LimitKey::Connections(address("2001:db8:0:2::1")),
        LimitKey::AuthFailures(address("192.0.2.1")),
    ];
    for key in keys {
        assert_eq!(w.exhaust(&key).await, 10, "{key:?}");
    }
}

async fn l3_peek_takes_nothing(w: World) {
    for _ in 0..30 {
        assert_eq!(w.peek(&alice()).await, Ok(()));
    }
    assert_eq!(w.exhaust(&alice()).await, 10);
}

async fn l3_peek_refuses_just_when_take_would(w: World) {
    let key = alice();
    for taken in 0..10 {
        assert!(w.peek(&key).await.is_ok(), "after {taken}");
        assert!(w.take(&key).await.is_ok(), "after {taken}");
    }
    let refused = w.peek(&key).await.expect_err("the bucket is empty");
    assert!(w.take(&key).await.is_err());
    (w.pass)(refused.retry_after_ms.cast_signed()).await;
    assert!(w.peek(&key).await.is_ok());
    assert!(w.take(&key).await.is_ok());
}

async fn l4_a_bucket_is_full_after_the_window(w: World) {
    for _ in 0..3 {
        assert_eq!(w.exhaust(&alice()).await, 10);
        (w.pass)(TEN.window_ms.cast_signed()).await;
    }
}

async fn l_a_call_that_was_dropped_took_one_at_most(w: World) {
    let _ = w.take(&alice()).now_or_never();
    let left = w.exhaust(&alice()).await;
    assert!((9..=10).contains(&left), "{left}");
}
