//! What speaks against a user.

use async_trait::async_trait;

use crate::{error::RepoError, id::UserId, model::risk::RiskReport};

/// Risk. Roles are checked by the front end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait RiskService: Send + Sync {
    /// The user's signals and score; all zero for somebody unknown.
    async fn report(&self, user: UserId) -> Result<RiskReport, RepoError>;
}
