//! Sending over a socket: what is handed on, what is answered, and in which order.

use chat_domain::{
    error::RepoError,
    id::ClientMessageId,
    model::{
        content::InvalidContent,
        limit::{Limited, Quota},
    },
    port::message::AppendError,
    service::message::SendError,
    testing::builder::{thread_id, user},
};
use futures::future;
use serde_json::json;
use tokio::sync::oneshot;

use super::*;
use crate::{
    Options,
    testing::{Bed, Mocks, Seen, message, rest},
};

const THREAD: &str = "01900000-0000-7000-8000-000000000001";

fn to_thread(content: &str) -> String {
    json!({ "threadId": THREAD, "content": content }).to_string()
}

/// A service that answers each message with the outcome.
fn answering(outcome: fn() -> Result<Sent, SendError>) -> Mocks {
    let mut mocks = Mocks::default();
    mocks
        .messages
        .expect_submit()
        .returning(move |_, _| Ok(future::ready(outcome()).boxed()));
    mocks
}

fn sent() -> Sent {
    Sent {
        message: message("alice", 1),
        duplicate: false,
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_handed_on_as_it_came_and_acknowledged_with_what_was_stored() {
    let mut mocks = Mocks::default();
    mocks
        .messages
        .expect_submit()
        .withf(|caller, command| {
            caller.user == user("alice")
                && *command
                    == SendMessage {
                        target: Target::User(user("bob")),
                        content: "hello".into(),
                        metadata: Some(json!({ "mood": "good" })),
                        client_message_id: ClientMessageId::parse("c-1").ok(),
                        socket: SocketId::parse("socket-0").ok(),
                    }
        })
        .returning(|_, _| Ok(future::ready(Ok(sent())).boxed()));
    let bed = Bed::new(mocks);
    let alice = bed.connect("alice").await;
    let payload = json!({
        "toUserId": "bob", "content": "hello", "metadata": { "mood": "good" }, "clientMessageId": "c-1",
    });
    let answer = bed
        .answer(&alice, "private_message", &payload.to_string())
        .await;
    let expected = json!({ "ok": true, "message": message("alice", 1) });
    assert_eq!(answer, expected);
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_marked_as_a_duplicate() {
    let bed = Bed::new(answering(|| {
        Ok(Sent {
            duplicate: true,
            ..sent()
        })
    }));
    let alice = bed.connect("alice").await;
    let answer = bed
        .answer(&alice, "private_message", &to_thread("again"))
        .await;
    assert_eq!(answer["duplicate"], true);
}

type Refused = fn() -> SendError;

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_code() {
    let invalid = || InvalidContent {
        field: "content",
        message: "must hold some text".into(),
    };
    let refusals: [(Refused, &str); 10] = [
        (|| SendError::Yourself, "validation_failed"),
        (|| SendError::NotAllowed, "chat_not_allowed"),
        (|| SendError::Rejected, "content_rejected"),
        (|| AppendError::ThreadNotFound.into(), "thread_not_found"),
        (|| AppendError::NotParticipant.into(), "not_participant"),
        (|| AppendError::NotAllowed.into(), "chat_not_allowed"),
        (|| AppendError::ClientIdConflict.into(), "conflict"),
        (|| RepoError::Conflict.into(), "conflict"),
        (|| RepoError::unavailable("gone").into(), "unavailable"),
        (|| RepoError::backend("broken").into(), "internal"),
    ];
    for (error, code) in refusals {
        // Refused when submitted, and refused at the commit.
        let mut mocks = Mocks::default();
        let mut submitted = false;
        mocks.messages.expect_submit().returning(move |_, _| {
            submitted = !submitted;
            if submitted {
                Err(error())
            } else {
                Ok(future::ready(Err(error())).boxed())
            }
        });
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        for _ in 0..2 {
            assert_eq!(
                bed.error(&alice, "private_message", &to_thread("x")).await,
                code
            );
        }
    }
    assert_eq!(
        Refusal::from(SendError::from(invalid())).message,
        "content: must hold some text"
    );
}

#[tokio::test(start_paused = true)]
async fn payloads_of_the_wrong_shape_are_refused_unseen() {
    let bed = Bed::with(
        Mocks::default(),
        Options {
            message_quota: None,
            ..Options::default()
        },
    );
    let alice = bed.connect("alice").await;
    for payload in [
        "5".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        json!({ "content": "no target" }).to_string(),
        json!({ "threadId": THREAD, "toUserId": "bob", "content": "two targets" }).to_string(),
        json!({ "threadId": "x", "content": "no uuid" }).to_string(),
        json!({ "toUserId": "bob", "content": 5 }).to_string(),
        json!({ "toUserId": "bob", "content": "x", "colour": 1 }).to_string(),
        json!({ "toUserId": "bob", "content": "x", "metadata": [] }).to_string(),
        json!({ "toUserId": "bob", "content": "x", "clientMessageId": "" }).to_string(),
        json!({ "toUserId": "bob", "content": "x", "clientMessageId": "c".repeat(65) }).to_string(),
        r#"{"toUserId":"bob","content":"x","metadata":{"k":1,"k":2}}"#.to_owned(),
    ] {
        let code = bed.error(&alice, "private_message", &payload).await;
        assert_eq!(code, "validation_failed", "{payload}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_acknowledgement_an_error_is_an_event() {
    let bed = Bed::new(Mocks::default());
    let alice = bed.connect("alice").await;
    bed.tell(&alice, "private_message", r#"{"clientMessageId":"c-1"}"#)
        .await;
    rest().await;
    let error = json!({
        "event": "private_message",
        "code": "validation_failed",
        "message": "missing field `content`",
        "clientMessageId": "c-1",
    });
    assert_eq!(alice.log.take(), [Seen::Event("chat_error".into(), error)]);
}

/// A service whose commits the test decides, in any order.
fn committing(count: usize) -> (Mocks, Vec<oneshot::Sender<()>>) {
    let mut mocks = Mocks::default();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| oneshot::channel()).unzip();
    let mut receivers = receivers.into_iter();
    mocks.messages.expect_submit().returning(move |_, _| {
        let commit = receivers.next().unwrap();
        Ok(async move {
            let _ = commit.await;
            Ok(sent())
        }
        .boxed())
    });
    (mocks, senders)
}

#[tokio::test(start_paused = true)]
async fn a_send_that_panics_is_answered_and_holds_up_nobody() {
    let mut mocks = Mocks::default();
    let mut first = true;
    mocks.messages.expect_submit().returning(move |_, _| {
        let panics = std::mem::take(&mut first);
        Ok(async move {
            assert!(!panics, "a defect");
            Ok(sent())
        }
        .boxed())
    });
    let bed = Bed::new(mocks);
    let alice = bed.connect("alice").await;
    let code = bed.error(&alice, "private_message", &to_thread("1")).await;
    assert_eq!(code, "internal");
    let answer = bed.answer(&alice, "private_message", &to_thread("2")).await;
    assert_eq!(answer["ok"], true);
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_come_in_the_order_of_the_messages() {
    let (mocks, commits) = committing(2);
    let bed = Bed::new(mocks);
    let alice = bed.connect("alice").await;
    bed.ask(&alice, "first", "private_message", &to_thread("1"))
        .await;
    bed.ask(&alice, "refused", "private_message", "{}").await;
    bed.ask(&alice, "last", "private_message", &to_thread("2"))
        .await;
    let [first, last]: [_; 2] = commits.try_into().unwrap();
    last.send(()).unwrap();
    rest().await;
    assert_eq!(alice.log.take(), []);
    first.send(()).unwrap();
    rest().await;
    let labels: Vec<_> = alice
        .log
        .acks()
        .into_iter()
        .map(|(label, _)| label)
        .collect();
    assert_eq!(labels, ["first", "refused", "last"]);
}

#[tokio::test(start_paused = true)]
async fn other_events_wait_for_the_messages_before_them() {
    let (mocks, commits) = committing(1);
    let bed = Arc::new(Bed::new(mocks));
    let alice = Arc::new(bed.connect("alice").await);
    bed.ask(&alice, "message", "private_message", &to_thread("1"))
        .await;
    let ping = tokio::spawn({
        let (bed, alice) = (Arc::clone(&bed), Arc::clone(&alice));
        async move { bed.ask(&alice, "ping", "ping", "null").await }
    });
    rest().await;
    assert!(!ping.is_finished() && alice.log.take().is_empty());
    for commit in commits {
        commit.send(()).unwrap();
    }
    ping.await.unwrap();
    let labels: Vec<_> = alice
        .log
        .acks()
        .into_iter()
        .map(|(label, _)| label)
        .collect();
    assert_eq!(labels, ["message", "ping"]);
}

#[tokio::test(start_paused = true)]
async fn sends_go_on_when_the_socket_is_gone() {
    let (mut mocks, commits) = committing(1);
    mocks
        .presence
        .expect_disconnected()
        .times(1)
        .returning(|_, _| Ok(false));
    let bed = Bed::new(mocks);
    let alice = bed.connect("alice").await;
    bed.ask(&alice, "message", "private_message", &to_thread("1"))
        .await;
    bed.core.disconnected(&alice.client).await;
    assert_eq!(bed.core.tasks.len(), 1, "the commit is still waited for");
    for commit in commits {
        commit.send(()).unwrap();
    }
    bed.core.tasks.close();
    bed.core.tasks.wait().await;
    assert_eq!(alice.log.acks().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn too_many_messages_are_dropped_and_said_so() {
    let bed = Bed::with(
        answering(|| Ok(sent())),
        Options {
            message_quota: Quota::per_seconds(2, 10),
            ..Options::default()
        },
    );
    let alice = bed.connect("alice").await;
    // What is refused counts as well.
    bed.ask(&alice, "1", "private_message", "{}").await;
    bed.ask(&alice, "2", "private_message", &to_thread("x"))
        .await;
    let payload = json!({ "toUserId": "bob", "content": "x", "clientMessageId": "c-3" });
    rest().await;
    alice.log.take();
    bed.ask(&alice, "3", "private_message", &payload.to_string())
        .await;
    bed.tell(&alice, "private_message", &payload.to_string())
        .await;
    rest().await;
    let seen = alice.log.take();
    let [
        Seen::Event(name, event),
        Seen::Ack("3", answer),
        Seen::Event(..),
    ] = &seen[..]
    else {
        panic!("{seen:?}");
    };
    assert_eq!(name, "rate_limited");
    assert_eq!(event["event"], "private_message");
    assert_eq!(
        (&event["limit"], &event["windowMs"]),
        (&json!(2), &json!(10_000))
    );
    assert_eq!(event["clientMessageId"], "c-3");
    assert!((1..=5_001).contains(&event["retryAfterMs"].as_u64().unwrap()));
    assert_eq!(answer["error"]["code"], "rate_limited");
    assert_eq!(answer["error"]["retryAfterMs"], event["retryAfterMs"]);
}

#[tokio::test(start_paused = true)]
async fn the_users_own_limit_is_told_the_same_way() {
    let bed = Bed::new(answering(|| {
        Err(Limited {
            quota: Quota {
                limit: 60,
                window_ms: 60_000,
            },
            retry_after_ms: 700,
        }
        .into())
    }));
    let alice = bed.connect("alice").await;
    bed.ask(&alice, "1", "private_message", &to_thread("x"))
        .await;
    rest().await;
    let event = json!({
        "event": "private_message", "limit": 60, "windowMs": 60_000, "retryAfterMs": 700,
    });
    let answer = json!({ "ok": false, "error": {
        "code": "rate_limited", "message": "too many requests: at most 60 in 60000 ms", "retryAfterMs": 700,
    } });
    let expected = [
        Seen::Event("rate_limited".into(), event),
        Seen::Ack("1", answer),
    ];
    assert_eq!(alice.log.take(), expected);
}

#[test]
fn the_thread_id_of_the_builders_is_the_one_used_here() {
    assert_eq!(thread_id().to_string(), THREAD);
}
