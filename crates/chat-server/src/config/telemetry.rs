//! How the server logs: `CHAT_LOG_FORMAT`, `CHAT_LOG_CONTENT`, `RUST_LOG`.

use tracing_subscriber::EnvFilter;

use super::env::Reader;

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Whether texts may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogContent {
    /// Never.
    Redact,
    /// Unflagged ones, at debug level.
    Debug,
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// `CHAT_LOG_FORMAT`, default `pretty`.
    pub format: LogFormat,
    /// `CHAT_LOG_CONTENT`, default `redact`.
    pub content: LogContent,
    /// `RUST_LOG`, default `info`; known to be a valid filter.
    pub filter: String,
}

impl TelemetryConfig {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let formats = [("pretty", LogFormat::Pretty), ("json", LogFormat::Json)];
        let contents = [("redact", LogContent::Redact), ("debug", LogContent::Debug)];
        let filter = r.text("RUST_LOG").unwrap_or("info");
        if EnvFilter::builder().parse(filter).is_err() {
            r.problem(
                "RUST_LOG",
                "must be off, error, warn, info, debug or trace, or filters such as info,chat_socket=debug",
            );
        }
        Self {
            format: r.choice("CHAT_LOG_FORMAT", LogFormat::Pretty, &formats),
            content: r.choice("CHAT_LOG_CONTENT", LogContent::Redact, &contents),
            filter: filter.to_owned(),
        }
    }
}
