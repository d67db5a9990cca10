//! Events for other services: the outbox, and where its events go.

use async_trait::async_trait;

use crate::{error::RepoError, id::EventId, model::event::OutboundEvent, time::Timestamp};

/// The log of events, filled by the transactions that they tell of.
///
/// # Rules (each has a case in `contract/event.rs`)
/// - **E1** `sequence` gives due events their places in the feed, in order per thread; nothing is sequenced twice.
/// - **E2** A message becomes one `notification` per recipient who has not received it after the grace of 2 s, and none
///   for those who have.
/// - **E3** `after` reads in order, and what it returned once is never followed by something that belongs before it.
/// - **E4** `prune` forgets what is older than given, and only that.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Moves what is due into the feed, at most `limit` at once; how many were looked at.
    async fn sequence(&self, now: Timestamp, limit: usize) -> Result<usize, RepoError>;

    /// At most `limit` events after the position, and whether there are more.
    async fn after(
        &self,
        position: i64,
        limit: usize,
    ) -> Result<(Vec<OutboundEvent>, bool), RepoError>;

    /// Where the event stands in the feed; `None` if it is not (or no longer) there.
    async fn position(&self, id: EventId) -> Result<Option<i64>, RepoError>;

    /// Up to where a sink has been served; 0 at first.
    async fn cursor(&self, sink: String) -> Result<i64, RepoError>;

    /// The sink has been served up to there.
    async fn advance(&self, sink: String, position: i64) -> Result<(), RepoError>;

    /// Forgets events made before that moment; how many.
    async fn prune(&self, before: Timestamp) -> Result<usize, RepoError>;
}

/// Where events go.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait EventSink: Send + Sync {
    /// The sink's name, under which its place in the feed is kept.
    fn name(&self) -> String;

    /// Publishes the event; at least once, so the same may come again.
    async fn publish(&self, event: &OutboundEvent) -> Result<(), RepoError>;
}
