//! The profile mirror, and the port for all that is stored of a person.

use std::collections::HashMap;

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::{JobId, UserId},
    model::user::{Profile, ProfilePatch},
    port::user::{Job, UserRepository},
    time::Timestamp,
};
use diesel::{
    AsChangeset, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, Queryable,
    Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use futures::stream::BoxStream;
use serde_json::Value;

use super::{Conn, MAX_LIST, SqlStore, erasure, schema::users, with_conn, with_tx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct ProfileRow {
    display_name: Option<String>,
    avatar_url: Option<String>,
    deleted: bool,
    premium: bool,
    last_seen_at: Option<i64>,
}

/// What a patch changes; `None` stays as it is.
#[expect(
    clippy::option_option,
    reason = "diesel: `None` leaves, `Some(None)` clears"
)]
#[derive(AsChangeset)]
#[diesel(table_name = users)]
struct ProfileChange {
    display_name: Option<Option<String>>,
    avatar_url: Option<Option<String>>,
    deleted: Option<bool>,
    premium: Option<bool>,
    mirrored: bool,
}

/// Makes the user's row if there is none; part of the caller's transaction.
pub(super) async fn ensure_user(conn: &mut Conn, user: &str) -> QueryResult<()> {
    diesel::insert_into(users::table)
        .values(users::id.eq(user))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

#[async_trait]
impl UserRepository for SqlStore {
    async fn profile(&self, user: UserId) -> Result<Option<Profile>, RepoError> {
        with_conn!(self, |conn| {
            let row = users::table
                .find(user.as_str())
                .filter(users::mirrored.eq(true))
                .select(ProfileRow::as_select())
                .first::<ProfileRow>(conn)
                .await
                .optional()?;
            Ok(row.map(|row| Profile {
                user_id: user,
                display_name: row.display_name,
                avatar_url: row.avatar_url,
                deleted: row.deleted,
                premium: row.premium,
                last_seen_at: row.last_seen_at.map(Timestamp::from_millis),
            }))
        })
    }

    async fn last_seen(&self, users: Vec<UserId>) -> Result<Vec<Option<Timestamp>>, RepoError> {
        with_conn!(self, |conn| {
            let mut seen: HashMap<String, Option<i64>> = HashMap::new();
            for people in users.chunks(MAX_LIST) {
                let ids = people.iter().map(|id| id.as_str().to_owned());
                let rows = users::table
                    .filter(users::id.eq_any(ids.collect::<Vec<_>>()))
                    .select((users::id, users::last_seen_at))
                    .load::<(String, Option<i64>)>(conn)
                    .await?;
                seen.extend(rows);
            }
            let at = |user: &UserId| seen.get(user.as_str()).copied().flatten();
            Ok(users
                .iter()
                .map(|user| at(user).map(Timestamp::from_millis))
                .collect())
        })
    }

    async fn update(&self, user: UserId, patch: ProfilePatch) -> Result<(), RepoError> {
        let change = ProfileChange {
            display_name: patch.display_name,
            avatar_url: patch.avatar_url,
            deleted: patch.deleted,
            premium: patch.premium,
            mirrored: true,
        };
        with_tx!(self, |conn| {
            ensure_user(conn, user.as_str()).await?;
            diesel::update(users::table.find(user.as_str()))
                .set(change)
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    async fn seen(&self, user: UserId, at: Timestamp) -> Result<(), RepoError> {
        with_tx!(self, |conn| {
            ensure_user(conn, user.as_str()).await?;
            diesel::update(users::table.find(user.as_str()))
                .set(users::last_seen_at.eq(at.as_millis()))
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    async fn request_erasure(
        &self,
        job: JobId,
        user: UserId,
        at: Timestamp,
    ) -> Result<(), RepoError> {
        with_tx!(self, |conn| {
            erasure::request(conn, job, &user, at).await
        })
    }

    async fn run_erasure(&self, at: Timestamp) -> Result<bool, RepoError> {
        erasure::run(self, at).await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, RepoError> {
        with_conn!(self, |conn| { erasure::load_job(conn, id).await })
    }

    fn export(&self, user: UserId) -> BoxStream<'static, Result<Value, RepoError>> {
        super::export::stream(self.clone(), user)
    }
}
