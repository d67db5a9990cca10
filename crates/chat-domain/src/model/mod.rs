//! Entities and values. Constructors hold the invariants; nothing here does I/O.

pub mod access;
pub mod content;
pub mod event;
pub mod limit;
pub mod message;
pub mod moderation;
pub mod presence;
pub mod receipt;
pub mod risk;
pub mod thread;
pub mod token;
pub mod user;
