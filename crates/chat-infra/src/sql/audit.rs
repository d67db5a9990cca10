//! The audit trail and the risk counters.

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::UserId,
    model::risk::{AuditEvent, RiskSignal, SignalKind},
    port::audit::AuditLog,
    time::Timestamp,
};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::{
    SqlStore,
    event::{Fact, write_fact},
    schema::{audit_events, risk_signals},
    with_conn, with_tx,
};

#[async_trait]
impl AuditLog for SqlStore {
    async fn record(&self, event: AuditEvent) -> Result<(), RepoError> {
        with_tx!(self, |conn| {
            diesel::insert_into(audit_events::table)
                .values((
                    audit_events::action.eq(event.action),
                    audit_events::actor_id.eq(event.actor.as_ref().map(UserId::as_str)),
                    audit_events::subject.eq(event.subject.as_deref()),
                    audit_events::at.eq(event.at.as_millis()),
                ))
                .execute(conn)
                .await?;
            let fact = Fact {
                kind: format!("audit.{}", event.action),
                thread_id: None,
                payload: json!({ "actorId": event.actor, "subject": event.subject }),
                at: event.at,
                due_at: event.at,
            };
            write_fact(conn, fact).await?;
            Ok(())
        })
    }

    async fn raise(
        &self,
        user: UserId,
        signal: SignalKind,
        at: Timestamp,
    ) -> Result<(), RepoError> {
        with_tx!(self, |conn| {
            let at = at.as_millis();
            diesel::insert_into(risk_signals::table)
                .values((
                    risk_signals::user_id.eq(user.as_str()),
                    risk_signals::kind.eq(signal.as_str()),
                    risk_signals::seen.eq(1),
                    risk_signals::last_at.eq(at),
                ))
                .on_conflict((risk_signals::user_id, risk_signals::kind))
                .do_update()
                .set((
                    risk_signals::seen.eq(risk_signals::seen + 1),
                    risk_signals::last_at.eq(at),
                ))
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    async fn signals(&self, user: UserId) -> Result<Vec<RiskSignal>, RepoError> {
        with_conn!(self, |conn| {
            let rows = risk_signals::table
                .filter(risk_signals::user_id.eq(user.as_str()))
                .order(risk_signals::kind.asc())
                .select((
                    risk_signals::kind,
                    risk_signals::seen,
                    risk_signals::last_at,
                ))
                .load::<(String, i64, i64)>(conn)
                .await?;
            let signal = |(kind, count, last_at)| RiskSignal {
                kind,
                count,
                last_at: Timestamp::from_millis(last_at),
            };
            Ok(rows.into_iter().map(signal).collect())
        })
    }
}
