//! Options of a server: every limit and every timer, with unit, default and reason.
//!
//! Nothing here reads the environment or a file; the application fills the struct. How an origin is compared with
//! the allow-list is in `engine/cors.rs`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Options of a [`SocketIo`](crate::SocketIo) or [`Engine`](crate::engine::Engine) server.
///
/// ```
/// use actix_socketio::{Config, Origins};
///
/// let config = Config {
///     origins: Origins::list(["https://app.example.com"]),
///     max_sessions: 20_000,
///     ..Config::default()
/// };
/// assert_eq!(config.max_payload_bytes, 1_000_000);
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    /// Time between a pong and the next ping. Default 25 s, as in Node; announced to the client, which gives up after
    /// `ping_interval + ping_timeout` without a ping.
    pub ping_interval: Duration,
    /// How long the client may take to answer a ping. Default 20 s, as in Node: long enough for a phone changing
    /// networks.
    pub ping_timeout: Duration,
    /// How long a session may live without having joined a namespace. Default 45 s, as in Node. Also bounds how long
    /// [`Namespace::connect`](crate::Namespace::connect) may take.
    pub connect_timeout: Duration,
    /// How long the upgrade from polling to WebSocket may take before the new WebSocket is closed (the session goes on
    /// polling). Default 10 s, as in Node.
    pub upgrade_timeout: Duration,
    /// How long a WebSocket may accept no further frame while packets wait for it. Default 20 s: as patient as
    /// `ping_timeout`, since a stalled peer does not answer pings either.
    pub write_stall_timeout: Duration,
    /// How long a session closed by the server waits for the poll that fetches its last packets. Default 30 s, as in
    /// Node.
    pub close_timeout: Duration,
    /// Whether a session may move from polling to WebSocket. Default `true`.
    pub allow_upgrades: bool,
    /// Largest WebSocket message or POST body accepted, in bytes; announced as `maxPayload`. Default 1 000 000, as in
    /// Node. More closes a WebSocket with 1009, and answers a POST with 413.
    pub max_payload_bytes: usize,
    /// Most packets in one POST body. Default 10 000: a client that comes back sends all it has
    /// saved up in one body, split by `max_payload_bytes` only; packets are read one by one.
    pub max_packets_per_payload: usize,
    /// Most fragments of one WebSocket message. Default 128: browsers send one, proxies a few; each costs an allocation.
    pub max_fragments: usize,
    /// Most binary attachments of one packet from a client; 0 refuses binary packets. Default 10, and never more than
    /// 10: official clients disconnect when they receive more, so the limit holds for emits as well.
    pub max_attachments: usize,
    /// Most bytes of all attachments of one packet together. Default 1 000 000: they are held until the last one came.
    pub max_attachment_bytes: usize,
    /// Most namespaces one session may be in, or be waiting for, at once. Default 16.
    pub max_namespaces: usize,
    /// Most events of one socket that wait for the handler. Default 64; when it is reached the transport is not read
    /// any further until the handler has caught up.
    pub max_queued_events: usize,
    /// Most acknowledgements a socket may owe the server at once. Default 1024; each one holds a timer.
    pub max_pending_acks: usize,
    /// Most bytes that wait for one session's transport. Default 1 MiB; more closes the session with
    /// [`DisconnectReason::QueueFull`](crate::DisconnectReason::QueueFull).
    pub max_queue_bytes: usize,
    /// Most messages that wait for one session's transport. Default 256; more closes the session with
    /// [`DisconnectReason::QueueFull`](crate::DisconnectReason::QueueFull).
    pub max_queue_messages: usize,
    /// Most sessions of this server. Default 100 000. More are refused with 503.
    pub max_sessions: usize,
    /// Most sessions from one peer address. Default unlimited, since a reverse proxy makes all clients one peer. More
    /// are refused with 429.
    pub max_sessions_per_address: usize,
    /// Which web origins may connect. Default: only pages served from the request's own host. The `Host` header is
    /// compared with the `Origin`, so a reverse proxy has to pass it on.
    pub origins: Origins,
    /// Whether browsers may send cookies (`withCredentials: true`). Default `false`. The server itself sets none.
    pub allow_credentials: bool,
    /// Names of the handshake's headers (lower case) that stay readable in [`Handshake`](crate::engine::Handshake).
    /// Default `authorization`, `cookie`, `origin`, `user-agent` and `x-forwarded-for`. They are kept as long as the
    /// session, so name no more than needed.
    pub handshake_headers: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(45),
            upgrade_timeout: Duration::from_secs(10),
            write_stall_timeout: Duration::from_secs(20),
            close_timeout: Duration::from_secs(30),
            allow_upgrades: true,
            max_payload_bytes: 1_000_000,
            max_packets_per_payload: 10_000,
            max_fragments: 128,
            max_attachments: 10,
            max_attachment_bytes: 1_000_000,
            max_namespaces: 16,
            max_queued_events: 64,
            max_pending_acks: 1024,
            max_queue_bytes: 1024 * 1024,
            max_queue_messages: 256,
            max_sessions: 100_000,
            max_sessions_per_address: usize::MAX,
            origins: Origins::default(),
            allow_credentials: false,
            handshake_headers: [
                "authorization",
                "cookie",
                "origin",
                "user-agent",
                "x-forwarded-for",
            ]
            .map(String::from)
            .to_vec(),
        }
    }
}

/// Which web origins may connect, on both transports.
///
/// A request without `Origin` (not a browser) passes always, and so does a page of the server's own host. The rest
/// gets 403 with code 4.
#[derive(Clone)]
pub enum Origins {
    /// Every origin: `Access-Control-Allow-Origin: *`, or the origin itself when credentials are allowed.
    Any,
    /// These origins, written as browsers send them: `https://app.example.com`, `http://localhost:5173`.
    List(Arc<[String]>),
    /// Origins for which this returns `true`.
    Predicate(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Origins {
    /// Exactly these origins.
    pub fn list<S: Into<String>>(origins: impl IntoIterator<Item = S>) -> Self {
        Self::List(origins.into_iter().map(Into::into).collect())
    }

    /// The origins `accept` says yes to.
    pub fn predicate(accept: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::Predicate(Arc::new(accept))
    }

    /// Whether the configuration names `origin`. The server's own host is not looked at here.
    pub fn contains(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::List(list) => list.iter().any(|allowed| allowed == origin),
            Self::Predicate(accept) => accept(origin),
        }
    }
}

impl Default for Origins {
    fn default() -> Self {
        Self::List(Arc::from([]))
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::List(list) => f.debug_tuple("List").field(list).finish(),
            Self::Predicate(_) => f.write_str("Predicate(..)"),
        }
    }
}
