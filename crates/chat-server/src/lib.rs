//! The chat service: configuration, composition and commands. The binary is `main.rs`; this library exists so that tests
//! can read the configuration without a process.
//!
//! | module | what lives there |
//! |---|---|
//! | [`commands`] | the command line, one command per file |
//! | [`config`] | every variable of the environment |
//! | `app` | the composition root: adapters meet use cases |
//! | `tokens` | keys, and tokens for development |
//! | `routes` | health, metrics, development tokens |
//! | `background`, `shutdown` | work that nobody waits for, and how all of it ends |
//! | `telemetry`, `metrics`, `observe` | what is told about all that |

mod app;
mod background;
pub mod commands;
pub mod config;
mod metrics;
mod observe;
mod routes;
mod shutdown;
mod telemetry;
mod tokens;
