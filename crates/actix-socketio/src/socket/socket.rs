//! A connected socket: one client in one namespace. Everything here is callable from any thread and never blocks.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::ack::{AckResponse, PendingAcks};
use super::client::Client;
use super::emit::{Encoded, OnWritten};
use super::inbox::Inbox;
use super::namespace::{NamespaceCore, NamespaceHandle, SocketData};
use super::room::Room;
use crate::engine::{Frame, Handshake, SendError, Session, TransportKind};
use crate::error::{AckError, DisconnectReason, EmitError};

/// Public id of a socket: 20 URL-safe characters (120 random bits). Not the secret session id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId([u8; Self::LEN]);

impl SocketId {
    /// Length in characters.
    pub const LEN: usize = 20;

    /// A new random id.
    pub(crate) fn random() -> Self {
        let mut text = [0; Self::LEN];
        crate::random::fill_url_safe(&mut text);
        Self(text)
    }

    /// The id written as `text`, if that has the right form.
    pub fn parse(text: &str) -> Option<Self> {
        let url_safe = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let bytes: [u8; Self::LEN] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(url_safe).then_some(Self(bytes))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({})", self.as_str())
    }
}

/// A client in a namespace. Cheap to clone; all clones mean the same socket.
#[derive(Clone)]
pub struct Socket(pub(crate) Arc<SocketCore>);

pub(crate) struct SocketCore {
    pub(crate) id: SocketId,
    pub(crate) namespace: Arc<NamespaceCore>,
    pub(crate) session: Arc<Session>,
    pub(crate) client: Arc<Client>,
    pub(crate) data: SocketData,
    pub(crate) connected: AtomicBool,
    pub(crate) acks: Mutex<PendingAcks>,
    pub(crate) inbox: Inbox,
    pub(crate) max_pending_acks: usize,
}

