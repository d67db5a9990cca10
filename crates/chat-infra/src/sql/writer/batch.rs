//! A batch: what goes in, what comes out, and the threads it has open meanwhile. Knows no database.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chat_domain::{
    error::RepoError,
    id::{ThreadId, UserId},
    model::{
        access::Relationship,
        message::{Message, NewMessage},
        receipt::{Delivery, Position, ReadOutcome},
        thread::{Participant, Thread},
    },
    port::message::{AppendError, Appended, Committed},
};

use super::{
    decide::{Place, advance},
    op::ReadMark,
};

/// A write without the way back to its caller.
pub(super) enum Op {
    Append(Box<NewMessage>),
    Read(ReadMark),
}

/// What one transaction writes.
#[derive(Default)]
pub(super) struct BatchInput {
    pub(super) ops: Vec<Op>,
    /// In the order of `seq` per thread.
    pub(super) deliveries: Vec<Delivery>,
}

/// What became of an op.
pub(super) enum Outcome {
    Append(Result<Appended, AppendError>),
    Read(Result<Option<ReadOutcome>, RepoError>),
}

impl Outcome {
    /// The op failed with `error`.
    pub(super) fn failed(op: &Op, error: RepoError) -> Self {
        match op {
            Op::Append(_) => Self::Append(Err(error.into())),
            Op::Read(_) => Self::Read(Err(error)),
        }
    }
}

/// What one transaction has written.
#[derive(Default)]
pub(super) struct BatchOutput {
    /// One for each op, in their order.
    pub(super) outcomes: Vec<Outcome>,
    /// New messages, in their order.
    pub(super) committed: Vec<Committed>,
    /// Deliveries that moved a position, and that the author may hear of.
    pub(super) delivered: Vec<Delivery>,
}

impl BatchOutput {
    /// This output followed by that of a later transaction.
    pub(super) fn extend(&mut self, later: Self) {
        self.outcomes.extend(later.outcomes);
        self.committed.extend(later.committed);
        self.delivered.extend(later.delivered);
    }
}

/// A thread that the batch works on, and what must be written of it at the end.
pub(super) struct OpenThread {
    pub(super) thread: Thread,
    /// How a pair's two people stand to each other, once that was asked.
    pub(super) relationship: Option<Relationship>,
    /// It has a new message: its own row and everybody's place in their inbox change.
    pub(super) has_news: bool,
    /// Participants whose position changed, by index.
    pub(super) moved: BTreeSet<usize>,
}

impl OpenThread {
    pub(super) const fn new(thread: Thread) -> Self {
        Self {
            thread,
            relationship: None,
            has_news: false,
            moved: BTreeSet::new(),
        }
    }

    /// A message has taken its place.
    pub(super) fn take_place(&mut self, place: Place, author: &UserId) {
        advance(&mut self.thread, place, author);
        self.has_news = true;
    }

    /// The participant and its index.
    pub(super) fn participant(&self, user: &UserId) -> Option<(usize, &Participant)> {
        let participants = self.thread.participants.iter().enumerate();
        participants
            .into_iter()
            .find(|(_, participant)| participant.user_id == *user)
    }

    /// The participant stands there now.
    pub(super) fn move_to(&mut self, index: usize, position: Position, unread_count: i64) {
        if let Some(participant) = self.thread.participants.get_mut(index) {
            participant.position = position;
            participant.unread_count = unread_count;
            self.moved.insert(index);
        }
    }
}

/// An append whose answer waits for the end of the batch, when the thread is as it will be committed.
pub(super) struct Stored {
    pub(super) message: Message,
    /// `None` for a duplicate.
    pub(super) place: Option<Place>,
    pub(super) socket: Option<chat_domain::id::SocketId>,
}

/// An op's outcome, as far as it is known while the batch runs.
pub(super) enum Interim {
    Stored(Stored),
    Known(Outcome),
}

/// The outcomes and news once everything is written. `threads` are as they will be committed.
pub(super) fn conclude(
    interim: Vec<Interim>,
    threads: HashMap<ThreadId, Option<OpenThread>>,
    delivered: Vec<Delivery>,
) -> BatchOutput {
    let threads: HashMap<ThreadId, Arc<Thread>> = threads
        .into_iter()
        .filter_map(|(id, open)| Some((id, Arc::new(open?.thread))))
        .collect();
    let mut output = BatchOutput {
        delivered,
        ..BatchOutput::default()
    };
    for interim in interim {
        let outcome = match interim {
            Interim::Known(outcome) => outcome,
            Interim::Stored(stored) => match threads.get(&stored.message.thread_id) {
                Some(thread) => stored.conclude(thread, &mut output.committed),
                None => Outcome::Append(Err(AppendError::ThreadNotFound)),
            },
        };
        output.outcomes.push(outcome);
    }
    output
}

impl Stored {
    fn conclude(self, thread: &Arc<Thread>, committed: &mut Vec<Committed>) -> Outcome {
        if let Some(place) = self.place {
            committed.push(Committed {
                message: self.message.clone(),
                thread: Arc::clone(thread),
                socket: self.socket,
                read_moved: place.read_moved,
            });
        }
        Outcome::Append(Ok(Appended {
            message: self.message,
            thread: Arc::clone(thread),
            duplicate: self.place.is_none(),
        }))
    }
}
