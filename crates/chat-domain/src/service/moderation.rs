//! The moderators' queue.

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::ModerationItemId,
    model::{
        moderation::{Decision, ModerationItem, ModerationStatus},
        user::Caller,
    },
    page::{InvalidCursor, Page},
    service::error_code,
};

/// Why the queue could not be read or decided.
#[derive(Debug, thiserror::Error)]
pub enum ModerationError {
    /// No such item.
    #[error("there is no such item")]
    NotFound,
    /// Another decision was made before.
    #[error("the item was decided otherwise before")]
    Decided,
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(ModerationError {
    Self::NotFound => ErrorCode::NotFound,
    Self::Decided => ErrorCode::Conflict,
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// Flagged messages and reports. Roles are checked by the front end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ModerationService: Send + Sync {
    /// Items in that state, oldest first.
    async fn list(
        &self,
        status: ModerationStatus,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<ModerationItem>, ModerationError>;

    /// Decides; the same decision again changes nothing. `Remove` empties the message and tells the participants.
    async fn decide(
        &self,
        caller: Caller,
        item: ModerationItemId,
        decision: Decision,
    ) -> Result<ModerationItem, ModerationError>;
}
