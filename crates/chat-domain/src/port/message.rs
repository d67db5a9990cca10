//! Storing and reading messages.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;

use crate::{
    error::{ErrorCode, RepoError},
    id::{MessageId, ThreadId, UserId},
    model::{
        message::{Message, NewMessage, Seq, Version},
        receipt::{Delivery, UpTo},
        thread::Thread,
    },
};

/// What became of a message that is stored now.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended {
    /// The stored message.
    pub message: Message,
    /// The thread as of the commit, positions included.
    pub thread: Arc<Thread>,
    /// The author's client message id was known: `message` is the first one, and nothing was written.
    pub duplicate: bool,
}

/// Why a message was not stored.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// No such thread.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The author takes no part in it.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// The two people of the pair stay apart.
    #[error("you can't chat with this person")]
    NotAllowed,
    /// The client message id is known with another text.
    #[error("the client message id was used for another text")]
    ClientIdConflict,
    /// The store failed; on `Unavailable` the outcome may be unknown.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl AppendError {
    /// The code that a client gets.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::ThreadNotFound => ErrorCode::ThreadNotFound,
            Self::NotParticipant => ErrorCode::NotParticipant,
            Self::NotAllowed => ErrorCode::ChatNotAllowed,
            Self::ClientIdConflict => ErrorCode::Conflict,
            Self::Repo(error) => error.code(),
        }
    }
}

/// A message that was committed, as [`CommitObserver`] hears of it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The message.
    pub message: Message,
    /// The thread as of the commit.
    pub thread: Arc<Thread>,
    /// The socket it came by.
    pub socket: Option<crate::id::SocketId>,
    /// Sending moved the author's read mark over messages of others.
    pub read_moved: bool,
}

/// Hears what the writer has committed, in the order of commit, before any caller of the writer does.
///
/// Called from the writer's own task: implementations hand on and return, they never block.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait CommitObserver: Send + Sync {
    /// Messages that are durable now; per thread in the order of `seq`. Duplicates are not among them.
    fn messages_committed(&self, messages: Vec<Committed>);

    /// Deliveries that moved a position; those between people who stay apart are not among them.
    fn deliveries_committed(&self, deliveries: Vec<Delivery>);
}

/// Everything above a version, oldest version first.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// The messages; at most as many as were asked for.
    pub messages: Vec<Message>,
    /// Whether there is more above the last one.
    pub more: bool,
}

/// Messages that wait for a user who comes online.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Waiting {
    /// The oldest, over all threads, by time and then by place.
    pub messages: Vec<Message>,
    /// Their threads, and those in which more waits: with the first place that is not among `messages`.
    pub threads: Vec<Arc<Thread>>,
    /// Threads with more, and the first place that is missing.
    pub more: Vec<(ThreadId, Seq)>,
}

/// Which part of a thread's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistorySlice {
    /// Below this place, newest first; `None` starts at the newest.
    Before(Option<Seq>),
    /// Above this place, oldest first.
    After(Seq),
}

/// Messages of a thread, in the order of `seq`.
///
/// # Rules (each has a case in `contract/message.rs`)
/// - **M1** `append` gives the thread's next `seq` and `version`, stores the message, and moves the thread's and the
///   participants' counters in one atomic change: 1, 2, 3 … without gaps, also with 50 at once.
/// - **M2** `append` with a known client message id of the same author and thread returns the stored message as a
///   duplicate and changes nothing; with another text it is `ClientIdConflict`.
/// - **M3** `append` is refused for strangers, for missing threads, and in a pair whose people stay apart
///   (a block, a match taken back, a deleted profile), unless the author is an admin. A refused one leaves no trace.
/// - **M4** Calls to `append` take their places in the order of the calls (per thread), not of the polls.
/// - **M5** The observer hears of every new message once, in order, and before the caller.
/// - **M6** `created_at` never runs backwards within a thread, even if the clock does.
/// - **M7** `append` moves the author's own position to the new message and clears the author's unread count;
///   everybody else's unread count grows by one.
/// - **M8** `history` neither repeats nor skips, even while others append.
/// - **M9** `changes` returns every message above the version, oldest version first, a removed one once.
/// - **M10** `remove` empties text and metadata, keeps the place, takes the next version; twice is once.
/// - **M11** `waiting` returns what others wrote above the user's delivered mark, oldest first, not more than the limit.
/// - **M12** A call that was begun completes even if its future is dropped.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait MessageRepository: Send + Sync {
    /// Queues the message at once, in the order of calls; the future completes when it is durable or refused.
    ///
    /// # Errors
    /// `Unavailable` at once if the queue is full, and later if the outcome can't be known.
    fn append(&self, message: NewMessage) -> BoxFuture<'static, Result<Appended, AppendError>>;

    /// The message with that id.
    async fn find(&self, id: MessageId) -> Result<Option<Message>, RepoError>;

    /// At most `limit` messages of the slice; `more` in the second place.
    async fn history(
        &self,
        thread: ThreadId,
        slice: HistorySlice,
        limit: usize,
    ) -> Result<(Vec<Message>, bool), RepoError>;

    /// At most `limit` messages above the version.
    async fn changes(
        &self,
        thread: ThreadId,
        above: Version,
        limit: usize,
    ) -> Result<Changes, RepoError>;

    /// The place that `up_to` means in the thread, and the message there; `None` if no such message stands in it.
    /// A place beyond the last one means the last one; 0 (nothing yet, or a time before the first) has no message.
    async fn resolve(
        &self,
        thread: ThreadId,
        up_to: UpTo,
    ) -> Result<Option<(Seq, Option<MessageId>)>, RepoError>;

    /// What waits for the user, at most `limit` messages.
    async fn waiting(&self, user: UserId, limit: usize) -> Result<Waiting, RepoError>;

    /// Empties the message; the thread as of the change beside it. `None` if there is no such message.
    async fn remove(
        &self,
        id: MessageId,
        at: crate::time::Timestamp,
    ) -> Result<Option<(Message, Thread)>, RepoError>;
}
