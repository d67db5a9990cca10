//! A batch on SQLite: one transaction, one trip to the connection's thread, statements that are prepared once.

use std::{
    collections::{HashMap, hash_map::Entry},
    slice,
};

use chat_domain::{
    error::RepoError,
    id::{ClientMessageId, ThreadId},
    model::{
        access::{MatchState, Relationship},
        message::{Message, NewMessage, Seq},
        moderation::{Flag, ModerationSource, ModerationStatus},
        receipt::{Delivery, ReadOutcome},
        thread::{Thread, ThreadKind, pair_key},
    },
    port::message::AppendError,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, QueryResult,
    RunQueryDsl, SelectableHelper, SqliteConnection,
    dsl::count_star,
    result::{DatabaseErrorKind, Error as DieselError},
};
use serde_json::json;

use super::{
    ReadMark,
    batch::{BatchInput, BatchOutput, Interim, Op, OpenThread, Outcome, Stored, conclude},
    decide::{Decision, decide, placed},
};
use crate::sql::{
    block::match_state,
    error::{SqlError, is_unavailable},
    event::{Fact, GRACE_MS, MESSAGE_FACT, NewOutboxRow},
    message::MessageRow,
    report::NewItemRow,
    schema::{blocks, matches, messages, moderation_items, outbox, thread_participants, threads},
    thread::{FaceRow, ParticipantRow, PersonInThread, ThreadRow, assemble, threads_with_people},
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
        let mut delivered = Vec::new();
        for delivery in deliveries {
            match self.deliver(delivery) {
                Ok(true) => delivered.push(delivery.clone()),
                Ok(false) | Err(SqlError::Repo(_)) => {}
                Err(error) => return Err(error),
            }
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
        // Of the two ways to count, the one with fewer rows to look at.
        let unread_count = if after.read - before.read <= last_seq - after.read {
            let now_read = by_others(self.conn, thread, before.read, after.read, mark)?;
            (reader.unread_count - now_read).max(0)
        } else {
            by_others(self.conn, thread, after.read, last_seq, mark)?
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
        Entry::Vacant(vacant) => vacant.insert(load(conn, id.into())?.map(OpenThread::new)),
    };
    Ok(open.as_mut())
}

fn load(conn: &mut SqliteConnection, id: DbId) -> Result<Option<Thread>, SqlError> {
    let lines = threads_with_people()
        .filter(threads::id.eq(id))
        .order(thread_participants::user_id.asc())
        .select((
            ThreadRow::as_select(),
            ParticipantRow::as_select(),
            Option::<FaceRow>::as_select(),
        ))
        .load::<PersonInThread>(conn)?;
    Ok(assemble(lines)?.pop())
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
        (ThreadKind::Pair, [a, b]) => {
            let withdrawn_at: Option<Option<i64>> = matches::table
                .find(pair_key(&a.user_id, &b.user_id))
                .select(matches::withdrawn_at)
                .first(conn)
                .optional()?;
            let (one, other) = (a.user_id.as_str(), b.user_id.as_str());
            let either_way = (blocks::blocker_id.eq(one).and(blocks::blocked_id.eq(other)))
                .or(blocks::blocker_id.eq(other).and(blocks::blocked_id.eq(one)));
            let block: Option<String> = blocks::table
                .filter(either_way)
                .select(blocks::blocker_id)
                .first(conn)
                .optional()?;
            Relationship {
                matched: withdrawn_at.map_or(MatchState::Never, match_state),
                blocked: block.is_some(),
                deleted: a.deleted || b.deleted,
            }
        }
        _ => Relationship::default(),
    };
    open.relationship = Some(relationship);
    Ok(relationship)
}

fn earlier_message(
    conn: &mut SqliteConnection,
    new: &NewMessage,
    id: &ClientMessageId,
) -> Result<Option<Message>, SqlError> {
    let row = messages::table
        .filter(messages::from_user_id.eq(new.from.as_str()))
        .filter(messages::thread_id.eq(DbId::from(new.thread_id)))
        .filter(messages::client_message_id.eq(id.as_str()))
        .select(MessageRow::as_select())
        .first::<MessageRow>(conn)
        .optional()?;
    row.map(Message::try_from).transpose()
}

#[derive(Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
struct NewMessageRow<'a> {
    thread_id: DbId,
    seq: i64,
    id: DbId,
    version: i64,
    from_user_id: &'a str,
    content: &'a str,
    metadata: Option<String>,
    client_message_id: Option<String>,
    created_at: i64,
}

