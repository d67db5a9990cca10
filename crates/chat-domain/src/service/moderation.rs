//! The moderators' queue.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{MessageId, ModerationItemId},
    model::{
        event::{Audience, ClientEvent, Push},
        moderation::{Decision, ModerationItem, ModerationStatus},
        risk::AuditEvent,
        user::Caller,
    },
    page::{InvalidCursor, Page, decode_pair, encode_cursor},
    port::{
        audit::AuditLog,
        message::MessageRepository,
        notifier::Notifier,
        report::{ModerationQueue, QueuePosition},
    },
    service::error_code,
    time::{Clock, Timestamp},
    view::{Masking, MessageView},
};

/// Why the queue could not be read or decided.
#[derive(Debug, thiserror::Error)]
pub enum ModerationError {
    /// No such item.
    #[error("there is no such item")]
    NotFound,
    /// Another decision was made before.
    #[error("the item was decided otherwise before")]
    Decided,
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(ModerationError {
    Self::NotFound => ErrorCode::NotFound,
    Self::Decided => ErrorCode::Conflict,
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// Flagged messages and reports. Roles are checked by the front end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ModerationService: Send + Sync {
    /// Items in that state, oldest first.
    async fn list(
        &self,
        status: ModerationStatus,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<ModerationItem>, ModerationError>;

    /// Decides; the same decision again changes nothing. `Remove` empties the message and tells the participants.
    async fn decide(
        &self,
        caller: Caller,
        item: ModerationItemId,
        decision: Decision,
    ) -> Result<ModerationItem, ModerationError>;
}

/// What the service needs.
pub struct Deps {
    /// The queue.
    pub queue: Arc<dyn ModerationQueue>,
    /// Where messages are removed.
    pub messages: Arc<dyn MessageRepository>,
    /// The trail of decisions.
    pub audit: Arc<dyn AuditLog>,
    /// Where `message_updated` goes.
    pub notifier: Arc<dyn Notifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn ModerationService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl ModerationService for Service {
    async fn list(
        &self,
        status: ModerationStatus,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<ModerationItem>, ModerationError> {
        let scope = format!("moderation/{}", status.as_str());
        let after = cursor.map(|cursor| position(&scope, &cursor)).transpose()?;
        let (items, more) = self.0.queue.list(status, after, limit).await?;
        Ok(Page::new(items, more, |last| {
            encode_cursor(
                &scope,
                &format!("{} {}", last.created_at.as_millis(), last.id),
            )
        }))
    }

    async fn decide(
        &self,
        caller: Caller,
        item: ModerationItemId,
        decision: Decision,
    ) -> Result<ModerationItem, ModerationError> {
        let pending = self.find(item).await?;
        if pending.status == ModerationStatus::Pending {
            let now = self.0.clock.now();
            // The message first: a crash in between leaves an item that can be decided again, not one that looks done.
            if let (Decision::Remove, Some(message)) = (decision, pending.message_id) {
                self.remove(message, now).await?;
            }
            if self
                .0
                .queue
                .decide(item, decision.status(), caller.user.clone(), now)
                .await?
            {
                self.audit(caller, item, decision, now).await?;
            }
        }
        let decided = self.find(item).await?;
        if decided.status == decision.status() {
            Ok(decided)
        } else {
            Err(ModerationError::Decided)
        }
    }
}

impl Service {
    async fn find(&self, item: ModerationItemId) -> Result<ModerationItem, ModerationError> {
        self.0
            .queue
            .find(item)
            .await?
            .ok_or(ModerationError::NotFound)
    }

    async fn remove(&self, message: MessageId, now: Timestamp) -> Result<(), RepoError> {
        if let Some((message, thread)) = self.0.messages.remove(message, now).await? {
            // One event for all: without the id that only the author would see.
            let author = message.from.clone();
            let own = MessageView::new(message, &thread, &author, Masking::Profile);
            let view = MessageView {
                client_message_id: None,
                ..own
            };
            let users: Vec<_> = thread
                .participants
                .into_iter()
                .map(|participant| participant.user_id)
                .collect();
            let event = ClientEvent::MessageUpdated(Arc::new(view));
            self.0.notifier.notify(Push {
                event,
                audience: Audience::users(users),
            });
        }
        Ok(())
    }

    async fn audit(
        &self,
        caller: Caller,
        item: ModerationItemId,
        decision: Decision,
        at: Timestamp,
    ) -> Result<(), RepoError> {
        let action = match decision {
            Decision::Approve => "moderation.approved",
            Decision::Remove => "moderation.removed",
        };
        let event = AuditEvent {
            action,
            actor: Some(caller.user),
            subject: Some(item.to_string()),
            at,
        };
        self.0.audit.record(event).await
    }
}

fn position(scope: &str, cursor: &str) -> Result<QueuePosition, InvalidCursor> {
    let (at, id) = decode_pair(scope, cursor)?;
    Ok(QueuePosition {
        created_at: Timestamp::from_millis(at),
        id,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::executor::block_on;
    use uuid::Uuid;

    use super::*;
    use crate::{
        model::moderation::ModerationSource,
        port::{
            audit::MockAuditLog, message::MockMessageRepository, notifier::MockNotifier,
            report::MockModerationQueue,
        },
        testing::{
            builder::{message, message_id, thread, thread_id, user},
            fakes::ManualClock,
        },
    };

    fn item(status: ModerationStatus) -> ModerationItem {
        ModerationItem {
            id: Uuid::nil().into(),
            kind: ModerationSource::Flagged,
            status,
            message_id: Some(message_id(1)),
            thread_id: Some(thread_id()),
            user_id: user("alice"),
            reasons: vec!["profane".into()],
            reporter_id: None,
            details: None,
            content: None,
            created_at: Timestamp::from_millis(0),
            decided_at: None,
            decided_by: None,
        }
    }

    fn decide(
        before: ModerationStatus,
        decision: Decision,
        removals: usize,
    ) -> Result<ModerationItem, ModerationError> {
        let status = Arc::new(Mutex::new(before));
        let mut queue = MockModerationQueue::new();
        let now = status.clone();
        queue
            .expect_find()
            .returning(move |_| Ok(Some(item(*now.lock().unwrap()))));
        queue.expect_decide().returning(move |_, to, _, _| {
            *status.lock().unwrap() = to;
            Ok(true)
        });
        let mut messages = MockMessageRepository::new();
        messages
            .expect_remove()
            .times(removals)
            .returning(|_, _| Ok(Some((message("alice", 1), thread(&["alice", "bob"])))));
        let mut notifier = MockNotifier::new();
        notifier
            .expect_notify()
            .withf(|push| push.audience.users.len() == 2)
            .times(removals)
            .return_const(());
        let mut audit = MockAuditLog::new();
        audit.expect_record().returning(|_| Ok(()));
        let service = service(Deps {
            queue: Arc::new(queue),
            messages: Arc::new(messages),
            audit: Arc::new(audit),
            notifier: Arc::new(notifier),
            clock: Arc::new(ManualClock::at(0)),
        });
        block_on(service.decide(
            Caller::user(user("moderator")),
            Uuid::nil().into(),
            decision,
        ))
    }

    #[test]
    fn removing_empties_the_message_and_tells_both() {
        assert_eq!(
            decide(ModerationStatus::Pending, Decision::Remove, 1)
                .unwrap()
                .status,
            ModerationStatus::Removed
        );
    }

    #[test]
    fn approving_touches_nothing() {
        assert_eq!(
            decide(ModerationStatus::Pending, Decision::Approve, 0)
                .unwrap()
                .status,
            ModerationStatus::Approved
        );
    }

    #[test]
    fn a_decision_stands() {
        assert!(decide(ModerationStatus::Removed, Decision::Remove, 0).is_ok());
        assert!(matches!(
            decide(ModerationStatus::Removed, Decision::Approve, 0),
            Err(ModerationError::Decided)
        ));
    }
}
