//! Threads: opening, listing, reading one.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod open;
