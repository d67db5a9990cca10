//! What becomes of one message, and what it changes in its thread. Pure: everything it needs to know is given.

use chat_domain::{
    id::UserId,
    model::{
        access::{Relationship, may_send},
        message::{Message, NewMessage, Seq, Version},
        thread::Thread,
    },
    port::message::AppendError,
    time::Timestamp,
};

/// A message's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) seq: Seq,
    pub(super) version: Version,
    pub(super) created_at: Timestamp,
    /// The author had not read all that others wrote, and does so by writing.
    pub(super) read_moved: bool,
}

/// What becomes of a message that is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is new and goes there.
    Place(Place),
    /// It is there already.
    Duplicate,
}

/// Decides about a message.
///
/// - `thread`: the thread it wants to stand in, with all that was decided before it.
/// - `relationship`: how a pair's two people stand to each other; for a group, the default.
/// - `earlier`: the author's message in that thread under the same client message id.
pub(super) fn decide(
    new: &NewMessage,
    thread: Option<&Thread>,
    relationship: Relationship,
    earlier: Option<&Message>,
) -> Result<Decision, AppendError> {
    let thread = thread.ok_or(AppendError::ThreadNotFound)?;
    let author = thread
        .participant(&new.from)
        .ok_or(AppendError::NotParticipant)?;
    // Before the question whether the two may chat: a retry of what was stored before a block is no new message.
    if let Some(earlier) = earlier {
        // A text that has been removed since can't be compared any more.
        return if earlier.deleted_at.is_some() || earlier.content == new.content.as_str() {
            Ok(Decision::Duplicate)
        } else {
            Err(AppendError::ClientIdConflict)
        };
    }
    if !may_send(new.from_admin, relationship) {
        return Err(AppendError::NotAllowed);
    }
    Ok(Decision::Place(Place {
        seq: thread.last_seq + 1,
        version: thread.version + 1,
        // Clocks step backwards; a thread's times don't.
        created_at: new
            .sent_at
            .max(thread.last_msg_at.unwrap_or(thread.created_at)),
        read_moved: author.unread_count > 0,
    }))
}

/// The thread after a message by `author` has taken its place.
pub(super) fn advance(thread: &mut Thread, place: Place, author: &UserId) {
    thread.last_seq = place.seq;
    thread.version = place.version;
    thread.last_msg_at = Some(place.created_at);
    thread.updated_at = thread.updated_at.max(place.created_at);
    for participant in &mut thread.participants {
        if participant.user_id == *author {
            participant.position = participant.position.has_read(place.seq);
            participant.unread_count = 0;
        } else {
            participant.unread_count += 1;
        }
    }
}

/// The message as it will be stored.
pub(super) fn placed(new: &NewMessage, place: Place) -> Message {
    Message {
        id: new.id,
        thread_id: new.thread_id,
        seq: place.seq,
        version: place.version,
        from: new.from.clone(),
        content: new.content.as_str().to_owned(),
        metadata: new.metadata.clone(),
        client_message_id: new.client_message_id.clone(),
        created_at: place.created_at,
        deleted_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_domain::{
        model::{
            access::MatchState,
            content::{Content, ContentLimits},
        },
        testing::builder::{message, message_id, thread, thread_id, user},
    };

    fn new_message(from: &str, text: &str) -> NewMessage {
        NewMessage {
            id: message_id(99),
            thread_id: thread_id(),
            from: user(from),
            from_admin: false,
            content: Content::new(text.into(), ContentLimits::default()).unwrap(),
            metadata: None,
            client_message_id: None,
            flag: None,
            sent_at: Timestamp::from_millis(5_000),
            socket: None,
        }
    }

    fn blocked() -> Relationship {
        Relationship {
            matched: MatchState::Active,
            blocked: true,
            deleted: false,
        }
    }

    fn place(thread: &Thread, from: &str) -> Place {
        match decide(
            &new_message(from, "hi"),
            Some(thread),
            Relationship::default(),
            None,
        ) {
            Ok(Decision::Place(place)) => place,
            other => panic!("not placed: {other:?}"),
        }
    }

    #[test]
    fn messages_of_one_batch_take_consecutive_places() {
        let mut pair = thread(&["alice", "bob"]);
        let first = place(&pair, "alice");
        advance(&mut pair, first, &user("alice"));
        let second = place(&pair, "bob");
        assert_eq!((first.seq, first.version), (1, 1));
        assert_eq!((second.seq, second.version), (2, 2));
    }

    #[test]
    fn time_does_not_run_backwards() {
        let mut pair = thread(&["alice", "bob"]);
        pair.last_msg_at = Some(Timestamp::from_millis(9_000));
        assert_eq!(
            place(&pair, "alice").created_at,
            Timestamp::from_millis(9_000)
        );
        pair.last_msg_at = Some(Timestamp::from_millis(1_000));
        assert_eq!(
            place(&pair, "alice").created_at,
            Timestamp::from_millis(5_000)
        );
    }

    #[test]
    fn writing_reads_what_is_there_and_counts_for_others() {
        let mut pair = thread(&["alice", "bob"]);
        let by_alice = place(&pair, "alice");
        advance(&mut pair, by_alice, &user("alice"));
        assert_eq!(pair.participants[1].unread_count, 1);
        let by_bob = place(&pair, "bob");
        assert!(by_bob.read_moved);
        advance(&mut pair, by_bob, &user("bob"));
        assert_eq!(pair.participants[1].unread_count, 0);
        assert_eq!(pair.participants[1].position.read, 2);
        assert_eq!(pair.participants[0].unread_count, 1);
        assert!(!place(&pair, "bob").read_moved);
    }

    #[test]
    fn a_stranger_and_a_missing_thread_are_refused() {
        let pair = thread(&["alice", "bob"]);
        let mallory = new_message("mallory", "hi");
        let refused = |thread| decide(&mallory, thread, Relationship::default(), None);
        assert!(matches!(
            refused(Some(&pair)),
            Err(AppendError::NotParticipant)
        ));
        assert!(matches!(refused(None), Err(AppendError::ThreadNotFound)));
    }

    #[test]
    fn people_who_stay_apart_do_not_write_but_an_admin_does() {
        let pair = thread(&["alice", "bob"]);
        let mut new = new_message("alice", "hi");
        let refused = decide(&new, Some(&pair), blocked(), None);
        assert!(matches!(refused, Err(AppendError::NotAllowed)));
        new.from_admin = true;
        assert!(decide(&new, Some(&pair), blocked(), None).is_ok());
    }

    #[test]
    fn a_retry_is_a_duplicate_even_after_a_block_or_a_removal() {
        let pair = thread(&["alice", "bob"]);
        let mut earlier = message("alice", 1);
        earlier.content = "hi".into();
        let retry = new_message("alice", "hi");
        let decided = decide(&retry, Some(&pair), blocked(), Some(&earlier));
        assert_eq!(decided.unwrap(), Decision::Duplicate);
        earlier.content.clear();
        earlier.deleted_at = Some(Timestamp::from_millis(1));
        let decided = decide(&retry, Some(&pair), blocked(), Some(&earlier));
        assert_eq!(decided.unwrap(), Decision::Duplicate);
    }

    #[test]
    fn the_same_client_id_with_another_text_is_a_conflict() {
        let pair = thread(&["alice", "bob"]);
        let earlier = message("alice", 1);
        let decided = decide(
            &new_message("alice", "something else"),
            Some(&pair),
            Relationship::default(),
            Some(&earlier),
        );
        assert!(matches!(decided, Err(AppendError::ClientIdConflict)));
    }
}
