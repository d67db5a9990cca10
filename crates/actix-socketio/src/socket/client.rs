//! One session's namespaces: takes the packets of its client apart and keeps who has joined what. Joining is in
//! `connect.rs`.
//!
//! Lock order: a client's state, then the session's or the adapter's. The application is never called, and no session is
//! ever closed, while the state is locked.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use tokio::task::AbortHandle;

use super::ack::{AckResponse, AckSender};
use super::event::Event;
use super::inbox::{self, Item};
use super::namespace::NamespaceCore;
use super::packet::{self, Body, Packet};
use super::parser;
use super::socket::Socket;
use crate::engine::{Flow, Frame, Handler, Message, SendError, Session, SessionHandler};
use crate::error::DisconnectReason;

/// Namespaces by name; fixed when the server is built.
pub(crate) type Namespaces = HashMap<Box<str>, Arc<NamespaceCore>>;

/// Opens a [`Client`] for every session.
pub(crate) struct Clients {
    pub(crate) namespaces: Arc<Namespaces>,
}

impl Handler for Clients {
    fn open(&self, session: &Arc<Session>) -> Arc<dyn SessionHandler> {
        session.accept_by(Instant::now() + session.config().connect_timeout);
        Arc::new(Client {
            namespaces: Arc::clone(&self.namespaces),
            state: Mutex::default(),
        })
    }
}

/// The Socket.IO side of one session.
pub(crate) struct Client {
    pub(super) namespaces: Arc<Namespaces>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) entries: Vec<Entry>,
    /// A binary packet whose attachments have not all come.
    partial: Option<Box<Partial>>,
    pub(super) closed: bool,
}

pub(super) struct Entry {
    pub(super) namespace: Arc<NamespaceCore>,
    pub(super) status: Status,
}

pub(super) enum Status {
    /// The application decides.
    Pending(AbortHandle),
    Connected(Socket),
    /// Was joined: packets that crossed the server's DISCONNECT are not the client's fault.
    Left,
}

struct Partial {
    packet: Packet,
    attachments: Vec<Bytes>,
    bytes: usize,
}

/// The client broke the protocol, or a limit.
pub(super) struct Violation(pub(super) DisconnectReason);

pub(super) const PARSE_ERROR: Violation = Violation(DisconnectReason::ParseError);

impl State {
    pub(super) fn entry(&mut self, namespace: &str) -> Option<&mut Entry> {
        self.entries
            .iter_mut()
            .find(|entry| &*entry.namespace.name == namespace)
    }

    pub(super) fn remove(&mut self, namespace: &str) {
        self.entries
            .retain(|entry| &*entry.namespace.name != namespace);
    }
}

impl SessionHandler for Client {
    fn message(self: Arc<Self>, session: &Arc<Session>, message: Message) -> Flow {
        let handled = match message {
            Message::Text(text) => self.text(session, &text),
            Message::Binary(bytes) => self.binary(session, bytes),
        };
        handled.unwrap_or_else(|Violation(reason)| {
            session.close(reason);
            Flow::Continue
        })
    }

    fn closed(self: Arc<Self>, reason: DisconnectReason) {
        let mut state = self.state();
        state.closed = true;
        state.partial = None;
        let entries = std::mem::take(&mut state.entries);
        drop(state);
        for entry in entries {
            match entry.status {
                Status::Pending(connect) => connect.abort(),
                Status::Connected(socket) => gone(&socket, reason),
                Status::Left => {}
            }
        }
    }
}

impl Client {
    fn text(self: &Arc<Self>, session: &Arc<Session>, text: &str) -> Result<Flow, Violation> {
        let packet = parser::parse(text, session.config().max_attachments).map_err(|error| {
            tracing::debug!(%error, "broken socket.io packet");
            PARSE_ERROR
        })?;
        {
            let mut state = self.state();
            if state.partial.is_some() {
                return Err(PARSE_ERROR);
            }
            if packet.attachments > 0 {
                let attachments = Vec::with_capacity(packet.attachments);
                state.partial = Some(Box::new(Partial {
                    packet,
                    attachments,
                    bytes: 0,
                }));
                return Ok(Flow::Continue);
            }
        }
        self.dispatch(session, packet, Vec::new())
    }

