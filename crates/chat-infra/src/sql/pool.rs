//! Connections to SQLite: one that writes, several that read, all in WAL mode.

use std::{path::PathBuf, time::Duration};

use chat_domain::error::RepoError;
use diesel::{SqliteConnection, connection::TransactionManagerStatus};
use diesel_async::{
    AsyncConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
    sync_connection_wrapper::SyncConnectionWrapper,
};
use futures::FutureExt;
use tokio::sync::{Mutex, MutexGuard};

use super::{
    migrate,
    options::{ConnectError, SqlOptions},
};

/// A connection to SQLite; its statements run on the runtime's threads for blocking work.
pub(super) type SqliteConn = SyncConnectionWrapper<SqliteConnection>;

/// How long to wait for a connection before the store counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// `FULL` makes every commit wait for the disk: an acked message survives a power cut.
/// A WAL of 16,384 pages (64 MiB) before it is written back: most pages of a busy database change many times, and are
/// then written back once. It is cut to that size again after a burst.
const WRITER_SETUP: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = 16384;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
";

/// Readers can't write, whatever statement they are given.
const READER_SETUP: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA query_only = ON;
    PRAGMA cache_size = -16384;
    PRAGMA temp_store = MEMORY;
";

/// The connections of one database file.
pub(super) struct SqlitePool {
    path: String,
    readers: Pool<SqliteConn>,
    /// Fair, so that batches and other writes take turns. Empty while in use, and after a use that did not end
    /// cleanly: then the next one opens a fresh connection, and an open transaction can't be mistaken for one's own.
    writer: Mutex<Option<SqliteConn>>,
}

impl SqlitePool {
    /// Opens the file and checks or makes its schema.
    pub(super) async fn open(options: SqlOptions) -> Result<Self, ConnectError> {
        let path = prepare_path(&options)?;
        let mut conn = open_sqlite(&path, WRITER_SETUP)
            .await
            .map_err(|error| ConnectError::Open(error.to_string()))?;
        let migration = if options.migrate {
            migrate::run_sqlite
        } else {
            migrate::check_sqlite
        };
        conn.spawn_blocking(move |conn| Ok(migration(conn)))
            .await
            .map_err(|error| ConnectError::Open(error.to_string()))??;
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup =
            Box::new(|url| async move { open_sqlite(url, READER_SETUP).await }.boxed());
        let manager = AsyncDieselConnectionManager::new_with_config(&path, config);
        let readers = Pool::builder(manager)
            .max_size(options.readers.max(1))
            .build()
            .map_err(|error| ConnectError::Open(error.to_string()))?;
        Ok(Self {
            path,
            readers,
            writer: Mutex::new(Some(conn)),
        })
    }

    /// A connection that reads.
    pub(super) async fn reader(&self) -> Result<Object<SqliteConn>, RepoError> {
        match tokio::time::timeout(ACQUIRE_TIMEOUT, self.readers.get()).await {
            Ok(Ok(conn)) => Ok(conn),
            Ok(Err(error)) => Err(RepoError::unavailable(error)),
            Err(elapsed) => Err(RepoError::unavailable(elapsed)),
        }
    }

    /// The connection that writes, once everybody before has finished with it.
    pub(super) async fn writer(&self) -> Result<Writer<'_>, RepoError> {
        let mut slot = self.writer.lock().await;
        let conn = match slot.take() {
            Some(conn) => conn,
            None => open_sqlite(&self.path, WRITER_SETUP)
                .await
                .map_err(RepoError::unavailable)?,
        };
        Ok(Writer { slot, conn })
    }

    /// Writes the WAL back and empties it: what was erased is then in no file any more, since `secure_delete` has
    /// overwritten it in the database. Readers may keep a part of the WAL in use; the rest is for the next time.
    pub(super) async fn write_back(&self) {
        let Ok(mut writer) = self.writer().await else {
            return;
        };
        let written = writer
            .conn
            .batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
            .await;
        match written {
            Ok(()) => writer.release(),
            Err(error) => tracing::warn!(%error, "the write-ahead log was not written back"),
        }
    }

    /// Writes the WAL back, which saves the next start some work, and closes the connections.
    pub(super) async fn close(&self) {
        self.readers.close();
        self.write_back().await;
        drop(self.writer.lock().await.take());
    }
}

