//! Marking as read, and noting deliveries.

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{SocketId, ThreadId},
    model::{
        receipt::{Delivery, ReadOutcome, UpTo},
        user::Caller,
    },
    service::error_code,
};

/// Why a thread could not be marked as read.
#[derive(Debug, thiserror::Error)]
pub enum MarkReadError {
    /// No such thread.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The caller takes no part in it.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// The message does not stand in the thread.
    #[error("there is no such message in this thread")]
    MessageNotFound,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(MarkReadError {
    Self::ThreadNotFound => ErrorCode::ThreadNotFound,
    Self::NotParticipant => ErrorCode::NotParticipant,
    Self::MessageNotFound => ErrorCode::MessageNotFound,
    Self::Repo(error) => error.code(),
});

/// Receipts.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ReceiptService: Send + Sync {
    /// Moves the caller's read mark, never backwards, and tells the others and the reader's other sockets.
    async fn mark_read(
        &self,
        caller: Caller,
        thread: ThreadId,
        up_to: UpTo,
        socket: Option<SocketId>,
    ) -> Result<ReadOutcome, MarkReadError>;

    /// Notes that messages reached sockets of their recipients; never blocks. Their authors are told once it is durable.
    fn delivered(&self, deliveries: Vec<Delivery>);
}
