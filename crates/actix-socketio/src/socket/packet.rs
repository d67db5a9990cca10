//! Socket.IO packets as values, and how the ones a server sends are written.
//!
//! Source: Socket.IO protocol v5, "Packet encoding". Events are written by `emit.rs`; reading is in `parser.rs`.

use std::fmt::Write as _;

use bytestring::ByteString;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::namespace::ConnectError;
use super::socket::SocketId;

/// Most attachments official clients accept in one packet.
pub(crate) const MAX_ATTACHMENTS: usize = 10;

/// A packet from a client, its attachments still to come.
#[derive(Debug)]
pub(crate) struct Packet {
    /// With its slash.
    pub(crate) namespace: Box<str>,
    pub(crate) body: Body,
    /// How many binary frames follow.
    pub(crate) attachments: usize,
}

/// What a packet says.
#[derive(Debug)]
pub(crate) enum Body {
    /// `0`
    Connect { auth: Map<String, Value> },
    /// `1`
    Disconnect,
    /// `2` or `5`; `content` is absent from a packet without payload, which means nothing.
    Event {
        id: Option<u64>,
        content: Option<EventContent>,
    },
    /// `3` or `6`
    Ack {
        id: Option<u64>,
        args: Vec<Box<RawValue>>,
    },
}

/// Name and arguments of an event.
#[derive(Debug)]
pub(crate) struct EventContent {
    pub(crate) name: Box<str>,
    pub(crate) args: Vec<Box<RawValue>>,
}

/// Event names that belong to the protocol or to client libraries.
pub(crate) fn is_reserved_event(name: &str) -> bool {
    matches!(
        name,
        "connect"
            | "connect_error"
            | "disconnect"
            | "disconnecting"
            | "newListener"
            | "removeListener"
    )
}

/// Writes everything before the JSON: Engine.IO type `4`, packet type, namespace, id.
pub(crate) fn write_prefix(out: &mut String, kind: char, namespace: &str, id: Option<u64>) {
    out.push('4');
    out.push(kind);
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
    if let Some(id) = id {
        // Writing to a String cannot fail.
        let _ = write!(out, "{id}");
    }
}

/// The acceptance of a CONNECT: `40{"sid":…}`.
pub(crate) fn connected(namespace: &str, id: SocketId) -> ByteString {
    let mut text = String::new();
    write_prefix(&mut text, '0', namespace, None);
    let _ = write!(text, "{{\"sid\":\"{id}\"}}");
    text.into()
}

/// The refusal of a CONNECT: `44{"message":…,"data":…}`.
pub(crate) fn connect_error(namespace: &str, error: &ConnectError) -> ByteString {
    let mut text = String::new();
    write_prefix(&mut text, '4', namespace, None);
    let mut body = json!({ "message": error.message });
    if let Some(data) = &error.data {
        body["data"] = data.clone();
    }
    let _ = write!(text, "{body}");
    text.into()
}

/// The end of a namespace: `41`.
pub(crate) fn disconnected(namespace: &str) -> ByteString {
    let mut text = String::new();
    write_prefix(&mut text, '1', namespace, None);
    text.into()
}
