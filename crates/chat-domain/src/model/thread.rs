//! A conversation and those who take part in it.

use crate::{
    id::{ThreadId, UserId},
    model::{
        message::{Message, Seq, Version},
        receipt::Position,
    },
    time::Timestamp,
};

/// Two people, or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ThreadKind {
    /// Two people; at most one thread for any two.
    Pair,
    /// Any number of people.
    Group,
}

/// A conversation with its participants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// Pair or group.
    pub kind: ThreadKind,
    /// The `seq` of the newest message; 0 if there is none.
    pub last_seq: Seq,
    /// The change counter; 0 at first.
    pub version: Version,
    /// When the newest message was taken.
    pub last_msg_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it or a message in it last changed.
    pub updated_at: Timestamp,
    /// Everybody in it, ordered by user id.
    pub participants: Vec<Participant>,
}

/// One person in one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub user_id: UserId,
    /// From the profile mirror.
    pub display_name: Option<String>,
    /// From the profile mirror.
    pub avatar_url: Option<String>,
    /// The profile is gone.
    pub deleted: bool,
    /// How far the person has received and read.
    pub position: Position,
    /// Messages by others above the person's read mark.
    pub unread_count: i64,
}

impl Thread {
    /// The participant with that id.
    #[must_use]
    pub fn participant(&self, user: &UserId) -> Option<&Participant> {
        self.participants
            .iter()
            .find(|participant| participant.user_id == *user)
    }

    /// Everybody but `user`.
    pub fn others<'a>(&'a self, user: &'a UserId) -> impl Iterator<Item = &'a Participant> {
        self.participants
            .iter()
            .filter(move |participant| participant.user_id != *user)
    }

    /// The other person of a pair.
    #[must_use]
    pub fn peer<'a>(&'a self, user: &'a UserId) -> Option<&'a Participant> {
        (self.kind == ThreadKind::Pair)
            .then(|| self.others(user).next())
            .flatten()
    }

    /// How far everybody but `author` has received and read: the lowest position among them.
    /// Deleted people are left out; with nobody left nothing counts as received.
    #[must_use]
    pub fn watermark(&self, author: &UserId) -> Position {
        let positions = self
            .others(author)
            .filter(|other| !other.deleted)
            .map(|other| other.position);
        positions.reduce(Position::lower).unwrap_or_default()
    }
}

/// A thread that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewThread {
    /// The id it will have if there is none yet.
    pub id: ThreadId,
    /// Pair or group.
    pub kind: ThreadKind,
    /// Everybody in it, distinct; two for a pair.
    pub participants: Vec<UserId>,
    /// When.
    pub created_at: Timestamp,
}

/// A thread as its repository answers an attempt to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedThread {
    /// The thread, new or found.
    pub thread: Thread,
    /// Whether this call made it.
    pub created: bool,
}

/// A line of an inbox: the thread and its newest message.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxEntry {
    /// The thread.
    pub thread: Thread,
    /// Its newest message, if there is one.
    pub last_message: Option<Message>,
}

/// The key that two people's thread and match are stored under, the same whichever of them asks.
///
/// A space joins them, which no user id holds.
#[must_use]
pub fn pair_key(a: &UserId, b: &UserId) -> String {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    format!("{first} {second}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::builder::{thread, user};

    #[test]
    fn the_watermark_is_the_lowest_position_of_the_others() {
        let mut group = thread(&["alice", "bob", "carol"]);
        group.participants[1].position = Position {
            delivered: 7,
            read: 3,
        };
        group.participants[2].position = Position {
            delivered: 5,
            read: 4,
        };
        assert_eq!(
            group.watermark(&user("alice")),
            Position {
                delivered: 5,
                read: 3
            }
        );
        group.participants[2].deleted = true;
        assert_eq!(
            group.watermark(&user("alice")),
            Position {
                delivered: 7,
                read: 3
            }
        );
    }

    #[test]
    fn a_pair_has_one_key_whoever_asks() {
        assert_eq!(
            pair_key(&user("b"), &user("a")),
            pair_key(&user("a"), &user("b"))
        );
    }
}
