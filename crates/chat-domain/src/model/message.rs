//! A message as it is stored, and one that wants to be stored.

use crate::{
    id::{ClientMessageId, MessageId, SocketId, ThreadId, UserId},
    model::{
        content::{Content, Metadata},
        moderation::Flag,
    },
    time::Timestamp,
};

/// Place of a message in its thread: 1, 2, 3 … without gaps, in the order of commit. 0 stands for "before the first".
pub type Seq = i64;

/// A thread's change counter: every new message and every change to one takes the next value.
pub type Version = i64;

/// A stored message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The thread it stands in.
    pub thread_id: ThreadId,
    /// Its place in the thread.
    pub seq: Seq,
    /// The thread's change counter when the message last changed.
    pub version: Version,
    /// Who wrote it; stays when the author is deleted.
    pub from: UserId,
    /// The sanitised text; empty once removed.
    pub content: String,
    /// What the client attached, and the server's verdict.
    pub metadata: Option<Metadata>,
    /// The author's own id for it.
    pub client_message_id: Option<ClientMessageId>,
    /// When it was taken; never runs backwards within a thread.
    pub created_at: Timestamp,
    /// When it was removed; its place stays.
    pub deleted_at: Option<Timestamp>,
}

/// A message that wants a place in its thread. `seq`, `version` and the final `created_at` come with the commit.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    /// The id it will have.
    pub id: MessageId,
    /// Where it wants to stand.
    pub thread_id: ThreadId,
    /// Who wrote it.
    pub from: UserId,
    /// Whether the author is an admin, whom blocks and matches don't bind.
    pub from_admin: bool,
    /// What it says.
    pub content: Content,
    /// What the client attached, and the server's verdict.
    pub metadata: Option<Metadata>,
    /// The author's own id for it.
    pub client_message_id: Option<ClientMessageId>,
    /// Set if moderation found the text unclean: it goes into the queue with the message.
    pub flag: Option<Flag>,
    /// The clock's time when it was sent.
    pub sent_at: Timestamp,
    /// The socket it came by, which gets the ack instead of the event.
    pub socket: Option<SocketId>,
}
