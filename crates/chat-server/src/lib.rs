//! The chat service: configuration, composition and commands. The binary is `main.rs`; this library exists so that tests
//! can read the configuration without a process.

pub mod commands;
pub mod config;
mod telemetry;
