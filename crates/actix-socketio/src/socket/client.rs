//! In progress.
use super::Socket;
pub(super) fn disconnect(_socket: &Socket, _close: bool) {}
