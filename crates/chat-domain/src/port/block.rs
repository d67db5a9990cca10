//! Matches and blocks: how people stand to each other.

use async_trait::async_trait;

use crate::{
    error::RepoError,
    id::UserId,
    model::{
        access::Relationship,
        thread::{NewThread, OpenedThread},
    },
    time::Timestamp,
};

/// A line of a block list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Who is blocked.
    pub blocked: UserId,
    /// Since when.
    pub created_at: Timestamp,
}

/// Whom a user blocks, and who matches whom.
///
/// # Rules (each has a case in `contract/block.rs`)
/// - **B1** `block` and `unblock` are idempotent.
/// - **B2** `between` tells a block of either side alike, the match's state, and deleted profiles.
/// - **B3** `record_match` stores the match and opens the pair's thread in one atomic change, once, also with 50 at once.
/// - **B4** `withdraw_match` is idempotent; a match recorded again is active again in the same thread.
/// - **B5** `list` is newest first, then by id, and a walk shows nothing twice.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait RelationshipRepository: Send + Sync {
    /// How `user` stands to each of the others, in their order.
    async fn between(
        &self,
        user: UserId,
        others: Vec<UserId>,
    ) -> Result<Vec<Relationship>, RepoError>;

    /// `blocker` blocks `blocked`.
    async fn block(&self, blocker: UserId, blocked: UserId, at: Timestamp)
    -> Result<(), RepoError>;

    /// Takes the block back.
    async fn unblock(&self, blocker: UserId, blocked: UserId) -> Result<(), RepoError>;

    /// Whom the user blocks, after the given line; and whether there are more.
    async fn list(
        &self,
        blocker: UserId,
        after: Option<Block>,
        limit: usize,
    ) -> Result<(Vec<Block>, bool), RepoError>;

    /// Records the match of the thread's two people and opens their thread.
    async fn record_match(&self, thread: NewThread) -> Result<OpenedThread, RepoError>;

    /// Takes the match back.
    async fn withdraw_match(&self, a: UserId, b: UserId, at: Timestamp) -> Result<(), RepoError>;
}
