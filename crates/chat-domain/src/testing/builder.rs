//! Entities with what matters stated and the rest filled in.

use uuid::Uuid;

use crate::{
    id::{MessageId, ThreadId, UserId},
    model::{
        message::{Message, Seq},
        receipt::Position,
        thread::{Participant, Thread, ThreadKind},
    },
    time::Timestamp,
};

/// A user id.
///
/// # Panics
/// If the name is no user id.
#[must_use]
#[expect(clippy::expect_used, reason = "a builder for tests")]
pub fn user(name: &str) -> UserId {
    UserId::parse(name).expect("a valid user id")
}

/// The thread id that all builders use.
#[must_use]
pub fn thread_id() -> ThreadId {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001).into()
}

/// A thread without messages: a pair if there are two, else a group.
#[must_use]
pub fn thread(users: &[&str]) -> Thread {
    let participant = |name: &&str| Participant {
        user_id: user(name),
        display_name: Some((*name).to_owned()),
        avatar_url: None,
        deleted: false,
        position: Position::default(),
        unread_count: 0,
    };
    Thread {
        id: thread_id(),
        kind: if users.len() == 2 {
            ThreadKind::Pair
        } else {
            ThreadKind::Group
        },
        last_seq: 0,
        version: 0,
        last_msg_at: None,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
        participants: users.iter().map(participant).collect(),
    }
}

/// The message at that place of the thread, made at `seq` seconds.
#[must_use]
pub fn message(from: &str, seq: Seq) -> Message {
    Message {
        id: message_id(seq),
        thread_id: thread_id(),
        seq,
        version: seq,
        from: user(from),
        content: format!("message {seq}"),
        metadata: None,
        client_message_id: None,
        created_at: Timestamp::from_millis(seq * 1_000),
        deleted_at: None,
    }
}

/// The id of the message at that place.
#[must_use]
pub fn message_id(seq: Seq) -> MessageId {
    Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + u128::from(seq.unsigned_abs()))
        .into()
}
