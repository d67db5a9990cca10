//! Telling clients.

use crate::{id::UserId, model::event::Push};

/// Brings events to sockets, wherever they are connected.
///
/// # Rules (tests of the gateway that implements it: they need sockets)
/// - **N1** Pushes reach a socket in the order of the calls.
/// - **N2** The excepted socket gets nothing.
/// - **N3** Never waits for a socket: a slow one is closed and catches up when it comes back.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Notifier: Send + Sync {
    /// Hands the event on; never blocks.
    fn notify(&self, push: Push);

    /// Disconnects all sockets of the user for which a token has been revoked, or that must end for another reason.
    /// The gateway looks up which of them are concerned.
    fn recheck(&self, user: Option<UserId>);
}
