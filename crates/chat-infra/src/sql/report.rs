//! Reports and the moderation queue.

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::{ModerationItemId, UserId},
    model::moderation::{ModerationItem, ModerationSource, ModerationStatus, NewReport},
    port::report::{ModerationQueue, QueuePosition},
    time::Timestamp,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, NullableExpressionMethods,
    OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::{
    Conn, SqlStore,
    error::{SqlError, corrupt},
    event::{Fact, GRACE_MS, write_fact},
    message::load_message,
    schema::{moderation_items, reports, threads},
    thread::limit_plus_one,
    types::DbId,
    with_conn, with_tx,
};

/// A row for `moderation_items`.
#[derive(Insertable)]
#[diesel(table_name = moderation_items, treat_none_as_default_value = false)]
pub(super) struct NewItemRow {
    pub(super) id: DbId,
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) message_id: Option<DbId>,
    pub(super) thread_id: Option<DbId>,
    pub(super) user_id: String,
    pub(super) reasons: String,
    pub(super) report_id: Option<DbId>,
    pub(super) content: Option<String>,
    pub(super) created_at: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = moderation_items)]
struct ItemRow {
    id: DbId,
    kind: String,
    status: String,
    message_id: Option<DbId>,
    thread_id: Option<DbId>,
    user_id: String,
    reasons: String,
    content: Option<String>,
    created_at: i64,
    decided_at: Option<i64>,
    decided_by: Option<String>,
}

/// An item, and of its report the reporter and the details.
type ItemLine = (ItemRow, Option<String>, Option<String>);

#[derive(Insertable)]
#[diesel(table_name = reports, treat_none_as_default_value = false)]
struct NewReportRow {
    id: DbId,
    reporter_id: String,
    user_id: String,
    message_id: Option<DbId>,
    thread_id: Option<DbId>,
    reason: &'static str,
    details: Option<String>,
    created_at: i64,
}

fn parse_status(name: &str) -> Result<ModerationStatus, SqlError> {
    use ModerationStatus::{Approved, Pending, Removed};
    [Pending, Approved, Removed]
        .into_iter()
        .find(|status| status.as_str() == name)
        .ok_or_else(|| corrupt("a moderation item of unknown status"))
}

fn parse_source(name: &str) -> Result<ModerationSource, SqlError> {
    use ModerationSource::{Flagged, Report};
    [Flagged, Report]
        .into_iter()
        .find(|source| source.as_str() == name)
        .ok_or_else(|| corrupt("a moderation item of unknown kind"))
}

fn into_item((row, reporter, details): ItemLine) -> Result<ModerationItem, SqlError> {
    let user = |id: Option<String>| id.map(|id| UserId::parse(&id)).transpose();
    Ok(ModerationItem {
        id: row.id.into_id(),
        kind: parse_source(&row.kind)?,
        status: parse_status(&row.status)?,
        message_id: row.message_id.map(DbId::into_id),
        thread_id: row.thread_id.map(DbId::into_id),
        user_id: UserId::parse(&row.user_id)?,
        reasons: serde_json::from_str(&row.reasons)?,
        reporter_id: user(reporter)?,
        details,
        content: row.content,
        created_at: Timestamp::from_millis(row.created_at),
        decided_at: row.decided_at.map(Timestamp::from_millis),
        decided_by: user(row.decided_by)?,
    })
}

/// When the report's event is due: with the thread's other events, behind all that came before it there.
async fn due_at(conn: &mut Conn, report: &NewReport) -> Result<Timestamp, SqlError> {
    let Some(thread) = report.thread_id else {
        return Ok(report.created_at);
    };
    let updated_at = threads::table
        .find(DbId::from(thread))
        .select(threads::updated_at)
        .first(conn)
        .await
        .optional()?;
    let at = report.created_at.as_millis().max(updated_at.unwrap_or(0));
    Ok(Timestamp::from_millis(at).plus_millis(GRACE_MS))
}

