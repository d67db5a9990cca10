//! Logs: to standard error, so that standard output holds only what a command is asked to print.

use std::{
    io::{IsTerminal, stderr},
    panic,
};

use anyhow::{Result, anyhow};
use tracing_subscriber::{EnvFilter, fmt, prelude::*, registry};

use crate::config::telemetry::{LogFormat, TelemetryConfig};

/// What libraries say too loudly: actix tells of each start and stop in several lines, and of every broken request as an
/// error, which anybody could fill a disk with. `RUST_LOG` may name them to hear them again.
const QUIET: &str = "actix_server=warn,actix_http::h1::dispatcher=off";

/// Starts logging for the rest of the process.
pub(crate) fn start(config: &TelemetryConfig) -> Result<()> {
    let filter = EnvFilter::builder().parse(format!("{QUIET},{}", config.filter))?;
    let layer = fmt::layer().with_writer(stderr);
    let layer = match config.format {
        LogFormat::Pretty => layer.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    registry()
        .with(layer.with_filter(filter))
        .try_init()
        .map_err(|_| anyhow!("logging was started before"))?;
    // Where it happened, but not the message: that may quote a text that was being worked on.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!("panicked at {}", place.unwrap_or_default());
    }));
    Ok(())
}
