//! Events for other services: the outbox, and the feed that it becomes.

use std::collections::HashMap;

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::{EventId, ThreadId},
    model::event::OutboundEvent,
    port::event::EventLog,
    time::Timestamp,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, QueryResult, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::{
    Conn, SqlStore,
    error::{SqlError, corrupt},
    schema::{events, messages, outbox, sinks, thread_participants, users},
    thread::limit_plus_one,
    types::DbId,
    with_conn, with_tx,
};

/// How long an event of a thread waits: the grace in which a recipient may still get the message. All later events of a
/// thread wait equally long, so that they keep their order.
pub(super) const GRACE_MS: i64 = 2_000;

/// Outbox rows in one transaction, whatever is asked for: longer ones would keep messages waiting.
const MAX_ROUND: i64 = 1_000;

/// The kind of outbox rows that stand for a message.
pub(super) const MESSAGE_FACT: &str = "message";

/// Something that became true, as it waits in the outbox.
pub(super) struct Fact {
    pub(super) kind: String,
    pub(super) thread_id: Option<ThreadId>,
    /// Ids, kinds and times only; `id`, `type` and `createdAt` are added.
    pub(super) payload: Value,
    pub(super) at: Timestamp,
    pub(super) due_at: Timestamp,
}

/// A row for the outbox.
#[derive(Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub(super) struct NewOutboxRow {
    pub(super) kind: String,
    pub(super) thread_id: Option<DbId>,
    pub(super) message_seq: Option<i64>,
    pub(super) payload: Option<String>,
    pub(super) created_at: i64,
    pub(super) due_at: i64,
}

impl From<Fact> for NewOutboxRow {
    fn from(fact: Fact) -> Self {
        Self {
            kind: fact.kind,
            thread_id: fact.thread_id.map(DbId::from),
            message_seq: None,
            payload: Some(fact.payload.to_string()),
            created_at: fact.at.as_millis(),
            due_at: fact.due_at.as_millis(),
        }
    }
}

