//! Every event name and every payload, once. `api-spec/asyncapi.yaml` says the same; a test compares.
//!
//! Payloads that the domain defines (`message`, `thread_created`, receipts, `typing` and `presence` to the client)
//! are in `chat_domain::view` and `chat_domain::model`.

use chat_domain::{
    error::ErrorCode,
    id::{ClientMessageId, MessageId, ThreadId, UserId},
    model::message::{Seq, Version},
    time::Timestamp,
};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::payload::StrictObject;

macro_rules! event_names {
    ($(#[$doc:meta])* $name:ident { $($(#[$event_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$event_doc])* $variant,)+ }

        impl $name {
            /// Every event of this direction.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The event of that name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|event| event.as_str() == name)
            }
        }
    };
}

event_names! {
    /// What a client may send.
    ClientEventName {
        /// [`PrivateMessage`].
        PrivateMessage = "private_message",
        /// [`MarkRead`].
        MarkRead = "mark_read",
        /// [`SetTyping`].
        Typing = "typing",
        /// [`SyncThreads`].
        Sync = "sync",
        /// [`AskPresence`].
        Presence = "presence",
        /// Any payload, or none.
        Ping = "ping",
        /// [`RefreshToken`].
        RefreshToken = "refresh_token",
    }
}

event_names! {
    /// What the server sends.
    ServerEventName {
        /// A `MessageView`.
        Message = "message",
        /// A `MessageView` with its new version.
        MessageUpdated = "message_updated",
        /// A `DeliveryReceipt`.
        DeliveryReceipt = "delivery_receipt",
        /// A `ReadReceipt`.
        ReadReceipt = "read_receipt",
        /// A `ThreadView`.
        ThreadCreated = "thread_created",
        /// A `Typing`.
        Typing = "typing",
        /// A `PresenceState`.
        Presence = "presence",
        /// [`Pong`].
        Pong = "pong",
        /// [`RateLimited`].
        RateLimited = "rate_limited",
        /// [`ChatError`].
        ChatError = "chat_error",
        /// [`Empty`]; the socket is closed next.
        SessionExpired = "session_expired",
        /// [`Empty`]; the socket is closed next.
        SessionReplaced = "session_replaced",
        /// [`SyncRequired`].
        SyncRequired = "sync_required",
    }
}

/// `private_message`: `{ threadId | toUserId, content, metadata?, clientMessageId? }`.
/// Length and cleanliness of the text are the domain's business.
#[derive(Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct PrivateMessage {
    /// Into this thread …
    pub thread_id: Option<ThreadId>,
    /// … or to this person.
    pub to_user_id: Option<UserId>,
    /// The text.
    pub content: String,
    /// A JSON object of the client's own.
    pub metadata: Option<StrictObject>,
    /// Makes a retry safe.
    pub client_message_id: Option<ClientMessageId>,
}

/// `mark_read`: `{ threadId, upToMessageId | upToSeq }`.
#[derive(Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct MarkRead {
    /// Which thread.
    pub thread_id: ThreadId,
    /// Up to this message …
    pub up_to_message_id: Option<MessageId>,
    /// … or up to this place.
    #[garde(inner(range(min = 0)))]
    pub up_to_seq: Option<Seq>,
}

/// `typing`: `{ threadId, isTyping }`.
#[derive(Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct SetTyping {
    /// Which thread.
    pub thread_id: ThreadId,
    /// Types, or stopped.
    pub is_typing: bool,
}

/// `sync`: `{ threads: [{ threadId, version }] }`.
#[derive(Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncThreads {
    /// At most 100, each once.
    #[garde(length(max = 100), dive)]
    pub threads: Vec<SyncFrom>,
}

/// Where the client stands in one thread.
#[derive(Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct SyncFrom {
    /// Which thread.
    pub thread_id: ThreadId,
    /// The version it has.
    #[garde(range(min = 0))]
    pub version: Version,
}

/// `presence` from the client: `{ userIds }`.
#[derive(Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskPresence {
    /// At most 100.
    #[garde(length(max = 100))]
    pub user_ids: Vec<UserId>,
}

/// `refresh_token`: `{ token }`.
#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshToken {
    /// A fresh token of the same user; 16 KiB is what HTTP servers take in a header.
    #[garde(length(bytes, min = 1, max = 16_384))]
    pub token: String,
}

/// `pong`: `{ serverTime }`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pong {
    /// The server's clock.
    pub server_time: Timestamp,
}

/// `rate_limited`: `{ event, limit, windowMs, retryAfterMs, clientMessageId? }`; what the client sent was dropped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimited<'a> {
    /// The event that was too much.
    pub event: &'a str,
    /// How many are allowed …
    pub limit: u32,
    /// … in so many milliseconds.
    pub window_ms: u64,
    /// After how many milliseconds the next one passes.
    pub retry_after_ms: u64,
    /// The message's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<&'a ClientMessageId>,
}

/// `chat_error`: `{ event, code, message, clientMessageId? }`, where the client asked for no acknowledgement.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatError<'a> {
    /// The event that failed.
    pub event: &'a str,
    /// One of the error codes.
    pub code: &'static str,
    /// For people.
    pub message: &'a str,
    /// The message's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<&'a ClientMessageId>,
}

/// `sync_required`: `{ threads: [{ threadId, fromSeq }] }`.
#[derive(Debug, Serialize)]
pub struct SyncRequired {
    /// Where something is missing.
    pub threads: Vec<MissingFrom>,
}

/// A thread of which the client has not got everything.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingFrom {
    /// Which thread.
    pub thread_id: ThreadId,
    /// The first place that is missing.
    pub from_seq: Seq,
}

/// `{}`.
#[derive(Debug, Serialize)]
pub struct Empty {}

/// `{ code, retryAfterMs? }`: the data of a refused CONNECT.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectRefused {
    /// One of the error codes.
    pub code: &'static str,
    /// After how many milliseconds another attempt may pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ConnectRefused {
    /// Refused for that reason.
    #[must_use]
    pub const fn new(code: ErrorCode, retry_after_ms: Option<u64>) -> Self {
        Self {
            code: code.as_str(),
            retry_after_ms,
        }
    }
}
