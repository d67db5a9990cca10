//! What waits for a socket's handler. One task at a time works it off, so the order is the client's.
//!
//! The task exists only while there is something to do: an idle socket costs none.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::event::Event;
use super::socket::Socket;
use crate::error::DisconnectReason;

/// Something to tell the handler.
pub(crate) enum Item {
    Connected,
    Event(Event),
    Disconnected(DisconnectReason),
}

/// The queue of one socket.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    /// Whether a task works the queue off.
    running: bool,
    /// Transports that wait for room.
    waiting: Vec<Waker>,
}

impl Inbox {
    /// Drops the events that wait.
    pub(crate) fn discard_events(&self) {
        self.state()
            .items
            .retain(|item| !matches!(item, Item::Event(_)));
    }

    /// The next item. `None` ends the task.
    fn next(&self, limit: usize) -> Option<Item> {
        let mut state = self.state();
        let next = state.items.pop_front();
        if next.is_none() {
            // An idle socket keeps no memory for a burst of the past.
            state.items = VecDeque::new();
            state.running = false;
        }
        if state.items.len() <= limit / 2 {
            state.waiting.drain(..).for_each(Waker::wake);
        }
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Queues something for the handler of `socket`. Returns what to wait for if that was more than `limit`.
pub(crate) fn deliver(socket: &Socket, item: Item, limit: usize) -> Option<BoxFuture<'static, ()>> {
    let mut state = socket.0.inbox.state();
    state.items.push_back(item);
    let is_full = state.items.len() >= limit;
    let start = !std::mem::replace(&mut state.running, true);
    drop(state);
    if start {
        socket
            .0
            .session
            .runtime()
            .spawn(work_off(socket.clone(), limit));
    }
    is_full.then(|| room(socket.clone(), limit).boxed())
}

/// Waits until half of the queue is worked off.
async fn room(socket: Socket, limit: usize) {
    std::future::poll_fn(|cx| {
        let mut state = socket.0.inbox.state();
        if state.items.len() <= limit / 2 {
            return Poll::Ready(());
        }
        state.waiting.push(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

/// Calls the handler for all that is queued, one after the other.
async fn work_off(socket: Socket, limit: usize) {
    let handler = &socket.0.namespace.handler;
    loop {
        // A client that asks faster than it takes the answers is read no further, instead of overflowing its queue.
        socket.0.session.room().await;
        let Some(item) = socket.0.inbox.next(limit) else {
            break;
        };
        let call = match item {
            Item::Connected => handler.connected(socket.clone()),
            Item::Event(event) => handler.event(socket.clone(), event),
            Item::Disconnected(reason) => handler.disconnected(socket.clone(), reason),
        };
        if AssertUnwindSafe(call).catch_unwind().await.is_err() {
            tracing::error!(
                namespace = &**socket.namespace(),
                "socket.io handler panicked"
            );
            socket.0.session.close(DisconnectReason::HandlerPanicked);
        }
    }
}
