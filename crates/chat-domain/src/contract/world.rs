//! The world of a case: a fresh store behind its ports, a clock, and short ways to say what a case is about.
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{
    contract::RecordingObserver,
    id::{ClientMessageId, ThreadId},
    model::{
        content::{Content, ContentLimits},
        event::OutboundEvent,
        message::{Message, NewMessage, Seq},
        receipt::Delivery,
        thread::{NewThread, Participant, Thread, ThreadKind},
        user::ProfilePatch,
    },
    port::{
        audit::AuditLog,
        auth::RevocationList,
        block::RelationshipRepository,
        event::EventLog,
        message::{AppendError, Appended, HistorySlice, MessageRepository},
        receipt::ReceiptRepository,
        report::ModerationQueue,
        thread::ThreadRepository,
        user::UserRepository,
    },
    testing::{
        builder::user,
        fakes::{ManualClock, SequentialIds},
    },
    time::{Clock, IdGenerator, Timestamp},
};

/// Ends the store and opens another over the same data.
pub type Restart = Arc<dyn Fn() -> BoxFuture<'static, World> + Send + Sync>;

/// A fresh store behind its ports.
#[derive(Clone)]
pub struct World {
    /// The port under test.
    pub messages: Arc<dyn MessageRepository>,
    /// The port under test.
    pub threads: Arc<dyn ThreadRepository>,
    /// The port under test.
    pub receipts: Arc<dyn ReceiptRepository>,
    /// The port under test.
    pub relationships: Arc<dyn RelationshipRepository>,
    /// The port under test.
    pub moderation: Arc<dyn ModerationQueue>,
    /// The port under test.
    pub audit: Arc<dyn AuditLog>,
    /// The port under test.
    pub users: Arc<dyn UserRepository>,
    /// The port under test.
    pub events: Arc<dyn EventLog>,
    /// The port under test.
    pub revocations: Arc<dyn RevocationList>,
    /// The observer that was given to the store's writer.
    pub observed: Arc<RecordingObserver>,
    /// The time, for the store and for the case.
    pub clock: Arc<ManualClock>,
    /// Ids for what the case makes; shared by a world and those that it restarts into.
    pub ids: Arc<SequentialIds>,
    /// See [`Restart`].
    pub restart: Restart,
}

impl World {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn new_thread(&self, kind: ThreadKind, people: &[&str]) -> NewThread {
        NewThread {
            id: self.ids.next().into(),
            kind,
            participants: people.iter().map(|name| user(name)).collect(),
            created_at: self.now(),
        }
    }

    /// A thread of two people who match.
    pub(super) async fn pair(&self, a: &str, b: &str) -> Thread {
        let thread = self.new_thread(ThreadKind::Pair, &[a, b]);
        let opened = self.relationships.record_match(thread).await;
        opened.unwrap().thread
    }

    pub(super) async fn group(&self, people: &[&str]) -> Thread {
        let thread = self.new_thread(ThreadKind::Group, people);
        self.threads.open(thread).await.unwrap().thread
    }

    pub(super) fn text(&self, thread: ThreadId, from: &str, text: &str) -> NewMessage {
        NewMessage {
            id: self.ids.next().into(),
            thread_id: thread,
            from: user(from),
            from_admin: false,
            content: Content::new(text.into(), ContentLimits::default()).unwrap(),
            metadata: None,
            client_message_id: None,
            flag: None,
            sent_at: self.now(),
            socket: None,
        }
    }

    pub(super) fn text_with_id(
        &self,
        thread: ThreadId,
        from: &str,
        text: &str,
        id: &str,
    ) -> NewMessage {
        NewMessage {
            client_message_id: Some(ClientMessageId::parse(id).unwrap()),
            ..self.text(thread, from, text)
        }
    }

    pub(super) async fn try_send(
        &self,
        thread: ThreadId,
        from: &str,
        text: &str,
    ) -> Result<Appended, AppendError> {
        self.messages.append(self.text(thread, from, text)).await
    }

    pub(super) async fn send(&self, thread: ThreadId, from: &str, text: &str) -> Message {
        self.try_send(thread, from, text).await.unwrap().message
    }

    pub(super) async fn thread(&self, id: ThreadId) -> Thread {
        self.threads.find(id).await.unwrap().unwrap()
    }

    pub(super) async fn participant(&self, thread: ThreadId, name: &str) -> Participant {
        let thread = self.thread(thread).await;
        thread.participant(&user(name)).unwrap().clone()
    }

    /// Everything in the thread, oldest first.
    pub(super) async fn history(&self, thread: ThreadId) -> Vec<Message> {
        let slice = HistorySlice::After(0);
        let (messages, more) = self.messages.history(thread, slice, 10_000).await.unwrap();
        assert!(!more);
        messages
    }

    pub(super) fn delivery(&self, message: &Message, recipient: &str) -> Delivery {
        Delivery {
            recipient: user(recipient),
            thread_id: message.thread_id,
            message_id: message.id,
            seq: message.seq,
            author: message.from.clone(),
            at: self.now(),
        }
    }

    /// Notes the delivery and waits until the observer has heard of it.
    pub(super) async fn deliver(&self, message: &Message, recipient: &str) {
        let delivery = self.delivery(message, recipient);
        self.receipts.delivered(vec![delivery.clone()]);
        assert_eq!(self.observed.delivery().await, delivery);
    }

    pub(super) async fn read(&self, thread: ThreadId, name: &str, seq: Seq) {
        let read = self.receipts.read(thread, user(name), seq, None).await;
        read.unwrap().unwrap();
    }

    pub(super) async fn delete_profile(&self, name: &str) {
        let patch = ProfilePatch {
            deleted: Some(true),
            ..ProfilePatch::default()
        };
        self.users.update(user(name), patch).await.unwrap();
    }

    pub(super) async fn erase(&self, name: &str) {
        let job = self.ids.next().into();
        let requested = self.users.request_erasure(job, user(name), self.now());
        requested.await.unwrap();
        assert!(self.users.run_erasure(self.now()).await.unwrap());
    }

    /// Sequences what is due once the grace of 2 s is over, and returns the whole feed.
    pub(super) async fn feed(&self) -> Vec<OutboundEvent> {
        let due = self.now().plus_millis(2_000);
        while self.events.sequence(due, 1_000).await.unwrap() > 0 {}
        let (events, more) = self.events.after(0, 10_000).await.unwrap();
        assert!(!more);
        events
    }
}

/// The numbers from 1 to `last`.
pub(super) fn up_to(last: Seq) -> Vec<Seq> {
    (1..=last).collect()
}

/// The places of the messages, in their order.
pub(super) fn seqs(messages: &[Message]) -> Vec<Seq> {
    messages.iter().map(|message| message.seq).collect()
}
