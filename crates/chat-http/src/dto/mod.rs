//! Request bodies and query strings, and the few answers that are no view of `chat-domain`.
//!
//! Unknown fields are refused, a field given twice as well. Rules that hold for sockets alike (the length of a text,
//! who may chat with whom) are the domain's; here stand the rules of the form.

pub(crate) mod block;
pub(crate) mod event;
pub(crate) mod message;
pub(crate) mod moderation;
pub(crate) mod page;
pub(crate) mod presence;
pub(crate) mod read;
pub(crate) mod report;
pub(crate) mod revocation;
pub(crate) mod thread;
pub(crate) mod user;
