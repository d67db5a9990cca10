//! Where things are stored: `DATABASE_URL`, `CHAT_MIGRATE`.

use std::path::PathBuf;

use super::env::Reader;

const URL: &str = "DATABASE_URL";
const ALLOWED: &str =
    "must be sqlite://PATH, such as sqlite://data/chat.db, with neither parameters nor :memory:";

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// The SQLite file, from `DATABASE_URL`; default `data/chat.db`. Relative ones start at the working directory.
    pub path: PathBuf,
    /// Whether `serve` brings the schema up to date first: `CHAT_MIGRATE`, default `true`.
    pub migrate: bool,
}

impl DatabaseConfig {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let url = r.text(URL).unwrap_or("sqlite://data/chat.db");
        let path = match url.split_once("://") {
            Some(("sqlite", path)) if is_path(path) => path,
            Some(("postgres" | "postgresql", _)) => {
                r.problem(
                    URL,
                    format!("{ALLOWED}: this build supports SQLite only, not PostgreSQL"),
                );
                ""
            }
            _ => {
                r.problem(URL, ALLOWED);
                ""
            }
        };
        Self {
            path: path.into(),
            migrate: r.switch("CHAT_MIGRATE", true),
        }
    }
}

/// In-memory databases are refused: what is acked must survive, and each connection would see its own.
fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.ends_with('/') && !path.contains(['?', '#']) && path != ":memory:"
}
