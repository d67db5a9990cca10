//! What an application implements ([`Namespace`]) and what it calls ([`NamespaceHandle`]).
//!
//! How packets become calls is in `client.rs`; the order of calls is kept by `inbox.rs`.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};

use super::emit::{Broadcast, Encoded, OnWritten};
use super::event::Event;
use super::room::{Room, Selection};
use super::socket::{Socket, SocketId};
use crate::adapter::Adapter;
use crate::engine::{Handshake, TransportKind};
use crate::error::{DisconnectReason, EmitError};

/// What an application attaches to a socket; see [`Socket::data`].
pub type SocketData = Arc<dyn Any + Send + Sync>;

/// A namespace of the application.
///
/// # Rules
/// - For one socket: `connect`, then `connected`, then `event` any number of times, then `disconnected` exactly once
///   (also if it was disconnected before `connected` began). Each begins after the one before has returned.
/// - Different sockets are handled concurrently.
/// - The futures run as tasks on the worker that accepted the session; they must not block the thread.
/// - A panic in `connected` or `event` closes the session with [`DisconnectReason::HandlerPanicked`].
#[async_trait]
pub trait Namespace: Send + Sync + 'static {
    /// Decides on a CONNECT. May do I/O; heartbeats go on meanwhile. What it returns becomes the socket's data.
    ///
    /// # Errors
    /// A [`ConnectError`] refuses the client, which gets a `connect_error` event.
    ///
    /// # Cancellation
    /// Dropped when the session closes, or after `connect_timeout`; then the client gets a `connect_error`.
    async fn connect(&self, request: ConnectRequest) -> Result<SocketData, ConnectError>;

    /// The client was accepted, and the acceptance is queued: what is emitted here arrives after it. Join rooms here:
    /// events the client has sent are handled after this has returned.
    async fn connected(&self, socket: Socket) {
        let _ = socket;
    }

    /// The client sent an event. The socket's next event waits until this has returned, and when too many wait, so
    /// does the transport.
    async fn event(&self, socket: Socket, event: Event);

    /// The socket is gone, for good.
    async fn disconnected(&self, socket: Socket, reason: DisconnectReason) {
        let _ = (socket, reason);
    }
}

/// A client that wants to join a namespace.
#[derive(Debug, Clone)]
pub struct ConnectRequest {
    /// The id the socket has if it is accepted.
    pub socket_id: SocketId,
    /// Name of the namespace, with its slash.
    pub namespace: Arc<str>,
    /// What the client passed as `auth`; empty if it passed nothing.
    pub auth: Map<String, Value>,
    /// The request that opened the session: peer address, headers, query.
    pub handshake: Arc<Handshake>,
    /// The transport at the moment of the CONNECT.
    pub transport: TransportKind,
}

/// Why a client may not join a namespace.
#[derive(Debug, Clone)]
pub struct ConnectError {
    /// The client's `error.message`.
    pub message: String,
    /// The client's `error.data`; absent from the packet if `None`.
    pub data: Option<Value>,
    /// Whether the session is closed once the client has been told.
    pub close: bool,
}

impl ConnectError {
    /// A refusal with a message only; the session stays open.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            data: None,
            close: false,
        }
    }

    /// With `error.data`.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// Closing the session afterwards.
    #[must_use]
    pub fn and_close(mut self) -> Self {
        self.close = true;
        self
    }
}

/// A namespace and everything registered for it.
pub(crate) struct NamespaceCore {
    pub(crate) name: Arc<str>,
    pub(crate) handler: Arc<dyn Namespace>,
    pub(crate) adapter: Arc<dyn Adapter>,
}

/// A namespace seen from the server: emit to its sockets, find them, move them between rooms. Cheap to clone, usable
/// from any thread.
#[derive(Clone)]
pub struct NamespaceHandle(pub(crate) Arc<NamespaceCore>);

impl NamespaceHandle {
    /// The namespace's name, with its slash.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The adapter of this namespace.
    pub fn adapter(&self) -> &Arc<dyn Adapter> {
        &self.0.adapter
    }

    /// A broadcast to everybody, to be narrowed down.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast {
            namespace: self.clone(),
            selection: Selection::default(),
            on_written: None,
        }
    }

    /// A broadcast to one room.
    pub fn to(&self, room: impl Into<Room>) -> Broadcast {
        self.broadcast().to(room)
    }

    /// A broadcast to several rooms; a socket in several of them gets the packet once.
    ///
    /// No rooms means nobody: an empty audience never turns into everybody.
    pub fn to_rooms<R: Into<Room>>(&self, rooms: impl IntoIterator<Item = R>) -> Broadcast {
        self.broadcast().to_rooms(rooms)
    }

    /// A broadcast to everybody but the members of a room.
    pub fn except_room(&self, room: impl Into<Room>) -> Broadcast {
        self.broadcast().except_room(room)
    }

    /// A broadcast to everybody but one socket.
    pub fn except_socket(&self, id: SocketId) -> Broadcast {
        self.broadcast().except_socket(id)
    }

    /// A broadcast to everybody that tells `hook` of each socket it was written to.
    pub fn on_written(&self, hook: Arc<dyn OnWritten>) -> Broadcast {
        self.broadcast().on_written(hook)
    }

    /// Sends an event with one argument to everybody; returns to how many local sockets it was queued.
    ///
    /// # Errors
    /// When the payload cannot be serialised, or the name is reserved.
    pub fn emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        payload: &T,
    ) -> Result<usize, EmitError> {
        self.broadcast().emit(event, payload)
    }

    /// Sends a packet encoded before to everybody; returns to how many local sockets it was queued.
    pub fn send(&self, packet: &Encoded) -> usize {
        self.broadcast().send(packet)
    }

    /// The connected socket with this id, if it is on this node.
    pub fn socket(&self, id: SocketId) -> Option<Socket> {
        self.0.adapter.local_socket(id)
    }

    /// All connected sockets of this node.
    pub fn sockets(&self) -> Vec<Socket> {
        self.0.adapter.local_sockets(&Selection::default())
    }

    /// The sockets of this node that are in a room.
    pub fn sockets_in(&self, room: impl Into<Room>) -> Vec<Socket> {
        self.to(room).sockets()
    }

    /// How many sockets are connected on this node.
    pub fn socket_count(&self) -> usize {
        self.0.adapter.local_count()
    }
}

impl fmt::Debug for NamespaceHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamespaceHandle")
            .field(&self.0.name)
            .finish()
    }
}
