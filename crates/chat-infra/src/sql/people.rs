//! Threads with everybody in them: rows, and how they are loaded. The port is in `thread`.

use std::collections::HashMap;

use chat_domain::{
    id::{ThreadId, UserId},
    model::{
        receipt::Position,
        thread::{Participant, Thread, ThreadKind},
    },
    time::Timestamp,
};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;

use super::{
    Conn, MAX_LIST,
    error::{SqlError, corrupt},
    schema::{thread_participants, threads, users},
    types::DbId,
};

/// A row of `threads`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = threads)]
pub(super) struct ThreadRow {
    id: DbId,
    kind: String,
    last_seq: i64,
    version: i64,
    last_msg_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

/// A row of `thread_participants`, without what only orders the inbox.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = thread_participants)]
pub(super) struct ParticipantRow {
    user_id: String,
    read_seq: i64,
    delivered_seq: i64,
    unread_count: i64,
}

/// What a participant shows of the profile mirror.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct FaceRow {
    display_name: Option<String>,
    avatar_url: Option<String>,
    deleted: bool,
}

/// One line of [`threads_with_people`].
pub(super) type PersonInThread = (ThreadRow, ParticipantRow, Option<FaceRow>);

/// Threads, one line for each participant, with their profiles where there are some. To be ordered by thread and user.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn threads_with_people() -> _ {
    threads::table.inner_join(thread_participants::table.left_join(users::table))
}

/// Makes threads of the lines; participants come in the lines' order, threads in that of their first line.
pub(super) fn assemble(lines: Vec<PersonInThread>) -> Result<Vec<Thread>, SqlError> {
    let mut threads: Vec<Thread> = Vec::new();
    for (thread, participant, face) in lines {
        let id = thread.id.into_id();
        if threads.last().is_none_or(|last| last.id != id) {
            threads.push(thread.try_into()?);
        }
        if let Some(last) = threads.last_mut() {
            last.participants.push(participant.with_face(face)?);
        }
    }
    Ok(threads)
}

impl TryFrom<ThreadRow> for Thread {
    type Error = SqlError;

    fn try_from(row: ThreadRow) -> Result<Self, SqlError> {
        Ok(Self {
            id: row.id.into_id(),
            kind: match row.kind.as_str() {
                "pair" => ThreadKind::Pair,
                "group" => ThreadKind::Group,
                _ => return Err(corrupt("a thread of unknown kind")),
            },
            last_seq: row.last_seq,
            version: row.version,
            last_msg_at: row.last_msg_at.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            participants: Vec::new(),
        })
    }
}

impl ParticipantRow {
    fn with_face(self, face: Option<FaceRow>) -> Result<Participant, SqlError> {
        let (display_name, avatar_url, deleted) = face.map_or((None, None, false), |face| {
            (face.display_name, face.avatar_url, face.deleted)
        });
        Ok(Participant {
            user_id: UserId::parse(&self.user_id)?,
            display_name,
            avatar_url,
            deleted,
            position: Position {
                delivered: self.delivered_seq,
                read: self.read_seq,
            },
            unread_count: self.unread_count,
        })
    }
}

/// The thread with everybody in it.
pub(super) async fn load_thread(conn: &mut Conn, id: DbId) -> Result<Option<Thread>, SqlError> {
    let lines = threads_with_people()
        .filter(threads::id.eq(id))
        .order(thread_participants::user_id.asc())
        .select((
            ThreadRow::as_select(),
            ParticipantRow::as_select(),
            Option::<FaceRow>::as_select(),
        ))
        .load::<PersonInThread>(conn)
        .await?;
    Ok(assemble(lines)?.pop())
}

/// The threads with everybody in them, by id.
pub(super) async fn load_threads(
    conn: &mut Conn,
    ids: &[DbId],
) -> Result<HashMap<ThreadId, Thread>, SqlError> {
    let mut threads = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(MAX_LIST) {
        let lines = threads_with_people()
            .filter(threads::id.eq_any(ids.to_vec()))
            .order((threads::id.asc(), thread_participants::user_id.asc()))
            .select((
                ThreadRow::as_select(),
                ParticipantRow::as_select(),
                Option::<FaceRow>::as_select(),
            ))
            .load::<PersonInThread>(conn)
            .await?;
        threads.extend(
            assemble(lines)?
                .into_iter()
                .map(|thread| (thread.id, thread)),
        );
    }
    Ok(threads)
}
