//! What the gateway needs of `actix-socketio`, as three small traits: a client, an answer, and rooms.
//! Tests put recorders in their place; everything else of the crate is written against these.

use std::sync::Arc;

use actix_socketio::{AckSender, Encoded, NamespaceHandle, OnWritten, Socket};
use chat_domain::id::{SocketId, UserId};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{deliveries::Written, events::ServerEventName, session::Session};

/// The namespace of the chat.
pub(crate) const NAMESPACE: &str = "/";

/// A connected client. Nothing here blocks or fails: a client that is gone gets nothing.
pub(crate) trait Connection: Send + Sync {
    fn send(&self, packet: &Encoded);
    /// `hook` is told once the packet was written.
    fn send_tracked(&self, packet: &Encoded, hook: Written);
    /// From now on the client gets what goes to the user's room.
    fn join(&self, user: &UserId);
    /// Leaves the namespace and ends the session, after what was sent before.
    fn disconnect(&self);
    fn is_open(&self) -> bool;
}

/// Where a client waits for the answer to one event.
pub(crate) trait Answer: Send {
    fn send(self: Box<Self>, answer: &RawValue);
}

/// All sockets of users.
pub(crate) trait Rooms: Send + Sync {
    /// Hands the packet to every socket of the users but one; never blocks.
    fn send(
        &self,
        packet: &Encoded,
        users: &[UserId],
        except: Option<&SocketId>,
        hook: Option<Written>,
    );
}

/// The event as a packet; `None`, and an error in the log, if the payload can't be written as JSON.
pub(crate) fn encode<T: Serialize + ?Sized>(
    event: ServerEventName,
    payload: &T,
) -> Option<Encoded> {
    match Encoded::event(NAMESPACE, event.as_str(), payload) {
        Ok(packet) => Some(packet),
        Err(error) => {
            tracing::error!(event = event.as_str(), %error, "an event can't be encoded");
            None
        }
    }
}

/// The room of a user's sockets.
fn room(user: &UserId) -> String {
    format!("user:{user}")
}

impl Connection for Socket {
    fn send(&self, packet: &Encoded) {
        gone(Socket::send(self, packet));
    }

    fn send_tracked(&self, packet: &Encoded, hook: Written) {
        let hook: Arc<dyn OnWritten> = Arc::new(hook);
        gone(Socket::send_tracked(self, packet, &hook));
    }

    fn join(&self, user: &UserId) {
        Socket::join(self, room(user));
    }

    fn disconnect(&self) {
        Socket::disconnect(self, true);
    }

    fn is_open(&self) -> bool {
        self.is_connected()
    }
}

/// A client that went away, or whose full queue closed it, catches up when it comes back.
fn gone(outcome: Result<(), actix_socketio::EmitError>) {
    if let Err(error) = outcome {
        tracing::debug!(%error, "not sent");
    }
}

impl Answer for AckSender {
    fn send(self: Box<Self>, answer: &RawValue) {
        gone(AckSender::send(*self, answer));
    }
}

impl Rooms for NamespaceHandle {
    fn send(
        &self,
        packet: &Encoded,
        users: &[UserId],
        except: Option<&SocketId>,
        hook: Option<Written>,
    ) {
        let mut broadcast = self.to_rooms(users.iter().map(room));
        if let Some(id) = except.and_then(|id| actix_socketio::SocketId::parse(id.as_str())) {
            broadcast = broadcast.except_socket(id);
        }
        if let Some(hook) = hook {
            broadcast = broadcast.on_written(Arc::new(hook));
        }
        broadcast.send(packet);
    }
}

impl OnWritten for Written {
    fn written(&self, socket: &Socket) {
        if let Some(session) = socket.data_ref::<Session>() {
            self.to(session);
        }
    }
}

/// A client together with what is known of it.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) session: Arc<Session>,
    pub(crate) connection: Arc<dyn Connection>,
}

impl Client {
    /// The client behind a socket that [`Session`] was attached to.
    pub(crate) fn of(socket: Socket) -> Option<Self> {
        Some(Self {
            session: socket.data::<Session>()?,
            connection: Arc::new(socket),
        })
    }

    pub(crate) fn emit<T: Serialize + ?Sized>(&self, event: ServerEventName, payload: &T) {
        if let Some(packet) = encode(event, payload) {
            self.connection.send(&packet);
        }
    }
}
