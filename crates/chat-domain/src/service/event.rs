//! The feed of events for other services.

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    model::event::OutboundEvent,
    page::{InvalidCursor, Page},
    service::error_code,
};

/// Why the feed could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(FeedError {
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// Events for other services.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait EventService: Send + Sync {
    /// Events in order, after the event with the id `after`; `next_cursor` is such an id as well.
    /// A reader who has come to the end asks again with the id of the last event it saw.
    async fn feed(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Page<OutboundEvent>, FeedError>;

    /// One round of the dispatcher: sequences what is due, publishes to every sink what it has not had, forgets what is
    /// older than 7 days. Whether there was anything to do.
    async fn dispatch(&self) -> Result<bool, RepoError>;
}
