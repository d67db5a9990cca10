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
use tokio::{sync::Notify, time::Instant};

use super::lock;

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
    since: Option<Instant>,
}

impl PendingDeliveries {
    /// Adds deliveries; never blocks for long.
    pub(super) fn add(&self, deliveries: Vec<Delivery>) {
        let mut waiting = lock(&self.waiting);
        for delivery in deliveries {
            waiting.add(delivery);
        }
        if waiting.count > 0 && waiting.since.is_none() {
            waiting.since = Some(Instant::now());
            self.arrived.notify_one();
        }
    }

    /// All of them, in the order in which positions move.
    pub(super) fn take(&self) -> Vec<Delivery> {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        let mut deliveries: Vec<Delivery> = waiting.by_key.into_values().flatten().collect();
        deliveries.sort_unstable_by_key(|delivery| (delivery.thread_id, delivery.seq));
        deliveries
    }

    /// Completes when one has waited for `linger`.
    pub(super) async fn due(&self, linger: Duration) {
        loop {
            let since = lock(&self.waiting).since;
            match since {
                Some(since) => return tokio::time::sleep_until(since + linger).await,
                None => self.arrived.notified().await,
            }
        }
    }
}

impl Waiting {
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
        assert_eq!(pending.take(), expected);
        assert_eq!(pending.take(), []);
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
        let taken = pending.take();
        assert!(taken.len() <= MAX_SINGLE);
        assert_eq!(taken.last(), Some(&delivery("bob", "alice", last)));
    }

    #[test]
    fn they_are_bounded() {
        let pending = PendingDeliveries::default();
        let many = (0..MAX_KEYS + 10).map(|n| delivery(&format!("u{n}"), "alice", 1));
        pending.add(many.collect());
        assert_eq!(pending.take().len(), MAX_KEYS);
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_due_after_a_while_and_only_then() {
        let pending = PendingDeliveries::default();
        let linger = Duration::from_millis(20);
        let never = tokio::time::timeout(Duration::from_secs(60), pending.due(linger));
        assert!(never.await.is_err());
        pending.add(vec![delivery("bob", "alice", 1)]);
        let begun = Instant::now();
        pending.due(linger).await;
        assert_eq!(begun.elapsed(), linger);
    }
}
