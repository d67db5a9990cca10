//! Opening and listing threads.

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{ThreadId, UserId},
    model::user::Caller,
    page::{InvalidCursor, Page},
    service::error_code,
    view::ThreadView,
};

/// Why a thread could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenThreadError {
    /// Too few, too many, twice the same, or the caller is not among them.
    #[error("{0}")]
    Invalid(String),
    /// The caller may not chat with each of them.
    #[error("you can't chat with one of these people")]
    NotAllowed,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(OpenThreadError {
    Self::Invalid(_) => ErrorCode::ValidationFailed,
    Self::NotAllowed => ErrorCode::ChatNotAllowed,
    Self::Repo(error) => error.code(),
});

/// Why a thread could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ThreadError {
    /// No such thread.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The caller takes no part in it.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(ThreadError {
    Self::ThreadNotFound => ErrorCode::ThreadNotFound,
    Self::NotParticipant => ErrorCode::NotParticipant,
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// Threads.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ThreadService: Send + Sync {
    /// Opens a thread, or finds the pair's: the thread, and whether it was made now. Everybody in a new one is told.
    async fn open(
        &self,
        caller: Caller,
        participants: Vec<UserId>,
    ) -> Result<(ThreadView, bool), OpenThreadError>;

    /// The caller's threads, most recently active first.
    async fn list(
        &self,
        caller: Caller,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<ThreadView>, ThreadError>;

    /// One thread. An admin who takes no part in it gets it without its newest message.
    async fn get(&self, caller: Caller, thread: ThreadId) -> Result<ThreadView, ThreadError>;
}
