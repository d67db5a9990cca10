//! The use cases of messages over mocked ports.

use std::sync::{Arc, Mutex};

use futures::{FutureExt, executor::block_on, future::ready};
use serde_json::json;

use super::*;
use crate::{
    model::{
        access::{MatchState, Relationship},
        limit::LimitKey,
        message::NewMessage,
        moderation::Flag,
        thread::OpenedThread,
    },
    port::{
        audit::MockAuditLog,
        block::MockRelationshipRepository,
        limit::MockRateLimiter,
        message::{Appended, Changes, HistorySlice, MockMessageRepository, Waiting},
        moderation::{MockModerator, MockSanitizer},
        notifier::MockNotifier,
        presence::MockPresence,
        receipt::MockReceiptRepository,
        thread::MockThreadRepository,
    },
    testing::{
        builder::{message, thread, thread_id, user},
        fakes::{ManualClock, SequentialIds},
    },
};

struct World {
    messages: MockMessageRepository,
    threads: MockThreadRepository,
    receipts: MockReceiptRepository,
    relationships: MockRelationshipRepository,
    limiter: MockRateLimiter,
    audit: MockAuditLog,
    notifier: MockNotifier,
    policy: Policy,
}

impl World {
    fn new() -> Self {
        let policy = Policy {
            content: ContentLimits::default(),
            moderation: ModerationMode::Flag,
            masking: Masking::Profile,
            user_quota: None,
        };
        Self {
            messages: MockMessageRepository::new(),
            threads: MockThreadRepository::new(),
            receipts: MockReceiptRepository::new(),
            relationships: MockRelationshipRepository::new(),
            limiter: MockRateLimiter::new(),
            audit: MockAuditLog::new(),
            notifier: MockNotifier::new(),
            policy,
        }
    }

    /// Whatever is appended is stored as message 1; what was appended.
    fn storing(&mut self) -> Arc<Mutex<Vec<NewMessage>>> {
        let stored = Arc::new(Mutex::new(Vec::new()));
        let log = stored.clone();
        self.messages.expect_append().returning(move |new| {
            log.lock().unwrap().push(new);
            let thread = Arc::new(thread(&["alice", "bob"]));
            ready(Ok(Appended {
                message: message("alice", 1),
                thread,
                duplicate: false,
            }))
            .boxed()
        });
        stored
    }

    fn service(self) -> Arc<dyn MessageService> {
        let mut sanitizer = MockSanitizer::new();
        sanitizer
            .expect_sanitize()
            .returning(|text| text.replace("<b>", ""));
        let mut moderator = MockModerator::new();
        let unclean = |text: &str| {
            text.contains("rude").then(|| Flag {
                categories: vec!["profane".into()],
            })
        };
        moderator.expect_review().returning(unclean);
        let mut presence = MockPresence::new();
        presence
            .expect_online()
            .returning(|users| Ok(vec![false; users.len()]));
        service(Deps {
            messages: Arc::new(self.messages),
            threads: Arc::new(self.threads),
            receipts: Arc::new(self.receipts),
            relationships: Arc::new(self.relationships),
            presence: Arc::new(presence),
            sanitizer: Arc::new(sanitizer),
            moderator: Arc::new(moderator),
            limiter: Arc::new(self.limiter),
            audit: Arc::new(self.audit),
            notifier: Arc::new(self.notifier),
            clock: Arc::new(ManualClock::at(0)),
            ids: Arc::new(SequentialIds::default()),
            policy: self.policy,
        })
    }
}

fn alice() -> Caller {
    Caller::user(user("alice"))
}

fn text(target: Target, content: &str) -> SendMessage {
    SendMessage {
        target,
        content: content.into(),
        metadata: None,
        client_message_id: None,
        socket: None,
    }
}

fn to_thread(content: &str) -> SendMessage {
    text(Target::Thread(thread_id()), content)
}

#[test]
fn a_text_is_cleaned_before_it_is_stored() {
    let mut world = World::new();
    let stored = world.storing();
    block_on(world.service().send(alice(), to_thread("<b>hi"))).unwrap();
    assert_eq!(stored.lock().unwrap()[0].content.as_str(), "hi");
}

#[test]
fn a_text_that_is_only_markup_is_refused() {
    let outcome = block_on(World::new().service().send(alice(), to_thread("<b>")));
    assert_eq!(outcome.unwrap_err().code(), ErrorCode::ValidationFailed);
}

#[test]
fn an_unclean_text_is_flagged_and_raises_suspicion() {
    let mut world = World::new();
    let stored = world.storing();
    world.limiter.expect_take().returning(|_, _| Ok(()));
    world
        .audit
        .expect_raise()
        .times(1)
        .returning(|_, _, _| Ok(()));
    block_on(world.service().send(alice(), to_thread("rude"))).unwrap();
    let stored = stored.lock().unwrap();
    assert!(stored[0].flag.is_some());
    let metadata = serde_json::to_value(&stored[0].metadata).unwrap();
    assert_eq!(
        metadata,
        json!({ "moderation": { "flagged": true, "categories": ["profane"] } })
    );
}

#[test]
fn an_unclean_text_is_refused_where_that_is_configured() {
    let mut world = World::new();
    world.policy.moderation = ModerationMode::Reject;
    world.limiter.expect_take().returning(|_, _| Ok(()));
    world.audit.expect_raise().returning(|_, _, _| Ok(()));
    let outcome = block_on(world.service().send(alice(), to_thread("rude")));
    assert_eq!(outcome.unwrap_err().code(), ErrorCode::ContentRejected);
}