    fn binary(self: &Arc<Self>, session: &Arc<Session>, bytes: Bytes) -> Result<Flow, Violation> {
        let mut state = self.state();
        let partial = state.partial.as_mut().ok_or(PARSE_ERROR)?;
        partial.bytes += bytes.len();
        if partial.bytes > session.config().max_attachment_bytes {
            return Err(Violation(DisconnectReason::PayloadTooLarge));
        }
        partial.attachments.push(bytes);
        if partial.attachments.len() < partial.packet.attachments {
            return Ok(Flow::Continue);
        }
        let complete = state.partial.take();
        drop(state);
        match complete {
            Some(partial) => self.dispatch(session, partial.packet, partial.attachments),
            None => Ok(Flow::Continue),
        }
    }

    fn dispatch(
        self: &Arc<Self>,
        session: &Arc<Session>,
        packet: Packet,
        attachments: Vec<Bytes>,
    ) -> Result<Flow, Violation> {
        if let Body::Connect { auth } = packet.body {
            self.connect(session, &packet.namespace, auth)?;
            return Ok(Flow::Continue);
        }
        let mut state = self.state();
        if state.closed {
            return Ok(Flow::Continue);
        }
        let entry = state.entry(&packet.namespace).ok_or(PARSE_ERROR)?;
        let socket = match &entry.status {
            Status::Connected(socket) => socket.clone(),
            Status::Pending(_) => return Err(PARSE_ERROR),
            Status::Left => return Ok(Flow::Continue),
        };
        match packet.body {
            Body::Event {
                id,
                content: Some(content),
            } => {
                let ack = id.map(|id| AckSender {
                    socket: socket.clone(),
                    id,
                });
                let event = Event {
                    name: content.name,
                    args: content.args,
                    attachments,
                    ack,
                };
                let limit = session.config().max_queued_events;
                // Under the lock, so that nothing gets in after the socket's last item.
                let room = inbox::deliver(&socket, Item::Event(event), limit);
                Ok(room.map_or(Flow::Continue, Flow::Wait))
            }
            Body::Ack { id: Some(id), args } => {
                drop(state);
                socket.acks(|acks| acks.resolve(id, AckResponse { args, attachments }));
                Ok(Flow::Continue)
            }
            Body::Disconnect => {
                entry.status = Status::Left;
                drop(state);
                gone(&socket, DisconnectReason::ClientNamespaceDisconnect);
                Ok(Flow::Continue)
            }
            Body::Event { .. } | Body::Ack { .. } | Body::Connect { .. } => Ok(Flow::Continue),
        }
    }

    /// Removes a socket from its namespace; the session goes on.
    pub(crate) fn kick(&self, socket: &Socket) {
        let mut state = self.state();
        let Some(entry) = state.entry(socket.namespace()) else {
            return;
        };
        let is_current = |current: &Socket| current.id() == socket.id();
        if !matches!(&entry.status, Status::Connected(current) if is_current(current)) {
            return;
        }
        entry.status = Status::Left;
        drop(state);
        gone(socket, DisconnectReason::ServerNamespaceDisconnect);
        if send(&socket.0.session, packet::disconnected(socket.namespace()))
            == Err(SendError::QueueFull)
        {
            socket.close_overflowed();
        }
    }

    /// Removes all sockets of the session and closes it.
    pub(crate) fn kick_all(&self, session: &Session) {
        let joined: Vec<_> = self
            .state()
            .entries
            .iter()
            .filter(|entry| matches!(entry.status, Status::Connected(_)))
            .map(|entry| Arc::clone(&entry.namespace.name))
            .collect();
        for namespace in joined {
            // If there is no room for it, the close that follows has to do.
            let _ = send(session, packet::disconnected(&namespace));
        }
        session.close(DisconnectReason::ForcedClose);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn send(session: &Session, packet: ByteString) -> Result<(), SendError> {
    session.queue(Frame::Text(packet), &[], None)
}

/// Takes a socket out of everything and tells the handler, once.
fn gone(socket: &Socket, reason: DisconnectReason) {
    if !socket.0.connected.swap(false, Ordering::AcqRel) {
        return;
    }
    socket.0.namespace.adapter.remove(socket.id());
    socket.acks(super::ack::PendingAcks::clear);
    let by_server = matches!(
        reason,
        DisconnectReason::ServerNamespaceDisconnect
            | DisconnectReason::ForcedClose
            | DisconnectReason::HandlerPanicked
    );
    if by_server {
        // Whoever was thrown out is not served any further.
        socket.0.inbox.discard_events();
    }
    let limit = socket.0.session.config().max_queued_events;
    drop(inbox::deliver(socket, Item::Disconnected(reason), limit));
}
