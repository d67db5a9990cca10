//! Opening and reading threads. Their rows are in `people`.

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::{ThreadId, UserId},
    model::thread::{InboxEntry, NewThread, OpenedThread, Thread, ThreadKind, pair_key},
    port::thread::{InboxPosition, ThreadRepository},
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, OptionalExtension, QueryDsl,
    QueryResult, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::{
    Conn, SqlStore,
    block::apart_from,
    error::{SqlError, corrupt},
    event::{Fact, write_fact},
    message::{MessageRow, messages_by_id},
    people::{load_thread, load_threads},
    schema::{messages, thread_participants, threads},
    types::DbId,
    with_conn, with_snapshot, with_tx,
};

#[derive(Insertable)]
#[diesel(table_name = threads, treat_none_as_default_value = false)]
struct NewThreadRow {
    id: DbId,
    kind: &'static str,
    pair_key: Option<String>,
    created_at: i64,
    updated_at: i64,
}

#[derive(Insertable)]
#[diesel(table_name = thread_participants)]
struct NewParticipantRow<'a> {
    thread_id: DbId,
    user_id: &'a str,
    active_at: i64,
    joined_at: i64,
}

const fn kind_name(kind: ThreadKind) -> &'static str {
    match kind {
        ThreadKind::Pair => "pair",
        ThreadKind::Group => "group",
    }
}

/// The id under which the two people's thread stands.
async fn pair_thread(conn: &mut Conn, key: &str) -> QueryResult<Option<DbId>> {
    threads::table
        .filter(threads::pair_key.eq(key))
        .select(threads::id)
        .first(conn)
        .await
        .optional()
}

/// Opens the thread or finds the pair's; part of the caller's transaction.
pub(super) async fn open_thread(
    conn: &mut Conn,
    new: &NewThread,
) -> Result<OpenedThread, SqlError> {
    let key = match (new.kind, new.participants.as_slice()) {
        (ThreadKind::Pair, [a, b]) => Some(pair_key(a, b)),
        (ThreadKind::Pair, _) => return Err(corrupt("a pair of other than two people")),
        (ThreadKind::Group, _) => None,
    };
    let existing = match &key {
        Some(key) => pair_thread(conn, key).await?,
        None => None,
    };
    let created = existing.is_none();
    if created {
        insert_thread(conn, new, key).await?;
    }
    let thread = load_thread(conn, existing.unwrap_or(new.id.into())).await?;
    Ok(OpenedThread {
        thread: thread.ok_or_else(|| corrupt("a thread without participants"))?,
        created,
    })
}

async fn insert_thread(
    conn: &mut Conn,
    new: &NewThread,
    pair_key: Option<String>,
) -> QueryResult<()> {
    let at = new.created_at.as_millis();
    let row = NewThreadRow {
        id: new.id.into(),
        kind: kind_name(new.kind),
        pair_key,
        created_at: at,
        updated_at: at,
    };
    diesel::insert_into(threads::table)
        .values(row)
        .execute(conn)
        .await?;
    for user in &new.participants {
        let row = NewParticipantRow {
            thread_id: new.id.into(),
            user_id: user.as_str(),
            active_at: at,
            joined_at: at,
        };
        diesel::insert_into(thread_participants::table)
            .values(row)
            .execute(conn)
            .await?;
    }
    let fact = Fact {
        kind: "thread.created".into(),
        thread_id: Some(new.id),
        payload: json!({
            "threadId": new.id,
            "kind": new.kind,
            "participantIds": new.participants,
        }),
        at: new.created_at,
        due_at: new.created_at,
    };
    write_fact(conn, fact).await
}

/// The newest message of each thread.
async fn with_last_messages(
    conn: &mut Conn,
    threads: Vec<Thread>,
) -> Result<Vec<InboxEntry>, SqlError> {
    // A range of one row for each thread, found by the key; all in one statement.
    let ids: Vec<DbId> = threads.iter().map(|thread| thread.id.into()).collect();
    let rows = messages::table
        .inner_join(
            threads::table.on(threads::id
                .eq(messages::thread_id)
                .and(threads::last_seq.eq(messages::seq))),
        )
        .filter(threads::id.eq_any(ids))
        .select(MessageRow::as_select())
        .load::<MessageRow>(conn)
        .await?;
    let mut last = messages_by_id(rows, |message| message.thread_id)?;
    Ok(threads
        .into_iter()
        .map(|thread| InboxEntry {
            last_message: last.remove(&thread.id),
            thread,
        })
        .collect())
}

