//! Who types.

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{SocketId, ThreadId},
    model::user::Caller,
    service::error_code,
};

/// Why typing could not be told.
#[derive(Debug, thiserror::Error)]
pub enum TypingError {
    /// No such thread.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The caller takes no part in it.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(TypingError {
    Self::ThreadNotFound => ErrorCode::ThreadNotFound,
    Self::NotParticipant => ErrorCode::NotParticipant,
    Self::Repo(error) => error.code(),
});

/// Typing.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait TypingService: Send + Sync {
    /// Tells the other participants; in a pair whose people stay apart nobody is told, and the caller does not learn that.
    /// The gateway tells the end by itself 6 s after the last call.
    async fn typing(
        &self,
        caller: Caller,
        thread: ThreadId,
        is_typing: bool,
        socket: Option<SocketId>,
    ) -> Result<(), TypingError>;
}
