//! Packets on their way out: encoded once, shared by all sockets they go to. Also the broadcast builder.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::namespace::NamespaceHandle;
use super::packet::{self, MAX_ATTACHMENTS};
use super::room::{Room, Selection};
use super::socket::{Socket, SocketId};
use crate::error::EmitError;

/// Told when a packet has been handed to the transport of a socket.
///
/// # Rules
/// - Called once per socket, after the frame was given to the WebSocket, or the poll response holding it was returned
///   to the client; for a binary event, after the last attachment.
/// - Never called when the socket died first. Handed over is not received: only an acknowledgement proves that.
/// - Called on the worker thread that writes, so it must not block.
pub trait OnWritten: Send + Sync + 'static {
    /// The packet was written to this socket.
    fn written(&self, socket: &Socket);
}

impl<F: Fn(&Socket) + Send + Sync + 'static> OnWritten for F {
    fn written(&self, socket: &Socket) {
        self(socket);
    }
}

/// Stands for a binary value inside JSON arguments: `{"_placeholder":true,"num":0}` means attachment 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Placeholder {
    /// Index of the attachment.
    pub num: usize,
}

impl Serialize for Placeholder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Placeholder", 2)?;
        object.serialize_field("_placeholder", &true)?;
        object.serialize_field("num", &self.num)?;
        object.end()
    }
}

/// An event packet, encoded once. Cloning shares the bytes, and so does every socket it is sent to.
#[derive(Debug, Clone)]
pub struct Encoded {
    namespace: Arc<str>,
    head: ByteString,
    /// Where the JSON array of arguments begins in `head`.
    args_at: usize,
    attachments: Option<Arc<[Bytes]>>,
}

impl Encoded {
    /// An event with one argument.
    ///
    /// # Errors
    /// When the payload cannot be serialised, or the name is reserved.
    pub fn event<T: Serialize + ?Sized>(
        namespace: &str,
        event: &str,
        payload: &T,
    ) -> Result<Self, EmitError> {
        Self::build_event(namespace.into(), event, None, |out| {
            serde_json::to_writer(&mut *out, payload)?;
            Ok(())
        })
    }

    /// An event with a sequence of arguments (a tuple, a slice, raw values), which may hold [`Placeholder`]s for
    /// `attachments`.
    ///
    /// # Errors
    /// As [`event`](Self::event); also for arguments that are no sequence and for more than 10 attachments.
    pub fn event_args<T: Serialize + ?Sized>(
        namespace: &str,
        event: &str,
        args: &T,
        attachments: Vec<Bytes>,
    ) -> Result<Self, EmitError> {
        Self::build_event(namespace.into(), event, None, |out| {
            append_sequence(out, args)
        })?
        .with_attachments(attachments)
    }

    /// Name of the namespace the packet belongs to.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The arguments as a JSON array, the event's name first. An adapter sends this to other nodes.
    pub fn args_json(&self) -> &str {
        &self.head[self.args_at..]
    }

    /// The binary attachments.
    pub fn attachments(&self) -> &[Bytes] {
        self.attachments.as_deref().unwrap_or_default()
    }

    /// An event that asks for an acknowledgement; its id is one socket's, so it is not for broadcasts.
    pub(crate) fn event_with_ack<T: Serialize + ?Sized>(
        namespace: &Arc<str>,
        event: &str,
        id: u64,
        payload: &T,
    ) -> Result<Self, EmitError> {
        Self::build_event(Arc::clone(namespace), event, Some(id), |out| {
            serde_json::to_writer(&mut *out, payload)?;
            Ok(())
        })
    }

    /// An acknowledgement; `write_args` appends a JSON array.
    pub(crate) fn ack(
        namespace: &Arc<str>,
        id: u64,
        write_args: impl FnOnce(&mut Vec<u8>) -> Result<(), EmitError>,
    ) -> Result<Self, EmitError> {
        Self::build(Arc::clone(namespace), '3', Some(id), write_args)
    }

    /// Adds attachments: the packet becomes a binary one.
    pub(crate) fn with_attachments(mut self, attachments: Vec<Bytes>) -> Result<Self, EmitError> {
        if attachments.is_empty() {
            return Ok(self);
        }
        if attachments.len() > MAX_ATTACHMENTS {
            return Err(EmitError::TooManyAttachments);
        }
        let binary_type = if self.head.as_bytes()[1] == b'2' {
            '5'
        } else {
            '6'
        };
        let mut head = String::with_capacity(self.head.len() + 3);
        // Writing to a String cannot fail.
        let _ = write!(
            head,
            "4{binary_type}{}-{}",
            attachments.len(),
            &self.head[2..]
        );
        self.args_at += head.len() - self.head.len();
        self.head = head.into();
        self.attachments = Some(attachments.into());
        Ok(self)
    }

    /// The text frame: Engine.IO type `4`, then the Socket.IO packet.
    pub(crate) fn head(&self) -> &ByteString {
        &self.head
    }

