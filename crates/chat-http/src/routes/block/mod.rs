//! Blocks: the list, setting one, lifting one.

pub(crate) mod lift;
pub(crate) mod list;
pub(crate) mod set;
