//! Who has a live socket.

use async_trait::async_trait;

use crate::{
    error::RepoError,
    id::{SocketId, UserId},
};

/// Leases of live sockets.
///
/// # Rules (each has a case in `contract/presence.rs`)
/// - **P1** A user is online while one socket has a lease.
/// - **P2** `connected` is `true` for the first socket only; `disconnected` is `true` for the last one only.
/// - **P3** Unknown users and sockets are offline, and disconnecting them is `false`.
/// - **P4** A lease that is not renewed ends after 60 s.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Presence: Send + Sync {
    /// A socket came; whether it is the user's first.
    async fn connected(&self, user: UserId, socket: SocketId) -> Result<bool, RepoError>;

    /// These sockets still live.
    async fn renew(&self, sockets: Vec<(UserId, SocketId)>) -> Result<(), RepoError>;

    /// A socket went; whether it was the user's last.
    async fn disconnected(&self, user: UserId, socket: SocketId) -> Result<bool, RepoError>;

    /// Who of these is online, in their order.
    async fn online(&self, users: Vec<UserId>) -> Result<Vec<bool>, RepoError>;
}
