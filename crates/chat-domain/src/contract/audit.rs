//! A1–A2: [`AuditLog`](crate::port::audit::AuditLog).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use futures::future::join_all;

use super::{Case, World, case};
use crate::{
    model::risk::{AuditEvent, RiskSignal, SignalKind},
    testing::builder::user,
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(a1_an_audit_event_comes_with_its_event),
    case!(a2_signals_are_counted_with_50_at_once),
];

async fn a1_an_audit_event_comes_with_its_event(w: World) {
    let event = AuditEvent {
        action: "auth.token_sharing",
        actor: Some(user("alice")),
        subject: Some("t-1".into()),
        at: w.now(),
    };
    w.audit.record(event).await.unwrap();
    let feed = w.feed().await;
    assert_eq!(feed.len(), 1);
    assert_eq!(feed[0].kind, "audit.auth.token_sharing");
    assert_eq!(feed[0].created_at, w.now());
    assert_eq!(feed[0].payload["actorId"], "alice");
    assert_eq!(feed[0].payload["subject"], "t-1");
}

async fn a2_signals_are_counted_with_50_at_once(w: World) {
    let raise = |kind| w.audit.raise(user("alice"), kind, w.now());
    for raised in join_all((0..50).map(|_| raise(SignalKind::RateLimited))).await {
        raised.unwrap();
    }
    w.clock.advance(1_000);
    raise(SignalKind::Reported).await.unwrap();
    raise(SignalKind::RateLimited).await.unwrap();
    let other = w.audit.raise(user("bob"), SignalKind::Reported, w.now());
    other.await.unwrap();
    let mut signals = w.audit.signals(user("alice")).await.unwrap();
    signals.sort_unstable_by_key(|signal| signal.count);
    let signal = |kind: SignalKind, count| RiskSignal {
        kind: kind.as_str().into(),
        count,
        last_at: w.now(),
    };
    let expected = [
        signal(SignalKind::Reported, 1),
        signal(SignalKind::RateLimited, 51),
    ];
    assert_eq!(signals, expected);
    assert!(w.audit.signals(user("carol")).await.unwrap().is_empty());
}
