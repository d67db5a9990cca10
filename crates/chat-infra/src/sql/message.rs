//! Messages: rows, and the port for storing and reading them. Appending itself is the writer's.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::{ClientMessageId, MessageId, ThreadId, UserId},
    model::{
        content::Metadata,
        message::{Message, NewMessage, Seq, Version},
        receipt::UpTo,
        thread::Thread,
    },
    port::message::{AppendError, Appended, Changes, HistorySlice, MessageRepository, Waiting},
    time::Timestamp,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, Queryable,
    Selectable, SelectableHelper, dsl::min,
};
use diesel_async::RunQueryDsl;
use futures::{FutureExt, future::BoxFuture};

use super::{
    Conn, SqlStore,
    error::{SqlError, corrupt},
    people::{load_thread, load_threads},
    schema::{messages, thread_participants, threads},
    thread::limit_plus_one,
    types::DbId,
    with_conn, with_snapshot, with_tx,
};

/// A row of `messages`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct MessageRow {
    thread_id: DbId,
    seq: i64,
    id: DbId,
    version: i64,
    from_user_id: String,
    content: String,
    metadata: Option<String>,
    client_message_id: Option<String>,
    created_at: i64,
    deleted_at: Option<i64>,
}

impl TryFrom<MessageRow> for Message {
    type Error = SqlError;

    fn try_from(row: MessageRow) -> Result<Self, SqlError> {
        Ok(Self {
            id: row.id.into_id(),
            thread_id: row.thread_id.into_id(),
            seq: row.seq,
            version: row.version,
            from: UserId::parse(&row.from_user_id)?,
            content: row.content,
            metadata: match row.metadata {
                Some(json) => Some(Metadata::from_stored(serde_json::from_str(&json)?)),
                None => None,
            },
            client_message_id: match row.client_message_id {
                Some(id) => Some(ClientMessageId::parse(&id)?),
                None => None,
            },
            created_at: Timestamp::from_millis(row.created_at),
            deleted_at: row.deleted_at.map(Timestamp::from_millis),
        })
    }
}

pub(super) fn into_messages(rows: Vec<MessageRow>) -> Result<Vec<Message>, SqlError> {
    rows.into_iter().map(Message::try_from).collect()
}

/// The rows' messages, under a key of each.
pub(super) fn messages_by_id<K: Eq + Hash>(
    rows: Vec<MessageRow>,
    key: impl Fn(&Message) -> K,
) -> Result<HashMap<K, Message>, SqlError> {
    let messages = into_messages(rows)?;
    Ok(messages
        .into_iter()
        .map(|message| (key(&message), message))
        .collect())
}

/// The message with that id.
pub(super) async fn load_message(
    conn: &mut Conn,
    id: MessageId,
) -> Result<Option<Message>, SqlError> {
    let row = messages::table
        .filter(messages::id.eq(DbId::from(id)))
        .select(MessageRow::as_select())
        .first::<MessageRow>(conn)
        .await
        .optional()?;
    row.map(Message::try_from).transpose()
}

async fn last_seq(conn: &mut Conn, thread: DbId) -> Result<Option<Seq>, SqlError> {
    Ok(threads::table
        .find(thread)
        .select(threads::last_seq)
        .first(conn)
        .await
        .optional()?)
}