    fn build_event(
        namespace: Arc<str>,
        event: &str,
        id: Option<u64>,
        write_args: impl FnOnce(&mut Vec<u8>) -> Result<(), EmitError>,
    ) -> Result<Self, EmitError> {
        if packet::is_reserved_event(event) {
            return Err(EmitError::ReservedEvent(event.to_owned()));
        }
        Self::build(namespace, '2', id, |out| {
            out.push(b'[');
            serde_json::to_writer(&mut *out, event)?;
            out.push(b',');
            write_args(out)?;
            // `event_args` with no arguments leaves the comma behind.
            if out.last() == Some(&b',') {
                out.pop();
            }
            out.push(b']');
            Ok(())
        })
    }

    fn build(
        namespace: Arc<str>,
        kind: char,
        id: Option<u64>,
        write_args: impl FnOnce(&mut Vec<u8>) -> Result<(), EmitError>,
    ) -> Result<Self, EmitError> {
        let mut head = String::with_capacity(128);
        packet::write_prefix(&mut head, kind, &namespace, id);
        let args_at = head.len();
        let mut bytes = head.into_bytes();
        write_args(&mut bytes)?;
        let head = ByteString::try_from(bytes)
            .map_err(serde::ser::Error::custom)
            .map_err(EmitError::Serialize)?;
        Ok(Self {
            namespace,
            head,
            args_at,
            attachments: None,
        })
    }
}

/// Appends `[payload]`.
pub(crate) fn write_single<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    payload: &T,
) -> Result<(), EmitError> {
    out.push(b'[');
    serde_json::to_writer(&mut *out, payload)?;
    out.push(b']');
    Ok(())
}

/// Appends a JSON array.
pub(crate) fn write_sequence<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    args: &T,
) -> Result<(), EmitError> {
    out.push(b'[');
    append_sequence(out, args)?;
    out.push(b']');
    Ok(())
}

/// Appends the elements of a JSON array without its brackets.
fn append_sequence<T: Serialize + ?Sized>(out: &mut Vec<u8>, args: &T) -> Result<(), EmitError> {
    let start = out.len();
    serde_json::to_writer(&mut *out, args)?;
    if out[start..].starts_with(b"[") {
        out.pop();
        out.remove(start);
        Ok(())
    } else if &out[start..] == b"null" {
        // The unit type: no arguments.
        out.truncate(start);
        Ok(())
    } else {
        Err(EmitError::NotASequence)
    }
}

/// A broadcast being put together; see [`NamespaceHandle::to`].
#[derive(Clone)]
#[must_use = "a broadcast does nothing until `emit` or `send`"]
pub struct Broadcast {
    pub(crate) namespace: NamespaceHandle,
    pub(crate) selection: Selection,
    pub(crate) on_written: Option<Arc<dyn OnWritten>>,
}

impl Broadcast {
    /// Also to this room.
    pub fn to(mut self, room: impl Into<Room>) -> Self {
        self.selection
            .rooms
            .get_or_insert_default()
            .push(room.into());
        self
    }

    /// Also to these rooms. If these are none and no other room is named, the broadcast reaches nobody.
    pub fn to_rooms<R: Into<Room>>(mut self, rooms: impl IntoIterator<Item = R>) -> Self {
        self.selection
            .rooms
            .get_or_insert_default()
            .extend(rooms.into_iter().map(Into::into));
        self
    }

    /// Not to the members of this room.
    pub fn except_room(mut self, room: impl Into<Room>) -> Self {
        self.selection.except_rooms.push(room.into());
        self
    }

    /// Not to this socket.
    pub fn except_socket(mut self, id: SocketId) -> Self {
        self.selection.except_sockets.push(id);
        self
    }

    /// Tells `hook` of each local socket the packet was written to.
    pub fn on_written(mut self, hook: Arc<dyn OnWritten>) -> Self {
        self.on_written = Some(hook);
        self
    }

    /// Sends an event with one argument; returns to how many local sockets it was queued. Never blocks.
    ///
    /// # Errors
    /// When the payload cannot be serialised, or the name is reserved.
    pub fn emit<T: Serialize + ?Sized>(self, event: &str, payload: &T) -> Result<usize, EmitError> {
        let packet = Encoded::event(self.namespace.name(), event, payload)?;
        Ok(self.send(&packet))
    }

    /// Sends a packet encoded before; returns to how many local sockets it was queued. Never blocks.
    ///
    /// A socket whose queue is full is not counted and its session is closed.
    pub fn send(self, packet: &Encoded) -> usize {
        self.namespace
            .adapter()
            .broadcast(packet, &self.selection, self.on_written.as_ref())
    }

    /// Puts the selected sockets into a room.
    pub fn join(self, room: impl Into<Room>) {
        self.namespace
            .adapter()
            .join_selected(&self.selection, &[room.into()]);
    }

    /// Takes the selected sockets out of a room.
    pub fn leave(self, room: impl Into<Room>) {
        self.namespace
            .adapter()
            .leave_selected(&self.selection, &[room.into()]);
    }

    /// Disconnects the selected sockets; see [`Socket::disconnect`].
    pub fn disconnect(self, close: bool) {
        self.namespace
            .adapter()
            .disconnect_selected(&self.selection, close);
    }

    /// The selected sockets of this node.
    pub fn sockets(&self) -> Vec<Socket> {
        self.namespace.adapter().local_sockets(&self.selection)
    }
}
