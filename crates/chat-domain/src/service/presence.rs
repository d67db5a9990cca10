//! Who is online, and who gets to know.

use async_trait::async_trait;

use crate::{
    error::RepoError,
    id::{SocketId, UserId},
    model::{presence::PresenceState, user::Caller},
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
