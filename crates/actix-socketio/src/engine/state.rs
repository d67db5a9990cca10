//! What a session's mutex guards: which way packets go, what waits, and whose turn it is.
//!
//! Only data and what can be said of it at once; the transitions are in `session.rs`.

use std::task::Waker;
use std::time::Instant;

use actix_ws::CloseCode;
use tokio::task::AbortHandle;

use super::heartbeat::Heartbeat;
use super::outbox::Outbox;
use crate::config::Config;

/// How a session takes its leave, by who ended it; measured on the reference server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Queued packets are delivered, then `1`; a poll that comes later still gets them.
    Flush,
    /// The waiting poll gets `1`.
    Abrupt,
    /// The client said `1`: its waiting poll gets `6`.
    ByClient,
    /// The connection is gone; there is nobody to tell.
    Lost,
}

/// Where packets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// To polls.
    Polling,
    /// To polls, while a WebSocket is tried out. Once it has been `probed`, polls are answered soon, for the client to
    /// pause them.
    Upgrading { probed: bool },
    /// To the WebSocket.
    WebSocket,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// Ended; the farewell may still be under way.
    Ended(Farewell),
}

/// The state.
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) route: Route,
    pub(crate) outbox: Outbox,
    pub(crate) poll_active: bool,
    pub(crate) post_active: bool,
    pub(crate) poll_waker: Option<Waker>,
    pub(crate) socket_waker: Option<Waker>,
    /// Who waits for the queue to become shorter.
    pub(super) room_wakers: Vec<Waker>,
    /// Close code of the WebSocket, if the reason has one.
    pub(crate) close_code: Option<CloseCode>,
    pub(super) heartbeat: Heartbeat,
    /// When the session ends unless the application found it useful before.
    pub(super) accept_by: Option<Instant>,
    /// Transports that wait for the application and read no packets, pongs included.
    pub(super) blocked: usize,
    /// The task that watches the time of a polling session, or of its farewell.
    pub(super) watch: Option<AbortHandle>,
}

impl State {
    /// Wakes who waits for room, if there is some. After frames were taken from the outbox.
    pub(crate) fn wake_if_room(&mut self, config: &Config) {
        if !self.room_wakers.is_empty() && !self.is_half_full(config) {
            self.room_wakers.drain(..).for_each(Waker::wake);
        }
    }

    /// Whether half of what may wait does.
    pub(super) fn is_half_full(&self, config: &Config) -> bool {
        self.outbox
            .is_half_full(config.max_queue_bytes, config.max_queue_messages)
    }

    /// Takes the wakers of whoever writes, to be woken once the state is unlocked.
    pub(super) fn wakers(&mut self) -> [Option<Waker>; 2] {
        [self.poll_waker.take(), self.socket_waker.take()]
    }
}