fn insert_message(conn: &mut SqliteConnection, message: &Message) -> QueryResult<()> {
    let metadata = message.metadata.as_ref();
    let row = NewMessageRow {
        thread_id: message.thread_id.into(),
        seq: message.seq,
        id: message.id.into(),
        version: message.version,
        from_user_id: message.from.as_str(),
        content: &message.content,
        metadata: metadata.map(|metadata| json!(metadata).to_string()),
        client_message_id: message.client_message_id.as_ref().map(ToString::to_string),
        created_at: message.created_at.as_millis(),
    };
    diesel::insert_into(messages::table)
        .values(row)
        .execute(conn)?;
    Ok(())
}

/// What others will hear of the message, and moderators see.
fn insert_facts(
    conn: &mut SqliteConnection,
    message: &Message,
    flag: Option<&Flag>,
) -> QueryResult<()> {
    let due_at = message.created_at.plus_millis(GRACE_MS);
    let row = NewOutboxRow {
        kind: MESSAGE_FACT.into(),
        thread_id: Some(message.thread_id.into()),
        message_seq: Some(message.seq),
        payload: None,
        created_at: message.created_at.as_millis(),
        due_at: due_at.as_millis(),
    };
    diesel::insert_into(outbox::table)
        .values(row)
        .execute(conn)?;
    let Some(flag) = flag else {
        return Ok(());
    };
    let item = NewItemRow {
        id: message.id.into(),
        kind: ModerationSource::Flagged.as_str(),
        status: ModerationStatus::Pending.as_str(),
        message_id: Some(message.id.into()),
        thread_id: Some(message.thread_id.into()),
        user_id: message.from.as_str().to_owned(),
        reasons: json!(flag.categories).to_string(),
        report_id: None,
        content: Some(message.content.clone()),
        created_at: message.created_at.as_millis(),
    };
    let fact = Fact {
        kind: "message.flagged".into(),
        thread_id: Some(message.thread_id),
        payload: json!({
            "threadId": message.thread_id,
            "messageId": message.id,
            "userId": message.from,
            "categories": flag.categories,
        }),
        at: message.created_at,
        due_at,
    };
    diesel::insert_into(moderation_items::table)
        .values(item)
        .execute(conn)?;
    diesel::insert_into(outbox::table)
        .values(NewOutboxRow::from(fact))
        .execute(conn)?;
    Ok(())
}

/// How many messages that the reader did not write stand above `above`, up to `up_to`.
fn by_others(
    conn: &mut SqliteConnection,
    thread: DbId,
    above: Seq,
    up_to: Seq,
    mark: &ReadMark,
) -> QueryResult<i64> {
    if above >= up_to {
        return Ok(0);
    }
    messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::seq.gt(above))
        .filter(messages::seq.le(up_to))
        .filter(messages::from_user_id.ne(mark.user.as_str()))
        .select(count_star())
        .first(conn)
}

fn message_at(conn: &mut SqliteConnection, thread: DbId, seq: Seq) -> QueryResult<Option<DbId>> {
    if seq == 0 {
        return Ok(None);
    }
    messages::table
        .find((thread, seq))
        .select(messages::id)
        .first(conn)
        .optional()
}

/// Writes what has changed in the thread and in its participants' rows.
fn write_thread(conn: &mut SqliteConnection, open: &OpenThread) -> QueryResult<()> {
    let thread = &open.thread;
    let id = DbId::from(thread.id);
    let active_at = thread.last_msg_at.unwrap_or(thread.created_at).as_millis();
    if open.has_news {
        diesel::update(threads::table.find(id))
            .set((
                threads::last_seq.eq(thread.last_seq),
                threads::version.eq(thread.version),
                threads::last_msg_at.eq(active_at),
                threads::updated_at.eq(thread.updated_at.as_millis()),
            ))
            .execute(conn)?;
    }
    for (index, participant) in thread.participants.iter().enumerate() {
        let row = thread_participants::table.find((id, participant.user_id.as_str()));
        let positions = (
            thread_participants::read_seq.eq(participant.position.read),
            thread_participants::delivered_seq.eq(participant.position.delivered),
            thread_participants::unread_count.eq(participant.unread_count),
        );
        if open.has_news {
            diesel::update(row)
                .set((positions, thread_participants::active_at.eq(active_at)))
                .execute(conn)?;
        } else if open.moved.contains(&index) {
            diesel::update(row).set(positions).execute(conn)?;
        }
    }
    Ok(())
}
