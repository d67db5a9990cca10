//! Opening and listing threads.

use std::{collections::HashSet, sync::Arc};

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{ThreadId, UserId},
    model::{
        access::may_open,
        thread::{InboxEntry, NewThread, Thread, ThreadKind},
        user::Caller,
    },
    page::{InvalidCursor, Page, decode_pair, encode_cursor},
    port::{
        block::RelationshipRepository,
        notifier::Notifier,
        presence::Presence,
        thread::{InboxPosition, ThreadRepository},
    },
    service::{announce::announce_thread, error_code, visibility::visible_online},
    time::{Clock, IdGenerator, Timestamp},
    view::{Masking, MessageView, ThreadView},
};

/// Why a thread could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenThreadError {
    /// Too few, too many, twice the same, or the caller is not among them.
    #[error("{0}")]
    Invalid(String),
    /// The caller may not chat with each of them.
    #[error("you can't chat with one of these people")]
    NotAllowed,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(OpenThreadError {
    Self::Invalid(_) => ErrorCode::ValidationFailed,
    Self::NotAllowed => ErrorCode::ChatNotAllowed,
    Self::Repo(error) => error.code(),
});

/// Why a thread could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ThreadError {
    /// No such thread.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The caller takes no part in it.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(ThreadError {
    Self::ThreadNotFound => ErrorCode::ThreadNotFound,
    Self::NotParticipant => ErrorCode::NotParticipant,
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// Threads.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ThreadService: Send + Sync {
    /// Opens a thread, or finds the pair's: the thread, and whether it was made now. Everybody in a new one is told.
    async fn open(
        &self,
        caller: Caller,
        participants: Vec<UserId>,
    ) -> Result<(ThreadView, bool), OpenThreadError>;

    /// The caller's threads, most recently active first.
    async fn list(
        &self,
        caller: Caller,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<ThreadView>, ThreadError>;

    /// One thread. An admin who takes no part in it gets it without its newest message.
    async fn get(&self, caller: Caller, thread: ThreadId) -> Result<ThreadView, ThreadError>;
}

/// What the service is told by configuration.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// How many people a thread may have.
    pub max_participants: usize,
    /// What is hidden of deleted authors.
    pub masking: Masking,
}

/// What the service needs.
pub struct Deps {
    /// Threads.
    pub threads: Arc<dyn ThreadRepository>,
    /// Who may chat with whom.
    pub relationships: Arc<dyn RelationshipRepository>,
    /// Who is online.
    pub presence: Arc<dyn Presence>,
    /// Where `thread_created` goes.
    pub notifier: Arc<dyn Notifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for threads.
    pub ids: Arc<dyn IdGenerator>,
    /// The configuration.
    pub policy: Policy,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn ThreadService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl ThreadService for Service {
    async fn open(
        &self,
        caller: Caller,
        participants: Vec<UserId>,
    ) -> Result<(ThreadView, bool), OpenThreadError> {
        self.check(&caller, &participants)?;
        let others: Vec<_> = participants
            .iter()
            .filter(|user| **user != caller.user)
            .cloned()
            .collect();
        let between = self
            .0
            .relationships
            .between(caller.user.clone(), others)
            .await?;
        if !between
            .into_iter()
            .all(|relationship| may_open(&caller, relationship))
        {
            return Err(OpenThreadError::NotAllowed);
        }
        let thread = NewThread {
            id: self.0.ids.next().into(),
            kind: if participants.len() == 2 {
                ThreadKind::Pair
            } else {
                ThreadKind::Group
            },
            participants,
            created_at: self.0.clock.now(),
        };
        let opened = self.0.threads.open(thread).await?;
        let created = opened.created;
        let entry = InboxEntry {
            thread: opened.thread,
            last_message: None,
        };
        let view = if created {
            None
        } else {
            self.0.threads.entry(entry.thread.id).await?
        }
        .unwrap_or(entry);
        let online = self.online(&caller.user, [&view.thread]).await?;
        if created {
            announce_thread(
                &*self.0.notifier,
                &view.thread,
                self.view(view.clone(), &caller.user, &online),
            );
        }
        Ok((self.view(view, &caller.user, &online), created))
    }

    async fn list(
        &self,
        caller: Caller,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<ThreadView>, ThreadError> {
        let scope = format!("threads/{}", caller.user);
        let after = cursor.map(|cursor| position(&scope, &cursor)).transpose()?;
        let (entries, more) = self
            .0
            .threads
            .inbox(caller.user.clone(), after, limit)
            .await?;
        let online = self
            .online(&caller.user, entries.iter().map(|entry| &entry.thread))
            .await?;
        let page = Page::new(entries, more, |last| {
            let active_at = last.thread.last_msg_at.unwrap_or(last.thread.created_at);
            encode_cursor(
                &scope,
                &format!("{} {}", active_at.as_millis(), last.thread.id),
            )
        });
        Ok(page.map(|entry| self.view(entry, &caller.user, &online)))
    }

    async fn get(&self, caller: Caller, thread: ThreadId) -> Result<ThreadView, ThreadError> {
        let mut entry = self
            .0
            .threads
            .entry(thread)
            .await?
            .ok_or(ThreadError::ThreadNotFound)?;
        if entry.thread.participant(&caller.user).is_none() {
            if !caller.is_admin() {
                return Err(ThreadError::NotParticipant);
            }
            entry.last_message = None;
        }
        let online = self.online(&caller.user, [&entry.thread]).await?;
        Ok(self.view(entry, &caller.user, &online))
    }
}

impl Service {
    fn check(&self, caller: &Caller, participants: &[UserId]) -> Result<(), OpenThreadError> {
        let (count, max) = (participants.len(), self.0.policy.max_participants);
        if !(2..=max).contains(&count) {
            return Err(OpenThreadError::Invalid(format!(
                "must name 2 to {max} participants"
            )));
        }
        if participants.iter().collect::<HashSet<_>>().len() != count {
            return Err(OpenThreadError::Invalid(
                "must name each participant once".into(),
            ));
        }
        if !participants.contains(&caller.user) && !caller.is_admin() {
            return Err(OpenThreadError::Invalid(
                "must name yourself among the participants".into(),
            ));
        }
        Ok(())
    }

    /// Who of these threads' participants is online as far as `viewer` may know.
    async fn online<'a>(
        &self,
        viewer: &UserId,
        threads: impl IntoIterator<Item = &'a Thread>,
    ) -> Result<HashSet<UserId>, RepoError> {
        let participants = threads.into_iter().flat_map(|thread| &thread.participants);
        let users = participants
            .map(|participant| participant.user_id.clone())
            .collect();
        visible_online(&*self.0.threads, &*self.0.presence, viewer, users).await
    }

    fn view(&self, entry: InboxEntry, viewer: &UserId, online: &HashSet<UserId>) -> ThreadView {
        let InboxEntry {
            thread,
            last_message,
        } = entry;
        let last = last_message
            .map(|message| MessageView::new(message, &thread, viewer, self.0.policy.masking));
        ThreadView::new(&thread, last, Some(viewer), &|user| online.contains(user))
    }
}

fn position(scope: &str, cursor: &str) -> Result<InboxPosition, InvalidCursor> {
    let (at, id) = decode_pair(scope, cursor)?;
    Ok(InboxPosition {
        active_at: Timestamp::from_millis(at),
        id,
    })
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        model::{
            access::{MatchState, Relationship},
            thread::OpenedThread,
            user::Role,
        },
        port::{
            block::MockRelationshipRepository, notifier::MockNotifier, presence::MockPresence,
            thread::MockThreadRepository,
        },
        testing::{
            builder::{message, thread, thread_id, user},
            fakes::{ManualClock, SequentialIds},
        },
    };

