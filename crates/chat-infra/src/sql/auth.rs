//! Tokens that were taken back: a table, and a copy in memory that answers at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::{TokenId, UserId},
    model::token::{Claims, Revocation},
    port::auth::RevocationList,
    time::{Clock, Timestamp},
};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use tokio::task::AbortHandle;

use super::{SqlStore, error::SqlError, schema::revoked_tokens, with_conn, with_tx};

/// How often the copy is refreshed. The contract allows 5 s until other nodes know.
const REFRESH: Duration = Duration::from_secs(2);

/// How long a revocation is kept. How long the issuer's tokens live is not known here, so this is longer than any should.
const KEEP_MS: i64 = 400 * 24 * 60 * 60 * 1_000;

/// Refreshes between two looks for revocations that are too old: about an hour.
const REFRESHES_PER_PRUNE: u32 = 1_800;

/// What is known in memory.
#[derive(Default)]
pub(super) struct Revocations {
    known: RwLock<Known>,
    refreshing: Mutex<Option<AbortHandle>>,
}

/// Each revocation stands where a token that it covers will look for it.
#[derive(Default)]
struct Known {
    last_id: i64,
    by_token: HashMap<TokenId, Vec<Revocation>>,
    by_user: HashMap<UserId, Vec<Revocation>>,
    for_all: Vec<Revocation>,
}

impl Known {
    fn add(&mut self, id: i64, revocation: Revocation) {
        if id <= self.last_id {
            return;
        }
        self.last_id = id;
        let place = match (&revocation.token_id, &revocation.user_id) {
            (Some(token), _) => self.by_token.entry(token.clone()).or_default(),
            (None, Some(user)) => self.by_user.entry(user.clone()).or_default(),
            (None, None) => &mut self.for_all,
        };
        place.push(revocation);
    }

    fn covers(&self, claims: &Claims) -> bool {
        let by_token = claims
            .token_id
            .as_ref()
            .and_then(|id| self.by_token.get(id));
        let by_user = self.by_user.get(&claims.caller.user);
        by_token
            .into_iter()
            .chain(by_user)
            .chain([&self.for_all])
            .flatten()
            .any(|revocation| revocation.covers(claims))
    }
}

impl Revocations {
    /// Ends the refreshing.
    pub(super) fn stop(&self) {
        let mut task = self
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }

    fn last_id(&self) -> i64 {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.last_id
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = revoked_tokens)]
struct RevocationRow {
    id: i64,
    token_id: Option<String>,
    user_id: Option<String>,
    issued_before: Option<i64>,
}

impl TryFrom<RevocationRow> for Revocation {
    type Error = SqlError;

    fn try_from(row: RevocationRow) -> Result<Self, SqlError> {
        Ok(Self {
            token_id: row.token_id.map(|id| TokenId::parse(&id)).transpose()?,
            user_id: row.user_id.map(|id| UserId::parse(&id)).transpose()?,
            issued_before: row.issued_before.map(Timestamp::from_millis),
        })
    }
}

impl SqlStore {
    /// Reads what is new.
    pub(super) async fn refresh_revocations(&self) -> Result<(), RepoError> {
        let last_id = self.0.revocations.last_id();
        let new = with_conn!(self, |conn| {
            let rows = revoked_tokens::table
                .filter(revoked_tokens::id.gt(last_id))
                .order(revoked_tokens::id.asc())
                .select(RevocationRow::as_select())
                .load::<RevocationRow>(conn)
                .await?;
            let parsed = rows
                .into_iter()
                .map(|row| Ok((row.id, Revocation::try_from(row)?)));
            parsed.collect::<Result<Vec<_>, SqlError>>()
        })?;
        let known = &self.0.revocations.known;
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        for (id, revocation) in new {
            known.add(id, revocation);
        }
        Ok(())
    }

    async fn prune_revocations(&self, now: Timestamp) -> Result<(), RepoError> {
        let oldest = now.plus_millis(-KEEP_MS).as_millis();
        with_tx!(self, |conn| {
            let old = revoked_tokens::table.filter(revoked_tokens::created_at.lt(oldest));
            diesel::delete(old).execute(conn).await?;
            Ok(())
        })
    }

    /// Refreshes now and then until the store is closed. What was pruned leaves the memory with the next start.
    pub(super) fn watch_revocations(&self, clock: Arc<dyn Clock>) {
        let store = Arc::downgrade(&self.0);
        let task = self.0.handle.spawn(async move {
            let mut rounds = 0;
            loop {
                tokio::time::sleep(REFRESH).await;
                let Some(store) = store.upgrade().map(SqlStore) else {
                    return;
                };
                let mut done = store.refresh_revocations().await;
                if rounds % REFRESHES_PER_PRUNE == 0 {
                    done = done.and(store.prune_revocations(clock.now()).await);
                }
                rounds += 1;
                if let Err(error) = done {
                    tracing::warn!(%error, "revocations were not refreshed");
                }
            }
        });
        let mut running = self
            .0
            .revocations
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *running = Some(task.abort_handle());
    }
}

#[async_trait]
impl RevocationList for SqlStore {
    async fn revoke(&self, mut revocation: Revocation, at: Timestamp) -> Result<(), RepoError> {
        // Without a token id it means the tokens there are: those to come stay good.
        if revocation.token_id.is_none() {
            revocation.issued_before.get_or_insert(at);
        }
        with_tx!(self, |conn| {
            diesel::insert_into(revoked_tokens::table)
                .values((
                    revoked_tokens::token_id.eq(revocation.token_id.as_ref().map(TokenId::as_str)),
                    revoked_tokens::user_id.eq(revocation.user_id.as_ref().map(UserId::as_str)),
                    revoked_tokens::issued_before
                        .eq(revocation.issued_before.map(Timestamp::as_millis)),
                    revoked_tokens::created_at.eq(at.as_millis()),
                ))
                .execute(conn)
                .await?;
            Ok(())
        })?;
        self.refresh_revocations().await
    }

    fn is_revoked(&self, claims: &Claims) -> bool {
        let known = &self.0.revocations.known;
        known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .covers(claims)
    }
}
