//! The Socket.IO layer: namespaces, sockets, rooms, events and acknowledgements over Engine.IO sessions.

mod ack;
mod client;
mod connect;
mod emit;
mod event;
mod inbox;
mod namespace;
mod packet;
mod parser;
mod room;
#[expect(clippy::module_inception, reason = "the concept is the file")]
mod socket;

pub use self::ack::{AckResponse, AckSender};
pub(crate) use self::client::{Clients, Namespaces};
pub use self::emit::{Broadcast, Encoded, OnWritten, Placeholder};
pub use self::event::Event;
pub(crate) use self::namespace::NamespaceCore;
pub use self::namespace::{ConnectError, ConnectRequest, Namespace, NamespaceHandle, SocketData};
pub use self::room::{Room, Selection};
pub use self::socket::{Socket, SocketId};
