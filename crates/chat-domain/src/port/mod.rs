//! Driven ports: what the use cases need from the outside. Adapters live in other crates.
//!
//! Every rule in a port's documentation has a case of the same number in `contract` (feature `contract`).

pub mod audit;
pub mod auth;
pub mod block;
pub mod event;
pub mod limit;
pub mod message;
pub mod moderation;
pub mod notifier;
pub mod presence;
pub mod receipt;
pub mod report;
pub mod thread;
pub mod user;