#[async_trait]
impl ThreadRepository for SqlStore {
    async fn open(&self, thread: NewThread) -> Result<OpenedThread, RepoError> {
        with_tx!(self, |conn| { open_thread(conn, &thread).await })
    }

    async fn find(&self, id: ThreadId) -> Result<Option<Thread>, RepoError> {
        with_conn!(self, |conn| { load_thread(conn, id.into()).await })
    }

    async fn find_pair(&self, a: UserId, b: UserId) -> Result<Option<ThreadId>, RepoError> {
        with_conn!(self, |conn| {
            let id = pair_thread(conn, &pair_key(&a, &b)).await?;
            Ok(id.map(DbId::into_id))
        })
    }

    async fn inbox(
        &self,
        user: UserId,
        after: Option<InboxPosition>,
        limit: usize,
    ) -> Result<(Vec<InboxEntry>, bool), RepoError> {
        with_snapshot!(self, |conn| {
            let mut page = thread_participants::table
                .filter(thread_participants::user_id.eq(user.as_str().to_owned()))
                .order((
                    thread_participants::active_at.desc(),
                    thread_participants::thread_id.desc(),
                ))
                .select(thread_participants::thread_id)
                .limit(limit_plus_one(limit))
                .into_boxed();
            if let Some(InboxPosition { active_at, id }) = after {
                let (at, id) = (active_at.as_millis(), DbId::from(id));
                // The first condition bounds the index range, the second skips within one millisecond.
                page = page.filter(thread_participants::active_at.le(at)).filter(
                    thread_participants::active_at
                        .lt(at)
                        .or(thread_participants::thread_id.lt(id)),
                );
            }
            let mut ids: Vec<DbId> = page.load(conn).await?;
            let more = ids.len() > limit;
            ids.truncate(limit);
            let mut threads = load_threads(conn, &ids).await?;
            let ordered = ids
                .into_iter()
                .filter_map(|id| threads.remove(&id.into_id()))
                .collect();
            Ok((with_last_messages(conn, ordered).await?, more))
        })
    }

    async fn entry(&self, id: ThreadId) -> Result<Option<InboxEntry>, RepoError> {
        with_snapshot!(self, |conn| {
            let thread = load_thread(conn, id.into()).await?;
            Ok(with_last_messages(conn, Vec::from_iter(thread))
                .await?
                .pop())
        })
    }

    async fn contacts(
        &self,
        user: UserId,
        among: Option<Vec<UserId>>,
    ) -> Result<Vec<UserId>, RepoError> {
        with_conn!(self, |conn| {
            let own = diesel::alias!(thread_participants as own);
            let shared = own
                .filter(
                    own.field(thread_participants::user_id)
                        .eq(user.as_str().to_owned()),
                )
                .select(own.field(thread_participants::thread_id));
            let mut query = thread_participants::table
                .filter(thread_participants::thread_id.eq_any(shared))
                .filter(thread_participants::user_id.ne(user.as_str().to_owned()))
                .select(thread_participants::user_id)
                .distinct()
                .into_boxed();
            if let Some(among) = among {
                let among = among.iter().map(|id| id.as_str().to_owned());
                query =
                    query.filter(thread_participants::user_id.eq_any(among.collect::<Vec<_>>()));
            }
            let mut people: Vec<String> = query.load(conn).await?;
            people.sort_unstable();
            let people = people
                .iter()
                .map(|id| UserId::parse(id))
                .collect::<Result<Vec<_>, _>>()?;
            let apart = apart_from(conn, &user, &people).await?;
            Ok(people
                .into_iter()
                .zip(apart)
                .filter_map(|(person, apart)| (!apart).then_some(person))
                .collect())
        })
    }
}

/// One row more than asked for shows whether there are more.
pub(super) fn limit_plus_one(limit: usize) -> i64 {
    i64::try_from(limit).map_or(i64::MAX, |limit| limit.saturating_add(1))
}