/// The last place whose message is not younger than `at`; 0 if all are. There is no index over times and needs none:
/// places have no gaps and times never run backwards along them, so halving finds it.
async fn seq_at(conn: &mut Conn, thread: DbId, last: Seq, at: Timestamp) -> Result<Seq, SqlError> {
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let created_at: i64 = messages::table
            .find((thread, middle))
            .select(messages::created_at)
            .first(conn)
            .await?;
        if created_at <= at.as_millis() {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

async fn resolve(
    conn: &mut Conn,
    thread: DbId,
    up_to: UpTo,
) -> Result<Option<(Seq, Option<MessageId>)>, SqlError> {
    let Some(last) = last_seq(conn, thread).await? else {
        return Ok(None);
    };
    let seq = match up_to {
        UpTo::Message(id) => {
            let seq = messages::table
                .filter(messages::id.eq(DbId::from(id)))
                .filter(messages::thread_id.eq(thread))
                .select(messages::seq)
                .first::<Seq>(conn)
                .await
                .optional()?;
            return Ok(seq.map(|seq| (seq, Some(id))));
        }
        UpTo::Seq(seq) => seq.clamp(0, last),
        UpTo::Time(at) => seq_at(conn, thread, last, at).await?,
    };
    if seq == 0 {
        return Ok(Some((0, None)));
    }
    let id: DbId = messages::table
        .find((thread, seq))
        .select(messages::id)
        .first(conn)
        .await?;
    Ok(Some((seq, Some(id.into_id()))))
}

async fn remove(
    conn: &mut Conn,
    id: MessageId,
    at: Timestamp,
) -> Result<Option<(Message, Thread)>, SqlError> {
    let Some(mut message) = load_message(conn, id).await? else {
        return Ok(None);
    };
    let thread_id = DbId::from(message.thread_id);
    let mut thread = load_thread(conn, thread_id)
        .await?
        .ok_or_else(|| corrupt("a message without a thread"))?;
    if message.deleted_at.is_some() {
        return Ok(Some((message, thread)));
    }
    thread.version += 1;
    thread.updated_at = thread.updated_at.max(at);
    message.version = thread.version;
    message.content.clear();
    message.metadata = None;
    message.deleted_at = Some(at);
    diesel::update(messages::table.find((thread_id, message.seq)))
        .set((
            messages::version.eq(message.version),
            messages::content.eq(""),
            messages::metadata.eq(None::<String>),
            messages::deleted_at.eq(at.as_millis()),
        ))
        .execute(conn)
        .await?;
    diesel::update(threads::table.find(thread_id))
        .set((
            threads::version.eq(thread.version),
            threads::updated_at.eq(thread.updated_at.as_millis()),
        ))
        .execute(conn)
        .await?;
    Ok(Some((message, thread)))
}

/// Messages that wait for the user.
#[diesel::dsl::auto_type(no_type_alias)]
fn waiting_for<'a>(user: &'a str) -> _ {
    messages::table
        .inner_join(
            thread_participants::table.on(thread_participants::thread_id.eq(messages::thread_id)),
        )
        .filter(thread_participants::user_id.eq(user))
        .filter(messages::seq.gt(thread_participants::delivered_seq))
        .filter(messages::from_user_id.ne(user))
}

async fn waiting(conn: &mut Conn, user: &UserId, limit: usize) -> Result<Waiting, SqlError> {
    let mut rows = waiting_for(user.as_str())
        .order((
            messages::created_at.asc(),
            messages::thread_id.asc(),
            messages::seq.asc(),
        ))
        .limit(limit_plus_one(limit))
        .select(MessageRow::as_select())
        .load::<MessageRow>(conn)
        .await?;
    let overfull = rows.len() > limit;
    rows.truncate(limit);
    let more = if overfull {
        first_missing(conn, user, rows.last()).await?
    } else {
        Vec::new()
    };
    let mut ids: Vec<DbId> = rows.iter().map(|row| row.thread_id).collect();
    ids.extend(more.iter().map(|(thread, _)| DbId::from(*thread)));
    ids.sort_unstable();
    ids.dedup();
    let threads = load_threads(conn, &ids).await?;
    Ok(Waiting {
        messages: into_messages(rows)?,
        threads: threads.into_values().map(Arc::new).collect(),
        more,
    })
}

/// The first place of each thread that waits behind the last message handed out.
async fn first_missing(
    conn: &mut Conn,
    user: &UserId,
    last: Option<&MessageRow>,
) -> Result<Vec<(ThreadId, Seq)>, SqlError> {
    let (at, thread, seq) = last.map_or((i64::MIN, DbId(uuid::Uuid::nil()), 0), |last| {
        (last.created_at, last.thread_id, last.seq)
    });
    let behind = messages::created_at
        .gt(at)
        .or(messages::created_at.eq(at).and(
            messages::thread_id
                .gt(thread)
                .or(messages::thread_id.eq(thread).and(messages::seq.gt(seq))),
        ));
    let places = waiting_for(user.as_str())
        .filter(behind)
        .group_by(messages::thread_id)
        .select((messages::thread_id, min(messages::seq)))
        .load::<(DbId, Option<Seq>)>(conn)
        .await?;
    Ok(places
        .into_iter()
        .filter_map(|(thread, seq)| Some((thread.into_id(), seq?)))
        .collect())
}

#[async_trait]
impl MessageRepository for SqlStore {
    fn append(&self, message: NewMessage) -> BoxFuture<'static, Result<Appended, AppendError>> {
        self.0.queue.append(message).boxed()
    }

    async fn find(&self, id: MessageId) -> Result<Option<Message>, RepoError> {
        with_conn!(self, |conn| { load_message(conn, id).await })
    }

    async fn history(
        &self,
        thread: ThreadId,
        slice: HistorySlice,
        limit: usize,
    ) -> Result<(Vec<Message>, bool), RepoError> {
        with_conn!(self, |conn| {
            let query = messages::table
                .filter(messages::thread_id.eq(DbId::from(thread)))
                .limit(limit_plus_one(limit))
                .select(MessageRow::as_select())
                .into_boxed();
            let query = match slice {
                HistorySlice::Before(None) => query.order(messages::seq.desc()),
                HistorySlice::Before(Some(seq)) => query
                    .filter(messages::seq.lt(seq))
                    .order(messages::seq.desc()),
                HistorySlice::After(seq) => query
                    .filter(messages::seq.gt(seq))
                    .order(messages::seq.asc()),
            };
            split(query.load::<MessageRow>(conn).await?, limit)
        })
    }

    async fn changes(
        &self,
        thread: ThreadId,
        above: Version,
        limit: usize,
    ) -> Result<Changes, RepoError> {
        with_conn!(self, |conn| {
            let rows = messages::table
                .filter(messages::thread_id.eq(DbId::from(thread)))
                .filter(messages::version.gt(above))
                .order(messages::version.asc())
                .limit(limit_plus_one(limit))
                .select(MessageRow::as_select())
                .load::<MessageRow>(conn)
                .await?;
            let (messages, more) = split(rows, limit)?;
            Ok(Changes { messages, more })
        })
    }

    async fn resolve(
        &self,
        thread: ThreadId,
        up_to: UpTo,
    ) -> Result<Option<(Seq, Option<MessageId>)>, RepoError> {
        with_snapshot!(self, |conn| { resolve(conn, thread.into(), up_to).await })
    }

    async fn waiting(&self, user: UserId, limit: usize) -> Result<Waiting, RepoError> {
        with_snapshot!(self, |conn| { waiting(conn, &user, limit).await })
    }

    async fn remove(
        &self,
        id: MessageId,
        at: Timestamp,
    ) -> Result<Option<(Message, Thread)>, RepoError> {
        with_tx!(self, |conn| { remove(conn, id, at).await })
    }
}

/// At most `limit` of the rows, and whether there were more.
fn split(mut rows: Vec<MessageRow>, limit: usize) -> Result<(Vec<Message>, bool), SqlError> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok((into_messages(rows)?, more))
}
