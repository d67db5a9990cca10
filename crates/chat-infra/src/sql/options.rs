//! Where the database is, and why it can't be used.

use std::path::{Path, PathBuf};

use chat_domain::error::BoxError;

/// How to reach the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlOptions {
    /// The file; its directory is made if need be.
    pub path: PathBuf,
    /// Connections that read, at least 1. One more writes.
    pub readers: usize,
    /// Whether to bring the schema up to date; without it, a schema that is missing or older is an error.
    pub migrate: bool,
}

impl SqlOptions {
    /// A database in that file, migrated, with four readers.
    pub fn sqlite(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            readers: 4,
            migrate: true,
        }
    }

    /// The database of a URL: `sqlite://PATH`, relative to the working directory unless PATH begins with `/`.
    ///
    /// # Errors
    /// [`ConnectError::UnsupportedUrl`] for anything else; the URL is not repeated, it may hold a password.
    pub fn from_url(url: &str) -> Result<Self, ConnectError> {
        match url.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() && !path.starts_with(':') => Ok(Self::sqlite(path)),
            _ => Err(ConnectError::UnsupportedUrl),
        }
    }
}

/// Why the database can't be used. The texts are meant for whoever starts the server.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not a URL that we can connect to.
    #[error("the database URL must be sqlite://PATH, with the path of a file")]
    UnsupportedUrl,
    /// The file's directory could not be made, or the path is no text.
    #[error("the directory of the database can't be used")]
    Directory(#[source] std::io::Error),
    /// The database could not be opened.
    #[error("the database can't be opened: {0}")]
    Open(String),
    /// A migration failed.
    #[error("the database could not be migrated: {0}")]
    Migration(#[source] BoxError),
    /// Migrations are switched off, and the schema is not the one that is needed.
    #[error(
        "the database's schema is missing or older than this program: run the migrations first"
    )]
    SchemaOutdated,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_url_names_a_file() {
        let path = |url| SqlOptions::from_url(url).map(|options| options.path).ok();
        assert_eq!(path("sqlite://data/chat.db"), Some("data/chat.db".into()));
        assert_eq!(path("sqlite:///var/chat.db"), Some("/var/chat.db".into()));
        for bad in [
            "",
            "data/chat.db",
            "sqlite://",
            "sqlite://:memory:",
            "postgres://user:secret@host/db",
        ] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }
}