/// The writing connection while in use.
pub(super) struct Writer<'a> {
    slot: MutexGuard<'a, Option<SqliteConn>>,
    pub(super) conn: SqliteConn,
}

impl Writer<'_> {
    /// Gives the connection back if it is outside of any transaction; otherwise it is closed, which rolls back.
    pub(super) fn release(mut self) {
        type Manager = <SqliteConn as AsyncConnection>::TransactionManager;
        let status = Manager::transaction_manager_status_mut(&mut self.conn);
        if matches!(status, TransactionManagerStatus::Valid(valid) if valid.transaction_depth().is_none())
        {
            *self.slot = Some(self.conn);
        }
    }
}

fn prepare_path(options: &SqlOptions) -> Result<String, ConnectError> {
    // Absolute, so that no path can read as a URI or as `:memory:`.
    let path = std::path::absolute(&options.path).map_err(ConnectError::Directory)?;
    if !options.migrate && !path.exists() {
        return Err(ConnectError::SchemaOutdated);
    }
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(ConnectError::Directory)?;
    }
    PathBuf::into_os_string(path).into_string().map_err(|_| {
        ConnectError::Directory(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "the path is not valid UTF-8",
        ))
    })
}

async fn open_sqlite(path: &str, setup: &'static str) -> diesel::ConnectionResult<SqliteConn> {
    let mut conn = SqliteConn::establish(path).await?;
    conn.batch_execute(setup)
        .await
        .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::{dsl::sql, sql_types};
    use diesel_async::RunQueryDsl;

    async fn pool(directory: &tempfile::TempDir) -> SqlitePool {
        let options = SqlOptions::sqlite(directory.path().join("chat.db"));
        SqlitePool::open(options).await.unwrap()
    }

    async fn number(conn: &mut SqliteConn, pragma: &str) -> i64 {
        let query = format!("(SELECT * FROM pragma_{pragma})");
        let shown = diesel::select(sql::<sql_types::BigInt>(&query));
        shown.get_result(conn).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn commits_wait_for_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let pool = pool(&directory).await;
        for _ in 0..2 {
            let mut writer = pool.writer().await.unwrap();
            let conn = &mut writer.conn;
            let mode = diesel::select(sql::<sql_types::Text>(
                "(SELECT * FROM pragma_journal_mode)",
            ));
            assert_eq!(mode.get_result::<String>(conn).await.unwrap(), "wal");
            let full = 2;
            assert_eq!(number(conn, "synchronous").await, full);
            assert_eq!(number(conn, "foreign_keys").await, 1);
            // The second round has a connection that was opened anew.
            drop(writer);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn readers_do_not_write() {
        let directory = tempfile::tempdir().unwrap();
        let pool = pool(&directory).await;
        let mut reader = pool.reader().await.unwrap();
        let written = reader.batch_execute("INSERT INTO sinks VALUES ('log', 1)");
        assert!(written.await.is_err());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_transaction_left_open_is_not_mistaken_for_ones_own() {
        let directory = tempfile::tempdir().unwrap();
        let pool = pool(&directory).await;
        let insert = "INSERT INTO sinks VALUES ('log', 1)";
        let mut writer = pool.writer().await.unwrap();
        writer.conn.batch_execute("BEGIN").await.unwrap();
        writer.conn.batch_execute(insert).await.unwrap();
        drop(writer);
        let mut writer = pool.writer().await.unwrap();
        let rolled_back = writer.conn.batch_execute(insert).await;
        assert!(rolled_back.is_ok());
        writer.release();
    }
}
