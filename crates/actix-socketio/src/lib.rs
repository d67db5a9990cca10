//! A Socket.IO v5 / Engine.IO v4 server for actix-web.
//!
//! Works with the official clients in their default settings: long polling, WebSocket, the upgrade between them,
//! namespaces with asynchronous authentication, acknowledgements both ways, rooms, binary events.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use actix_socketio::{
//!     Config, ConnectError, ConnectRequest, Event, Namespace, Origins, Socket, SocketData, SocketIo,
//! };
//! use actix_web::{App, HttpServer};
//! use serde_json::{Value, json};
//!
//! struct Chat;
//!
//! #[async_trait::async_trait]
//! impl Namespace for Chat {
//!     async fn connect(&self, request: ConnectRequest) -> Result<SocketData, ConnectError> {
//!         match request.auth.get("name").and_then(Value::as_str) {
//!             Some(name) => Ok(Arc::new(name.to_owned())),
//!             None => Err(ConnectError::new("who are you?")),
//!         }
//!     }
//!
//!     async fn connected(&self, socket: Socket) {
//!         socket.join("lobby");
//!     }
//!
//!     async fn event(&self, socket: Socket, event: Event) {
//!         let (Ok(text), Some(name)) = (event.arg::<String>(0), socket.data::<String>()) else {
//!             return;
//!         };
//!         let said = json!({ "name": *name, "text": text });
//!         let everybody_else = socket.of().to("lobby").except_socket(socket.id());
//!         let reached = everybody_else.emit("said", &said).unwrap_or_default();
//!         if let Some(ack) = event.ack {
//!             // An error means that the client is gone.
//!             ack.send(&reached).ok();
//!         }
//!     }
//! }
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = SocketIo::builder()
//!         .config(Config { origins: Origins::list(["https://app.example.com"]), ..Config::default() })
//!         .namespace("/", Arc::new(Chat))
//!         .build();
//!     HttpServer::new(move || App::new().configure(|cfg| io.configure(cfg, "/socket.io/")))
//!         .h1_allow_half_closed(false)
//!         .bind(("127.0.0.1", 3000))?
//!         .run()
//!         .await
//! }
//! ```
//!
//! # What to know
//! - Build **one** [`SocketIo`] and mount a clone in every worker: the requests of one session arrive on different workers.
//!   Several processes need sticky sessions as long as clients use polling.
//! - Set `h1_allow_half_closed(false)` on the server, or actix-web does not notice that the client of a long poll has gone.
//! - On shutdown call [`SocketIo::close_all`] before stopping the server: an open long poll would hold it up.
//! - Emitting never blocks and works from any thread. What a client does not read in time fills its queue, and a full queue
//!   closes the session ([`DisconnectReason::QueueFull`]); [`Socket::room_to_send`] paces an emit of many packets.
//! - Each limit and timer is a field of [`Config`], with its default and reason.
//!
//! # Map
//! | module | concept |
//! |---|---|
//! | [`engine`] | sessions over HTTP and WebSocket, usable by itself |
//! | `socket` (re-exported here) | namespaces, sockets, rooms, events, acknowledgements |
//! | [`adapter`] | who is in which room; the port for servers that span nodes |
//!
//! # Not supported
//! Engine.IO v3 (clients 1.x and 2.x), JSONP, WebTransport, `permessage-deflate`, connection state recovery.
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