#[test]
fn who_sends_too_much_is_stopped_before_anything_else() {
    let mut world = World::new();
    let quota = Quota {
        limit: 60,
        window_ms: 60_000,
    };
    world.policy.user_quota = Some(quota);
    let limited = Limited {
        quota,
        retry_after_ms: 1_000,
    };
    world
        .limiter
        .expect_take()
        .withf(|key, _| matches!(key, LimitKey::UserMessages(_)))
        .returning(move |_, _| Err(limited));
    world
        .limiter
        .expect_take()
        .returning(move |_, _| Err(limited));
    let outcome = block_on(world.service().send(alice(), to_thread("hi")));
    assert!(matches!(outcome, Err(SendError::Limited(it)) if it == limited));
}

fn to_bob(matched: MatchState, blocked: bool) -> Result<Sent, SendError> {
    let mut world = World::new();
    world.storing();
    world.threads.expect_find_pair().returning(|_, _| Ok(None));
    world.threads.expect_open().returning(|_| {
        Ok(OpenedThread {
            thread: thread(&["alice", "bob"]),
            created: true,
        })
    });
    let relationship = Relationship {
        matched,
        blocked,
        deleted: false,
    };
    world
        .relationships
        .expect_between()
        .returning(move |_, _| Ok(vec![relationship]));
    world.notifier.expect_notify().returning(|_| ());
    block_on(
        world
            .service()
            .send(alice(), text(Target::User(user("bob")), "hi")),
    )
}

#[test]
fn writing_to_a_person_opens_the_thread_if_the_two_match() {
    assert!(to_bob(MatchState::Active, false).is_ok());
    for (matched, blocked) in [
        (MatchState::Never, false),
        (MatchState::Withdrawn, false),
        (MatchState::Active, true),
    ] {
        assert_eq!(
            to_bob(matched, blocked).unwrap_err().code(),
            ErrorCode::ChatNotAllowed
        );
    }
}

#[test]
fn nobody_writes_to_themselves() {
    let outcome = block_on(
        World::new()
            .service()
            .send(alice(), text(Target::User(user("alice")), "hi")),
    );
    assert!(matches!(outcome, Err(SendError::Yourself)));
}

#[test]
fn history_counts_as_delivered_and_goes_on_at_its_cursor() {
    let mut world = World::new();
    world
        .threads
        .expect_find()
        .returning(|_| Ok(Some(thread(&["alice", "bob"]))));
    world
        .messages
        .expect_history()
        .withf(|_, slice, _| *slice == HistorySlice::Before(None))
        .return_once(|_, _, _| Ok((vec![message("bob", 3), message("alice", 2)], true)));
    world
        .messages
        .expect_history()
        .withf(|_, slice, _| *slice == HistorySlice::Before(Some(2)))
        .return_once(|_, _, _| Ok((vec![], false)));
    world
        .receipts
        .expect_delivered_now()
        .withf(|deliveries| deliveries.len() == 1 && deliveries[0].seq == 3)
        .times(1)
        .returning(|_| ready(()).boxed());
    let service = world.service();
    let page = block_on(service.history(alice(), thread_id(), HistoryFrom::Newest, 2)).unwrap();
    let cursor = HistoryFrom::Cursor(page.next_cursor.unwrap());
    assert!(
        block_on(service.history(alice(), thread_id(), cursor, 2))
            .unwrap()
            .items
            .is_empty()
    );
}

#[test]
fn a_stranger_reads_no_history() {
    let mut world = World::new();
    world
        .threads
        .expect_find()
        .returning(|_| Ok(Some(thread(&["alice", "bob"]))));
    let outcome = block_on(world.service().history(
        Caller::user(user("mallory")),
        thread_id(),
        HistoryFrom::Newest,
        1,
    ));
    assert!(matches!(outcome, Err(HistoryError::NotParticipant)));
}

#[test]
fn sync_says_where_to_go_on() {
    let sync = |more| {
        let mut world = World::new();
        world.threads.expect_find().returning(|_| {
            Ok(Some(crate::model::thread::Thread {
                version: 9,
                ..thread(&["alice", "bob"])
            }))
        });
        world.messages.expect_changes().returning(move |_, _, _| {
            Ok(Changes {
                messages: vec![message("alice", 4)],
                more,
            })
        });
        block_on(world.service().sync(alice(), vec![(thread_id(), 3)]))
            .unwrap()
            .remove(0)
    };
    assert!(matches!(
        sync(true),
        SyncedThread::Changed {
            version: 4,
            complete: false,
            ..
        }
    ));
    assert!(matches!(
        sync(false),
        SyncedThread::Changed {
            version: 9,
            complete: true,
            ..
        }
    ));
}

#[test]
fn a_foreign_thread_is_gone() {
    let mut world = World::new();
    world
        .threads
        .expect_find()
        .returning(|_| Ok(Some(thread(&["bob", "carol"]))));
    let synced = block_on(world.service().sync(alice(), vec![(thread_id(), 0)])).unwrap();
    assert!(matches!(synced[0], SyncedThread::Gone { gone: true, .. }));
}

#[test]
fn what_waits_is_shown_as_the_recipient_sees_it() {
    let mut world = World::new();
    world
        .messages
        .expect_waiting()
        .withf(|_, limit| *limit == 200)
        .returning(|_, _| {
            let threads = vec![Arc::new(thread(&["alice", "bob"]))];
            Ok(Waiting {
                messages: vec![message("bob", 1)],
                threads,
                more: vec![(thread_id(), 2)],
            })
        });
    let waiting = block_on(world.service().waiting(user("alice"))).unwrap();
    assert_eq!(waiting.messages[0].to_user_id, Some(user("alice")));
    assert_eq!(waiting.more, [(thread_id(), 2)]);
}
