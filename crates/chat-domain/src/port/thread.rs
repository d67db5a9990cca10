//! Opening and reading threads.

use async_trait::async_trait;

use crate::{
    error::RepoError,
    id::{ThreadId, UserId},
    model::thread::{InboxEntry, NewThread, OpenedThread, Thread},
    time::Timestamp,
};

/// Where a walk through an inbox stands: the last entry that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxPosition {
    /// Its `last_msg_at`, or `created_at` where there is no message.
    pub active_at: Timestamp,
    /// Its id.
    pub id: ThreadId,
}

/// Threads and their participants.
///
/// # Rules (each has a case in `contract/thread.rs`)
/// - **T1** `open` makes a pair's thread once, also with 50 at once; everybody else gets the one that is there.
/// - **T2** `open` makes a new group each time.
/// - **T3** A new thread and its event `thread.created` are written together.
/// - **T4** `inbox` lists by activity (`last_msg_at`, else `created_at`), newest first, then by id, highest first;
///   a walk shows nothing twice.
/// - **T5** `contacts` lists the people who share a thread with the user and do not stay apart from them, each once.
/// - **T6** Participants carry the profile mirror; a user without one has neither name nor picture.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ThreadRepository: Send + Sync {
    /// Opens the thread, or finds the pair's.
    async fn open(&self, thread: NewThread) -> Result<OpenedThread, RepoError>;

    /// The thread with that id.
    async fn find(&self, id: ThreadId) -> Result<Option<Thread>, RepoError>;

    /// The id of the two people's thread.
    async fn find_pair(&self, a: UserId, b: UserId) -> Result<Option<ThreadId>, RepoError>;

    /// The user's threads after `after`, at most `limit`, and whether there are more.
    async fn inbox(
        &self,
        user: UserId,
        after: Option<InboxPosition>,
        limit: usize,
    ) -> Result<(Vec<InboxEntry>, bool), RepoError>;

    /// One line of the inbox, whoever asks.
    async fn entry(&self, id: ThreadId) -> Result<Option<InboxEntry>, RepoError>;

    /// People who share a thread with the user and don't stay apart from them; of `among` only, if given.
    async fn contacts(
        &self,
        user: UserId,
        among: Option<Vec<UserId>>,
    ) -> Result<Vec<UserId>, RepoError>;
}
