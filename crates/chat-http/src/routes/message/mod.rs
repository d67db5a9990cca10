//! Messages: sending, and reading back.

pub(crate) mod history;
pub(crate) mod send;
