//! How far people have received and read.

use crate::{
    id::{MessageId, ThreadId, UserId},
    model::message::Seq,
    time::Timestamp,
};

/// How far one participant has come in one thread: `0 ≤ read ≤ delivered ≤ last seq`. Never moves backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Everything up to here was received.
    pub delivered: Seq,
    /// Everything up to here was read.
    pub read: Seq,
}

impl Position {
    /// The smaller of each.
    #[must_use]
    pub fn lower(self, other: Self) -> Self {
        Self {
            delivered: self.delivered.min(other.delivered),
            read: self.read.min(other.read),
        }
    }

    /// After receiving everything up to `seq`.
    #[must_use]
    pub fn received(self, seq: Seq) -> Self {
        Self {
            delivered: self.delivered.max(seq),
            ..self
        }
    }

    /// After reading everything up to `seq`; reading implies having received.
    #[must_use]
    pub fn has_read(self, seq: Seq) -> Self {
        Self {
            delivered: self.delivered.max(seq),
            read: self.read.max(seq),
        }
    }
}

/// A message that reached one of its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Who received it.
    pub recipient: UserId,
    /// Where it stands.
    pub thread_id: ThreadId,
    /// Which message.
    pub message_id: MessageId,
    /// Its place.
    pub seq: Seq,
    /// Who wrote it, and hears of the delivery.
    pub author: UserId,
    /// When.
    pub at: Timestamp,
}

/// Up to where a thread is to be marked as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpTo {
    /// Up to this message.
    Message(MessageId),
    /// Up to this place; beyond the last one means the last one.
    Seq(Seq),
    /// Up to the newest message that is not younger.
    Time(Timestamp),
}

/// What came of marking as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOutcome {
    /// The thread.
    pub thread_id: ThreadId,
    /// The reader.
    pub user_id: UserId,
    /// The read mark now.
    pub up_to_seq: Seq,
    /// The message at the read mark; `None` at 0.
    pub up_to_message_id: Option<MessageId>,
    /// Messages by others above the mark.
    pub unread_count: i64,
    /// Whether the mark moved: only then others hear of it.
    pub moved: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_never_move_backwards_and_reading_implies_receiving() {
        let start = Position {
            delivered: 5,
            read: 2,
        };
        assert_eq!(
            start.has_read(7),
            Position {
                delivered: 7,
                read: 7
            }
        );
        assert_eq!(start.has_read(1), start);
        assert_eq!(start.received(3), start);
    }
}
