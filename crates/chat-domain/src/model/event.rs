//! What happens, told to others: pushes to clients' sockets, and events for other services.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::{
    id::{EventId, MessageId, SocketId, ThreadId, UserId},
    model::{message::Seq, presence::PresenceState, receipt::Delivery},
    time::Timestamp,
    view::{MessageView, ThreadView},
};

/// One event on its way to sockets.
#[derive(Debug, Clone)]
pub struct Push {
    /// What the client gets.
    pub event: ClientEvent,
    /// Whose sockets get it.
    pub audience: Audience,
}

/// Whose sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// All sockets of these users …
    pub users: Arc<[UserId]>,
    /// … but this one.
    pub except: Option<SocketId>,
}

impl Audience {
    /// All sockets of one user.
    #[must_use]
    pub fn user(user: UserId) -> Self {
        Self {
            users: [user].into(),
            except: None,
        }
    }

    /// All sockets of these users.
    #[must_use]
    pub fn users(users: impl Into<Arc<[UserId]>>) -> Self {
        Self {
            users: users.into(),
            except: None,
        }
    }

    /// The same without one socket.
    #[must_use]
    pub fn except(self, socket: Option<SocketId>) -> Self {
        Self {
            except: socket,
            ..self
        }
    }
}

/// Server → client events. The names on the wire are in the gateway's event table.
#[derive(Debug, Clone)]
pub enum ClientEvent {
    /// A new message.
    Message {
        /// As everybody in the audience sees it.
        message: Arc<MessageView>,
        /// Whether reaching a socket counts as delivery: not so for the author's other sockets.
        receipt: bool,
    },
    /// A message changed.
    MessageUpdated(Arc<MessageView>),
    /// A message reached a recipient.
    DeliveryReceipt(DeliveryReceipt),
    /// A participant read.
    ReadReceipt(ReadReceipt),
    /// A thread was opened.
    ThreadCreated(Arc<ThreadView>),
    /// A participant types, or stopped.
    Typing(Typing),
    /// Somebody came or went.
    Presence(PresenceState),
}

/// Payload of `delivery_receipt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryReceipt {
    /// Where the message stands.
    pub thread_id: ThreadId,
    /// Which message.
    pub message_id: MessageId,
    /// Its place: everything up to it was received.
    pub seq: Seq,
    /// Who received it.
    pub user_id: UserId,
    /// When.
    pub delivered_at: Timestamp,
}

impl From<Delivery> for DeliveryReceipt {
    fn from(delivery: Delivery) -> Self {
        Self {
            thread_id: delivery.thread_id,
            message_id: delivery.message_id,
            seq: delivery.seq,
            user_id: delivery.recipient,
            delivered_at: delivery.at,
        }
    }
}

/// Payload of `read_receipt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadReceipt {
    /// Which thread.
    pub thread_id: ThreadId,
    /// Who read.
    pub user_id: UserId,
    /// The message at the read mark.
    pub up_to_message_id: Option<MessageId>,
    /// The read mark.
    pub up_to_seq: Seq,
    /// When.
    pub read_at: Timestamp,
}

/// Payload of the server's `typing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// Where.
    pub thread_id: ThreadId,
    /// Who.
    pub user_id: UserId,
    /// Types, or stopped.
    pub is_typing: bool,
}

/// An event for other services, as it stands in the feed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OutboundEvent {
    /// Drop repeats by it.
    pub id: EventId,
    /// `notification`, `thread.created`, `message.flagged`, `report.created`, `audit.…`.
    pub kind: String,
    /// Order is kept within a thread.
    pub thread_id: Option<ThreadId>,
    /// The event itself: ids, kinds and times only.
    pub payload: Value,
    /// When it happened.
    pub created_at: Timestamp,
    /// Its place in the feed.
    #[serde(skip)]
    pub position: i64,
}
