//! Mutual matches, told by the service that makes them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::UserId,
    model::thread::{NewThread, ThreadKind},
    port::{block::RelationshipRepository, notifier::Notifier, presence::Presence},
    service::{announce::announce_thread, error_code, visibility::online_of},
    time::{Clock, IdGenerator},
    view::ThreadView,
};

/// Why a match could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// A match takes two.
    #[error("a match takes two different users")]
    Yourself,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(MatchError {
    Self::Yourself => ErrorCode::ValidationFailed,
    Self::Repo(error) => error.code(),
});

/// Matches. Roles are checked by the front end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait MatchService: Send + Sync {
    /// Records the match and opens the thread; the thread as a service sees it, and whether it was made now.
    async fn record(&self, a: UserId, b: UserId) -> Result<(ThreadView, bool), MatchError>;
    /// Takes the match back; twice is once.
    async fn withdraw(&self, a: UserId, b: UserId) -> Result<(), MatchError>;
}

/// What the service needs.
pub struct Deps {
    /// Matches, and the threads that they open.
    pub relationships: Arc<dyn RelationshipRepository>,
    /// Who is online.
    pub presence: Arc<dyn Presence>,
    /// Where `thread_created` goes.
    pub notifier: Arc<dyn Notifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for threads.
    pub ids: Arc<dyn IdGenerator>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn MatchService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl MatchService for Service {
    async fn record(&self, a: UserId, b: UserId) -> Result<(ThreadView, bool), MatchError> {
        if a == b {
            return Err(MatchError::Yourself);
        }
        let thread = NewThread {
            id: self.0.ids.next().into(),
            kind: ThreadKind::Pair,
            participants: vec![a.clone(), b.clone()],
            created_at: self.0.clock.now(),
        };
        let opened = self.0.relationships.record_match(thread).await?;
        let online = online_of(&*self.0.presence, vec![a, b]).await?;
        let view = ThreadView::new(&opened.thread, None, None, &|user| online.contains(user));
        if opened.created {
            announce_thread(&*self.0.notifier, &opened.thread, view.clone());
        }
        Ok((view, opened.created))
    }

    async fn withdraw(&self, a: UserId, b: UserId) -> Result<(), MatchError> {
        if a == b {
            return Err(MatchError::Yourself);
        }
        Ok(self
            .0
            .relationships
            .withdraw_match(a, b, self.0.clock.now())
            .await?)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        model::thread::OpenedThread,
        port::{block::MockRelationshipRepository, notifier::MockNotifier, presence::MockPresence},
        testing::{
            builder::{thread, user},
            fakes::{ManualClock, SequentialIds},
        },
    };

    fn record(created: bool, announcements: usize) -> bool {
        let mut relationships = MockRelationshipRepository::new();
        let opened = OpenedThread {
            thread: thread(&["alice", "bob"]),
            created,
        };
        relationships
            .expect_record_match()
            .return_once(move |_| Ok(opened));
        let mut presence = MockPresence::new();
        presence
            .expect_online()
            .returning(|users| Ok(vec![false; users.len()]));
        let mut notifier = MockNotifier::new();
        notifier
            .expect_notify()
            .times(announcements)
            .return_const(());
        let service = service(Deps {
            relationships: Arc::new(relationships),
            presence: Arc::new(presence),
            notifier: Arc::new(notifier),
            clock: Arc::new(ManualClock::at(0)),
            ids: Arc::new(SequentialIds::default()),
        });
        block_on(service.record(user("alice"), user("bob")))
            .unwrap()
            .1
    }

    #[test]
    fn a_match_announces_its_thread_once() {
        assert!(record(true, 1));
        assert!(!record(false, 0));
    }
}
