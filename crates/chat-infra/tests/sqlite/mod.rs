//! What only SQLite promises, and what a rule can't say without knowing the store.

use std::sync::Arc;

use chat_domain::{
    contract::RecordingObserver,
    error::RepoError,
    id::{ClientMessageId, ThreadId},
    model::{
        content::{Content, ContentLimits},
        message::{Message, NewMessage},
        moderation::{Flag, NewReport, ReportReason},
        thread::{NewThread, ThreadKind},
    },
    port::{
        message::{AppendError, HistorySlice, MessageRepository},
        report::ModerationQueue,
        thread::ThreadRepository,
    },
    testing::{builder::user, fakes::ManualClock},
    time::{IdGenerator, RandomIds, Timestamp},
};
use chat_infra::sql::{ConnectError, SqlOptions, SqlStore};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use futures::{
    FutureExt,
    executor::block_on,
    future::{BoxFuture, join_all},
};
use tokio::runtime::Handle;

use crate::support;

type Run = fn() -> BoxFuture<'static, ()>;

macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub(crate) const CASES: &[(&str, Run)] = &[$((stringify!($name), || Box::pin($name()))),+];
    };
}

cases![
    fifty_senders_into_fifty_threads_with_retries,
    a_dropped_send_is_committed,
    what_was_taken_is_written_before_the_end,
    writes_wait_for_the_start,
    a_full_queue_refuses_at_once,
    a_caller_without_a_runtime_is_served,
    odd_texts_come_back_as_they_were,
    a_statement_that_fails_fails_alone,
    a_locked_database_is_unavailable_and_recovers,
    a_missing_schema_is_told,
];

/// Begins the store with an observer that nobody asks.
fn start(store: &SqlStore) {
    let clock = Arc::new(ManualClock::at(0));
    store.start(Arc::new(RecordingObserver::default()), clock);
}

async fn pair(store: &SqlStore, a: &str, b: &str) -> ThreadId {
    let thread = NewThread {
        id: RandomIds.next().into(),
        kind: ThreadKind::Pair,
        participants: vec![user(a), user(b)],
        created_at: Timestamp::from_millis(1),
    };
    let opened = store.open(thread).await.expect("a thread");
    opened.thread.id
}

fn text(thread: ThreadId, from: &str, text: &str) -> NewMessage {
    NewMessage {
        id: RandomIds.next().into(),
        thread_id: thread,
        from: user(from),
        from_admin: false,
        content: Content::new(text.into(), ContentLimits::default()).expect("a text"),
        metadata: None,
        client_message_id: None,
        flag: None,
        sent_at: Timestamp::from_millis(2),
        socket: None,
    }
}

async fn history(store: &SqlStore, thread: ThreadId) -> Vec<Message> {
    let all = store.history(thread, HistorySlice::After(0), 10_000).await;
    all.expect("a history").0
}

async fn fifty_senders_into_fifty_threads_with_retries() {
    let fresh = support::sqlite().await;
    let store = fresh.store.clone();
    let mut threads = Vec::new();
    for n in 0..50 {
        threads.push(pair(&store, "alice", &format!("u{n}")).await);
    }
    // Each sender writes into every thread, and everything is sent twice.
    let senders = (0..50).map(|sender| {
        let (store, threads) = (store.clone(), threads.clone());
        tokio::spawn(async move {
            for thread in threads {
                let send = || {
                    let mut message = text(thread, "alice", "hi");
                    message.client_message_id = ClientMessageId::parse(&sender.to_string()).ok();
                    store.append(message)
                };
                let (once, twice) = futures::join!(send(), send());
                let (once, twice) = (once.expect("sent"), twice.expect("sent"));
                assert_eq!((once.duplicate, twice.duplicate), (false, true));
                assert_eq!(once.message, twice.message);
            }
        })
    });
    for sender in join_all(senders).await {
        sender.expect("a sender that ends well");
    }
    for thread in threads {
        let messages = history(&store, thread).await;
        let places = messages.iter().map(|message| message.seq);
        assert!(places.eq(1..=50), "no gap, nothing lost or doubled");
    }
}

async fn a_dropped_send_is_committed() {
    let fresh = support::sqlite().await;
    let thread = pair(&fresh.store, "alice", "bob").await;
    drop(fresh.store.append(text(thread, "alice", "dropped")));
    fresh.store.close().await;
    let again = support::open(fresh.directory.path()).await;
    assert_eq!(history(&again, thread).await[0].content, "dropped");
}

async fn what_was_taken_is_written_before_the_end() {
    let fresh = support::sqlite().await;
    let store = &fresh.store;
    let thread = pair(store, "alice", "bob").await;
    let calls: Vec<_> = (0..1_500)
        .map(|_| store.append(text(thread, "alice", "hi")))
        .collect();
    store.close().await;
    for call in calls {
        call.await.expect("it was taken");
    }
    let late = store.append(text(thread, "alice", "hi")).await;
    assert!(matches!(
        late,
        Err(AppendError::Repo(RepoError::Unavailable(_)))
    ));
    assert!(store.ping().await.is_err());
    let again = support::open(fresh.directory.path()).await;
    assert_eq!(history(&again, thread).await.len(), 1_500);
}