/// Puts the fact into the outbox; part of the caller's transaction.
pub(super) async fn write_fact(conn: &mut Conn, fact: Fact) -> QueryResult<()> {
    diesel::insert_into(outbox::table)
        .values(NewOutboxRow::from(fact))
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct OutboxRow {
    id: i64,
    kind: String,
    thread_id: Option<DbId>,
    payload: Option<String>,
    created_at: i64,
}

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct NewEventRow {
    id: DbId,
    kind: String,
    thread_id: Option<DbId>,
    payload: String,
    created_at: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct EventRow {
    position: i64,
    id: DbId,
    kind: String,
    thread_id: Option<DbId>,
    payload: String,
    created_at: i64,
}

impl TryFrom<EventRow> for OutboundEvent {
    type Error = SqlError;

    fn try_from(row: EventRow) -> Result<Self, SqlError> {
        Ok(Self {
            id: row.id.into_id(),
            kind: row.kind,
            thread_id: row.thread_id.map(DbId::into_id),
            payload: serde_json::from_str(&row.payload)?,
            created_at: Timestamp::from_millis(row.created_at),
            position: row.position,
        })
    }
}

/// A message that somebody has not received: outbox row, message, author, recipient.
type Missed = (i64, DbId, String, String);

/// Who has not received the messages that these outbox rows stand for. Deleted people are told nothing.
async fn missed(conn: &mut Conn, rows: Vec<i64>) -> Result<HashMap<i64, Vec<Missed>>, SqlError> {
    let missed = outbox::table
        .inner_join(
            messages::table.on(messages::thread_id
                .nullable()
                .eq(outbox::thread_id)
                .and(messages::seq.nullable().eq(outbox::message_seq))),
        )
        .inner_join(
            thread_participants::table.on(thread_participants::thread_id
                .eq(messages::thread_id)
                .and(thread_participants::user_id.ne(messages::from_user_id))
                .and(thread_participants::delivered_seq.lt(messages::seq))),
        )
        .left_join(users::table.on(users::id.eq(thread_participants::user_id)))
        .filter(outbox::id.eq_any(rows))
        .filter(
            users::deleted
                .nullable()
                .is_null()
                .or(users::deleted.nullable().eq(false)),
        )
        .order((outbox::id.asc(), thread_participants::user_id.asc()))
        .select((
            outbox::id,
            messages::id,
            messages::from_user_id,
            thread_participants::user_id,
        ))
        .load::<Missed>(conn)
        .await?;
    let mut by_row: HashMap<i64, Vec<Missed>> = HashMap::new();
    for line in missed {
        by_row.entry(line.0).or_default().push(line);
    }
    Ok(by_row)
}

impl SqlStore {
    /// The event with what every payload carries.
    fn event(
        &self,
        row: &OutboxRow,
        kind: &str,
        payload_type: &str,
        mut payload: Value,
    ) -> Result<NewEventRow, SqlError> {
        let id = EventId::from(self.0.ids.next());
        let Value::Object(object) = &mut payload else {
            return Err(corrupt("an event whose payload is no object"));
        };
        object.insert("id".into(), json!(id));
        object.insert("type".into(), json!(payload_type));
        object.insert(
            "createdAt".into(),
            json!(Timestamp::from_millis(row.created_at)),
        );
        Ok(NewEventRow {
            id: id.into(),
            kind: kind.to_owned(),
            thread_id: row.thread_id,
            payload: payload.to_string(),
            created_at: row.created_at,
        })
    }

    /// The events that an outbox row becomes.
    fn events_of(&self, row: &OutboxRow, missed: &[Missed]) -> Result<Vec<NewEventRow>, SqlError> {
        if row.kind != MESSAGE_FACT {
            let payload = serde_json::from_str(row.payload.as_deref().unwrap_or("null"))?;
            return Ok(vec![self.event(row, &row.kind, &row.kind, payload)?]);
        }
        let notification = |(_, message, from, to): &Missed| {
            let payload = json!({
                "threadId": row.thread_id.map(DbId::into_id::<ThreadId>),
                "messageId": message.0,
                "toUserId": to,
                "fromUserId": from,
            });
            self.event(row, "notification", "chat.message", payload)
        };
        missed.iter().map(notification).collect()
    }

    async fn sequence_in(
        &self,
        conn: &mut Conn,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, SqlError> {
        let rows = outbox::table
            .filter(outbox::due_at.le(now.as_millis()))
            .order((outbox::due_at.asc(), outbox::id.asc()))
            .limit(i64::try_from(limit).map_or(MAX_ROUND, |limit| limit.min(MAX_ROUND)))
            .select(OutboxRow::as_select())
            .load::<OutboxRow>(conn)
            .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let missed = missed(conn, ids.clone()).await?;
        let mut events = Vec::new();
        for row in &rows {
            let missed = missed.get(&row.id).map_or(&[][..], Vec::as_slice);
            events.extend(self.events_of(row, missed)?);
        }
        // One trip to the connection's thread for all of them: SQLite takes rows one by one.
        conn.spawn_blocking(move |conn| {
            for event in events {
                diesel::RunQueryDsl::execute(
                    diesel::insert_into(events::table).values(event),
                    conn,
                )?;
            }
            Ok(())
        })
        .await?;
        diesel::delete(outbox::table.filter(outbox::id.eq_any(ids)))
            .execute(conn)
            .await?;
        Ok(rows.len())
    }
}

#[async_trait]
impl EventLog for SqlStore {
    async fn sequence(&self, now: Timestamp, limit: usize) -> Result<usize, RepoError> {
        let nothing_due = with_conn!(self, |conn| {
            let first_due = outbox::table
                .filter(outbox::due_at.le(now.as_millis()))
                .select(outbox::id)
                .first::<i64>(conn)
                .await
                .optional()?;
            Ok(first_due.is_none())
        })?;
        // An idle dispatcher asks often and must not take the writer's turn each time.
        if nothing_due {
            return Ok(0);
        }
        let store = self.clone();
        with_tx!(self, |conn| { store.sequence_in(conn, now, limit).await })
    }

    async fn after(
        &self,
        position: i64,
        limit: usize,
    ) -> Result<(Vec<OutboundEvent>, bool), RepoError> {
        with_conn!(self, |conn| {
            let mut rows = events::table
                .filter(events::position.gt(position))
                .order(events::position.asc())
                .limit(limit_plus_one(limit))
                .select(EventRow::as_select())
                .load::<EventRow>(conn)
                .await?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let events = rows.into_iter().map(OutboundEvent::try_from);
            Ok((events.collect::<Result<_, _>>()?, more))
        })
    }

    async fn position(&self, id: EventId) -> Result<Option<i64>, RepoError> {
        with_conn!(self, |conn| {
            let position = events::table
                .filter(events::id.eq(DbId::from(id)))
                .select(events::position)
                .first(conn)
                .await
                .optional()?;
            Ok(position)
        })
    }

    async fn cursor(&self, sink: String) -> Result<i64, RepoError> {
        with_conn!(self, |conn| {
            let position = sinks::table
                .find(sink)
                .select(sinks::position)
                .first(conn)
                .await
                .optional()?;
            Ok(position.unwrap_or(0))
        })
    }

    async fn advance(&self, sink: String, position: i64) -> Result<(), RepoError> {
        with_tx!(self, |conn| {
            diesel::insert_into(sinks::table)
                .values((sinks::name.eq(sink), sinks::position.eq(position)))
                .on_conflict(sinks::name)
                .do_update()
                .set(sinks::position.eq(position))
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    async fn prune(&self, before: Timestamp) -> Result<usize, RepoError> {
        with_tx!(self, |conn| {
            let old = events::table.filter(events::created_at.lt(before.as_millis()));
            Ok(diesel::delete(old).execute(conn).await?)
        })
    }
}