impl Socket {
    /// The socket's public id.
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// What [`Namespace::connect`](super::Namespace::connect) returned, if it is a `T`.
    pub fn data<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.0.data).downcast().ok()
    }

    /// As [`data`](Self::data), without counting a reference.
    pub fn data_ref<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.data.downcast_ref()
    }

    /// The namespace the socket is in.
    pub fn of(&self) -> NamespaceHandle {
        NamespaceHandle(Arc::clone(&self.0.namespace))
    }

    /// The request that opened the session.
    pub fn handshake(&self) -> &Arc<Handshake> {
        self.0.session.handshake()
    }

    /// Address of the peer: the last proxy's, if there is one.
    pub fn peer_ip(&self) -> Option<IpAddr> {
        self.handshake().peer_ip()
    }

    /// The transport in use now.
    pub fn transport(&self) -> TransportKind {
        self.0.session.transport()
    }

    /// Whether the socket is still in its namespace.
    pub fn is_connected(&self) -> bool {
        self.0.connected.load(Ordering::Acquire)
    }

    /// Joins a room. Does nothing once disconnected.
    pub fn join(&self, room: impl Into<Room>) {
        self.0.namespace.adapter.join(self.id(), &[room.into()]);
    }

    /// Leaves a room.
    pub fn leave(&self, room: &str) {
        self.0.namespace.adapter.leave(self.id(), room);
    }

    /// The rooms it has joined. Its own id, by which it can be reached as well, is not among them.
    pub fn rooms(&self) -> Vec<Room> {
        self.0.namespace.adapter.rooms(self.id())
    }

    /// Sends an event with one argument.
    ///
    /// # Errors
    /// When the payload cannot be serialised, the name is reserved, or the socket is gone. A full queue is an error
    /// too, and closes the session.
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, payload: &T) -> Result<(), EmitError> {
        self.send(&Encoded::event(&self.0.namespace.name, event, payload)?)
    }

    /// Sends a packet encoded before, for instance one with several arguments or attachments.
    ///
    /// # Errors
    /// When the socket is gone. A full queue is an error too, and closes the session.
    pub fn send(&self, packet: &Encoded) -> Result<(), EmitError> {
        self.send_with(packet, None)
    }

    /// As [`send`](Self::send); `hook` is told when the packet was written.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_tracked(
        &self,
        packet: &Encoded,
        hook: &Arc<dyn OnWritten>,
    ) -> Result<(), EmitError> {
        self.send_with(packet, Some(hook))
    }

    /// Sends an event with one argument and waits for the client's acknowledgement, at most `timeout`.
    ///
    /// # Errors
    /// When it could not be sent, was not answered in time, or the socket was disconnected.
    ///
    /// # Cancellation
    /// Dropping the future forgets the acknowledgement; the event may have been sent.
    pub async fn emit_with_ack<T: Serialize + ?Sized>(
        &self,
        event: &str,
        payload: &T,
        timeout: Duration,
    ) -> Result<AckResponse, AckError> {
        if !self.is_connected() {
            return Err(AckError::Disconnected);
        }
        let limit = self.0.max_pending_acks;
        let (id, answer) = self
            .acks(|acks| acks.register(limit))
            .ok_or(AckError::TooManyPending)?;
        let _forget = Forget { socket: self, id };
        let packet = Encoded::event_with_ack(self.namespace(), event, id, payload)?;
        self.send(&packet)?;
        match tokio::time::timeout(timeout, answer).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => Err(AckError::Disconnected),
            Err(_) => Err(AckError::Timeout),
        }
    }

    /// Waits until less than half of the session's queue is used, or the session has ended. To pace an emit of many
    /// packets, which would overflow the queue; handlers are called only after this.
    pub async fn room_to_send(&self) {
        self.0.session.room().await;
    }

    /// Disconnects. What was emitted before is still delivered; events that wait for the handler are dropped.
    ///
    /// With `close: false` the socket leaves its namespace and other namespaces of the client go on. With `close: true`
    /// all its namespaces are left and the session ends. Official clients do not come back by themselves either way.
    pub fn disconnect(&self, close: bool) {
        if close {
            self.0.client.kick_all(&self.0.session);
        } else {
            self.0.client.kick(self);
        }
    }

    pub(crate) fn namespace(&self) -> &Arc<str> {
        &self.0.namespace.name
    }

    /// Queues a packet; leaves a full queue to the caller, who may hold locks that closing needs.
    pub(crate) fn queue(
        &self,
        packet: &Encoded,
        hook: Option<&Arc<dyn OnWritten>>,
    ) -> Result<(), SendError> {
        if !self.is_connected() {
            return Err(SendError::Closed);
        }
        let on_written = hook.map(|hook| {
            let (hook, socket) = (Arc::clone(hook), self.clone());
            Box::new(move || hook.written(&socket)) as crate::engine::WrittenHook
        });
        let head = Frame::Text(packet.head().clone());
        self.0.session.queue(head, packet.attachments(), on_written)
    }

    /// Closes the session after [`queue`](Self::queue) found no room.
    pub(crate) fn close_overflowed(&self) {
        self.0.session.close(DisconnectReason::QueueFull);
    }

    pub(crate) fn acks<R>(&self, work: impl FnOnce(&mut PendingAcks) -> R) -> R {
        work(&mut self.0.acks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn send_with(
        &self,
        packet: &Encoded,
        hook: Option<&Arc<dyn OnWritten>>,
    ) -> Result<(), EmitError> {
        self.queue(packet, hook).map_err(|error| match error {
            SendError::Closed => EmitError::Disconnected,
            SendError::QueueFull => {
                self.close_overflowed();
                EmitError::QueueFull
            }
        })
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.0.id)
            .field("namespace", &self.0.namespace.name)
            .finish_non_exhaustive()
    }
}

/// Forgets an acknowledgement when its caller goes away.
struct Forget<'a> {
    socket: &'a Socket,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.socket.acks(|acks| acks.forget(self.id));
    }
}
