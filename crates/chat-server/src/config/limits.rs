//! How much of everything: rates, sizes and counts. A rate of 0 means: no limit.

use chat_domain::model::{content::ContentLimits, limit::Quota};

use super::env::Reader;

/// No rate goes higher; whoever wants more wants 0.
const MAX_RATE: u32 = 1_000_000;

/// One less than the sightings of a token tell apart.
const MAX_TOKEN_ADDRESSES: usize = 31;

/// Limits; `None` is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// `private_message` per socket: `CHAT_MESSAGE_RATE` (10) per `CHAT_MESSAGE_WINDOW_SECS` (10).
    pub socket_messages: Option<Quota>,
    /// Other events per socket and 10 s: `CHAT_EVENT_RATE` (50).
    pub socket_events: Option<Quota>,
    /// Messages per user and minute, by whichever way: `CHAT_USER_MESSAGE_RATE` (60).
    pub user_messages: Option<Quota>,
    /// REST requests per user and minute: `CHAT_REST_RATE` (300).
    pub rest: Option<Quota>,
    /// Connection attempts per address and minute: `CHAT_CONNECT_RATE` (60).
    pub connections: Option<Quota>,
    /// Failed authentications per address and 5 minutes: `CHAT_AUTH_FAILURES` (10).
    pub auth_failures: Option<Quota>,
    /// Addresses that one token may be used from at once: `CHAT_TOKEN_IPS` (3).
    pub token_addresses: usize,
    /// Live sockets of one user: `CHAT_MAX_SOCKETS_PER_USER` (10).
    pub sockets_per_user: Option<usize>,
    /// People in a thread: `CHAT_MAX_PARTICIPANTS` (256).
    pub participants: usize,
    /// Length of a text: `CHAT_MAX_CONTENT_CHARS` (4000) characters, and 16 KiB.
    pub content: ContentLimits,
    /// Bytes of a body or a frame: `CHAT_MAX_PAYLOAD` (65536).
    pub payload_bytes: usize,
}

impl LimitsConfig {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let window = r.number("CHAT_MESSAGE_WINDOW_SECS", 10, 0..=86_400);
        let sockets = r.number("CHAT_MAX_SOCKETS_PER_USER", 10, 0..=100_000);
        let bytes = ContentLimits::default().max_bytes;
        Self {
            socket_messages: rate(r, "CHAT_MESSAGE_RATE", 10, window),
            socket_events: rate(r, "CHAT_EVENT_RATE", 50, 10),
            user_messages: rate(r, "CHAT_USER_MESSAGE_RATE", 60, 60),
            rest: rate(r, "CHAT_REST_RATE", 300, 60),
            connections: rate(r, "CHAT_CONNECT_RATE", 60, 60),
            auth_failures: rate(r, "CHAT_AUTH_FAILURES", 10, 300),
            token_addresses: r.number("CHAT_TOKEN_IPS", 3, 1..=MAX_TOKEN_ADDRESSES),
            sockets_per_user: (sockets > 0).then_some(sockets),
            participants: r.number("CHAT_MAX_PARTICIPANTS", 256, 2..=10_000),
            content: ContentLimits {
                // A character has at least one byte, so more could never be used.
                max_chars: r.number("CHAT_MAX_CONTENT_CHARS", 4_000, 1..=bytes),
                max_bytes: bytes,
            },
            payload_bytes: r.number("CHAT_MAX_PAYLOAD", 65_536, 1_024..=16 * 1024 * 1024),
        }
    }
}

fn rate(r: &mut Reader<'_>, name: &'static str, default: u32, seconds: u64) -> Option<Quota> {
    Quota::per_seconds(r.number(name, default, 0..=MAX_RATE), seconds)
}
