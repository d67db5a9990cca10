//! The statements of a batch on SQLite. Each is prepared once and kept by the connection.

use chat_domain::{
    id::{ClientMessageId, UserId},
    model::{
        access::{MatchState, Relationship},
        message::{Message, NewMessage, Seq},
        moderation::{Flag, ModerationSource, ModerationStatus},
        thread::{Thread, pair_key},
    },
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, QueryResult,
    RunQueryDsl, SelectableHelper, SqliteConnection, dsl::count_star,
};
use serde_json::json;

use super::batch::OpenThread;
use crate::sql::{
    block::match_state,
    error::SqlError,
    event::{Fact, GRACE_MS, MESSAGE_FACT, NewOutboxRow},
    message::MessageRow,
    people::{FaceRow, ParticipantRow, PersonInThread, ThreadRow, assemble, threads_with_people},
    report::NewItemRow,
    schema::{blocks, matches, messages, moderation_items, outbox, thread_participants, threads},
    types::DbId,
};

/// The thread with everybody in it.
pub(super) fn load(conn: &mut SqliteConnection, id: DbId) -> Result<Option<Thread>, SqlError> {
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

/// The match and the blocks between two people.
pub(super) fn relationship(
    conn: &mut SqliteConnection,
    a: &UserId,
    b: &UserId,
) -> QueryResult<Relationship> {
    let withdrawn_at: Option<Option<i64>> = matches::table
        .find(pair_key(a, b))
        .select(matches::withdrawn_at)
        .first(conn)
        .optional()?;
    let (a, b) = (a.as_str(), b.as_str());
    let either_way = (blocks::blocker_id.eq(a).and(blocks::blocked_id.eq(b)))
        .or(blocks::blocker_id.eq(b).and(blocks::blocked_id.eq(a)));
    let block: Option<String> = blocks::table
        .filter(either_way)
        .select(blocks::blocker_id)
        .first(conn)
        .optional()?;
    Ok(Relationship {
        matched: withdrawn_at.map_or(MatchState::Never, match_state),
        blocked: block.is_some(),
        deleted: false,
    })
}

/// The author's message in that thread under that client message id.
pub(super) fn earlier_message(
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

/// Stores the message; it fails and leaves nothing behind if its id is taken.
pub(super) fn insert_message(conn: &mut SqliteConnection, message: &Message) -> QueryResult<()> {
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
pub(super) fn insert_facts(
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

/// How many messages stand above that place which the reader did not write.
pub(super) fn by_others(
    conn: &mut SqliteConnection,
    thread: DbId,
    above: Seq,
    reader: &UserId,
) -> QueryResult<i64> {
    messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::seq.gt(above))
        .filter(messages::from_user_id.ne(reader.as_str()))
        .select(count_star())
        .first(conn)
}

/// The id of the message at that place.
pub(super) fn message_at(
    conn: &mut SqliteConnection,
    thread: DbId,
    seq: Seq,
) -> QueryResult<Option<DbId>> {
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
pub(super) fn write_thread(conn: &mut SqliteConnection, open: &OpenThread) -> QueryResult<()> {
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
