//! Matches and blocks: how people stand to each other.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::UserId,
    model::{
        access::{MatchState, Relationship},
        thread::{NewThread, OpenedThread, pair_key},
    },
    port::block::{Block, RelationshipRepository},
    time::Timestamp,
};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult};
use diesel_async::RunQueryDsl;

use super::{
    Conn, MAX_LIST, SqlStore,
    error::{SqlError, corrupt},
    schema::{blocks, matches, users},
    thread::{limit_plus_one, open_thread},
    with_conn, with_snapshot, with_tx,
};

/// The state that a row of `matches` stands for.
pub(super) const fn match_state(withdrawn_at: Option<i64>) -> MatchState {
    match withdrawn_at {
        None => MatchState::Active,
        Some(_) => MatchState::Withdrawn,
    }
}

/// How `user` stands to each of `others`: three statements for every [`MAX_LIST`] of them.
async fn relationships(
    conn: &mut Conn,
    user: &UserId,
    others: &[UserId],
) -> Result<Vec<Relationship>, SqlError> {
    let mut found = Vec::with_capacity(others.len());
    for chunk in others.chunks(MAX_LIST) {
        let matched = matched(conn, user, chunk).await?;
        let blocked = blocked(conn, user, chunk).await?;
        let deleted = deleted(conn, user, chunk).await?;
        found.extend(chunk.iter().map(|other| {
            Relationship {
                matched: matched
                    .get(&pair_key(user, other))
                    .map_or(MatchState::Never, |withdrawn_at| match_state(*withdrawn_at)),
                blocked: blocked.contains(other.as_str()),
                deleted: deleted.contains(user.as_str()) || deleted.contains(other.as_str()),
            }
        }));
    }
    Ok(found)
}

/// Whether `user` and each of `others` stay apart.
pub(super) async fn apart_from(
    conn: &mut Conn,
    user: &UserId,
    others: &[UserId],
) -> Result<Vec<bool>, SqlError> {
    let relationships = relationships(conn, user, others).await?;
    Ok(relationships.iter().map(Relationship::is_apart).collect())
}

fn names(people: &[UserId]) -> Vec<String> {
    people.iter().map(|id| id.as_str().to_owned()).collect()
}

async fn matched(
    conn: &mut Conn,
    user: &UserId,
    others: &[UserId],
) -> QueryResult<HashMap<String, Option<i64>>> {
    let keys = others.iter().map(|other| pair_key(user, other));
    let rows = matches::table
        .filter(matches::pair_key.eq_any(keys.collect::<Vec<_>>()))
        .select((matches::pair_key, matches::withdrawn_at))
        .load::<(String, Option<i64>)>(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Those of `others` who block the user or are blocked by the user.
async fn blocked(
    conn: &mut Conn,
    user: &UserId,
    others: &[UserId],
) -> QueryResult<HashSet<String>> {
    let (user, others) = (user.as_str().to_owned(), names(others));
    let by_user = blocks::blocker_id
        .eq(user.clone())
        .and(blocks::blocked_id.eq_any(others.clone()));
    let of_user = blocks::blocked_id
        .eq(user.clone())
        .and(blocks::blocker_id.eq_any(others));
    let rows = blocks::table
        .filter(by_user.or(of_user))
        .select((blocks::blocker_id, blocks::blocked_id))
        .load::<(String, String)>(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(blocker, blocked)| if blocker == user { blocked } else { blocker })
        .collect())
}

async fn deleted(
    conn: &mut Conn,
    user: &UserId,
    others: &[UserId],
) -> QueryResult<HashSet<String>> {
    let mut people = names(others);
    people.push(user.as_str().to_owned());
    let rows = users::table
        .filter(users::id.eq_any(people))
        .filter(users::deleted.eq(true))
        .select(users::id)
        .load::<String>(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

async fn record_match(conn: &mut Conn, thread: &NewThread) -> Result<OpenedThread, SqlError> {
    let [a, b] = thread.participants.as_slice() else {
        return Err(corrupt("a match of other than two people"));
    };
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    diesel::insert_into(matches::table)
        .values((
            matches::pair_key.eq(pair_key(a, b)),
            matches::user_a.eq(first.as_str()),
            matches::user_b.eq(second.as_str()),
            matches::created_at.eq(thread.created_at.as_millis()),
        ))
        .on_conflict(matches::pair_key)
        .do_update()
        .set(matches::withdrawn_at.eq(None::<i64>))
        .execute(conn)
        .await?;
    open_thread(conn, thread).await
}

#[expect(
    clippy::similar_names,
    reason = "blocker and blocked are the field's words"
)]
#[async_trait]
impl RelationshipRepository for SqlStore {
    async fn between(
        &self,
        user: UserId,
        others: Vec<UserId>,
    ) -> Result<Vec<Relationship>, RepoError> {
        with_snapshot!(self, |conn| { relationships(conn, &user, &others).await })
    }

    async fn block(
        &self,
        blocker: UserId,
        blocked: UserId,
        at: Timestamp,
    ) -> Result<(), RepoError> {
        with_tx!(self, |conn| {
            diesel::insert_into(blocks::table)
                .values((
                    blocks::blocker_id.eq(blocker.as_str()),
                    blocks::blocked_id.eq(blocked.as_str()),
                    blocks::created_at.eq(at.as_millis()),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    async fn unblock(&self, blocker: UserId, blocked: UserId) -> Result<(), RepoError> {
        with_tx!(self, |conn| {
            let row = blocks::table.find((blocker.as_str(), blocked.as_str()));
            diesel::delete(row).execute(conn).await?;
            Ok(())
        })
    }

    async fn list(
        &self,
        blocker: UserId,
        after: Option<Block>,
        limit: usize,
    ) -> Result<(Vec<Block>, bool), RepoError> {
        with_conn!(self, |conn| {
            let mut query = blocks::table
                .filter(blocks::blocker_id.eq(blocker.as_str().to_owned()))
                .order((blocks::created_at.desc(), blocks::blocked_id.desc()))
                .limit(limit_plus_one(limit))
                .select((blocks::blocked_id, blocks::created_at))
                .into_boxed();
            if let Some(Block {
                blocked,
                created_at,
            }) = after
            {
                let (at, id) = (created_at.as_millis(), blocked.as_str().to_owned());
                // The first condition bounds the index range, the second skips within one millisecond.
                query = query
                    .filter(blocks::created_at.le(at))
                    .filter(blocks::created_at.lt(at).or(blocks::blocked_id.lt(id)));
            }
            let mut rows: Vec<(String, i64)> = query.load(conn).await?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let mut page = Vec::with_capacity(rows.len());
            for (blocked, created_at) in rows {
                page.push(Block {
                    blocked: UserId::parse(&blocked)?,
                    created_at: Timestamp::from_millis(created_at),
                });
            }
            Ok((page, more))
        })
    }

    async fn record_match(&self, thread: NewThread) -> Result<OpenedThread, RepoError> {
        with_tx!(self, |conn| { record_match(conn, &thread).await })
    }

    async fn withdraw_match(&self, a: UserId, b: UserId, at: Timestamp) -> Result<(), RepoError> {
        with_tx!(self, |conn| {
            let row = matches::table.find(pair_key(&a, &b));
            diesel::update(row.filter(matches::withdrawn_at.is_null()))
                .set(matches::withdrawn_at.eq(at.as_millis()))
                .execute(conn)
                .await?;
            Ok(())
        })
    }
}
