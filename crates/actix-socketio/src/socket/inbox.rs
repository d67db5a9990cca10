//! In progress.
pub(crate) struct Inbox;
