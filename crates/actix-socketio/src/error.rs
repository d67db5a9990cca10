//! What can go wrong, in one place: the protocol's HTTP error codes, refusals, disconnect reasons, emit errors.
//!
//! Errors of the two codecs stay beside their codecs.

use std::fmt;

use actix_web::http::StatusCode;

/// Why a handshake is refused; returned by the `allow_request` hook.
///
/// The client gets the status with the body `{"code":4,"message":…}`.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// HTTP status, 403 unless said otherwise.
    pub status: StatusCode,
    /// Shown to the client.
    pub message: String,
}

impl Refusal {
    /// 403 with this message.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            message: message.into(),
        }
    }

    /// 429 with this message.
    pub fn too_many_requests(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            message: message.into(),
        }
    }
}

/// Why a socket was disconnected. [`as_str`](Self::as_str) gives the words Node uses, where Node has a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left this namespace (`socket.disconnect()`).
    ClientNamespaceDisconnect,
    /// The server removed the socket from the namespace: [`Socket::disconnect(false)`](crate::Socket::disconnect).
    /// Clients do not reconnect by themselves.
    ServerNamespaceDisconnect,
    /// The server closed the whole session: [`Socket::disconnect(true)`](crate::Socket::disconnect).
    ForcedClose,
    /// The client closed the connection.
    TransportClose,
    /// The connection broke.
    TransportError,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The client broke the protocol.
    ParseError,
    /// The client sent more than a limit of the configuration allows.
    PayloadTooLarge,
    /// More waited for the client than `max_queue_bytes` or `max_queue_messages` allow: it reads too slowly.
    /// What was queued is dropped; a WebSocket is closed with code 1013, and clients reconnect.
    QueueFull,
    /// The connection accepted no data for `write_stall_timeout`.
    WriteStalled,
    /// The session joined no namespace within `connect_timeout`.
    ConnectTimeout,
    /// A handler of this socket panicked.
    HandlerPanicked,
    /// The server is shutting down; clients reconnect.
    ServerShuttingDown,
}

impl DisconnectReason {
    /// A stable name for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::ForcedClose => "forced close",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::PayloadTooLarge => "payload too large",
            Self::QueueFull => "send queue full",
            Self::WriteStalled => "write stalled",
            Self::ConnectTimeout => "connect timeout",
            Self::HandlerPanicked => "handler panicked",
            Self::ServerShuttingDown => "server shutting down",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why nothing was emitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The payload could not be written as JSON.
    #[error("payload cannot be serialised")]
    Serialize(#[from] serde_json::Error),
    /// The arguments of an `…_args` call are not a JSON array.
    #[error("arguments are not a sequence")]
    NotASequence,
    /// Official clients reject packets with more than 10 attachments.
    #[error("more than 10 binary attachments")]
    TooManyAttachments,
    /// The event name belongs to the protocol (`connect`, `disconnect`, …).
    #[error("event name {0:?} is reserved")]
    ReservedEvent(String),
    /// The socket is disconnected.
    #[error("socket is disconnected")]
    Disconnected,
    /// The session's queue was full; the session is being closed.
    #[error("send queue is full")]
    QueueFull,
}

/// Why the answer to an [`emit_with_ack`](crate::Socket::emit_with_ack) never came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The event could not be sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The client did not answer in time.
    #[error("no acknowledgement in time")]
    Timeout,
    /// The socket was disconnected before it answered.
    #[error("socket was disconnected")]
    Disconnected,
    /// `max_pending_acks` answers are outstanding already.
    #[error("too many acknowledgements pending")]
    TooManyPending,
}
