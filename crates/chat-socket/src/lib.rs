//! The chat over Socket.IO: a thin front end that parses events, calls a use case of `chat-domain`, and acknowledges.
//!
//! | module | what lives there |
//! |---|---|
//! | [`events`] | every event name and every payload, once |
//! | `payload` | strict JSON: one object, no unknown field, no key twice |
//! | `handlers` | one file per client event: parse, convert, call, answer |
//! | `reply`, `error` | outcomes as acknowledgements, `chat_error` and `rate_limited` |
//! | `pipeline` | many sends under way, answered in order; everything else waits for them |
//! | `auth`, `session`, `limits` | CONNECT, what is known of a socket, how much it may send |
//! | `welcome`, `joining` | what waited for the user, and nothing lost or doubled until the socket is live |
//! | `fanout`, `deliveries` | the `Notifier` port over rooms; what was written, told to the receipts |
//! | `registry`, `watch` | who is connected here; expiry, revocations, leases |
//! | [`Gateway`] | all of it behind `/socket.io/` |
//!
//! # To add an event
//! 1. Name and payload go into [`events`] and, with the same name, into `api-spec/asyncapi.yaml` (a test compares).
//! 2. From the client: a file under `handlers` with its tests, and a line in `handlers::dispatch`.
//! 3. To the client: a variant of `ClientEvent` in `chat-domain`, and a line in `fanout::encode`.

#![deny(missing_docs)]

mod auth;
mod connection;
mod deliveries;
mod error;
pub mod events;
mod fanout;
mod gateway;
mod handlers;
mod joining;
mod limits;
mod measure;
mod options;
mod payload;
mod pipeline;
mod registry;
mod reply;
mod session;
mod typing;
mod watch;
mod welcome;

#[cfg(test)]
mod testing;

pub use crate::{
    fanout::Fanout,
    gateway::Gateway,
    options::{ClientAddress, Options, Peer, Services},
};
pub use actix_socketio::Origins;
