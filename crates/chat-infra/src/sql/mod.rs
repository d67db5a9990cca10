//! The SQL adapter: every repository port over one database.
//!
//! | file | holds |
//! |---|---|
//! | `options`, `pool`, `migrate` | where the database is, its connections, its schema |
//! | `schema`, `types`, `error` | tables, portable column types, errors as ports tell them |
//! | `writer/` | the batching writer: messages, read marks and deliveries share their commits |
//! | `message`, `thread`, `receipt`, `block`, `report`, `audit`, `user`, `event`, `auth` | one port each |
//! | `people` | threads with everybody in them, as rows |
//! | `erasure`, `export` | the two long stories of `user` |
//!
//! # Another database
//! Column types are our own and map to each database, rows and queries name no backend but `Conn`, and every body goes
//! through `with_conn!`, `with_snapshot!` or `with_tx!`: those match on `Backend`, so another database is one
//! more arm, and the same bodies are compiled for its connection. What only SQLite has stands apart: `pool`, and
//! `writer/sqlite` with the statements of a batch; what a batch decides is pure.
//!
//! # Cancellation
//! Bodies run as tasks of the runtime whose handle was given at start-up, so a call that has begun finishes even if its
//! caller goes away: a transaction is never left open. Callers may live on any runtime, or on none.

mod audit;
mod auth;
mod block;
mod erasure;
mod error;
mod event;
mod export;
mod message;
mod migrate;
mod options;
mod people;
mod pool;
mod receipt;
mod report;
mod schema;
mod thread;
mod types;
mod user;
mod writer;

use std::{future::Future, sync::Arc};

use chat_domain::{
    error::RepoError,
    port::message::CommitObserver,
    time::{Clock, IdGenerator, RandomIds},
};
use diesel::QueryDsl;
use diesel_async::RunQueryDsl;
use tokio::runtime::Handle;

pub use self::options::{ConnectError, SqlOptions};
use self::{
    auth::Revocations, error::SqlError, pool::SqlitePool, schema::threads, writer::WriteQueue,
};

/// Runs a body with a connection that reads. The body moves what it uses, ends in a `Result<_, SqlError>`, and is
/// compiled once for each backend.
macro_rules! with_conn {
    ($store:expr, |$conn:ident| $body:block) => {
        match $store.backend() {
            $crate::sql::Backend::Sqlite(sqlite) => {
                let sqlite = ::std::sync::Arc::clone(sqlite);
                $store
                    .detached(async move {
                        let mut reader = sqlite.reader().await?;
                        let $conn = &mut *reader;
                        $body
                    })
                    .await
            }
        }
    };
}

/// Like [`with_conn!`], with all statements of the body seeing the same state.
macro_rules! with_snapshot {
    ($store:expr, |$conn:ident| $body:block) => {
        match $store.backend() {
            $crate::sql::Backend::Sqlite(sqlite) => {
                let sqlite = ::std::sync::Arc::clone(sqlite);
                $store
                    .detached(async move {
                        let mut reader = sqlite.reader().await?;
                        ::diesel_async::AsyncConnection::transaction(
                            &mut *reader,
                            async move |$conn| $body,
                        )
                        .await
                    })
                    .await
            }
        }
    };
}

/// Runs a body in one transaction of the connection that writes; an error rolls it back.
macro_rules! with_tx {
    ($store:expr, |$conn:ident| $body:block) => {
        match $store.backend() {
            $crate::sql::Backend::Sqlite(sqlite) => {
                let sqlite = ::std::sync::Arc::clone(sqlite);
                $store
                    .detached(async move {
                        let mut writer = sqlite.writer().await?;
                        let result = writer
                            .conn
                            .immediate_transaction(async move |$conn| $body)
                            .await;
                        writer.release();
                        result
                    })
                    .await
            }
        }
    };
}
use {with_conn, with_snapshot, with_tx};

/// The connection that queries are written for. They name no backend otherwise.
type Conn = pool::SqliteConn;

/// Items of a list in one statement: SQLite takes 32,766 parameters in all, and some lists grow with an inbox.
const MAX_LIST: usize = 5_000;

/// The database behind the store.
enum Backend {
    Sqlite(Arc<SqlitePool>),
}

/// A database, and every repository port over it. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct SqlStore(Arc<Inner>);

struct Inner {
    backend: Backend,
    handle: Handle,
    queue: WriteQueue,
    revocations: Revocations,
    /// One erasure at a time.
    erasing: tokio::sync::Mutex<()>,
    ids: Arc<dyn IdGenerator>,
}

impl SqlStore {
    /// Opens the database. `handle` is the multi-thread runtime that all work runs on from now on.
    ///
    /// Writes may be queued at once; they are written from [`start`](Self::start) on.
    pub async fn connect(options: SqlOptions, handle: Handle) -> Result<Self, ConnectError> {
        let pool = handle
            .spawn(SqlitePool::open(options))
            .await
            .map_err(|error| ConnectError::Open(error.to_string()))??;
        let store = Self(Arc::new(Inner {
            backend: Backend::Sqlite(Arc::new(pool)),
            handle,
            queue: WriteQueue::new(),
            revocations: Revocations::default(),
            erasing: tokio::sync::Mutex::new(()),
            ids: Arc::new(RandomIds),
        }));
        store
            .refresh_revocations()
            .await
            .map_err(|error| ConnectError::Open(error.to_string()))?;
        Ok(store)
    }

    /// Starts the writer and the refreshing of revocations. `observer` hears of every commit before its callers do.
    /// A second call changes nothing.
    pub fn start(&self, observer: Arc<dyn CommitObserver>, clock: Arc<dyn Clock>) {
        let Backend::Sqlite(sqlite) = &self.0.backend;
        let started = self
            .0
            .queue
            .start(&self.0.handle, Arc::clone(sqlite), observer);
        if started {
            self.watch_revocations(clock);
        }
    }

    /// Whether the database answers and the writer still takes work.
    pub async fn ping(&self) -> Result<(), RepoError> {
        if self.0.queue.is_closed() {
            return Err(RepoError::unavailable("the writer has stopped"));
        }
        with_conn!(self, |conn| {
            // A page of the file must be readable, not just the connection be there.
            threads::table
                .select(threads::id)
                .limit(1)
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    /// See `SqlitePool::write_back`.
    async fn write_back(&self) {
        let Backend::Sqlite(sqlite) = &self.0.backend;
        let sqlite = Arc::clone(sqlite);
        let done = self.detached(async move {
            sqlite.write_back().await;
            Ok(())
        });
        if let Err(error) = done.await {
            tracing::warn!(%error, "the write-ahead log was not written back");
        }
    }

    /// Takes no more writes, finishes those that were taken, and closes the connections.
    pub async fn close(&self) {
        self.0.revocations.stop();
        self.0.queue.close().await;
        let Backend::Sqlite(sqlite) = &self.0.backend;
        let sqlite = Arc::clone(sqlite);
        let closed = self.detached(async move {
            sqlite.close().await;
            Ok::<(), SqlError>(())
        });
        if let Err(error) = closed.await {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }

    fn backend(&self) -> &Backend {
        &self.0.backend
    }

    /// Runs the work to its end, whatever becomes of the caller.
    async fn detached<T, F>(&self, work: F) -> Result<T, RepoError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, SqlError>> + Send + 'static,
    {
        match self.0.handle.spawn(work).await {
            Ok(result) => result.map_err(RepoError::from),
            // The work panicked, or the runtime is shutting down: a write's outcome is not known.
            Err(error) => Err(RepoError::unavailable(error)),
        }
    }
}
