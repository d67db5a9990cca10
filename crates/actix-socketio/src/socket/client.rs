//! One session's namespaces: takes the packets of its client apart and keeps who has joined what.
//!
//! Lock order: a client's state, then the session's or the adapter's. The application is never called, and no session is
//! ever closed, while the state is locked.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use futures::FutureExt as _;
use serde_json::{Map, Value};
use tokio::task::AbortHandle;

use super::ack::{AckResponse, AckSender};
use super::event::Event;
use super::inbox::{self, Inbox, Item};
use super::namespace::{ConnectError, ConnectRequest, NamespaceCore, SocketData};
use super::packet::{self, Body, Packet};
use super::parser;
use super::socket::{Socket, SocketCore, SocketId};
use crate::config::Config;
use crate::engine::{Flow, Frame, Handler, Message, SendError, Session, SessionHandler};
use crate::error::DisconnectReason;

/// Namespaces by name; fixed when the server is built.
pub(crate) type Namespaces = HashMap<Box<str>, Arc<NamespaceCore>>;

/// Opens a [`Client`] for every session.
pub(crate) struct Clients {
    pub(crate) namespaces: Arc<Namespaces>,
    pub(crate) config: Config,
}

impl Handler for Clients {
    fn open(&self, session: &Arc<Session>) -> Arc<dyn SessionHandler> {
        session.accept_by(Instant::now() + self.config.connect_timeout);
        Arc::new(Client {
            namespaces: Arc::clone(&self.namespaces),
            state: Mutex::default(),
        })
    }
}

/// The Socket.IO side of one session.
pub(crate) struct Client {
    namespaces: Arc<Namespaces>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    /// A binary packet whose attachments have not all come.
    partial: Option<Box<Partial>>,
    closed: bool,
}

struct Entry {
    namespace: Arc<NamespaceCore>,
    status: Status,
}

enum Status {
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
struct Violation(DisconnectReason);

const PARSE_ERROR: Violation = Violation(DisconnectReason::ParseError);

impl State {
    fn entry(&mut self, namespace: &str) -> Option<&mut Entry> {
        self.entries
            .iter_mut()
            .find(|entry| &*entry.namespace.name == namespace)
    }

    fn remove(&mut self, namespace: &str) {
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

    fn connect(
        self: &Arc<Self>,
        session: &Arc<Session>,
        name: &str,
        auth: Map<String, Value>,
    ) -> Result<(), Violation> {
        let Some(namespace) = self.namespaces.get(name).cloned() else {
            return reply_error(session, name, &ConnectError::new("Invalid namespace"));
        };
        let mut state = self.state();
        if state.closed {
            return Ok(());
        }
        match state.entry(name).map(|entry| &entry.status) {
            Some(Status::Pending(_) | Status::Connected(_)) => return Err(PARSE_ERROR),
            Some(Status::Left) => state.remove(name),
            None => {}
        }
        if state.entries.len() >= session.config().max_namespaces {
            state
                .entries
                .retain(|entry| !matches!(entry.status, Status::Left));
        }
        if state.entries.len() >= session.config().max_namespaces {
            drop(state);
            return reply_error(session, name, &ConnectError::new("Too many namespaces"));
        }
        let request = ConnectRequest {
            socket_id: SocketId::random(),
            namespace: Arc::clone(&namespace.name),
            auth,
            handshake: Arc::clone(session.handshake()),
            transport: session.transport(),
        };
        let decide = Arc::clone(self).decide(Arc::clone(session), Arc::clone(&namespace), request);
        // The task cannot finish before the entry is there: it needs the lock held here.
        let task = session.runtime().spawn(decide);
        state.entries.push(Entry {
            namespace,
            status: Status::Pending(task.abort_handle()),
        });
        Ok(())
    }

    /// Asks the application, detached from the transport.
    async fn decide(
        self: Arc<Self>,
        session: Arc<Session>,
        namespace: Arc<NamespaceCore>,
        request: ConnectRequest,
    ) {
        let id = request.socket_id;
        let answer = AssertUnwindSafe(namespace.handler.connect(request)).catch_unwind();
        let patience = session.config().connect_timeout;
        let verdict = match tokio::time::timeout(patience, answer).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_panic)) => {
                tracing::error!(
                    namespace = &*namespace.name,
                    "socket.io connect handler panicked"
                );
                Err(ConnectError::new("Internal error"))
            }
            Err(_) => Err(ConnectError::new("Connect timed out")),
        };
        let done = match verdict {
            Ok(data) => self.accept(&session, &namespace, id, data),
            Err(error) => self.refuse(&session, &namespace, &error),
        };
        if let Err(Violation(reason)) = done {
            session.close(reason);
        }
    }

    fn accept(
        self: &Arc<Self>,
        session: &Arc<Session>,
        namespace: &Arc<NamespaceCore>,
        id: SocketId,
        data: SocketData,
    ) -> Result<(), Violation> {
        let config = session.config();
        let socket = Socket(Arc::new(SocketCore {
            id,
            namespace: Arc::clone(namespace),
            session: Arc::clone(session),
            client: Arc::clone(self),
            data,
            connected: AtomicBool::new(true),
            acks: Mutex::default(),
            inbox: Inbox::default(),
            max_pending_acks: config.max_pending_acks,
        }));
        let mut state = self.state();
        let Some(entry) = state.entry(&namespace.name) else {
            return Ok(());
        };
        // First the acceptance, then whatever a broadcast or the handler sends.
        match send(session, packet::connected(&namespace.name, id)) {
            Ok(()) => {}
            Err(SendError::Closed) => return Ok(()),
            Err(SendError::QueueFull) => {
                state.remove(&namespace.name);
                return Err(Violation(DisconnectReason::QueueFull));
            }
        }
        session.accepted();
        namespace.adapter.add(socket.clone());
        entry.status = Status::Connected(socket.clone());
        drop(inbox::deliver(
            &socket,
            Item::Connected,
            config.max_queued_events,
        ));
        Ok(())
    }

    fn refuse(
        &self,
        session: &Session,
        namespace: &NamespaceCore,
        error: &ConnectError,
    ) -> Result<(), Violation> {
        self.state().remove(&namespace.name);
        reply_error(session, &namespace.name, error)?;
        // Queued packets are delivered before the session closes.
        if error.close {
            Err(Violation(DisconnectReason::ForcedClose))
        } else {
            Ok(())
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(session: &Session, packet: ByteString) -> Result<(), SendError> {
    session.queue(Frame::Text(packet), &[], None)
}

fn reply_error(session: &Session, namespace: &str, error: &ConnectError) -> Result<(), Violation> {
    match send(session, packet::connect_error(namespace, error)) {
        Ok(()) | Err(SendError::Closed) => Ok(()),
        Err(SendError::QueueFull) => Err(Violation(DisconnectReason::QueueFull)),
    }
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
