//! Marking as read, and noting deliveries.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{SocketId, ThreadId},
    model::{
        event::ReadReceipt,
        receipt::{Delivery, ReadOutcome, UpTo},
        thread::Thread,
        user::Caller,
    },
    port::{
        block::RelationshipRepository, message::MessageRepository, notifier::Notifier,
        receipt::ReceiptRepository, thread::ThreadRepository,
    },
    service::{
        announce::{announce_read, everybody_but},
        error_code,
        typing::are_apart,
    },
    time::Clock,
};

/// Why a thread could not be marked as read.
#[derive(Debug, thiserror::Error)]
pub enum MarkReadError {
    /// No such thread.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The caller takes no part in it.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// The message does not stand in the thread.
    #[error("there is no such message in this thread")]
    MessageNotFound,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(MarkReadError {
    Self::ThreadNotFound => ErrorCode::ThreadNotFound,
    Self::NotParticipant => ErrorCode::NotParticipant,
    Self::MessageNotFound => ErrorCode::MessageNotFound,
    Self::Repo(error) => error.code(),
});

/// Receipts.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ReceiptService: Send + Sync {
    /// Moves the caller's read mark, never backwards, and tells the others and the reader's other sockets.
    async fn mark_read(
        &self,
        caller: Caller,
        thread: ThreadId,
        up_to: UpTo,
        socket: Option<SocketId>,
    ) -> Result<ReadOutcome, MarkReadError>;

    /// Notes that messages reached sockets of their recipients; never blocks. Their authors are told once it is durable.
    fn delivered(&self, deliveries: Vec<Delivery>);
}

/// What the service needs.
pub struct Deps {
    /// Who takes part.
    pub threads: Arc<dyn ThreadRepository>,
    /// What a message or a time means as a place.
    pub messages: Arc<dyn MessageRepository>,
    /// Positions.
    pub receipts: Arc<dyn ReceiptRepository>,
    /// Who stays apart.
    pub relationships: Arc<dyn RelationshipRepository>,
    /// Where `read_receipt` goes.
    pub notifier: Arc<dyn Notifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn ReceiptService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl ReceiptService for Service {
    async fn mark_read(
        &self,
        caller: Caller,
        thread: ThreadId,
        up_to: UpTo,
        socket: Option<SocketId>,
    ) -> Result<ReadOutcome, MarkReadError> {
        let thread = self
            .0
            .threads
            .find(thread)
            .await?
            .ok_or(MarkReadError::ThreadNotFound)?;
        if thread.participant(&caller.user).is_none() {
            return Err(MarkReadError::NotParticipant);
        }
        let place = self.0.messages.resolve(thread.id, up_to).await?;
        let (seq, message) = place.ok_or(MarkReadError::MessageNotFound)?;
        let outcome = self
            .0
            .receipts
            .read(thread.id, caller.user, seq, message)
            .await?;
        let outcome = outcome.ok_or(MarkReadError::NotParticipant)?;
        if outcome.moved {
            self.announce(&thread, &outcome, socket).await?;
        }
        Ok(outcome)
    }

    fn delivered(&self, deliveries: Vec<Delivery>) {
        self.0.receipts.delivered(deliveries);
    }
}

impl Service {
    async fn announce(
        &self,
        thread: &Thread,
        outcome: &ReadOutcome,
        socket: Option<SocketId>,
    ) -> Result<(), RepoError> {
        let apart = are_apart(&*self.0.relationships, thread, &outcome.user_id).await?;
        let others = if apart {
            Arc::default()
        } else {
            everybody_but(thread, &outcome.user_id)
        };
        let receipt = ReadReceipt {
            thread_id: outcome.thread_id,
            user_id: outcome.user_id.clone(),
            up_to_message_id: outcome.up_to_message_id,
            up_to_seq: outcome.up_to_seq,
            read_at: self.0.clock.now(),
        };
        announce_read(&*self.0.notifier, receipt, others, socket);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, executor::block_on, future::ready};

    use super::*;
    use crate::{
        model::{access::Relationship, event::Audience},
        port::{
            block::MockRelationshipRepository, message::MockMessageRepository,
            notifier::MockNotifier, receipt::MockReceiptRepository, thread::MockThreadRepository,
        },
        testing::{
            builder::{message_id, thread, thread_id, user},
            fakes::ManualClock,
        },
    };

    /// Marks message 3 as read; the users who hear of it.
    fn mark(name: &str, moved: bool, blocked: bool) -> Result<Vec<Audience>, MarkReadError> {
        let mut threads = MockThreadRepository::new();
        threads
            .expect_find()
            .returning(|_| Ok(Some(thread(&["alice", "bob"]))));
        let mut messages = MockMessageRepository::new();
        messages
            .expect_resolve()
            .returning(|_, _| Ok(Some((3, Some(message_id(3))))));
        let mut receipts = MockReceiptRepository::new();
        receipts
            .expect_read()
            .returning(move |thread_id, user_id, up_to_seq, up_to_message_id| {
                let outcome = ReadOutcome {
                    thread_id,
                    user_id,
                    up_to_seq,
                    up_to_message_id,
                    unread_count: 0,
                    moved,
                };
                ready(Ok(Some(outcome))).boxed()
            });
        let mut relationships = MockRelationshipRepository::new();
        relationships.expect_between().returning(move |_, _| {
            Ok(vec![Relationship {
                blocked,
                ..Relationship::default()
            }])
        });
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = told.clone();
        let mut notifier = MockNotifier::new();
        notifier
            .expect_notify()
            .returning(move |push| log.lock().unwrap().push(push.audience));
        let service = service(Deps {
            threads: Arc::new(threads),
            messages: Arc::new(messages),
            receipts: Arc::new(receipts),
            relationships: Arc::new(relationships),
            notifier: Arc::new(notifier),
            clock: Arc::new(ManualClock::at(0)),
        });
        block_on(service.mark_read(
            Caller::user(user(name)),
            thread_id(),
            UpTo::Message(message_id(3)),
            None,
        ))?;
        Ok(std::mem::take(&mut *told.lock().unwrap()))
    }

    #[test]
    fn a_mark_that_moved_is_told_to_the_others_and_the_readers_own_sockets() {
        assert_eq!(
            mark("bob", true, false).unwrap(),
            [Audience::user(user("alice")), Audience::user(user("bob"))]
        );
    }

    #[test]
    fn a_mark_that_did_not_move_is_told_to_nobody() {
        assert_eq!(mark("bob", false, false).unwrap(), []);
    }

    #[test]
    fn who_stays_apart_hears_of_no_reading() {
        assert_eq!(
            mark("bob", true, true).unwrap(),
            [Audience::user(user("bob"))]
        );
    }

    #[test]
    fn a_stranger_marks_nothing() {
        assert!(matches!(
            mark("mallory", true, false),
            Err(MarkReadError::NotParticipant)
        ));
    }
}
