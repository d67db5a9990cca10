//! Erasing a person, in chunks: each is a short transaction, so that messages don't wait for it.
//!
//! Everything that is done is counted in the transaction that does it, so a job that is cut off goes on where it was.

use chat_domain::{
    error::RepoError,
    id::{JobId, UserId},
    model::message::{Seq, Version},
    port::user::{Job, JobState, RowCounts},
    time::Timestamp,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, Queryable,
    Selectable, SelectableHelper, dsl::count_star,
};
use diesel_async::RunQueryDsl;

use super::{
    Conn, SqlStore,
    error::{SqlError, corrupt},
    schema::{
        blocks, jobs, messages, moderation_items, reports, risk_signals, thread_participants,
        threads, users,
    },
    types::DbId,
    user::ensure_user,
    with_conn, with_tx,
};

/// Messages emptied in one transaction.
const CHUNK: usize = 200;

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct JobRow {
    id: DbId,
    user_id: String,
    state: String,
    counts: String,
    remaining: String,
}

impl TryFrom<JobRow> for Job {
    type Error = SqlError;

    fn try_from(row: JobRow) -> Result<Self, SqlError> {
        Ok(Self {
            id: row.id.into_id(),
            state: match row.state.as_str() {
                "pending" => JobState::Pending,
                "running" => JobState::Running,
                "done" => JobState::Done,
                _ => return Err(corrupt("a job of unknown state")),
            },
            counts: serde_json::from_str(&row.counts)?,
            remaining: serde_json::from_str(&row.remaining)?,
        })
    }
}

