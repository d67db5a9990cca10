//! Bringing a database to the schema that this program was built with.

use diesel::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::options::ConnectError;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Runs what has not been run yet.
pub(super) fn run_sqlite(conn: &mut SqliteConnection) -> Result<(), ConnectError> {
    let done = conn
        .run_pending_migrations(SQLITE)
        .map_err(ConnectError::Migration)?;
    if !done.is_empty() {
        tracing::info!(count = done.len(), "database migrated");
    }
    Ok(())
}

/// Refuses a database that lacks a migration.
pub(super) fn check_sqlite(conn: &mut SqliteConnection) -> Result<(), ConnectError> {
    match conn.has_pending_migration(SQLITE) {
        Ok(false) => Ok(()),
        Ok(true) => Err(ConnectError::SchemaOutdated),
        Err(error) => Err(ConnectError::Migration(error)),
    }
}
