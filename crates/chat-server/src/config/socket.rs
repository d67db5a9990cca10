//! The heartbeat of sockets: `CHAT_PING_INTERVAL_MS`, `CHAT_PING_TIMEOUT_MS`, `CHAT_CONNECT_TIMEOUT_MS`.

use std::time::Duration;

use super::env::Reader;

/// Timers of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketConfig {
    /// From a pong to the next ping: `CHAT_PING_INTERVAL_MS`, default 25 s.
    pub ping_interval: Duration,
    /// How long an answer may take: `CHAT_PING_TIMEOUT_MS`, default 20 s.
    pub ping_timeout: Duration,
    /// How long a connection may stay without joining the namespace: `CHAT_CONNECT_TIMEOUT_MS`, default 10 s.
    pub connect_timeout: Duration,
}

impl SocketConfig {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let mut millis =
            |name, default| Duration::from_millis(r.number(name, default, 100..=3_600_000));
        Self {
            ping_interval: millis("CHAT_PING_INTERVAL_MS", 25_000),
            ping_timeout: millis("CHAT_PING_TIMEOUT_MS", 20_000),
            connect_timeout: millis("CHAT_CONNECT_TIMEOUT_MS", 10_000),
        }
    }
}