/// Queues a job.
pub(super) async fn request(
    conn: &mut Conn,
    job: JobId,
    user: &UserId,
    at: Timestamp,
) -> Result<(), SqlError> {
    diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(DbId::from(job)),
            jobs::kind.eq("erasure"),
            jobs::user_id.eq(user.as_str()),
            jobs::state.eq("pending"),
            jobs::counts.eq("{}"),
            jobs::remaining.eq("{}"),
            jobs::created_at.eq(at.as_millis()),
            jobs::updated_at.eq(at.as_millis()),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// The job with that id.
pub(super) async fn load_job(conn: &mut Conn, id: JobId) -> Result<Option<Job>, SqlError> {
    let row = jobs::table
        .find(DbId::from(id))
        .select(JobRow::as_select())
        .first::<JobRow>(conn)
        .await
        .optional()?;
    row.map(Job::try_from).transpose()
}

/// Runs the oldest job that is not done.
pub(super) async fn run(store: &SqlStore, at: Timestamp) -> Result<bool, RepoError> {
    let _one_at_a_time = store.0.erasing.lock().await;
    let Some((job, user)) = with_tx!(store, |conn| { begin(conn, at).await })? else {
        return Ok(false);
    };
    loop {
        let places = {
            let user = user.clone();
            with_conn!(store, |conn| { speaking_places(conn, &user).await })?
        };
        for chunk in places.chunks(CHUNK) {
            let chunk = chunk.to_vec();
            with_tx!(store, |conn| {
                empty_messages(conn, &chunk, at).await?;
                add_counts(conn, job, vec![("messages", chunk.len())], at).await
            })?;
        }
        // What the user wrote while the chunks were at work is found by the next round.
        let user = user.clone();
        let finished = with_tx!(store, |conn| { finish(conn, job, &user, at).await })?;
        if finished {
            store.write_back().await;
            return Ok(true);
        }
    }
}

async fn begin(conn: &mut Conn, at: Timestamp) -> Result<Option<(DbId, UserId)>, SqlError> {
    let oldest = jobs::table
        .filter(jobs::state.ne("done"))
        .order((jobs::created_at.asc(), jobs::id.asc()))
        .select(JobRow::as_select())
        .first::<JobRow>(conn)
        .await
        .optional()?;
    let Some(job) = oldest else {
        return Ok(None);
    };
    diesel::update(jobs::table.find(job.id))
        .set((
            jobs::state.eq("running"),
            jobs::updated_at.eq(at.as_millis()),
        ))
        .execute(conn)
        .await?;
    Ok(Some((job.id, UserId::parse(&job.user_id)?)))
}

async fn add_counts(
    conn: &mut Conn,
    job: DbId,
    more: Vec<(&'static str, usize)>,
    at: Timestamp,
) -> Result<(), SqlError> {
    let stored: String = jobs::table
        .find(job)
        .select(jobs::counts)
        .first(conn)
        .await?;
    let mut counts: RowCounts = serde_json::from_str(&stored)?;
    for (table, rows) in more {
        *counts.entry(table.to_owned()).or_default() += i64::try_from(rows).unwrap_or(i64::MAX);
    }
    diesel::update(jobs::table.find(job))
        .set((
            jobs::counts.eq(serde_json::to_string(&counts)?),
            jobs::updated_at.eq(at.as_millis()),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// The places of the user's messages that still say something.
async fn speaking_places(conn: &mut Conn, user: &UserId) -> Result<Vec<(DbId, Seq)>, SqlError> {
    let mut places = speaking_messages(user.as_str())
        .select((messages::thread_id, messages::seq))
        .load::<(DbId, Seq)>(conn)
        .await?;
    places.sort_unstable();
    Ok(places)
}

/// Empties messages; each takes its thread's next version, so that `sync` tells of it.
async fn empty_messages(
    conn: &mut Conn,
    places: &[(DbId, Seq)],
    at: Timestamp,
) -> Result<(), SqlError> {
    for places in places.chunk_by(|a, b| a.0 == b.0) {
        let Some((thread, _)) = places.first() else {
            continue;
        };
        let last: Version = threads::table
            .find(thread)
            .select(threads::version)
            .first(conn)
            .await?;
        let mut version = last;
        for place in places {
            version += 1;
            diesel::update(messages::table.find(*place))
                .set((
                    messages::version.eq(version),
                    messages::content.eq(""),
                    messages::metadata.eq(None::<String>),
                    messages::client_message_id.eq(None::<String>),
                    messages::deleted_at.eq(at.as_millis()),
                ))
                .execute(conn)
                .await?;
        }
        diesel::update(threads::table.find(thread))
            .set((
                threads::version.eq(version),
                threads::updated_at.eq(at.as_millis()),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Erases what is not a message and looks again; the job is done unless that look still found something.
async fn finish(
    conn: &mut Conn,
    job: DbId,
    user: &UserId,
    at: Timestamp,
) -> Result<bool, SqlError> {
    let counts = empty_the_rest(conn, user.as_str()).await?;
    add_counts(conn, job, counts, at).await?;
    let remaining = remaining(conn, user.as_str()).await?;
    let finished = remaining.values().all(|rows| *rows == 0);
    diesel::update(jobs::table.find(job))
        .set((
            jobs::state.eq(if finished { "done" } else { "running" }),
            jobs::remaining.eq(serde_json::to_string(&remaining)?),
            jobs::updated_at.eq(at.as_millis()),
        ))
        .execute(conn)
        .await?;
    Ok(finished)
}

/// Empties or deletes everything but messages. What is left is a deleted profile, and places in threads.
async fn empty_the_rest(conn: &mut Conn, user: &str) -> QueryResult<Vec<(&'static str, usize)>> {
    ensure_user(conn, user).await?;
    let profile = diesel::update(profiles(user))
        .set((
            users::display_name.eq(None::<String>),
            users::avatar_url.eq(None::<String>),
            users::deleted.eq(true),
            users::premium.eq(false),
            users::mirrored.eq(true),
            users::last_seen_at.eq(None::<i64>),
        ))
        .execute(conn)
        .await?;
    let positions = diesel::update(positions(user))
        .set((
            thread_participants::read_seq.eq(0),
            thread_participants::delivered_seq.eq(0),
            thread_participants::unread_count.eq(0),
        ))
        .execute(conn)
        .await?;
    let reports = diesel::update(report_texts(user))
        .set(reports::details.eq(None::<String>))
        .execute(conn)
        .await?;
    let evidence = diesel::update(evidence(user))
        .set(moderation_items::content.eq(None::<String>))
        .execute(conn)
        .await?;
    let blocks = diesel::delete(blocks_with(user)).execute(conn).await?;
    let risk = diesel::delete(risk_signals::table.filter(risk_signals::user_id.eq(user)))
        .execute(conn)
        .await?;
    Ok(vec![
        ("users", profile),
        ("thread_participants", positions),
        ("reports", reports),
        ("moderation_items", evidence),
        ("blocks", blocks),
        ("risk_signals", risk),
    ])
}

/// The second look: how much there still is to erase, per table.
async fn remaining(conn: &mut Conn, user: &str) -> QueryResult<RowCounts> {
    let mut rows = RowCounts::new();
    macro_rules! count {
        ($table:literal, $query:expr) => {
            let count: i64 = $query.select(count_star()).first(conn).await?;
            rows.insert($table.to_owned(), count);
        };
    }
    count!("messages", speaking_messages(user));
    count!("users", profiles(user));
    count!("thread_participants", positions(user));
    count!("reports", report_texts(user));
    count!("moderation_items", evidence(user));
    count!("blocks", blocks_with(user));
    count!(
        "risk_signals",
        risk_signals::table.filter(risk_signals::user_id.eq(user))
    );
    Ok(rows)
}

/// The user's messages that still say something.
#[diesel::dsl::auto_type(no_type_alias)]
fn speaking_messages<'a>(user: &'a str) -> _ {
    messages::table
        .filter(messages::from_user_id.eq(user))
        .filter(
            messages::content
                .ne("")
                .or(messages::metadata.is_not_null())
                .or(messages::client_message_id.is_not_null()),
        )
}

/// The profile, unless nothing but "deleted" is left of it.
#[diesel::dsl::auto_type(no_type_alias)]
fn profiles<'a>(user: &'a str) -> _ {
    users::table.filter(users::id.eq(user)).filter(
        users::display_name
            .is_not_null()
            .or(users::avatar_url.is_not_null())
            .or(users::last_seen_at.is_not_null())
            .or(users::premium.eq(true))
            .or(users::deleted.eq(false)),
    )
}

/// Places in threads that tell how far the user has come.
#[diesel::dsl::auto_type(no_type_alias)]
fn positions<'a>(user: &'a str) -> _ {
    thread_participants::table
        .filter(thread_participants::user_id.eq(user))
        .filter(
            thread_participants::delivered_seq
                .gt(0_i64)
                .or(thread_participants::unread_count.gt(0_i64)),
        )
}

/// Reports with free text, by the user or about the user.
#[diesel::dsl::auto_type(no_type_alias)]
fn report_texts<'a>(user: &'a str) -> _ {
    reports::table
        .filter(reports::reporter_id.eq(user).or(reports::user_id.eq(user)))
        .filter(reports::details.is_not_null())
}

/// Copies of the user's texts that were kept for moderators.
#[diesel::dsl::auto_type(no_type_alias)]
fn evidence<'a>(user: &'a str) -> _ {
    moderation_items::table
        .filter(moderation_items::user_id.eq(user))
        .filter(moderation_items::content.is_not_null())
}

/// Blocks by the user or of the user: the deleted profile keeps people apart from now on.
#[diesel::dsl::auto_type(no_type_alias)]
fn blocks_with<'a>(user: &'a str) -> _ {
    blocks::table.filter(blocks::blocker_id.eq(user).or(blocks::blocked_id.eq(user)))
}
