//! Builders and deterministic fakes for tests, here and in crates that build on this one (feature `mocks`).

pub mod builder;
pub mod fakes;
