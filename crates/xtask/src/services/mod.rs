//! What suites need on the machine, one file each: found, or installed when missing.

pub(crate) mod browser;
pub(crate) mod node;
