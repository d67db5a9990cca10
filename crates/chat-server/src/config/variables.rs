//! Every variable with its default and what is allowed, as `--help` shows them.

use std::fmt::Write;

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it means, and what is allowed.
    pub meaning: &'static str,
    /// What holds while it is not set.
    pub default: &'static str,
}

const fn variable(name: &'static str, default: &'static str, meaning: &'static str) -> Variable {
    Variable {
        name,
        meaning,
        default,
    }
}

/// Every variable that the server reads.
pub const VARIABLES: &[Variable] = &[
    variable("CHAT_ENV", "development", "development or production"),
    variable(
        "CHAT_BIND",
        "127.0.0.1:5001",
        "host:port to listen on; port 0 takes a free one",
    ),
    variable(
        "CHAT_SHUTDOWN_SECS",
        "10",
        "how long a stop may take, 1 to 300 s",
    ),
    variable(
        "CHAT_CORS_ORIGINS",
        "none",
        "exact web origins, comma-separated; * in development only",
    ),
    variable(
        "CHAT_TRUSTED_PROXIES",
        "none",
        "networks whose X-Forwarded-For and Forwarded are believed",
    ),
    variable(
        "CHAT_MAX_PAYLOAD",
        "65536",
        "bytes of a body or a frame, 1024 to 16777216",
    ),
    variable("DATABASE_URL", "sqlite://data/chat.db", "sqlite://PATH"),
    variable(
        "CHAT_MIGRATE",
        "true",
        "true or false: whether serve migrates the database",
    ),
    variable(
        "ENABLE_SOCKET_REDIS",
        "false",
        "false: this build supports a single node",
    ),
    variable(
        "REDIS_URL",
        "none",
        "redis:// or rediss://; unused in this build",
    ),
    variable("JWT_SECRET", "none", "key for HS256, at least 32 bytes"),
    variable(
        "JWT_PUBLIC_KEY_FILE",
        "none",
        "or the path of a PEM for RS256, ES256 or EdDSA",
    ),
    variable("JWT_JWKS_FILE", "none", "or the path of a JWKS"),
    variable("JWT_ISSUER", "any", "the iss that tokens must have"),
    variable("JWT_AUDIENCE", "any", "the aud that tokens must have"),
    variable(
        "CHAT_AUTH_FAILURES",
        "10",
        "failed authentications per address and 5 minutes, 0 = off",
    ),
    variable(
        "CHAT_TOKEN_IPS",
        "3",
        "addresses that one token may be used from at once, 1 to 31",
    ),
    variable(
        "CHAT_CONNECT_RATE",
        "60",
        "connections per address and minute, 0 = off",
    ),
    variable(
        "CHAT_REST_RATE",
        "300",
        "REST requests per user and minute, 0 = off",
    ),
    variable(
        "CHAT_USER_MESSAGE_RATE",
        "60",
        "messages per user and minute, 0 = off",
    ),
    variable(
        "CHAT_MESSAGE_RATE",
        "10",
        "messages per socket and window, 0 = off",
    ),
    variable(
        "CHAT_MESSAGE_WINDOW_SECS",
        "10",
        "that window, up to 86400 s, 0 = off",
    ),
    variable(
        "CHAT_EVENT_RATE",
        "50",
        "other events per socket and 10 s, 0 = off",
    ),
    variable(
        "CHAT_MAX_SOCKETS_PER_USER",
        "10",
        "sockets of one user, 0 = off",
    ),
    variable(
        "CHAT_MAX_PARTICIPANTS",
        "256",
        "people in a group, 2 to 10000",
    ),
    variable(
        "CHAT_MAX_CONTENT_CHARS",
        "4000",
        "characters of a text, 1 to 16384",
    ),
    variable(
        "CHAT_PING_INTERVAL_MS",
        "25000",
        "from a pong to the next ping, 100 to 3600000 ms",
    ),
    variable(
        "CHAT_PING_TIMEOUT_MS",
        "20000",
        "how long a pong may take, 100 to 3600000 ms",
    ),
    variable(
        "CHAT_CONNECT_TIMEOUT_MS",
        "10000",
        "time to join the namespace, 100 to 3600000 ms",
    ),
    variable(
        "CHAT_MODERATION",
        "flag",
        "what an unclean text gets: flag, reject or off",
    ),
    variable(
        "CHAT_MASK_DELETED",
        "profile",
        "what is hidden of deleted users: profile or content",
    ),
    variable(
        "CHAT_EVENTS",
        "log",
        "where events for other services go: log",
    ),
    variable(
        "CHAT_WEBHOOK_SECRET",
        "none",
        "unused in this build, which has no webhooks",
    ),
    variable("CHAT_LOG_FORMAT", "pretty", "pretty or json"),
    variable(
        "CHAT_LOG_CONTENT",
        "redact",
        "redact, or debug to log unflagged texts at debug level",
    ),
    variable(
        "RUST_LOG",
        "info",
        "off, error, warn, info, debug, trace, or filters",
    ),
];

/// The names.
pub fn names() -> impl Iterator<Item = &'static str> {
    VARIABLES.iter().map(|variable| variable.name)
}

/// The list for `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Environment variables (with their defaults):\n");
    for Variable {
        name,
        meaning,
        default,
    } in VARIABLES
    {
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {name:<26}{meaning} [{default}]");
    }
    text
}
