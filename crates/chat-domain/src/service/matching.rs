//! Mutual matches, told by the service that makes them.

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::UserId,
    service::error_code,
    view::ThreadView,
};

/// Why a match could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// A match takes two.
    #[error("a match takes two different users")]
    Yourself,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(MatchError {
    Self::Yourself => ErrorCode::ValidationFailed,
    Self::Repo(error) => error.code(),
});

/// Matches. Roles are checked by the front end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait MatchService: Send + Sync {
    /// Records the match and opens the thread; the thread as a service sees it, and whether it was made now.
    async fn record(&self, a: UserId, b: UserId) -> Result<(ThreadView, bool), MatchError>;
    /// Takes the match back; twice is once.
    async fn withdraw(&self, a: UserId, b: UserId) -> Result<(), MatchError>;
}
