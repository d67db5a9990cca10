//! `sync`: what changed in the caller's threads, in answers that fit through the socket's queue.

use std::collections::HashSet;

use chat_domain::{
    id::ThreadId,
    model::message::Version,
    view::{MessageView, SyncedThread},
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    events::{SyncFrom, SyncThreads},
    gateway::Core,
    payload::{Invalid, parse},
    reply::{Outcome, acknowledge},
    session::Session,
};

/// Most bytes of messages in one answer: a quarter of the socket's queue (1 MiB), so that a few answers fit at once.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// `{ ok: true, threads }`.
#[derive(Serialize)]
struct Threads {
    threads: Vec<SyncedThread>,
}

pub(crate) async fn sync(core: &Core, session: &Session, args: &[Box<RawValue>]) -> Outcome {
    let from = parse::<SyncThreads>(args)?.into_distinct()?;
    let messages = &core.services.messages;
    let mut threads = messages.sync(session.caller(), from.clone()).await?;
    let asked = |thread| from.iter().find(|(id, _)| *id == thread);
    shorten(&mut threads, |thread| {
        asked(thread).map_or(0, |(_, version)| *version)
    });
    for thread in &threads {
        if let SyncedThread::Changed {
            thread_id,
            complete: true,
            ..
        } = thread
        {
            session.catches_up(*thread_id);
        }
    }
    acknowledge(Threads { threads })
}

impl SyncThreads {
    fn into_distinct(self) -> Result<Vec<(ThreadId, Version)>, Invalid> {
        let mut seen = HashSet::new();
        if self.threads.iter().all(|from| seen.insert(from.thread_id)) {
            let pair = |from: SyncFrom| (from.thread_id, from.version);
            Ok(self.threads.into_iter().map(pair).collect())
        } else {
            Err(Invalid::new("threads: each thread may be named once"))
        }
    }
}

/// Cuts the messages to what fits into one answer. A thread that was cut says `complete: false` and the version to ask
/// from, as it would with more than 300 messages; at least one message always goes.
fn shorten(threads: &mut [SyncedThread], asked: impl Fn(ThreadId) -> Version) {
    let mut left = MAX_ANSWER_BYTES;
    let mut any = false;
    for thread in threads {
        let SyncedThread::Changed {
            thread_id,
            version,
            complete,
            messages,
            ..
        } = thread
        else {
            continue;
        };
        let mut kept = 0;
        for message in messages.iter() {
            let size_bytes = size_bytes(message);
            if size_bytes > left && any {
                // Nothing after it either: the order is by version.
                left = 0;
                break;
            }
            (left, any, kept) = (left.saturating_sub(size_bytes), true, kept + 1);
        }
        if kept < messages.len() {
            messages.truncate(kept);
            *version = messages
                .last()
                .map_or_else(|| asked(*thread_id), |message| message.version);
            *complete = false;
        }
    }
}

/// The message's size as JSON.
fn size_bytes(message: &MessageView) -> usize {
    serde_json::to_vec(message).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use chat_domain::{error::RepoError, testing::builder::thread_id};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Bed, Mocks, message};

    fn answering(threads: fn() -> Vec<SyncedThread>) -> Mocks {
        let mut mocks = Mocks::default();
        mocks
            .messages
            .expect_sync()
            .withf(|_, threads| *threads == [(thread_id(), 3)])
            .returning(move |_, _| Ok(threads()));
        mocks
    }

    fn changed(count: i64, content: &str) -> SyncedThread {
        let messages = (4..4 + count).map(|seq| {
            let mut message = message("alice", seq);
            content.clone_into(&mut message.content);
            message
        });
        SyncedThread::Changed {
            thread_id: thread_id(),
            version: 3 + count,
            complete: true,
            messages: messages.collect(),
            receipts: Vec::new(),
        }
    }

    fn asking() -> String {
        json!({ "threads": [{ "threadId": thread_id(), "version": 3 }] }).to_string()
    }

    #[tokio::test(start_paused = true)]
    async fn the_answer_has_what_changed_and_what_is_gone() {
        let bed = Bed::new(answering(|| {
            let gone = SyncedThread::Gone {
                thread_id: thread_id(),
                gone: true,
            };
            vec![changed(1, "hello"), gone]
        }));
        let bob = bed.connect("bob").await;
        let answer = bed.answer(&bob, "sync", &asking()).await;
        let mut expected = message("alice", 4);
        expected.content = "hello".into();
        let changed = json!({
            "threadId": thread_id(), "version": 4, "complete": true, "messages": [expected], "receipts": [],
        });
        let gone = json!({ "threadId": thread_id(), "gone": true });
        assert_eq!(answer, json!({ "ok": true, "threads": [changed, gone] }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_would_not_fit_is_cut_and_says_from_where_to_ask_again() {
        let bed = Bed::new(answering(|| {
            vec![changed(300, &"x".repeat(4_000)), changed(2, "small")]
        }));
        let bob = bed.connect("bob").await;
        let answer = bed.answer(&bob, "sync", &asking()).await;
        assert!(answer.to_string().len() < MAX_ANSWER_BYTES + 4_096);
        let [first, second] = answer["threads"].as_array().unwrap().as_slice() else {
            panic!("two threads");
        };
        let messages = first["messages"].as_array().unwrap();
        assert!((50..70).contains(&messages.len()), "{}", messages.len());
        assert_eq!(first["complete"], false);
        assert_eq!(first["version"], messages.last().unwrap()["version"]);
        // Nothing fits any more: asked again from the same version.
        assert_eq!(
            (&second["complete"], &second["version"]),
            (&json!(false), &json!(3))
        );
        assert_eq!(second["messages"], Value::Array(Vec::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn one_message_always_goes() {
        let bed = Bed::new(answering(|| {
            vec![changed(2, &"x".repeat(MAX_ANSWER_BYTES))]
        }));
        let bob = bed.connect("bob").await;
        let answer = bed.answer(&bob, "sync", &asking()).await;
        assert_eq!(
            answer["threads"][0]["messages"].as_array().unwrap().len(),
            1
        );
        assert_eq!(answer["threads"][0]["version"], 4);
    }

    #[tokio::test(start_paused = true)]
    async fn at_most_100_threads_each_once_from_a_version_that_exists() {
        let bed = Bed::new(Mocks::default());
        let bob = bed.connect("bob").await;
        let from = |version: i64| json!({ "threadId": thread_id(), "version": version });
        let many: Vec<_> = (0..101_u128)
            .map(|n| json!({ "threadId": format!("{n:032x}"), "version": 0 }))
            .collect();
        for payload in [
            json!({ "threads": [from(1), from(2)] }),
            json!({ "threads": [from(-1)] }),
            json!({ "threads": many }),
            json!({ "threads": [{ "threadId": thread_id() }] }),
            json!({ "threads": {} }),
            json!({}),
        ] {
            let code = bed.error(&bob, "sync", &payload.to_string()).await;
            assert_eq!(code, "validation_failed", "{payload}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_is_unavailable() {
        let mut mocks = Mocks::default();
        mocks
            .messages
            .expect_sync()
            .returning(|_, _| Err(RepoError::unavailable("gone")));
        let bed = Bed::new(mocks);
        let bob = bed.connect("bob").await;
        assert_eq!(bed.error(&bob, "sync", &asking()).await, "unavailable");
    }
}
