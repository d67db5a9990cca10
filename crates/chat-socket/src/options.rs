//! What the gateway is given: the use cases, and its limits and timers. Nothing here reads the environment.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use actix_socketio::{Config, Origins};
use chat_domain::{
    model::limit::Quota,
    service::{
        auth::AuthService, message::MessageService, presence::PresenceService,
        receipt::ReceiptService, typing::TypingService,
    },
    time::Clock,
};

/// The use cases behind the events.
#[derive(Clone)]
pub struct Services {
    /// Who connects.
    pub auth: Arc<dyn AuthService>,
    /// Sending, syncing, what waits.
    pub messages: Arc<dyn MessageService>,
    /// Reading and deliveries.
    pub receipts: Arc<dyn ReceiptService>,
    /// Typing.
    pub typing: Arc<dyn TypingService>,
    /// Who is online.
    pub presence: Arc<dyn PresenceService>,
    /// The time of deliveries, of `pong`, and of a token's end.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services")
    }
}

/// From where a request came, as the connection and its headers have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer<'a> {
    /// The other end of the connection: the last proxy, if there is one. `None` over a Unix socket.
    pub address: Option<IpAddr>,
    /// Values of `Forwarded`, in the order of the headers.
    pub forwarded: Vec<&'a str>,
    /// Values of `X-Forwarded-For`, in the order of the headers.
    pub forwarded_for: Vec<&'a str>,
}

/// Finds the client's own address; believes the headers of trusted proxies only.
pub type ClientAddress = Arc<dyn Fn(&Peer<'_>) -> IpAddr + Send + Sync>;

/// Limits and timers of the gateway. The defaults are the contract's.
#[derive(Clone)]
pub struct Options {
    /// `private_message` per socket. Default 10 per 10 s; `None` = no limit.
    pub message_quota: Option<Quota>,
    /// All other client events per socket. Default 50 per 10 s; `None` = no limit.
    pub event_quota: Option<Quota>,
    /// Connection attempts per client address. Default 60 per minute; `None` = no limit.
    pub connect_quota: Option<Quota>,
    /// Sockets of one user on this node; the oldest is closed when one more connects. Default 10; 0 = no limit.
    pub max_sockets_per_user: usize,
    /// Largest WebSocket message and polling body, in bytes; announced to clients. Default 65,536.
    pub max_payload_bytes: usize,
    /// Time between a pong and the next ping. Default 25 s.
    pub ping_interval: Duration,
    /// How long a client may take to answer a ping. Default 20 s.
    pub ping_timeout: Duration,
    /// How long a connection may stay without having joined. Default 10 s.
    pub connect_timeout: Duration,
    /// Web origins that may connect besides the server's own. Default: none.
    pub origins: Origins,
    /// Default: the peer's address, no proxy is trusted.
    pub client_address: ClientAddress,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            message_quota: Quota::per_seconds(10, 10),
            event_quota: Quota::per_seconds(50, 10),
            connect_quota: Quota::per_seconds(60, 60),
            max_sockets_per_user: 10,
            max_payload_bytes: 65_536,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            origins: Origins::default(),
            client_address: Arc::new(|peer| {
                peer.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
            }),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("message_quota", &self.message_quota)
            .field("event_quota", &self.event_quota)
            .field("connect_quota", &self.connect_quota)
            .field("max_sockets_per_user", &self.max_sockets_per_user)
            .field("max_payload_bytes", &self.max_payload_bytes)
            .field("ping_interval", &self.ping_interval)
            .field("ping_timeout", &self.ping_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// How long a polling client may take to fetch its farewell: a poll comes back at once, and a stop waits for it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Messages that may wait for one socket. One commit can hold 512 messages for the same group and is told in one go, before
/// any socket has had its turn; the bytes are what bounds memory.
const MAX_QUEUE_MESSAGES: usize = 4_096;
/// Bytes that may wait for one socket: such a commit's worth with room to spare. A group's sockets share them.
const MAX_QUEUE_BYTES: usize = 2 * 1024 * 1024;

pub(crate) const FORWARDED: &str = "forwarded";
pub(crate) const FORWARDED_FOR: &str = "x-forwarded-for";

impl Options {
    /// The options of the protocol's server. No binary events: chat has no use for them.
    pub(crate) fn protocol(&self) -> Config {
        Config {
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            connect_timeout: self.connect_timeout,
            max_payload_bytes: self.max_payload_bytes,
            close_timeout: CLOSE_TIMEOUT,
            max_queue_messages: MAX_QUEUE_MESSAGES,
            max_queue_bytes: MAX_QUEUE_BYTES,
            max_attachments: 0,
            max_namespaces: 1,
            origins: self.origins.clone(),
            handshake_headers: vec![FORWARDED.into(), FORWARDED_FOR.into()],
            ..Config::default()
        }
    }
}
