//! Logs: to standard error, so that standard output holds only what a command is asked to print.

use std::{
    io::{IsTerminal, stderr},
    panic,
};

use anyhow::{Result, anyhow};
use tracing_subscriber::{EnvFilter, fmt, prelude::*, registry};

use crate::config::telemetry::{LogFormat, TelemetryConfig};

/// Starts logging for the rest of the process.
pub(crate) fn start(config: &TelemetryConfig) -> Result<()> {
    let filter = EnvFilter::builder().parse(&config.filter)?;
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