async fn store_report(conn: &mut Conn, report: NewReport) -> Result<(), SqlError> {
    let message = match report.message_id {
        Some(id) => load_message(conn, id).await?,
        None => None,
    };
    let fact = Fact {
        kind: "report.created".into(),
        thread_id: report.thread_id,
        payload: json!({
            "reportId": report.id,
            "reporterId": report.reporter,
            "userId": report.user_id,
            "messageId": report.message_id,
            "threadId": report.thread_id,
            "reason": report.reason,
        }),
        at: report.created_at,
        due_at: due_at(conn, &report).await?,
    };
    let item = NewItemRow {
        id: report.id.into(),
        kind: ModerationSource::Report.as_str(),
        status: ModerationStatus::Pending.as_str(),
        message_id: report.message_id.map(DbId::from),
        thread_id: report.thread_id.map(DbId::from),
        user_id: report.user_id.as_str().to_owned(),
        reasons: json!([report.reason]).to_string(),
        report_id: Some(report.id.into()),
        content: message.map(|message| message.content),
        created_at: report.created_at.as_millis(),
    };
    let row = NewReportRow {
        id: report.id.into(),
        reporter_id: report.reporter.as_str().to_owned(),
        user_id: report.user_id.as_str().to_owned(),
        message_id: report.message_id.map(DbId::from),
        thread_id: report.thread_id.map(DbId::from),
        reason: report.reason.as_str(),
        details: report.details,
        created_at: report.created_at.as_millis(),
    };
    diesel::insert_into(reports::table)
        .values(row)
        .execute(conn)
        .await?;
    diesel::insert_into(moderation_items::table)
        .values(item)
        .execute(conn)
        .await?;
    write_fact(conn, fact).await?;
    Ok(())
}

#[async_trait]
impl ModerationQueue for SqlStore {
    async fn report(&self, report: NewReport) -> Result<(), RepoError> {
        with_tx!(self, |conn| { store_report(conn, report).await })
    }

    async fn list(
        &self,
        status: ModerationStatus,
        after: Option<QueuePosition>,
        limit: usize,
    ) -> Result<(Vec<ModerationItem>, bool), RepoError> {
        with_conn!(self, |conn| {
            let mut query = moderation_items::table
                .left_join(reports::table)
                .filter(moderation_items::status.eq(status.as_str()))
                .order((
                    moderation_items::created_at.asc(),
                    moderation_items::id.asc(),
                ))
                .limit(limit_plus_one(limit))
                .select((
                    ItemRow::as_select(),
                    reports::reporter_id.nullable(),
                    reports::details.nullable(),
                ))
                .into_boxed();
            if let Some(QueuePosition { created_at, id }) = after {
                let (at, id) = (created_at.as_millis(), DbId::from(id));
                // The first condition bounds the index range, the second skips within one millisecond.
                query = query.filter(moderation_items::created_at.ge(at)).filter(
                    moderation_items::created_at
                        .gt(at)
                        .or(moderation_items::id.gt(id)),
                );
            }
            let mut rows: Vec<ItemLine> = query.load(conn).await?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let items = rows.into_iter().map(into_item);
            Ok((items.collect::<Result<_, _>>()?, more))
        })
    }

    async fn find(&self, id: ModerationItemId) -> Result<Option<ModerationItem>, RepoError> {
        with_conn!(self, |conn| {
            let row = moderation_items::table
                .left_join(reports::table)
                .filter(moderation_items::id.eq(DbId::from(id)))
                .select((
                    ItemRow::as_select(),
                    reports::reporter_id.nullable(),
                    reports::details.nullable(),
                ))
                .first::<ItemLine>(conn)
                .await
                .optional()?;
            row.map(into_item).transpose()
        })
    }

    async fn decide(
        &self,
        id: ModerationItemId,
        status: ModerationStatus,
        by: UserId,
        at: Timestamp,
    ) -> Result<bool, RepoError> {
        with_tx!(self, |conn| {
            let pending = moderation_items::table
                .find(DbId::from(id))
                .filter(moderation_items::status.eq(ModerationStatus::Pending.as_str()));
            let changed = diesel::update(pending)
                .set((
                    moderation_items::status.eq(status.as_str()),
                    moderation_items::decided_at.eq(at.as_millis()),
                    moderation_items::decided_by.eq(by.as_str()),
                ))
                .execute(conn)
                .await?;
            Ok(changed == 1)
        })
    }
}
