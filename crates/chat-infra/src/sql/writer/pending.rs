//! Deliveries that wait for a batch.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Mutex,
    time::Duration,
};

use chat_domain::{
    id::{ThreadId, UserId},
    model::receipt::Delivery,
};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use super::lock;

/// How long deliveries wait for a batch to ride with: alone, they would cost a serial sender a commit for each message.
const LINGER: Duration = Duration::from_millis(20);

/// Recipients, threads and authors that may wait. What comes on top is forgotten: the message then still waits for its
/// recipient, and is delivered again.
const MAX_KEYS: usize = 16_384;

/// Deliveries up to which each message has a receipt of its own; beyond, the furthest stands for those before it.
const MAX_SINGLE: usize = 4_096;

/// A recipient's deliveries in one thread are one position; each author hears of the own messages.
type Key = (ThreadId, UserId, UserId);

/// Deliveries that wait.
#[derive(Default)]
pub(super) struct PendingDeliveries {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    /// None of the lists is empty.
    by_key: HashMap<Key, Vec<Delivery>>,
    /// How many there are in all lists.
    count: usize,
    due_at: Option<Instant>,
    /// Who waits for the batch; told by being dropped.
    waiters: Vec<oneshot::Sender<()>>,
}

impl PendingDeliveries {
    /// Adds deliveries that may wait for company; never blocks for long.
    pub(super) fn add(&self, deliveries: Vec<Delivery>) {
        lock(&self.waiting).add_all(deliveries, Instant::now() + LINGER);
        self.arrived.notify_one();
    }

    /// Adds deliveries that are due at once; what is returned ends with their batch, whatever became of it.
    pub(super) fn add_now(&self, deliveries: Vec<Delivery>) -> oneshot::Receiver<()> {
        let (waiter, batch) = oneshot::channel();
        let mut waiting = lock(&self.waiting);
        waiting.add_all(deliveries, Instant::now());
        waiting.waiters.push(waiter);
        drop(waiting);
        self.arrived.notify_one();
        batch
    }

    /// All of them, in the order in which positions move; and who waits for them, to be dropped when they are written.
    pub(super) fn take(&self) -> (Vec<Delivery>, Vec<oneshot::Sender<()>>) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        let mut deliveries: Vec<Delivery> = waiting.by_key.into_values().flatten().collect();
        deliveries.sort_unstable_by_key(|delivery| (delivery.thread_id, delivery.seq));
        (deliveries, waiting.waiters)
    }

    /// Completes when some are due.
    pub(super) async fn due(&self) {
        loop {
            let due_at = lock(&self.waiting).due_at;
            let Some(due_at) = due_at else {
                self.arrived.notified().await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(due_at) => return,
                // Those that came may be due earlier.
                () = self.arrived.notified() => {}
            }
        }
    }
}

impl Waiting {
    fn add_all(&mut self, deliveries: Vec<Delivery>, due_at: Instant) {
        for delivery in deliveries {
            self.add(delivery);
        }
        if self.count > 0 {
            self.due_at = Some(self.due_at.map_or(due_at, |earlier| earlier.min(due_at)));
        }
    }

    fn add(&mut self, delivery: Delivery) {
        let key = (
            delivery.thread_id,
            delivery.recipient.clone(),
            delivery.author.clone(),
        );
        let full = self.by_key.len() >= MAX_KEYS;
        match self.by_key.entry(key) {
            Entry::Vacant(_) if full => metrics::counter!("chat_deliveries_dropped").increment(1),
            Entry::Vacant(vacant) => {
                vacant.insert(vec![delivery]);
                self.count += 1;
            }
            Entry::Occupied(mut occupied) if self.count >= MAX_SINGLE => {
                let list = occupied.get_mut();
                self.count -= list.len() - 1;
                list.push(delivery);
                list.sort_unstable_by_key(|delivery| delivery.seq);
                list.drain(..list.len() - 1);
            }
            Entry::Occupied(mut occupied) => {
                occupied.get_mut().push(delivery);
                self.count += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_domain::{
        testing::builder::{message_id, thread_id, user},
        time::Timestamp,
    };

    fn delivery(recipient: &str, author: &str, seq: i64) -> Delivery {
        Delivery {
            recipient: user(recipient),
            thread_id: thread_id(),
            message_id: message_id(seq),
            seq,
            author: user(author),
            at: Timestamp::from_millis(seq),
        }
    }

    #[test]
    fn each_message_waits_for_its_receipt_in_the_order_of_places() {
        let pending = PendingDeliveries::default();
        pending.add(vec![
            delivery("bob", "alice", 2),
            delivery("bob", "carol", 3),
        ]);
        pending.add(vec![delivery("bob", "alice", 1)]);
        let expected = [
            delivery("bob", "alice", 1),
            delivery("bob", "alice", 2),
            delivery("bob", "carol", 3),
        ];
        assert_eq!(pending.take().0, expected);
        assert_eq!(pending.take().0, []);
    }

    #[test]
    fn under_pressure_the_furthest_stands_for_all_before_it() {
        let pending = PendingDeliveries::default();
        let last = i64::try_from(MAX_SINGLE + 10).unwrap();
        pending.add(
            (1..=last)
                .map(|seq| delivery("bob", "alice", seq))
                .collect(),
        );
        let taken = pending.take().0;
        assert!(taken.len() <= MAX_SINGLE);
        assert_eq!(taken.last(), Some(&delivery("bob", "alice", last)));
    }

    #[test]
    fn they_are_bounded() {
        let pending = PendingDeliveries::default();
        let many = (0..MAX_KEYS + 10).map(|n| delivery(&format!("u{n}"), "alice", 1));
        pending.add(many.collect());
        assert_eq!(pending.take().0.len(), MAX_KEYS);
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_due_after_a_while_and_only_then() {
        let pending = PendingDeliveries::default();
        let never = tokio::time::timeout(Duration::from_secs(60), pending.due());
        assert!(never.await.is_err());
        pending.add(vec![delivery("bob", "alice", 1)]);
        let begun = Instant::now();
        pending.due().await;
        assert_eq!(begun.elapsed(), LINGER);
    }

    #[tokio::test(start_paused = true)]
    async fn those_in_a_hurry_take_the_others_along_and_hear_of_the_batch() {
        let pending = PendingDeliveries::default();
        pending.add(vec![delivery("bob", "alice", 1)]);
        let batch = pending.add_now(vec![delivery("carol", "alice", 1)]);
        let begun = Instant::now();
        pending.due().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let (taken, waiters) = pending.take();
        assert_eq!(taken.len(), 2);
        drop(waiters);
        assert!(batch.await.is_err());
    }
}
