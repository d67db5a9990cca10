//! A batch on SQLite: one transaction, one trip to the connection's thread.

use std::{
    collections::{HashMap, hash_map::Entry},
    slice,
};

use chat_domain::{
    error::RepoError,
    id::ThreadId,
    model::{
        access::Relationship,
        message::NewMessage,
        receipt::{Delivery, ReadOutcome},
        thread::ThreadKind,
    },
    port::message::AppendError,
};
use diesel::{
    SqliteConnection,
    result::{DatabaseErrorKind, Error as DieselError},
};

use super::{
    batch::{BatchInput, BatchOutput, Interim, Op, OpenThread, Outcome, Stored, conclude},
    decide::{Decision, decide, placed},
    op::ReadMark,
    statements::{
        self, by_others, earlier_message, insert_facts, insert_message, message_at, write_thread,
    },
};
use crate::sql::{
    error::{SqlError, is_unavailable},
    types::DbId,
};

/// Writes the batch.
///
/// # Errors
/// If nothing was written, or it is not known whether it was. An op that fails by itself fails alone.
pub(super) fn write(
    conn: &mut SqliteConnection,
    input: &BatchInput,
) -> Result<BatchOutput, RepoError> {
    match attempt(conn, &input.ops, &input.deliveries) {
        Ok(output) => Ok(output),
        Err(Failure::Statement(error)) => {
            tracing::error!(error = ?RepoError::from(error), "a write failed, its batch is written one by one");
            Ok(one_by_one(conn, input))
        }
        Err(Failure::Store(error)) => Err(error.into()),
    }
}

/// Why a transaction was not committed.
enum Failure {
    /// One of its statements can't be done, and everything was rolled back.
    Statement(SqlError),
    /// The database is in trouble, or the commit itself failed.
    Store(SqlError),
}

fn attempt(
    conn: &mut SqliteConnection,
    ops: &[Op],
    deliveries: &[Delivery],
) -> Result<BatchOutput, Failure> {
    let mut complete = false;
    let result = conn.immediate_transaction(|conn| {
        let output = Batch::new(conn).run(ops, deliveries)?;
        complete = true;
        Ok(output)
    });
    result.map_err(|error| match error {
        SqlError::Diesel(cause) if !complete && !is_unavailable(&cause) => {
            Failure::Statement(cause.into())
        }
        error => Failure::Store(error),
    })
}

/// Each op in a transaction of its own, so that the one that can't be done fails alone.
fn one_by_one(conn: &mut SqliteConnection, input: &BatchInput) -> BatchOutput {
    let mut output = BatchOutput::default();
    for op in &input.ops {
        match attempt(conn, slice::from_ref(op), &[]) {
            Ok(done) => output.extend(done),
            Err(Failure::Statement(error) | Failure::Store(error)) => {
                output.outcomes.push(Outcome::failed(op, error.into()));
            }
        }
    }
    match attempt(conn, &[], &input.deliveries) {
        Ok(done) => output.extend(done),
        // Their messages still wait, and will be delivered again.
        Err(Failure::Statement(error) | Failure::Store(error)) => {
            tracing::warn!(error = ?RepoError::from(error), "deliveries were not noted");
        }
    }
    output
}

/// A batch under way.
struct Batch<'a> {
    conn: &'a mut SqliteConnection,
    /// Each thread is loaded once and written once; `None` is one that does not exist.
    threads: HashMap<ThreadId, Option<OpenThread>>,
}

impl<'a> Batch<'a> {
    fn new(conn: &'a mut SqliteConnection) -> Self {
        Self {
            conn,
            threads: HashMap::new(),
        }
    }

