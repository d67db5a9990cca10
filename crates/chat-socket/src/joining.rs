//! Pushes for sockets that are still catching up. They wait here, in order, until the socket has got what waited for
//! its user; then it joins its room, and from there on gets pushes like everybody.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    mem,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
};

use actix_socketio::Encoded;
use chat_domain::{
    id::{SocketId, ThreadId, UserId},
    model::{event::ClientEvent, message::Seq},
};

use crate::deliveries::Written;

/// Most pushes that wait for one socket, and most bytes. They are sent at the client's pace, so this is about memory
/// only: a busy group's burst must fit, while the store is asked what waited (some tens of milliseconds).
pub(crate) const MAX_PUSHES: usize = 1_024;
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// A push that waits.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) packet: Encoded,
    /// Set for `message`, which a connection gets once.
    pub(crate) message: Option<(ThreadId, Seq)>,
    pub(crate) hook: Option<Written>,
}

/// What has come for a socket since the last look.
#[derive(Default)]
pub(crate) struct Backlog {
    pub(crate) held: VecDeque<Held>,
    /// Threads of which something was dropped, and from which place on.
    pub(crate) missing: BTreeMap<ThreadId, Seq>,
    bytes: usize,
}

impl Backlog {
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.missing.is_empty()
    }

    fn push(&mut self, held: Held, place: Option<(ThreadId, Seq)>) {
        let size_bytes = held.packet.args_json().len();
        let full = self.held.len() >= MAX_PUSHES || self.bytes + size_bytes > MAX_BYTES;
        let behind = place.is_some_and(|(thread, _)| self.missing.contains_key(&thread));
        if !full && !behind {
            self.bytes += size_bytes;
            self.held.push_back(held);
        } else if let Some((thread, seq)) = place {
            self.missing.entry(thread).or_insert(seq);
        }
        // What belongs to no thread (presence) or passes by itself (typing) is dropped without a word.
    }
}

struct Waiter {
    socket: SocketId,
    backlog: Mutex<Backlog>,
}

/// All sockets of this node that are catching up.
#[derive(Default)]
pub(crate) struct JoiningSockets(RwLock<HashMap<UserId, Vec<Arc<Waiter>>>>);

impl JoiningSockets {
    /// From now on the user's pushes are kept for the socket, until the ticket is used or dropped.
    pub(crate) fn enter(self: &Arc<Self>, user: &UserId, socket: &SocketId) -> Ticket {
        let waiter = Arc::new(Waiter {
            socket: socket.clone(),
            backlog: Mutex::default(),
        });
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(user.clone())
            .or_default()
            .push(Arc::clone(&waiter));
        Ticket {
            joining: Arc::downgrade(self),
            user: user.clone(),
            waiter,
        }
    }

    /// How many sockets are catching up.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.read().unwrap().values().map(Vec::len).sum()
    }

    /// Keeps the push for those that are catching up, and `send`s it to everybody else. Nobody joins a room in between.
    pub(crate) fn pass(
        &self,
        users: &[UserId],
        except: Option<&SocketId>,
        event: &ClientEvent,
        held: &Held,
        send: impl FnOnce(),
    ) {
        let joining = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if !joining.is_empty() {
            let place = place(event);
            for waiter in users.iter().filter_map(|user| joining.get(user)).flatten() {
                if Some(&waiter.socket) != except {
                    let mut backlog = waiter
                        .backlog
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    backlog.push(held.clone(), place);
                }
            }
        }
        send();
    }
}

/// A socket's place among those that are catching up; dropping it gives the place up.
pub(crate) struct Ticket {
    joining: Weak<JoiningSockets>,
    user: UserId,
    waiter: Arc<Waiter>,
}

impl Ticket {
    /// What has come; if nothing has, `join` runs, and no push can pass meanwhile.
    pub(crate) fn take_or(&self, join: impl FnOnce()) -> Option<Backlog> {
        let joining = self.joining.upgrade()?;
        let mut users = joining.0.write().unwrap_or_else(PoisonError::into_inner);
        let backlog = {
            let mut backlog = self
                .waiter
                .backlog
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            mem::take(&mut *backlog)
        };
        if backlog.is_empty() {
            join();
            self.leave(&mut users);
            None
        } else {
            Some(backlog)
        }
    }

    fn leave(&self, users: &mut HashMap<UserId, Vec<Arc<Waiter>>>) {
        if let Some(waiters) = users.get_mut(&self.user) {
            waiters.retain(|waiter| !Arc::ptr_eq(waiter, &self.waiter));
            if waiters.is_empty() {
                users.remove(&self.user);
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(joining) = self.joining.upgrade() {
            self.leave(&mut joining.0.write().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// The thread an event belongs to, and the place from which a client that missed it has to ask.
fn place(event: &ClientEvent) -> Option<(ThreadId, Seq)> {
    match event {
        ClientEvent::Message { message, .. } | ClientEvent::MessageUpdated(message) => {
            Some((message.thread_id, message.seq))
        }
        ClientEvent::DeliveryReceipt(receipt) => Some((receipt.thread_id, receipt.seq)),
        ClientEvent::ReadReceipt(receipt) => Some((receipt.thread_id, receipt.up_to_seq)),
        ClientEvent::ThreadCreated(thread) => Some((thread.id, 1)),
        ClientEvent::Typing(_) | ClientEvent::Presence(_) => None,
    }
}
