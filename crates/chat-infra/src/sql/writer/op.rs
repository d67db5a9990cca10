//! A write that waits, and the way back to its caller.

use chat_domain::{
    error::RepoError,
    id::{MessageId, ThreadId, UserId},
    model::{
        message::{NewMessage, Seq},
        receipt::ReadOutcome,
    },
    port::message::{AppendError, Appended},
};
use tokio::sync::oneshot;

use super::batch::{self, Outcome};

type AppendReply = oneshot::Sender<Result<Appended, AppendError>>;
type ReadReply = oneshot::Sender<Result<Option<ReadOutcome>, RepoError>>;

/// A write that waits.
pub(super) enum Op {
    Append(Box<NewMessage>, AppendReply),
    Read(ReadMark, ReadReply),
}

/// A read mark that is to be moved.
#[derive(Debug, Clone)]
pub(super) struct ReadMark {
    pub(super) thread: ThreadId,
    pub(super) user: UserId,
    pub(super) seq: Seq,
    /// The message at `seq`, where known.
    pub(super) message: Option<MessageId>,
}

/// Where an answer goes. Nobody may be waiting there any more, which is fine.
pub(super) enum Reply {
    Append(AppendReply),
    Read(ReadReply),
}

impl Op {
    pub(super) fn split(self) -> (batch::Op, Reply) {
        match self {
            Self::Append(message, reply) => (batch::Op::Append(message), Reply::Append(reply)),
            Self::Read(mark, reply) => (batch::Op::Read(mark), Reply::Read(reply)),
        }
    }

    pub(super) fn refuse(self, why: &'static str) {
        self.split().1.refuse(why);
    }
}

impl Reply {
    pub(super) fn answer(self, outcome: Outcome) {
        match (self, outcome) {
            (Self::Append(reply), Outcome::Append(result)) => drop(reply.send(result)),
            (Self::Read(reply), Outcome::Read(result)) => drop(reply.send(result)),
            // Outcomes come in the order of the ops; a mix-up must not show somebody else's answer.
            (reply, _) => reply.refuse("the answer was lost"),
        }
    }

    pub(super) fn refuse(self, why: &'static str) {
        let error = RepoError::unavailable(why);
        match self {
            Self::Append(reply) => drop(reply.send(Err(error.into()))),
            Self::Read(reply) => drop(reply.send(Err(error))),
        }
    }
}
