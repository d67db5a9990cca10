//! U1–U4: [`UserRepository`](crate::port::user::UserRepository).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use std::collections::BTreeMap;

use futures::{TryStreamExt, future::join_all};
use serde_json::{Value, json};

use super::{Case, World, case, world::up_to};
use crate::{
    id::JobId,
    model::{
        content::Metadata,
        moderation::{ModerationStatus, NewReport, ReportReason},
        receipt::Position,
        risk::{AuditEvent, SignalKind},
        thread::Thread,
        user::ProfilePatch,
    },
    port::user::{Job, JobState},
    testing::builder::user,
    time::IdGenerator,
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(u1_update_changes_what_is_given),
    case!(u1_being_seen_makes_no_profile),
    case!(u2_erasure_empties_and_keeps_places),
    case!(u2_a_second_run_counts_zero),
    case!(u3_a_job_survives_a_restart),
    case!(u4_the_export_holds_every_kind_of_row),
];

async fn u1_update_changes_what_is_given(w: World) {
    assert_eq!(w.users.profile(user("alice")).await.unwrap(), None);
    let update = async |patch| w.users.update(user("alice"), patch).await.unwrap();
    let profile = async || w.users.profile(user("alice")).await.unwrap().unwrap();
    update(ProfilePatch::default()).await;
    assert_eq!(profile().await.display_name, None);
    update(ProfilePatch {
        display_name: Some(Some("Alice \0 🙂".into())),
        avatar_url: Some(Some("https://pictures.example/a".into())),
        deleted: None,
        premium: Some(true),
    })
    .await;
    let full = profile().await;
    assert_eq!(full.display_name.as_deref(), Some("Alice \0 🙂"));
    assert!(full.premium && !full.deleted);
    update(ProfilePatch {
        avatar_url: Some(None),
        ..ProfilePatch::default()
    })
    .await;
    let cleared = profile().await;
    assert_eq!(cleared.avatar_url, None);
    assert_eq!(cleared.display_name, full.display_name);
    assert!(cleared.premium);
}

async fn u1_being_seen_makes_no_profile(w: World) {
    w.users.seen(user("alice"), w.now()).await.unwrap();
    assert_eq!(w.users.profile(user("alice")).await.unwrap(), None);
    let people = vec![user("bob"), user("alice")];
    let seen = w.users.last_seen(people).await.unwrap();
    assert_eq!(seen, [None, Some(w.now())]);
    let patch = ProfilePatch::default();
    w.users.update(user("alice"), patch).await.unwrap();
    let profile = w.users.profile(user("alice")).await.unwrap().unwrap();
    assert_eq!(profile.last_seen_at, Some(w.now()));
}

/// Alice leaves a trace in every table.
async fn leave_traces(w: &World, texts: usize) -> Thread {
    let (alice, bob, now) = (user("alice"), user("bob"), w.now());
    let pair = w.pair("alice", "bob").await;
    let sends = (0..texts).map(|n| {
        let mut message = w.text_with_id(pair.id, "alice", "secret", &n.to_string());
        let metadata = Metadata::new(json!({ "k": "secret" }), &ToOwned::to_owned);
        message.metadata = Some(metadata.unwrap());
        w.messages.append(message)
    });
    join_all(sends).await;
    let by_bob = w.send(pair.id, "bob", "kept").await;
    w.read(pair.id, "alice", by_bob.seq).await;
    let patch = ProfilePatch {
        display_name: Some(Some("secret".into())),
        ..ProfilePatch::default()
    };
    w.users.update(alice.clone(), patch).await.unwrap();
    w.users.seen(alice.clone(), now).await.unwrap();
    let block = w.relationships.block(alice.clone(), user("carol"), now);
    block.await.unwrap();
    let report = NewReport {
        id: w.ids.next().into(),
        reporter: alice.clone(),
        user_id: bob.clone(),
        message_id: Some(by_bob.id),
        thread_id: Some(pair.id),
        reason: ReportReason::Other,
        details: Some("secret".into()),
        created_at: now,
    };
    w.moderation.report(report).await.unwrap();
    let first = w.history(pair.id).await[0].id;
    let report = NewReport {
        id: w.ids.next().into(),
        reporter: bob,
        user_id: alice.clone(),
        message_id: Some(first),
        thread_id: Some(pair.id),
        reason: ReportReason::Other,
        details: None,
        created_at: now,
    };
    w.moderation.report(report).await.unwrap();
    let raised = w.audit.raise(alice.clone(), SignalKind::Reported, now);
    raised.await.unwrap();
    let audit = AuditEvent {
        action: "auth.failures",
        actor: Some(alice),
        subject: None,
        at: now,
    };
    w.audit.record(audit).await.unwrap();
    pair
}

