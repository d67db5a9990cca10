//! Audit trail and risk counters.

use async_trait::async_trait;

use crate::{
    error::RepoError,
    id::UserId,
    model::risk::{AuditEvent, RiskSignal, SignalKind},
    time::Timestamp,
};

/// Keeps what must be provable later, and what raises suspicion.
///
/// # Rules (each has a case in `contract/audit.rs`)
/// - **A1** `record` stores the audit event and its event `audit.<action>` for other services together.
/// - **A2** `raise` counts per user and kind, and remembers when last.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Stores an audit event.
    async fn record(&self, event: AuditEvent) -> Result<(), RepoError>;

    /// Counts a signal against the user.
    async fn raise(&self, user: UserId, signal: SignalKind, at: Timestamp)
    -> Result<(), RepoError>;

    /// The user's signals.
    async fn signals(&self, user: UserId) -> Result<Vec<RiskSignal>, RepoError>;
}
