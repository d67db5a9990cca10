//! Sends of one socket that are under way: several at once, answered in the order they came, and a barrier for all
//! other events, so that a socket's events take effect in their order.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Most sends of one socket that wait for their commit. More make the socket's next event wait, and with it, once
/// the transport's queue is full, the client.
pub(crate) const MAX_OUTSTANDING: u32 = 64;

pub(crate) struct Pipeline {
    slots: Arc<Semaphore>,
    /// Ends when the newest send has been answered.
    last: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(MAX_OUTSTANDING as usize)),
            last: Mutex::default(),
        }
    }
}

impl Pipeline {
    /// Takes a place behind all sends before; waits while too many are under way. To be called in the order of events.
    pub(crate) async fn enter(&self) -> Turn {
        // The semaphore is never closed, so there always is a permit.
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        let (done, next) = oneshot::channel();
        let before = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(next);
        Turn {
            before,
            _done: done,
            _slot: slot,
        }
    }

    /// Waits until no send is under way.
    pub(crate) async fn settled(&self) {
        // As above: only a closed semaphore refuses.
        drop(self.slots.acquire_many(MAX_OUTSTANDING).await);
    }
}

/// A place in the order of answers; dropping it lets the next one pass.
pub(crate) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    _done: oneshot::Sender<()>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Waits until all sends before have been answered.
    pub(crate) async fn mine(&mut self) {
        if let Some(before) = &mut self.before {
            // Nothing is ever sent: the end of the channel is the sign.
            drop(before.await);
            self.before = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn turns_come_in_the_order_of_entering() {
        let pipeline = Pipeline::default();
        let (first, mut second) = (pipeline.enter().await, pipeline.enter().await);
        assert!(second.mine().now_or_never().is_none());
        drop(first);
        let mut third = pipeline.enter().await;
        assert!(third.mine().now_or_never().is_none());
        drop(second);
        third.mine().await;
    }

    #[tokio::test]
    async fn only_so_many_are_under_way() {
        let pipeline = Pipeline::default();
        let mut turns = Vec::new();
        for _ in 0..MAX_OUTSTANDING {
            turns.push(pipeline.enter().await);
        }
        assert!(pipeline.enter().now_or_never().is_none());
        turns.pop();
        assert!(pipeline.enter().now_or_never().is_some());
    }

    #[tokio::test]
    async fn the_barrier_waits_for_all_of_them() {
        let pipeline = Pipeline::default();
        pipeline.settled().await;
        let turn = pipeline.enter().await;
        assert!(pipeline.settled().now_or_never().is_none());
        drop(turn);
        pipeline.settled().await;
    }
}
