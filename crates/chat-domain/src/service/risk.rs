//! What speaks against a user.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{error::RepoError, id::UserId, model::risk::RiskReport, port::audit::AuditLog};

/// Risk. Roles are checked by the front end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait RiskService: Send + Sync {
    /// The user's signals and score; all zero for somebody unknown.
    async fn report(&self, user: UserId) -> Result<RiskReport, RepoError>;
}

/// What the service needs.
pub struct Deps {
    /// Risk counters.
    pub audit: Arc<dyn AuditLog>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn RiskService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl RiskService for Service {
    async fn report(&self, user: UserId) -> Result<RiskReport, RepoError> {
        let signals = self.0.audit.signals(user.clone()).await?;
        Ok(RiskReport::new(user, signals))
    }
}
