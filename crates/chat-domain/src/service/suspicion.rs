//! Noting suspicious behaviour without letting it flood the store.

use std::sync::Arc;

use crate::{
    error::RepoError,
    id::UserId,
    model::{
        limit::{LimitKey, Quota},
        risk::{AuditEvent, SignalKind},
    },
    port::{audit::AuditLog, limit::RateLimiter},
    time::Clock,
};

/// One note per user, kind and minute: who repeats an offence thousands of times causes a few writes.
const NOTES: Quota = Quota {
    limit: 1,
    window_ms: 60_000,
};

/// Writes down what is suspicious. A note that can't be written is logged; it never stops the use case.
#[derive(Clone)]
pub(super) struct Suspicion {
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) limiter: Arc<dyn RateLimiter>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Suspicion {
    /// Raises the user's risk counter, at most once a minute for each kind; whether it was raised.
    pub(super) async fn raise_sparsely(&self, user: &UserId, signal: SignalKind) -> bool {
        if self
            .limiter
            .take(LimitKey::RiskSignals(user.clone(), signal), NOTES)
            .await
            .is_err()
        {
            return false;
        }
        self.raise(user, signal).await;
        true
    }

    /// Raises the user's risk counter.
    pub(super) async fn raise(&self, user: &UserId, signal: SignalKind) {
        report(
            self.audit
                .raise(user.clone(), signal, self.clock.now())
                .await,
        );
    }

    /// Writes an audit event.
    pub(super) async fn audit(
        &self,
        action: &'static str,
        actor: Option<&UserId>,
        subject: Option<String>,
    ) {
        let event = AuditEvent {
            action,
            actor: actor.cloned(),
            subject,
            at: self.clock.now(),
        };
        report(self.audit.record(event).await);
    }
}

fn report(outcome: Result<(), RepoError>) {
    if let Err(error) = outcome {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "could not write down a suspicion"
        );
    }
}
