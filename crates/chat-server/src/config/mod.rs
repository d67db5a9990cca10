//! Configuration: one typed section per concept, read from the environment and nothing else.
//!
//! A bad value stops the start with exit code 2 and a line that names the variable and what is allowed; every problem is
//! told at once, and no value is ever echoed, since it may be a secret that was put into the wrong place.
//!
//! | variable | default | allowed |
//! |---|---|---|
//! | `CHAT_ENV` | `development` | `development`, `production` |
//! | `CHAT_BIND` | `127.0.0.1:5001` | `host:port`; port 0 takes a free one |
//! | `CHAT_SHUTDOWN_SECS` | 10 | 1 to 300: how long in-flight work may take after SIGTERM |
//! | `CHAT_CORS_ORIGINS` | none | exact origins, comma-separated; `*` in development only |
//! | `CHAT_TRUSTED_PROXIES` | none | CIDRs or addresses, comma-separated |
//! | `CHAT_MAX_PAYLOAD` | 65536 | 1024 to 16777216 bytes |
//! | `DATABASE_URL` | `sqlite://data/chat.db` | `sqlite://PATH` |
//! | `CHAT_MIGRATE` | `true` | `true`, `false`: whether `serve` migrates the database |
//! | `ENABLE_SOCKET_REDIS`, `REDIS_URL` | `false`, none | `false` in this build; `redis://` or `rediss://` |
//! | `JWT_SECRET` | none | HS256 secret of at least 32 bytes |
//! | `JWT_PUBLIC_KEY_FILE` | none | path of a PEM (RS256, ES256, `EdDSA`) |
//! | `JWT_JWKS_FILE` | none | path of a JWKS; only one of the three may be set |
//! | `JWT_ISSUER`, `JWT_AUDIENCE` | none | any text; checked when set |
//! | `CHAT_AUTH_FAILURES` | 10 | 0 (off) to 1000000 per address and 5 minutes |
//! | `CHAT_TOKEN_IPS` | 3 | 1 to 31 addresses that one token may be used from at once |
//! | `CHAT_CONNECT_RATE` | 60 | 0 (off) to 1000000 per address and minute |
//! | `CHAT_REST_RATE` | 300 | 0 (off) to 1000000 per user and minute |
//! | `CHAT_USER_MESSAGE_RATE` | 60 | 0 (off) to 1000000 per user and minute |
//! | `CHAT_MESSAGE_RATE`, `CHAT_MESSAGE_WINDOW_SECS` | 10, 10 | 0 (off) to 1000000 per socket; 0 (off) to 86400 s |
//! | `CHAT_EVENT_RATE` | 50 | 0 (off) to 1000000 per socket and 10 s |
//! | `CHAT_MAX_SOCKETS_PER_USER` | 10 | 0 (off) to 100000 |
//! | `CHAT_MAX_PARTICIPANTS` | 256 | 2 to 10000 people in a group |
//! | `CHAT_MAX_CONTENT_CHARS` | 4000 | 1 to 16384 characters |
//! | `CHAT_PING_INTERVAL_MS` | 25000 | 100 to 3600000 ms |
//! | `CHAT_PING_TIMEOUT_MS` | 20000 | 100 to 3600000 ms |
//! | `CHAT_CONNECT_TIMEOUT_MS` | 10000 | 100 to 3600000 ms |
//! | `CHAT_MODERATION` | `flag` | `flag`, `reject`, `off` |
//! | `CHAT_MASK_DELETED` | `profile` | `profile`, `content` |
//! | `CHAT_EVENTS` | `log` | `log` in this build |
//! | `CHAT_WEBHOOK_SECRET` | none | unused in this build, which has no webhooks |
//! | `CHAT_LOG_FORMAT` | `pretty` | `pretty`, `json` |
//! | `CHAT_LOG_CONTENT` | `redact` | `redact`, `debug` |
//! | `RUST_LOG` | `info` | filters as tracing knows them |

pub mod auth;
pub mod database;
pub mod env;
pub mod events;
pub mod http;
pub mod limits;
pub mod moderation;
pub mod redis;
pub mod socket;
pub mod telemetry;
pub mod variables;

pub use self::env::{ConfigError, Problem};
use self::env::{Env, Reader};

/// Which kind of place the server runs in: `CHAT_ENV`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On somebody's own machine: convenient before strict.
    Development,
    /// Where people rely on it.
    Production,
}

/// Everything that can be set.
#[derive(Debug)]
pub struct Config {
    /// `CHAT_ENV`, default `development`.
    pub mode: Mode,
    /// Where things are stored.
    pub database: database::DatabaseConfig,
    /// The listener and what REST believes and allows.
    pub http: http::HttpConfig,
    /// The heartbeat of sockets.
    pub socket: socket::SocketConfig,
    /// How much of everything.
    pub limits: limits::LimitsConfig,
    /// What happens to unclean texts, and to those of deleted users.
    pub moderation: moderation::ModerationConfig,
    /// Where events for other services go.
    pub events: events::EventsConfig,
    /// How it logs.
    pub telemetry: telemetry::TelemetryConfig,
    /// Variables that look like ours but are none: most likely misspelt.
    pub unknown: Vec<String>,
}

impl Config {
    /// Reads and checks everything. The key stands apart: it is handed on, while the rest is shared.
    ///
    /// # Errors
    /// With every problem that was found.
    pub fn from_env(env: &Env) -> Result<(Self, auth::AuthConfig), ConfigError> {
        let mut reader = Reader::new(env);
        let r = &mut reader;
        let modes = [
            ("development", Mode::Development),
            ("production", Mode::Production),
        ];
        let mode = r.choice("CHAT_ENV", Mode::Development, &modes);
        redis::check(r);
        let http = http::HttpConfig::read(r, mode);
        let auth = auth::AuthConfig::read(r);
        auth::check_generated(r, mode, &http.bind);
        let config = Self {
            mode,
            database: database::DatabaseConfig::read(r),
            http,
            socket: socket::SocketConfig::read(r),
            limits: limits::LimitsConfig::read(r),
            moderation: moderation::ModerationConfig::read(r),
            events: events::EventsConfig::read(r),
            telemetry: telemetry::TelemetryConfig::read(r),
            unknown: env.misspelt(),
        };
        reader.finish((config, auth))
    }
}

/// What `migrate` needs; the rest of the configuration may be missing or wrong.
///
/// # Errors
/// With every problem that was found.
pub(crate) fn for_migrations(
    env: &Env,
) -> Result<(database::DatabaseConfig, telemetry::TelemetryConfig), ConfigError> {
    let mut reader = Reader::new(env);
    let database = database::DatabaseConfig::read(&mut reader);
    let telemetry = telemetry::TelemetryConfig::read(&mut reader);
    reader.finish((database, telemetry))
}

/// What `token` needs; the rest of the configuration may be missing or wrong.
///
/// # Errors
/// With every problem that was found.
pub(crate) fn for_tokens(env: &Env) -> Result<auth::AuthConfig, ConfigError> {
    let mut reader = Reader::new(env);
    let auth = auth::AuthConfig::read(&mut reader);
    reader.finish(auth)
}
