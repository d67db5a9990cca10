//! Everything that is stored of a person, row by row and without a cap.
//!
//! First a plan of what there is, by key; then one part of it after the other, so that memory holds one part at a time.

use chat_domain::{error::RepoError, id::UserId, model::message::Seq, time::Timestamp};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Conn, SqlStore,
    error::SqlError,
    message::{MessageRow, into_messages},
    schema::{
        audit_events, blocks, jobs, matches, messages, moderation_items, reports, revoked_tokens,
        risk_signals, thread_participants, threads, users,
    },
    types::DbId,
    with_conn,
};

/// Rows in memory at once, of tables that grow without bound.
const PART_ROWS: usize = 500;

/// A part of the export.
enum Part {
    Profile,
    Threads(Vec<DbId>),
    Messages(DbId, Vec<Seq>),
    Matches,
    Blocks,
    Reports,
    ModerationItems(Vec<DbId>),
    RiskSignals,
    AuditEvents(Vec<i64>),
    RevokedTokens,
    Jobs,
}

/// The rows of the user as a stream of JSON objects, each with its `table`.
pub(super) fn stream(
    store: SqlStore,
    user: UserId,
) -> BoxStream<'static, Result<Value, RepoError>> {
    let planned = {
        let (store, user) = (store.clone(), user.clone());
        async move {
            let parts = with_conn!(store, |conn| { Ok(plan(conn, user.as_str()).await?) })?;
            Ok::<_, RepoError>(items(parts))
        }
    };
    stream::once(planned)
        .try_flatten()
        .and_then(move |part| {
            let (store, user) = (store.clone(), user.clone());
            async move {
                let rows = with_conn!(store, |conn| { load(conn, user.as_str(), part).await })?;
                Ok(items(rows))
            }
        })
        .try_flatten()
        .boxed()
}

fn items<T>(items: Vec<T>) -> impl Stream<Item = Result<T, RepoError>> {
    stream::iter(items.into_iter().map(Ok))
}

async fn plan(conn: &mut Conn, user: &str) -> QueryResult<Vec<Part>> {
    let threads: Vec<DbId> = thread_participants::table
        .filter(thread_participants::user_id.eq(user))
        .select(thread_participants::thread_id)
        .load(conn)
        .await?;
    let mut places: Vec<(DbId, Seq)> = messages::table
        .filter(messages::from_user_id.eq(user))
        .select((messages::thread_id, messages::seq))
        .load(conn)
        .await?;
    places.sort_unstable();
    let items: Vec<DbId> = moderation_items::table
        .filter(moderation_items::user_id.eq(user))
        .select(moderation_items::id)
        .load(conn)
        .await?;
    let audit: Vec<i64> = audit_events::table
        .filter(audit_events::actor_id.eq(user))
        .select(audit_events::id)
        .load(conn)
        .await?;
    let mut parts = vec![Part::Profile];
    parts.extend(chunks(&threads).map(Part::Threads));
    for places in places.chunk_by(|a, b| a.0 == b.0) {
        for chunk in places.chunks(PART_ROWS) {
            let seqs = chunk.iter().map(|(_, seq)| *seq).collect();
            parts.push(Part::Messages(chunk[0].0, seqs));
        }
    }
    parts.extend([Part::Matches, Part::Blocks, Part::Reports]);
    parts.extend(chunks(&items).map(Part::ModerationItems));
    parts.push(Part::RiskSignals);
    parts.extend(chunks(&audit).map(Part::AuditEvents));
    parts.extend([Part::RevokedTokens, Part::Jobs]);
    Ok(parts)
}

fn chunks<T: Clone>(keys: &[T]) -> impl Iterator<Item = Vec<T>> {
    keys.chunks(PART_ROWS).map(<[T]>::to_vec)
}

