//! The ports' rules, which every adapter has to keep.

use std::sync::Arc;

use chat_domain::{
    contract::{Pass, limit, presence},
    testing::fakes::ManualClock,
};
use futures::{executor::block_on, future::BoxFuture};

use super::{MemoryPresence, MemoryRateLimiter};

fn clock() -> (Arc<ManualClock>, Pass) {
    let clock = Arc::new(ManualClock::at(1_000_000));
    let moved = clock.clone();
    let pass = move |millis| -> BoxFuture<'static, ()> {
        moved.advance(millis);
        Box::pin(async {})
    };
    (clock, Arc::new(pass))
}

#[test]
fn presence_keeps_the_rules() {
    for case in presence::CASES {
        eprintln!("{}", case.name);
        let (clock, pass) = clock();
        let presence = Arc::new(MemoryPresence::new(clock));
        block_on((case.run)(presence::World { presence, pass }));
    }
}

#[test]
fn limits_keep_the_rules() {
    for case in limit::CASES {
        eprintln!("{}", case.name);
        let (clock, pass) = clock();
        let limiter = Arc::new(MemoryRateLimiter::with_clock(clock));
        block_on((case.run)(limit::World { limiter, pass }));
    }
}
