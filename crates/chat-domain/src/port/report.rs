//! Reports and the moderation queue.

use async_trait::async_trait;

use crate::{
    error::RepoError,
    id::{ModerationItemId, UserId},
    model::moderation::{ModerationItem, ModerationStatus, NewReport},
    time::Timestamp,
};

/// Where a walk through the queue stands: the last item that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePosition {
    /// When it was made.
    pub created_at: Timestamp,
    /// Its id.
    pub id: ModerationItemId,
}

/// What waits for a moderator. Flagged messages enter the queue with `MessageRepository::append`.
///
/// # Rules (each has a case in `contract/report.rs`)
/// - **Q1** `report` stores the report, its item in the queue with the message's text as it is now, and the event
///   `report.created` in one atomic change.
/// - **Q2** `list` is oldest first; a walk shows nothing twice.
/// - **Q3** `decide` decides a pending item once; a second decision finds it decided and changes nothing.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ModerationQueue: Send + Sync {
    /// Stores a report and queues it.
    async fn report(&self, report: NewReport) -> Result<(), RepoError>;

    /// Items in that state after the given place; and whether there are more.
    async fn list(
        &self,
        status: ModerationStatus,
        after: Option<QueuePosition>,
        limit: usize,
    ) -> Result<(Vec<ModerationItem>, bool), RepoError>;

    /// The item with that id.
    async fn find(&self, id: ModerationItemId) -> Result<Option<ModerationItem>, RepoError>;

    /// Moves a pending item to `status`; `false` if it was decided before.
    async fn decide(
        &self,
        id: ModerationItemId,
        status: ModerationStatus,
        by: UserId,
        at: Timestamp,
    ) -> Result<bool, RepoError>;
}
