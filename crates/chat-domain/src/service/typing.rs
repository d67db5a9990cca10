//! Who types.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{SocketId, ThreadId, UserId},
    model::{
        access::Relationship,
        event::{Audience, ClientEvent, Push, Typing},
        thread::Thread,
        user::Caller,
    },
    port::{block::RelationshipRepository, notifier::Notifier, thread::ThreadRepository},
    service::{announce::everybody_but, error_code},
};

/// Why typing could not be told.
#[derive(Debug, thiserror::Error)]
pub enum TypingError {
    /// No such thread.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The caller takes no part in it.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(TypingError {
    Self::ThreadNotFound => ErrorCode::ThreadNotFound,
    Self::NotParticipant => ErrorCode::NotParticipant,
    Self::Repo(error) => error.code(),
});

/// Typing.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait TypingService: Send + Sync {
    /// Tells the other participants; in a pair whose people stay apart nobody is told, and the caller does not learn that.
    /// The gateway tells the end by itself 6 s after the last call.
    async fn typing(
        &self,
        caller: Caller,
        thread: ThreadId,
        is_typing: bool,
        socket: Option<SocketId>,
    ) -> Result<(), TypingError>;
}

/// What the service needs.
pub struct Deps {
    /// Who takes part.
    pub threads: Arc<dyn ThreadRepository>,
    /// Who stays apart.
    pub relationships: Arc<dyn RelationshipRepository>,
    /// Where `typing` goes.
    pub notifier: Arc<dyn Notifier>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn TypingService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl TypingService for Service {
    async fn typing(
        &self,
        caller: Caller,
        thread: ThreadId,
        is_typing: bool,
        socket: Option<SocketId>,
    ) -> Result<(), TypingError> {
        let thread = self
            .0
            .threads
            .find(thread)
            .await?
            .ok_or(TypingError::ThreadNotFound)?;
        if thread.participant(&caller.user).is_none() {
            return Err(TypingError::NotParticipant);
        }
        if are_apart(&*self.0.relationships, &thread, &caller.user).await? {
            return Ok(());
        }
        let audience = Audience::users(everybody_but(&thread, &caller.user)).except(socket);
        let typing = Typing {
            thread_id: thread.id,
            user_id: caller.user,
            is_typing,
        };
        self.0.notifier.notify(Push {
            event: ClientEvent::Typing(typing),
            audience,
        });
        Ok(())
    }
}

/// Whether the thread is a pair whose people stay apart.
pub(super) async fn are_apart(
    relationships: &dyn RelationshipRepository,
    thread: &Thread,
    user: &UserId,
) -> Result<bool, RepoError> {
    let Some(peer) = thread.peer(user) else {
        return Ok(false);
    };
    let between = relationships
        .between(user.clone(), vec![peer.user_id.clone()])
        .await?;
    Ok(between.first().is_some_and(Relationship::is_apart))
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        port::{
            block::MockRelationshipRepository, notifier::MockNotifier, thread::MockThreadRepository,
        },
        testing::builder::{thread, thread_id, user},
    };

    fn type_as(name: &str, blocked: bool, announcements: usize) -> Result<(), TypingError> {
        let mut threads = MockThreadRepository::new();
        threads
            .expect_find()
            .returning(|_| Ok(Some(thread(&["alice", "bob"]))));
        let mut relationships = MockRelationshipRepository::new();
        relationships.expect_between().returning(move |_, _| {
            Ok(vec![Relationship {
                blocked,
                ..Relationship::default()
            }])
        });
        let mut notifier = MockNotifier::new();
        notifier
            .expect_notify()
            .withf(|push| *push.audience.users == [user("bob")])
            .times(announcements)
            .return_const(());
        let deps = Deps {
            threads: Arc::new(threads),
            relationships: Arc::new(relationships),
            notifier: Arc::new(notifier),
        };
        block_on(service(deps).typing(Caller::user(user(name)), thread_id(), true, None))
    }

    #[test]
    fn the_other_participant_is_told() {
        type_as("alice", false, 1).unwrap();
    }

    #[test]
    fn who_stays_apart_hears_nothing_and_the_caller_does_not_learn_it() {
        type_as("alice", true, 0).unwrap();
    }

    #[test]
    fn a_stranger_is_refused() {
        assert!(matches!(
            type_as("mallory", false, 0),
            Err(TypingError::NotParticipant)
        ));
    }
}
