//! Work that nobody waits for: the event dispatcher, erasures, and the upkeep of metrics.
//!
//! A loop finishes the round it is in before it stops, so that what it has begun is not left half-way.

use std::{future::Future, time::Duration};

use chat_domain::error::RepoError;
use tokio::{sync::watch, task::JoinSet, time::timeout};

/// The longest pause after failures in a row.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Loops that run until they are told to stop.
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
}

impl Background {
    pub(crate) fn new() -> Self {
        Self {
            stop: watch::Sender::new(false),
            loops: JoinSet::new(),
        }
    }

    /// Repeats `round`: at once while it says that there was something to do, after `idle` when there was not, and ever
    /// later, up to 30 s, while it fails.
    pub(crate) fn repeat<F, R>(&mut self, what: &'static str, idle: Duration, round: F)
    where
        F: Fn() -> R + Send + 'static,
        R: Future<Output = Result<bool, RepoError>> + Send + 'static,
    {
        let mut stop = self.stop.subscribe();
        self.loops.spawn(async move {
            let mut failures = 0;
            while !*stop.borrow_and_update() {
                // A task of its own, so that a panic ends a round and not the loop.
                let done = tokio::spawn(round()).await;
                let pause = match done.unwrap_or_else(|panic| Err(RepoError::backend(panic))) {
                    Ok(busy) => {
                        failures = 0;
                        if busy { Duration::ZERO } else { idle }
                    }
                    Err(error) => {
                        failures += 1;
                        log(what, &error);
                        back_off(idle, failures)
                    }
                };
                let told = stop.wait_for(|stop| *stop);
                // Elapsed, or told to stop: the condition above knows.
                let _ = timeout(pause, told).await;
            }
        });
    }

    /// Runs until the process ends, without anything to finish.
    pub(crate) fn forever(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        let mut stop = self.stop.subscribe();
        self.loops.spawn(async move {
            tokio::select! {
                () = work => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
    }

    /// Stops all loops and waits for the rounds they are in.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.loops.join_next().await.is_some() {}
    }
}

fn back_off(idle: Duration, failures: u32) -> Duration {
    idle.saturating_mul(2_u32.saturating_pow(failures))
        .min(MAX_PAUSE)
}

fn log(what: &'static str, error: &RepoError) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(what, %error, cause, "background work failed and will be tried again");
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio::time::{Instant, sleep};

    use super::*;

    const IDLE: Duration = Duration::from_millis(500);

    /// Runs a loop whose rounds end as told (the last one over and over) for `time`; how many rounds there were.
    async fn rounds(outcomes: &[Result<bool, ()>], time: Duration) -> usize {
        let count = Arc::new(AtomicUsize::new(0));
        let (counted, outcomes) = (count.clone(), outcomes.to_vec());
        let mut background = Background::new();
        background.repeat("test", IDLE, move || {
            let round = counted.fetch_add(1, Ordering::SeqCst);
            let outcome = outcomes[round.min(outcomes.len() - 1)];
            async move { outcome.map_err(|()| RepoError::unavailable("away")) }
        });
        sleep(time).await;
        background.stop().await;
        count.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_loop_looks_again_after_a_pause() {
        assert_eq!(rounds(&[Ok(false)], Duration::from_millis(1_100)).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_loop_goes_on_at_once() {
        let busy = [Ok(true), Ok(true), Ok(true), Ok(false)];
        assert_eq!(rounds(&busy, Duration::from_millis(100)).await, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_loop_waits_longer_each_time_and_recovers() {
        // Rounds at 0, 1, 3 and 7 s; then every half second.
        let failing = [Err(()), Err(()), Err(()), Ok(false)];
        assert_eq!(rounds(&failing, Duration::from_millis(6_900)).await, 3);
        assert_eq!(rounds(&failing, Duration::from_millis(7_600)).await, 5);
        assert_eq!(back_off(IDLE, 40), MAX_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_panics_is_not_the_last_one() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let mut background = Background::new();
        background.repeat("test", IDLE, move || {
            let round = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(round > 0, "the first round panics");
                Ok(false)
            }
        });
        sleep(Duration::from_millis(1_100)).await;
        background.stop().await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_the_round_but_not_for_the_pause() {
        let done = Arc::new(AtomicUsize::new(0));
        let counted = done.clone();
        let mut background = Background::new();
        background.repeat("test", Duration::from_secs(3_600), move || {
            let counted = counted.clone();
            async move {
                sleep(Duration::from_secs(2)).await;
                counted.fetch_add(1, Ordering::SeqCst);
                Ok(false)
            }
        });
        let started = Instant::now();
        sleep(Duration::from_secs(1)).await;
        background.stop().await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
        assert_eq!(started.elapsed(), Duration::from_secs(2));
    }
}
