//! A Socket.IO v5 / Engine.IO v4 server for actix-web.
#![deny(missing_docs)]

pub mod adapter;
mod config;
pub mod engine;
mod error;
mod random;
mod server;
mod socket;

pub use crate::config::{Config, Origins};
pub use crate::engine::{Handshake, HandshakeRequest, TransportKind};
pub use crate::error::{AckError, DisconnectReason, EmitError, Refusal};
pub use crate::server::{SocketIo, SocketIoBuilder};
pub use crate::socket::{
    AckResponse, AckSender, Broadcast, ConnectError, ConnectRequest, Encoded, Event, Namespace,
    NamespaceHandle, OnWritten, Placeholder, Room, Selection, Socket, SocketData, SocketId,
};
