//! Adapters for the ports of `chat-domain`.

pub mod events;
pub mod jwt;
pub mod memory;
pub mod moderation;
pub mod sql;
