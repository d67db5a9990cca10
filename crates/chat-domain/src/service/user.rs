//! The profile mirror, erasure and export.

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde_json::Value;

use crate::{
    error::RepoError,
    id::{JobId, UserId},
    model::user::ProfilePatch,
    port::user::Job,
};

/// People, as other services tell of them. Roles are checked by the front end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait UserService: Send + Sync {
    /// Changes the mirror.
    async fn update_profile(&self, user: UserId, patch: ProfilePatch) -> Result<(), RepoError>;

    /// Queues an erasure; an adapter runs it with [`run_erasure`](Self::run_erasure).
    async fn erase(&self, user: UserId) -> Result<JobId, RepoError>;

    /// Runs the oldest erasure that waits; `false` if none does.
    async fn run_erasure(&self) -> Result<bool, RepoError>;

    /// The job with that id.
    async fn job(&self, id: JobId) -> Result<Option<Job>, RepoError>;

    /// Everything that is stored of the user, one JSON object a row.
    fn export(&self, user: UserId) -> BoxStream<'static, Result<Value, RepoError>>;
}
