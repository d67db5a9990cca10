//! An observer that remembers what it was told.
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use std::sync::{Mutex, PoisonError};

use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};

use crate::{
    model::receipt::Delivery,
    port::message::{CommitObserver, Committed},
};

/// Remembers commits in the order in which it hears of them. Give it to the store's writer.
#[derive(Debug)]
pub struct RecordingObserver {
    messages: Mutex<Vec<Committed>>,
    tell: UnboundedSender<Delivery>,
    told: futures::lock::Mutex<UnboundedReceiver<Delivery>>,
}

impl Default for RecordingObserver {
    fn default() -> Self {
        let (tell, told) = unbounded();
        Self {
            messages: Mutex::default(),
            tell,
            told: futures::lock::Mutex::new(told),
        }
    }
}

impl RecordingObserver {
    /// Messages so far.
    #[must_use]
    pub fn messages(&self) -> Vec<Committed> {
        let messages = self.messages.lock();
        messages.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next delivery that was not asked for before; waits for it.
    pub(super) async fn delivery(&self) -> Delivery {
        self.told.lock().await.next().await.unwrap()
    }
}

impl CommitObserver for RecordingObserver {
    fn messages_committed(&self, messages: Vec<Committed>) {
        let mut known = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(messages);
    }

    fn deliveries_committed(&self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            // Nobody listens only when the case is over.
            drop(self.tell.unbounded_send(delivery));
        }
    }
}
