//! Who is online, and who gets to know.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    error::RepoError,
    id::{SocketId, UserId},
    model::{
        event::{Audience, ClientEvent, Push},
        presence::PresenceState,
        user::Caller,
    },
    port::{
        notifier::Notifier, presence::Presence, thread::ThreadRepository, user::UserRepository,
    },
    service::visibility::online_of,
    time::Clock,
};

/// Presence.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait PresenceService: Send + Sync {
    /// A socket came; with the first one the user's contacts are told.
    async fn connected(&self, user: UserId, socket: SocketId) -> Result<(), RepoError>;

    /// These sockets still live; to be called at least every 30 s.
    async fn renew(&self, sockets: Vec<(UserId, SocketId)>) -> Result<(), RepoError>;

    /// A socket went. If it was the user's last, `true`: the gateway calls [`settle`](Self::settle) 5 s later.
    async fn disconnected(&self, user: UserId, socket: SocketId) -> Result<bool, RepoError>;

    /// If the user is still offline, the contacts are told.
    async fn settle(&self, user: UserId) -> Result<(), RepoError>;

    /// How those of `users` are whom the caller shares a thread with; others are left out.
    async fn lookup(
        &self,
        caller: Caller,
        users: Vec<UserId>,
    ) -> Result<Vec<PresenceState>, RepoError>;
}

/// What the service needs.
pub struct Deps {
    /// Leases of sockets.
    pub presence: Arc<dyn Presence>,
    /// Who shares a thread with whom.
    pub threads: Arc<dyn ThreadRepository>,
    /// When somebody was last seen.
    pub users: Arc<dyn UserRepository>,
    /// Where `presence` goes.
    pub notifier: Arc<dyn Notifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn PresenceService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl PresenceService for Service {
    async fn connected(&self, user: UserId, socket: SocketId) -> Result<(), RepoError> {
        if self.0.presence.connected(user.clone(), socket).await? {
            self.announce(user, true).await?;
        }
        Ok(())
    }

    async fn renew(&self, sockets: Vec<(UserId, SocketId)>) -> Result<(), RepoError> {
        self.0.presence.renew(sockets).await
    }

    async fn disconnected(&self, user: UserId, socket: SocketId) -> Result<bool, RepoError> {
        let last = self.0.presence.disconnected(user.clone(), socket).await?;
        if last {
            self.0.users.seen(user, self.0.clock.now()).await?;
        }
        Ok(last)
    }

    async fn settle(&self, user: UserId) -> Result<(), RepoError> {
        if online_of(&*self.0.presence, vec![user.clone()])
            .await?
            .is_empty()
        {
            self.announce(user, false).await?;
        }
        Ok(())
    }

    async fn lookup(
        &self,
        caller: Caller,
        users: Vec<UserId>,
    ) -> Result<Vec<PresenceState>, RepoError> {
        let visible = self.0.threads.contacts(caller.user, Some(users)).await?;
        let online = online_of(&*self.0.presence, visible.clone()).await?;
        let last_seen = self.0.users.last_seen(visible.clone()).await?;
        let state = |(user_id, last_seen_at)| PresenceState {
            online: online.contains(&user_id),
            user_id,
            last_seen_at,
        };
        Ok(visible.into_iter().zip(last_seen).map(state).collect())
    }
}

impl Service {
    async fn announce(&self, user: UserId, online: bool) -> Result<(), RepoError> {
        let contacts = self.0.threads.contacts(user.clone(), None).await?;
        if contacts.is_empty() {
            return Ok(());
        }
        let last_seen_at = self
            .0
            .users
            .last_seen(vec![user.clone()])
            .await?
            .pop()
            .flatten();
        let event = ClientEvent::Presence(PresenceState {
            user_id: user,
            online,
            last_seen_at,
        });
        self.0.notifier.notify(Push {
            event,
            audience: Audience::users(contacts),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        port::{
            notifier::MockNotifier, presence::MockPresence, thread::MockThreadRepository,
            user::MockUserRepository,
        },
        testing::{builder::user, fakes::ManualClock},
    };

    fn service_where(online: bool, announcements: usize) -> Arc<dyn PresenceService> {
        let mut presence = MockPresence::new();
        presence
            .expect_connected()
            .returning(move |_, _| Ok(!online));
        presence
            .expect_online()
            .returning(move |users| Ok(vec![online; users.len()]));
        let mut threads = MockThreadRepository::new();
        threads.expect_contacts().returning(|_, among| {
            Ok(among
                .unwrap_or_else(|| vec![user("bob")])
                .into_iter()
                .filter(|id| *id == user("bob"))
                .collect())
        });
        let mut users = MockUserRepository::new();
        users
            .expect_last_seen()
            .returning(|users| Ok(vec![None; users.len()]));
        let mut notifier = MockNotifier::new();
        notifier
            .expect_notify()
            .times(announcements)
            .return_const(());
        service(Deps {
            presence: Arc::new(presence),
            threads: Arc::new(threads),
            users: Arc::new(users),
            notifier: Arc::new(notifier),
            clock: Arc::new(ManualClock::at(0)),
        })
    }

    #[test]
    fn only_the_first_socket_is_announced() {
        let socket = SocketId::parse("s").unwrap();
        block_on(service_where(false, 1).connected(user("alice"), socket.clone())).unwrap();
        block_on(service_where(true, 0).connected(user("alice"), socket)).unwrap();
    }

    #[test]
    fn who_came_back_in_time_never_went() {
        block_on(service_where(true, 0).settle(user("alice"))).unwrap();
        block_on(service_where(false, 1).settle(user("alice"))).unwrap();
    }

    #[test]
    fn strangers_are_left_out() {
        let asked = vec![user("bob"), user("mallory")];
        let states =
            block_on(service_where(true, 0).lookup(Caller::user(user("alice")), asked)).unwrap();
        assert_eq!(
            states,
            [PresenceState {
                user_id: user("bob"),
                online: true,
                last_seen_at: None
            }]
        );
    }
}
