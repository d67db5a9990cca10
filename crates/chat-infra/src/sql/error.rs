//! What can go wrong in a database, as the ports tell it.

use chat_domain::{error::RepoError, id::InvalidId};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// An error inside of a query's body; becomes a [`RepoError`] where the body ends.
#[derive(Debug)]
pub(super) enum SqlError {
    /// The database refused or failed.
    Diesel(DieselError),
    /// We did: what is stored is not valid, or no connection could be had.
    Repo(RepoError),
}

impl From<DieselError> for SqlError {
    fn from(error: DieselError) -> Self {
        Self::Diesel(error)
    }
}

impl From<RepoError> for SqlError {
    fn from(error: RepoError) -> Self {
        Self::Repo(error)
    }
}

impl From<InvalidId> for SqlError {
    fn from(error: InvalidId) -> Self {
        corrupt(format!("a stored id {error}"))
    }
}

impl From<serde_json::Error> for SqlError {
    fn from(error: serde_json::Error) -> Self {
        // The category only: the message may quote what is stored.
        corrupt(format!(
            "stored JSON does not parse: {:?}",
            error.classify()
        ))
    }
}

impl From<SqlError> for RepoError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Repo(error) => error,
            SqlError::Diesel(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                Self::Conflict
            }
            SqlError::Diesel(error) if is_unavailable(&error) => Self::unavailable(error),
            SqlError::Diesel(DieselError::DeserializationError(error)) => {
                Self::Corrupt(error.to_string())
            }
            SqlError::Diesel(error) => Self::backend(error),
        }
    }
}

/// Stored data breaks our own rules. `what` must not quote texts of users.
pub(super) fn corrupt(what: impl Into<String>) -> SqlError {
    SqlError::Repo(RepoError::Corrupt(what.into()))
}

/// Whether the error says nothing about the statement, only about the store's health: it may pass another time.
pub(super) fn is_unavailable(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) => {
            // diesel keeps SQLite's message but not its code; these are the texts of `sqlite3_errstr` for
            // BUSY, LOCKED, IOERR, FULL, CANTOPEN, READONLY, NOMEM, INTERRUPT and PROTOCOL.
            const TRANSIENT: [&str; 9] = [
                "database is locked",
                "database table is locked",
                "disk I/O error",
                "database or disk is full",
                "unable to open database file",
                "attempt to write a readonly database",
                "out of memory",
                "interrupted",
                "locking protocol",
            ];
            TRANSIENT
                .iter()
                .any(|text| info.message().starts_with(text))
        }
        DieselError::DatabaseError(
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection,
            _,
        )
        | DieselError::BrokenTransactionManager
        | DieselError::AlreadyInTransaction
        | DieselError::RollbackErrorOnCommit { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database_error(kind: DatabaseErrorKind, message: &str) -> RepoError {
        SqlError::from(DieselError::DatabaseError(
            kind,
            Box::new(message.to_owned()),
        ))
        .into()
    }

    #[test]
    fn a_store_in_trouble_is_unavailable() {
        for message in [
            "database is locked",
            "database or disk is full",
            "disk I/O error",
        ] {
            let error = database_error(DatabaseErrorKind::Unknown, message);
            assert!(matches!(error, RepoError::Unavailable(_)), "{message}");
        }
    }

    #[test]
    fn a_defect_of_ours_is_not_unavailable() {
        let error = database_error(DatabaseErrorKind::Unknown, "no such table: messages");
        assert!(matches!(error, RepoError::Backend(_)));
    }

    #[test]
    fn a_taken_value_is_a_conflict() {
        let error = database_error(
            DatabaseErrorKind::UniqueViolation,
            "UNIQUE constraint failed",
        );
        assert!(matches!(error, RepoError::Conflict));
    }
}