async fn writes_wait_for_the_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = support::open(directory.path()).await;
    let thread = pair(&store, "alice", "bob").await;
    let mut call = store.append(text(thread, "alice", "hi"));
    assert!((&mut call).now_or_never().is_none());
    start(&store);
    assert_eq!(call.await.expect("written").message.seq, 1);
    store.ping().await.expect("it works");
}

async fn a_full_queue_refuses_at_once() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = support::open(directory.path()).await;
    let thread = pair(&store, "alice", "bob").await;
    let mut calls: Vec<_> = (0..4_097)
        .map(|_| store.append(text(thread, "alice", "hi")))
        .collect();
    let refused = calls.pop().and_then(FutureExt::now_or_never);
    assert!(matches!(
        refused,
        Some(Err(AppendError::Repo(RepoError::Unavailable(_))))
    ));
    assert!(calls.pop().and_then(FutureExt::now_or_never).is_none());
}

async fn a_caller_without_a_runtime_is_served() {
    let fresh = support::sqlite().await;
    let store = fresh.store.clone();
    let caller = std::thread::spawn(move || {
        block_on(async {
            let thread = pair(&store, "alice", "bob").await;
            let sent = store.append(text(thread, "alice", "hi")).await;
            assert_eq!(history(&store, thread).await, [sent.expect("sent").message]);
        });
    });
    tokio::task::spawn_blocking(move || caller.join().expect("a caller that ends well"))
        .await
        .expect("a thread that ends");
}

async fn odd_texts_come_back_as_they_were() {
    let fresh = support::sqlite().await;
    let store = &fresh.store;
    let thread = pair(store, "alice", "bob").await;
    let long = "\u{10FFFF}".repeat(4_000);
    for odd in [
        "a\0b",
        "\0",
        "'; DROP TABLE messages; --",
        "\u{202E}שלום",
        "🙂\u{FE0F}",
        &long,
    ] {
        let sent = store.append(text(thread, "alice", odd)).await;
        let id = sent.expect("sent").message.id;
        let found = MessageRepository::find(store, id).await.expect("found");
        assert_eq!(found.expect("a message").content, odd);
    }
}

async fn a_statement_that_fails_fails_alone() {
    let fresh = support::sqlite().await;
    let store = &fresh.store;
    let thread = pair(store, "alice", "bob").await;
    // The queue's item of a flagged message has the message's id; a report has taken it.
    let mut flagged = text(thread, "alice", "unclean");
    flagged.flag = Some(Flag {
        categories: vec!["profane".into()],
    });
    let report = NewReport {
        id: flagged.id.as_uuid().into(),
        reporter: user("bob"),
        user_id: user("alice"),
        message_id: None,
        thread_id: None,
        reason: ReportReason::Spam,
        details: None,
        created_at: Timestamp::from_millis(1),
    };
    store.report(report).await.expect("a report");
    let calls = [
        store.append(text(thread, "alice", "before")),
        store.append(flagged),
        store.append(text(thread, "bob", "after")),
    ];
    let [before, flagged, after] = join_all(calls).await.try_into().expect("three");
    assert!(before.is_ok() && after.is_ok());
    assert!(matches!(
        flagged,
        Err(AppendError::Repo(RepoError::Conflict))
    ));
    let texts: Vec<_> = history(store, thread).await;
    let texts: Vec<_> = texts
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    assert_eq!(texts, ["before", "after"]);
}

async fn a_locked_database_is_unavailable_and_recovers() {
    let fresh = support::sqlite().await;
    let store = &fresh.store;
    let thread = pair(store, "alice", "bob").await;
    let path = fresh.directory.path().join("chat.db");
    let mut other = SqliteConnection::establish(path.to_str().expect("a path")).expect("opened");
    other.batch_execute("BEGIN IMMEDIATE").expect("locked");
    let refused = store.append(text(thread, "alice", "locked out")).await;
    assert!(matches!(
        refused,
        Err(AppendError::Repo(RepoError::Unavailable(_)))
    ));
    assert_eq!(history(store, thread).await, [], "reading goes on");
    other.batch_execute("COMMIT").expect("unlocked");
    let sent = store.append(text(thread, "alice", "back again")).await;
    assert_eq!(sent.expect("sent").message.seq, 1);
}

async fn a_missing_schema_is_told() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = SqlOptions {
        migrate: false,
        ..SqlOptions::sqlite(directory.path().join("made/for/it/chat.db"))
    };
    let connect = |options| SqlStore::connect(options, Handle::current());
    let missing = connect(options.clone()).await.err();
    assert!(matches!(missing, Some(ConnectError::SchemaOutdated)));
    std::fs::create_dir_all(directory.path().join("made/for/it")).expect("a directory");
    std::fs::write(&options.path, "").expect("an empty file");
    let empty = connect(options.clone()).await.err();
    assert!(matches!(empty, Some(ConnectError::SchemaOutdated)));
    let migrated = SqlOptions {
        migrate: true,
        ..options.clone()
    };
    connect(migrated).await.expect("migrated").close().await;
    assert!(connect(options).await.is_ok());
    let no_database = directory.path().join("notes.txt");
    std::fs::write(&no_database, "x".repeat(4_096)).expect("a file");
    let refused = connect(SqlOptions::sqlite(no_database)).await.err();
    assert!(matches!(refused, Some(ConnectError::Open(_))));
}