    fn run(mut self, ops: &[Op], deliveries: &[Delivery]) -> Result<BatchOutput, SqlError> {
        // Deliveries first: they came before what their recipients write or mark as read in answer, which moves the same
        // positions and would leave nothing to tell.
        let mut delivered = Vec::new();
        for delivery in deliveries {
            match self.deliver(delivery) {
                Ok(true) => delivered.push(delivery.clone()),
                Ok(false) | Err(SqlError::Repo(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mut interim = Vec::with_capacity(ops.len());
        for op in ops {
            let outcome = match op {
                Op::Append(new) => self.append(new),
                Op::Read(mark) => self.read(mark),
            };
            interim.push(match outcome {
                // What is stored about this thread is broken: bad for this op, no reason to fail others.
                Err(SqlError::Repo(error)) => Interim::Known(Outcome::failed(op, error)),
                other => other?,
            });
        }
        for open in self.threads.values().flatten() {
            write_thread(self.conn, open)?;
        }
        Ok(conclude(interim, self.threads, delivered))
    }

    fn append(&mut self, new: &NewMessage) -> Result<Interim, SqlError> {
        let mut open = open(&mut self.threads, self.conn, new.thread_id)?;
        let relationship = match &mut open {
            Some(open) => relationship(self.conn, open)?,
            None => Relationship::default(),
        };
        let earlier = match &new.client_message_id {
            Some(id) => earlier_message(self.conn, new, id)?,
            None => None,
        };
        let thread = open.as_ref().map(|open| &open.thread);
        let place = match decide(new, thread, relationship, earlier.as_ref()) {
            Ok(Decision::Place(place)) => Some(place),
            Ok(Decision::Duplicate) => None,
            Err(error) => return Ok(Interim::Known(Outcome::Append(Err(error)))),
        };
        let message = match (place, earlier) {
            (None, Some(earlier)) => earlier,
            (None, None) => return Ok(refused(AppendError::ClientIdConflict)),
            (Some(place), _) => {
                let message = placed(new, place);
                match insert_message(self.conn, &message) {
                    // The id is taken. Only this statement has failed, and it has left nothing behind.
                    Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                        return Ok(refused(RepoError::Conflict.into()));
                    }
                    other => other?,
                }
                insert_facts(self.conn, &message, new.flag.as_ref())?;
                if let Some(open) = open {
                    open.take_place(place, &new.from);
                }
                message
            }
        };
        Ok(Interim::Stored(Stored {
            message,
            place,
            socket: new.socket.clone(),
        }))
    }

    fn read(&mut self, mark: &ReadMark) -> Result<Interim, SqlError> {
        let known = |outcome| Ok(Interim::Known(Outcome::Read(Ok(outcome))));
        let Some(open) = open(&mut self.threads, self.conn, mark.thread)? else {
            return known(None);
        };
        let Some((index, reader)) = open.participant(&mark.user) else {
            return known(None);
        };
        let last_seq = open.thread.last_seq;
        let before = reader.position;
        let after = before.has_read(mark.seq.clamp(0, last_seq));
        let thread = DbId::from(mark.thread);
        // Writing moves the own mark, so what stands above it was written by others, and no row needs to be looked at.
        // Only an erasure has put the mark below own messages.
        let unread_count = if reader.unread_count == last_seq - before.read {
            last_seq - after.read
        } else {
            by_others(self.conn, thread, after.read, &mark.user)?
        };
        let up_to_message_id = match mark.message {
            Some(message) if after.read == mark.seq => Some(message),
            _ => message_at(self.conn, thread, after.read)?.map(DbId::into_id),
        };
        if after != before {
            open.move_to(index, after, unread_count);
        }
        known(Some(ReadOutcome {
            thread_id: mark.thread,
            user_id: mark.user.clone(),
            up_to_seq: after.read,
            up_to_message_id,
            unread_count,
            moved: after.read > before.read,
        }))
    }

    /// Moves a recipient's position; whether the author is to hear of it.
    fn deliver(&mut self, delivery: &Delivery) -> Result<bool, SqlError> {
        let Some(open) = open(&mut self.threads, self.conn, delivery.thread_id)? else {
            return Ok(false);
        };
        let Some((index, recipient)) = open.participant(&delivery.recipient) else {
            return Ok(false);
        };
        let before = recipient.position;
        let after = before.received(delivery.seq.min(open.thread.last_seq));
        if after == before {
            return Ok(false);
        }
        let unread_count = recipient.unread_count;
        open.move_to(index, after, unread_count);
        Ok(!relationship(self.conn, open)?.is_apart())
    }
}

fn refused(error: AppendError) -> Interim {
    Interim::Known(Outcome::Append(Err(error)))
}

/// The thread, loaded when it is first asked for.
fn open<'t>(
    threads: &'t mut HashMap<ThreadId, Option<OpenThread>>,
    conn: &mut SqliteConnection,
    id: ThreadId,
) -> Result<Option<&'t mut OpenThread>, SqlError> {
    let open = match threads.entry(id) {
        Entry::Occupied(open) => open.into_mut(),
        Entry::Vacant(vacant) => {
            vacant.insert(statements::load(conn, id.into())?.map(OpenThread::new))
        }
    };
    Ok(open.as_mut())
}

/// How a pair's two people stand to each other; in a group it does not matter.
fn relationship(
    conn: &mut SqliteConnection,
    open: &mut OpenThread,
) -> Result<Relationship, SqlError> {
    if let Some(relationship) = open.relationship {
        return Ok(relationship);
    }
    let relationship = match (open.thread.kind, open.thread.participants.as_slice()) {
        (ThreadKind::Pair, [a, b]) => Relationship {
            deleted: a.deleted || b.deleted,
            ..statements::relationship(conn, &a.user_id, &b.user_id)?
        },
        _ => Relationship::default(),
    };
    open.relationship = Some(relationship);
    Ok(relationship)
}