async fn load(conn: &mut Conn, user: &str, part: Part) -> Result<Vec<Value>, SqlError> {
    match part {
        Part::Profile => Ok(profile(conn, user).await?),
        Part::Threads(ids) => Ok(places_in_threads(conn, user, ids).await?),
        Part::Messages(thread, seqs) => own_messages(conn, thread, seqs).await,
        Part::Matches => Ok(own_matches(conn, user).await?),
        Part::Blocks => Ok(own_blocks(conn, user).await?),
        Part::Reports => Ok(own_reports(conn, user).await?),
        Part::ModerationItems(ids) => Ok(moderation(conn, ids).await?),
        Part::RiskSignals => Ok(risk(conn, user).await?),
        Part::AuditEvents(ids) => Ok(audit(conn, ids).await?),
        Part::RevokedTokens => Ok(revocations(conn, user).await?),
        Part::Jobs => Ok(own_jobs(conn, user).await?),
    }
}

fn time(millis: i64) -> Value {
    json!(Timestamp::from_millis(millis))
}

fn maybe_time(millis: Option<i64>) -> Value {
    json!(millis.map(Timestamp::from_millis))
}

fn maybe_id(id: Option<DbId>) -> Option<Uuid> {
    id.map(|id| id.0)
}

async fn profile(conn: &mut Conn, user: &str) -> QueryResult<Vec<Value>> {
    type Row = (Option<String>, Option<String>, bool, bool, Option<i64>);
    let rows = users::table
        .find(user)
        .select((
            users::display_name,
            users::avatar_url,
            users::deleted,
            users::premium,
            users::last_seen_at,
        ))
        .load::<Row>(conn)
        .await?;
    let row = |(display_name, avatar_url, deleted, premium, seen): Row| {
        json!({
            "table": "users", "id": user, "displayName": display_name, "avatarUrl": avatar_url,
            "deleted": deleted, "premium": premium, "lastSeenAt": maybe_time(seen),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn places_in_threads(conn: &mut Conn, user: &str, ids: Vec<DbId>) -> QueryResult<Vec<Value>> {
    type Row = (DbId, String, i64, i64, i64, i64);
    let rows = thread_participants::table
        .inner_join(threads::table)
        .filter(thread_participants::user_id.eq(user))
        .filter(thread_participants::thread_id.eq_any(ids))
        .select((
            threads::id,
            threads::kind,
            thread_participants::read_seq,
            thread_participants::delivered_seq,
            thread_participants::unread_count,
            thread_participants::joined_at,
        ))
        .load::<Row>(conn)
        .await?;
    let row = |(thread, kind, read, delivered, unread, joined): Row| {
        json!({
            "table": "thread_participants", "threadId": thread.0, "kind": kind, "readSeq": read,
            "deliveredSeq": delivered, "unreadCount": unread, "joinedAt": time(joined),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn own_messages(
    conn: &mut Conn,
    thread: DbId,
    seqs: Vec<Seq>,
) -> Result<Vec<Value>, SqlError> {
    let rows = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::seq.eq_any(seqs))
        .order(messages::seq.asc())
        .select(MessageRow::as_select())
        .load::<MessageRow>(conn)
        .await?;
    let messages = into_messages(rows)?;
    let row = |message: chat_domain::model::message::Message| {
        json!({
            "table": "messages", "id": message.id, "threadId": message.thread_id,
            "seq": message.seq, "version": message.version, "content": message.content,
            "metadata": message.metadata, "clientMessageId": message.client_message_id,
            "createdAt": message.created_at, "deletedAt": message.deleted_at,
        })
    };
    Ok(messages.into_iter().map(row).collect())
}

async fn own_matches(conn: &mut Conn, user: &str) -> QueryResult<Vec<Value>> {
    type Row = (String, String, i64, Option<i64>);
    let rows = matches::table
        .filter(matches::user_a.eq(user).or(matches::user_b.eq(user)))
        .select((
            matches::user_a,
            matches::user_b,
            matches::created_at,
            matches::withdrawn_at,
        ))
        .load::<Row>(conn)
        .await?;
    let row = |(a, b, created, withdrawn): Row| {
        json!({
            "table": "matches", "with": if a == user { b } else { a },
            "createdAt": time(created), "withdrawnAt": maybe_time(withdrawn),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Whom the user blocks. Who blocks the user is the others' own business.
async fn own_blocks(conn: &mut Conn, user: &str) -> QueryResult<Vec<Value>> {
    let rows = blocks::table
        .filter(blocks::blocker_id.eq(user))
        .select((blocks::blocked_id, blocks::created_at))
        .load::<(String, i64)>(conn)
        .await?;
    let row = |(blocked, created)| json!({ "table": "blocks", "blockedId": blocked, "createdAt": time(created) });
    Ok(rows.into_iter().map(row).collect())
}

/// Reports that the user made. Those about the user show as moderation items, without the reporter.
async fn own_reports(conn: &mut Conn, user: &str) -> QueryResult<Vec<Value>> {
    type Row = (DbId, String, Option<DbId>, String, Option<String>, i64);
    let rows = reports::table
        .filter(reports::reporter_id.eq(user))
        .select((
            reports::id,
            reports::user_id,
            reports::message_id,
            reports::reason,
            reports::details,
            reports::created_at,
        ))
        .load::<Row>(conn)
        .await?;
    let row = |(id, about, message, reason, details, created): Row| {
        json!({
            "table": "reports", "id": id.0, "userId": about, "messageId": maybe_id(message),
            "reason": reason, "details": details, "createdAt": time(created),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn moderation(conn: &mut Conn, ids: Vec<DbId>) -> QueryResult<Vec<Value>> {
    type Row = (
        DbId,
        String,
        String,
        Option<DbId>,
        String,
        Option<String>,
        i64,
    );
    let rows = moderation_items::table
        .filter(moderation_items::id.eq_any(ids))
        .select((
            moderation_items::id,
            moderation_items::kind,
            moderation_items::status,
            moderation_items::message_id,
            moderation_items::reasons,
            moderation_items::content,
            moderation_items::created_at,
        ))
        .load::<Row>(conn)
        .await?;
    let row = |(id, kind, status, message, reasons, content, created): Row| {
        json!({
            "table": "moderation_items", "id": id.0, "kind": kind, "status": status,
            "messageId": maybe_id(message), "reasons": reasons, "content": content,
            "createdAt": time(created),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn risk(conn: &mut Conn, user: &str) -> QueryResult<Vec<Value>> {
    let rows = risk_signals::table
        .filter(risk_signals::user_id.eq(user))
        .select((
            risk_signals::kind,
            risk_signals::seen,
            risk_signals::last_at,
        ))
        .load::<(String, i64, i64)>(conn)
        .await?;
    let row = |(kind, count, last)| json!({ "table": "risk_signals", "kind": kind, "count": count, "lastAt": time(last) });
    Ok(rows.into_iter().map(row).collect())
}

async fn audit(conn: &mut Conn, ids: Vec<i64>) -> QueryResult<Vec<Value>> {
    let rows = audit_events::table
        .filter(audit_events::id.eq_any(ids))
        .select((
            audit_events::action,
            audit_events::subject,
            audit_events::at,
        ))
        .load::<(String, Option<String>, i64)>(conn)
        .await?;
    let row = |(action, subject, at)| json!({ "table": "audit_events", "action": action, "subject": subject, "at": time(at) });
    Ok(rows.into_iter().map(row).collect())
}

async fn revocations(conn: &mut Conn, user: &str) -> QueryResult<Vec<Value>> {
    let rows = revoked_tokens::table
        .filter(revoked_tokens::user_id.eq(user))
        .select((
            revoked_tokens::token_id,
            revoked_tokens::issued_before,
            revoked_tokens::created_at,
        ))
        .load::<(Option<String>, Option<i64>, i64)>(conn)
        .await?;
    let row = |(token, before, created)| {
        json!({
            "table": "revoked_tokens", "tokenId": token,
            "issuedBefore": maybe_time(before), "createdAt": time(created),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn own_jobs(conn: &mut Conn, user: &str) -> QueryResult<Vec<Value>> {
    let rows = jobs::table
        .filter(jobs::user_id.eq(user))
        .select((jobs::id, jobs::kind, jobs::state, jobs::created_at))
        .load::<(DbId, String, String, i64)>(conn)
        .await?;
    let row = |(id, kind, state, created): (DbId, String, String, i64)| {
        json!({
            "table": "jobs", "id": id.0, "kind": kind, "state": state, "createdAt": time(created),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}
