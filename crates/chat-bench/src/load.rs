//! One measurement: senders that keep a fixed number of messages on their way for a fixed time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use futures::future::try_join_all;

use crate::rest;
use crate::server::{Server, token};
use crate::socket::Client;

/// How hard to press.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Sender and recipient, each pair with a thread of its own.
    pub(crate) pairs: usize,
    /// Messages a sender has on their way at any time.
    pub(crate) outstanding: usize,
    /// Whether the recipients hold a socket, so that messages and receipts are fanned out too.
    pub(crate) recipients_online: bool,
}

/// What came of it.
pub(crate) struct Figures {
    /// From send to ack, in ascending order.
    latencies: Vec<Duration>,
    took: Duration,
}

impl Figures {
    pub(crate) fn per_second(&self) -> f64 {
        let acked = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        f64::from(acked) / self.took.as_secs_f64()
    }

    /// The latency that `percent` of all messages did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }
}

/// Runs one load on users of its own, then checks what was stored.
pub(crate) async fn run(server: &Server, load: Load, how_long: Duration) -> Result<Figures> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let address: Arc<str> = server.address.as_str().into();
    let mut pairs = Vec::new();
    let mut listeners = Vec::new();
    for n in 0..load.pairs {
        let (sender, recipient) = (format!("sender-{run}-{n}"), format!("recipient-{run}-{n}"));
        let thread = rest::matched(&address, &sender, &recipient)?;
        let client = Client::connect(&address, &token(&sender, &[])?).await?;
        if load.recipients_online {
            let listener = Client::connect(&address, &token(&recipient, &[])?).await?;
            listeners.push(tokio::spawn(listener.listen()));
        }
        pairs.push((sender, thread, client));
    }

    let began = Instant::now();
    let deadline = began + how_long;
    let senders = pairs.into_iter().map(|(sender, thread, client)| {
        tokio::spawn(press(client, sender, thread, load.outstanding, deadline))
    });
    let results = try_join_all(senders).await?;
    let took = began.elapsed();
    for listener in listeners {
        listener.abort();
    }

    let mut latencies = Vec::new();
    for result in results {
        let sent = result?;
        rest::verify_history(&address, &sent.sender, &sent.thread, sent.latencies.len())?;
        latencies.extend(sent.latencies);
    }
    latencies.sort_unstable();
    Ok(Figures { latencies, took })
}

struct Sent {
    sender: String,
    thread: String,
    latencies: Vec<Duration>,
}

/// Sends the next message as soon as one is acked; at the deadline waits for those still on their way.
async fn press(
    mut client: Client,
    sender: String,
    thread: String,
    outstanding: usize,
    deadline: Instant,
) -> Result<Sent> {
    let mut latencies = Vec::new();
    let mut under_way = HashMap::new();
    let mut next = 0;
    loop {
        while under_way.len() < outstanding && Instant::now() < deadline {
            under_way.insert(next, Instant::now());
            client.send(next, &thread, &sender).await?;
            next += 1;
        }
        if under_way.is_empty() {
            break;
        }
        let id = client.acked().await?;
        let sent_at = under_way
            .remove(&id)
            .ok_or_else(|| anyhow!("an ack of nothing: {id}"))?;
        latencies.push(sent_at.elapsed());
    }
    Ok(Sent {
        sender,
        thread,
        latencies,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Figures;

    #[test]
    fn percentiles_are_taken_from_the_sorted_latencies() {
        let figures = Figures {
            latencies: (1..=101).map(Duration::from_millis).collect(),
            took: Duration::from_secs(10),
        };
        assert_eq!(figures.percentile(50), Duration::from_millis(51));
        assert_eq!(figures.percentile(99), Duration::from_millis(100));
        assert_eq!(figures.percentile(100), Duration::from_millis(101));
        assert!((figures.per_second() - 10.1).abs() < 1e-9);
    }
}