async fn erase(w: &World) -> Job {
    let id: JobId = w.ids.next().into();
    let requested = w.users.request_erasure(id, user("alice"), w.now());
    requested.await.unwrap();
    let job = w.users.job(id).await.unwrap().unwrap();
    assert_eq!(job.state, JobState::Pending);
    assert!(w.users.run_erasure(w.now()).await.unwrap());
    w.users.job(id).await.unwrap().unwrap()
}

async fn u2_erasure_empties_and_keeps_places(w: World) {
    let pair = leave_traces(&w, 450).await;
    let before = w.thread(pair.id).await;
    w.clock.advance(1_000);
    let job = erase(&w).await;
    assert_eq!(job.state, JobState::Done);
    assert_eq!(job.counts["messages"], 450);
    for table in ["users", "blocks", "reports", "risk_signals"] {
        assert_eq!(job.counts[table], 1, "{table}");
    }
    assert!(job.remaining.values().all(|rows| *rows == 0), "{job:?}");
    let history = w.history(pair.id).await;
    assert_eq!(
        history.iter().map(|m| m.seq).collect::<Vec<_>>(),
        up_to(451)
    );
    for message in &history[..450] {
        assert_eq!((message.content.as_str(), &message.metadata), ("", &None));
        assert_eq!(message.from, user("alice"));
        assert!(message.version > before.version);
    }
    assert_eq!(history[450].content, "kept");
    // `sync` tells of every one of them.
    let changes = w.messages.changes(pair.id, before.version, 1_000).await;
    assert_eq!(changes.unwrap().messages.len(), 450);
    let alice = w.participant(pair.id, "alice").await;
    assert_eq!((alice.deleted, alice.display_name), (true, None));
    assert_eq!(alice.position, Position::default());
    let profile = w.users.profile(user("alice")).await.unwrap().unwrap();
    assert_eq!((profile.deleted, profile.last_seen_at), (true, None));
    let blocks = w.relationships.list(user("alice"), None, 10).await.unwrap();
    assert!(blocks.0.is_empty());
    assert!(w.audit.signals(user("alice")).await.unwrap().is_empty());
    let queue = w.moderation.list(ModerationStatus::Pending, None, 10).await;
    for item in queue.unwrap().0 {
        assert_eq!(item.details, None);
        assert!(item.content.is_none_or(|text| text == "kept"));
    }
}

async fn u2_a_second_run_counts_zero(w: World) {
    leave_traces(&w, 3).await;
    erase(&w).await;
    let again = erase(&w).await;
    assert_eq!(again.state, JobState::Done);
    assert!(again.counts.values().all(|rows| *rows == 0), "{again:?}");
    assert!(!w.users.run_erasure(w.now()).await.unwrap());
    // A user of whom nothing is stored is erased as well.
    let id: JobId = w.ids.next().into();
    let requested = w.users.request_erasure(id, user("nobody"), w.now());
    requested.await.unwrap();
    assert!(w.users.run_erasure(w.now()).await.unwrap());
    let profile = w.users.profile(user("nobody")).await.unwrap().unwrap();
    assert!(profile.deleted);
    assert_eq!(w.users.job(w.ids.next().into()).await.unwrap(), None);
}

async fn u3_a_job_survives_a_restart(w: World) {
    let pair = leave_traces(&w, 450).await;
    let id: JobId = w.ids.next().into();
    let requested = w.users.request_erasure(id, user("alice"), w.now());
    requested.await.unwrap();
    // Begun, and cut off by the end of the store.
    drop(futures::poll!(w.users.run_erasure(w.now())));
    let w = (w.restart)().await;
    while w.users.run_erasure(w.now()).await.unwrap() {}
    let job = w.users.job(id).await.unwrap().unwrap();
    assert_eq!(job.state, JobState::Done);
    assert_eq!(job.counts["messages"], 450);
    let emptied = w.history(pair.id).await;
    assert!(
        emptied[..450]
            .iter()
            .all(|message| message.content.is_empty())
    );
}

async fn u4_the_export_holds_every_kind_of_row(w: World) {
    leave_traces(&w, 1_100).await;
    let rows: Vec<Value> = w.users.export(user("alice")).try_collect().await.unwrap();
    let mut tables: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *tables.entry(row["table"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(tables["messages"], 1_100);
    for table in [
        "users",
        "thread_participants",
        "matches",
        "blocks",
        "reports",
        "moderation_items",
        "risk_signals",
        "audit_events",
    ] {
        assert_eq!(tables.get(table), Some(&1), "{table}");
    }
    let texts = rows.iter().filter(|row| row["content"] == "kept");
    assert_eq!(texts.count(), 0, "what others wrote is not the user's");
    let nobody: Vec<Value> = w.users.export(user("nobody")).try_collect().await.unwrap();
    assert_eq!(nobody, Vec::<Value>::new());
}
