//! Deliveries that wait for a batch.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use chat_domain::{
    id::{ThreadId, UserId},
    model::receipt::Delivery,
};
use tokio::{sync::Notify, time::Instant};

use super::lock;

/// Deliveries that may wait. What comes on top is forgotten: the message then still waits for its recipient, and is
/// delivered again.
const MAX_PENDING: usize = 16_384;

/// A recipient's deliveries in one thread are one position; each author still hears of the own message.
type Key = (ThreadId, UserId, UserId);

/// Deliveries that wait: of each recipient, thread and author the furthest.
#[derive(Default)]
pub(super) struct PendingDeliveries {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    furthest: HashMap<Key, Delivery>,
    since: Option<Instant>,
}

impl PendingDeliveries {
    /// Adds deliveries; never blocks for long.
    pub(super) fn add(&self, deliveries: Vec<Delivery>) {
        let mut waiting = lock(&self.waiting);
        for delivery in deliveries {
            waiting.add(delivery);
        }
        if !waiting.furthest.is_empty() && waiting.since.is_none() {
            waiting.since = Some(Instant::now());
            self.arrived.notify_one();
        }
    }

    /// All of them, in the order in which positions move.
    pub(super) fn take(&self) -> Vec<Delivery> {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        let mut deliveries: Vec<Delivery> = waiting.furthest.into_values().collect();
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
        let full = self.furthest.len() >= MAX_PENDING;
        match self.furthest.get_mut(&key) {
            Some(waiting) if waiting.seq < delivery.seq => *waiting = delivery,
            Some(_) => {}
            None if full => metrics::counter!("chat_deliveries_dropped").increment(1),
            None => {
                self.furthest.insert(key, delivery);
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
    fn of_each_recipient_and_author_the_furthest_waits() {
        let pending = PendingDeliveries::default();
        pending.add(vec![
            delivery("bob", "alice", 2),
            delivery("bob", "carol", 3),
        ]);
        pending.add(vec![
            delivery("bob", "alice", 5),
            delivery("bob", "alice", 4),
        ]);
        assert_eq!(
            pending.take(),
            [delivery("bob", "carol", 3), delivery("bob", "alice", 5)]
        );
        assert_eq!(pending.take(), []);
    }

    #[test]
    fn they_are_bounded() {
        let pending = PendingDeliveries::default();
        let many = (0..MAX_PENDING + 10).map(|n| delivery(&format!("u{n}"), "alice", 1));
        pending.add(many.collect());
        assert_eq!(pending.take().len(), MAX_PENDING);
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
