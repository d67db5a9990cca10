//! The commands, one per file.

pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod generate;
pub(crate) mod test;
