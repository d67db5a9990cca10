//! The profile mirror, erasure and export.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::Serialize;
use serde_json::Value;

use crate::{
    error::RepoError,
    id::{JobId, UserId},
    model::user::{Profile, ProfilePatch},
    time::Timestamp,
};

/// Rows per table.
pub type RowCounts = BTreeMap<String, i64>;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum JobState {
    /// Waits its turn.
    Pending,
    /// At work; starts over if the process dies.
    Running,
    /// Finished.
    Done,
}

/// A job that erases a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// Rows that were emptied or removed, per table.
    pub counts: RowCounts,
    /// Rows that a second look found still to be there, per table: zero each when done.
    pub remaining: RowCounts,
}

/// Profiles and all that is stored of a person.
///
/// # Rules (each has a case in `contract/user.rs`)
/// - **U1** `update` changes just the fields that are given, and makes the profile if there is none.
/// - **U2** `run_erasure` empties texts and metadata of the user's messages (places stay, versions grow), removes profile,
///   blocks, positions, reports' free text and risk, leaves a deleted profile, and counts per table; a second run counts zero.
/// - **U3** A job survives a restart: one that was running runs again.
/// - **U4** `export` holds every kind of row that is stored of the user, without a cap.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// The profile; `None` if nothing was ever mirrored.
    async fn profile(&self, user: UserId) -> Result<Option<Profile>, RepoError>;

    /// When these users' last sockets were closed, in their order.
    async fn last_seen(&self, users: Vec<UserId>) -> Result<Vec<Option<Timestamp>>, RepoError>;

    /// Changes the profile.
    async fn update(&self, user: UserId, patch: ProfilePatch) -> Result<(), RepoError>;

    /// The user's last socket was closed.
    async fn seen(&self, user: UserId, at: Timestamp) -> Result<(), RepoError>;

    /// Queues an erasure.
    async fn request_erasure(
        &self,
        job: JobId,
        user: UserId,
        at: Timestamp,
    ) -> Result<(), RepoError>;

    /// Runs the oldest erasure that waits; `false` if none does.
    async fn run_erasure(&self, at: Timestamp) -> Result<bool, RepoError>;

    /// The job with that id.
    async fn job(&self, id: JobId) -> Result<Option<Job>, RepoError>;

    /// Everything that is stored of the user, as one JSON object a row: `{"table": …, …}`.
    fn export(&self, user: UserId) -> BoxStream<'static, Result<Value, RepoError>>;
}
