//! REST front end of the chat service on actix-web: extract, convert, call a use case, convert.
//!
//! | module | what lives there |
//! |---|---|
//! | [`create_app`], [`configure`] | the application and its routes |
//! | [`Services`], [`Options`] | what it is built from |
//! | `routes` | every route on one screen, and one file per endpoint |
//! | `extract` | the caller, bodies, path and query parameters |
//! | `dto` | request bodies, and the few answers that are no view of `chat-domain` |
//! | `middleware` | request ids and the access log, problem documents, security headers, CORS, authentication, rate limit |
//! | [`error`] | every error code's status, and RFC 9457 problem documents |
//! | [`openapi`] | the description of all that, from the code |
//! | [`docs`], [`demo`] | the API browser, and the demo page of development mode |
//! | [`client_address`], [`origins`] | who calls, shared with the other front ends |
//!
//! # Add an endpoint
//! 1. A file in `routes/<concept>/` with the handler and its `#[utoipa::path]`; its tests in `tests/api/<concept>.rs`.
//! 2. A body or query type in `dto/<concept>.rs` (serde, garde, utoipa), if it takes one.
//! 3. A line in `routes/mod.rs`, and one in the list of paths in `openapi.rs`.
//! 4. `UPDATE_GENERATED=1 cargo test -p chat-http --test openapi`.

mod app;
pub mod client_address;
pub mod demo;
pub mod docs;
mod dto;
pub mod error;
mod extract;
mod middleware;
mod openapi;
pub mod origins;
mod routes;
mod state;

pub use app::{configure, create_app};
pub use openapi::{openapi, openapi_yaml};
pub use state::{Options, Services};
