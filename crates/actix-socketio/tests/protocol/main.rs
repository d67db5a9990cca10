//! The server as a client sees it: a real actix-web server on a free port, raw HTTP and raw
//! `WebSocket`s.
//!
//! Numbers and tables named in the tests are the reference server's (Socket.IO 4.8 for Node).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod close;
mod cors;
mod events;
mod guard;
mod handshake;
mod heartbeat;
mod limits;
mod namespaces;
mod rooms;
mod server;
mod upgrade;
