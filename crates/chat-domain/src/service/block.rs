//! Blocking people.

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::UserId,
    model::user::Caller,
    page::{InvalidCursor, Page},
    port::block::Block,
    service::error_code,
};

/// Why a block could not be set or listed.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// Nobody blocks themselves.
    #[error("you can't block yourself")]
    Yourself,
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(BlockError {
    Self::Yourself => ErrorCode::ValidationFailed,
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// A user's block list.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait BlockService: Send + Sync {
    /// Blocks somebody; twice is once.
    async fn block(&self, caller: Caller, blocked: UserId) -> Result<(), BlockError>;
    /// Takes it back; what was missed meanwhile is not replayed.
    async fn unblock(&self, caller: Caller, blocked: UserId) -> Result<(), BlockError>;
    /// Whom the caller blocks, newest first.
    async fn list(
        &self,
        caller: Caller,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<Block>, BlockError>;
}