    fn service_with(matched: MatchState, created: bool) -> Arc<dyn ThreadService> {
        let mut threads = MockThreadRepository::new();
        threads.expect_open().returning(move |_| {
            Ok(OpenedThread {
                thread: thread(&["alice", "bob"]),
                created,
            })
        });
        threads.expect_entry().returning(|_| {
            Ok(Some(InboxEntry {
                thread: thread(&["alice", "bob"]),
                last_message: Some(message("bob", 1)),
            }))
        });
        threads
            .expect_contacts()
            .returning(|_, among| Ok(among.unwrap_or_default()));
        let mut relationships = MockRelationshipRepository::new();
        relationships.expect_between().returning(move |_, others| {
            Ok(vec![
                Relationship {
                    matched,
                    ..Relationship::default()
                };
                others.len()
            ])
        });
        let mut presence = MockPresence::new();
        presence
            .expect_online()
            .returning(|users| Ok(vec![true; users.len()]));
        let mut notifier = MockNotifier::new();
        notifier
            .expect_notify()
            .times(usize::from(created))
            .return_const(());
        service(Deps {
            threads: Arc::new(threads),
            relationships: Arc::new(relationships),
            presence: Arc::new(presence),
            notifier: Arc::new(notifier),
            clock: Arc::new(ManualClock::at(0)),
            ids: Arc::new(SequentialIds::default()),
            policy: Policy {
                max_participants: 3,
                masking: Masking::Profile,
            },
        })
    }

    fn open(
        caller: Caller,
        names: &[&str],
        matched: MatchState,
        created: bool,
    ) -> Result<(ThreadView, bool), OpenThreadError> {
        let participants = names.iter().map(|name| user(name)).collect();
        block_on(service_with(matched, created).open(caller, participants))
    }

    #[test]
    fn a_new_thread_is_announced_and_a_known_one_is_not() {
        let alice = Caller::user(user("alice"));
        assert!(
            open(alice.clone(), &["alice", "bob"], MatchState::Active, true)
                .unwrap()
                .1
        );
        let (known, created) = open(alice, &["alice", "bob"], MatchState::Active, false).unwrap();
        assert!(!created && known.last_msg.is_some());
    }

    #[test]
    fn strangers_may_not_chat_unless_an_admin_brings_them_together() {
        let refused = open(
            Caller::user(user("alice")),
            &["alice", "bob"],
            MatchState::Never,
            false,
        );
        assert!(matches!(refused, Err(OpenThreadError::NotAllowed)));
        let admin = Caller {
            user: user("root"),
            roles: vec![Role::Admin],
        };
        assert!(open(admin, &["alice", "bob"], MatchState::Never, true).is_ok());
    }

    #[test]
    fn participants_are_distinct_bounded_and_include_the_caller() {
        for names in [
            &["alice"][..],
            &["alice", "alice"],
            &["bob", "carol"],
            &["alice", "b", "c", "d"],
        ] {
            let outcome = open(
                Caller::user(user("alice")),
                names,
                MatchState::Active,
                false,
            );
            assert!(
                matches!(outcome, Err(OpenThreadError::Invalid(_))),
                "{names:?}"
            );
        }
    }

    #[test]
    fn an_admin_sees_a_foreign_thread_without_its_last_message() {
        let admin = Caller {
            user: user("root"),
            roles: vec![Role::Admin],
        };
        assert_eq!(
            block_on(service_with(MatchState::Never, false).get(admin, thread_id()))
                .unwrap()
                .last_msg,
            None
        );
        let stranger = block_on(
            service_with(MatchState::Never, false).get(Caller::user(user("mallory")), thread_id()),
        );
        assert!(matches!(stranger, Err(ThreadError::NotParticipant)));
    }
}
