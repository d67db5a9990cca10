//! The server under load: production mode, fresh SQLite database, every limit off.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

const SECRET: &str = "chat-bench-secret-of-more-than-32-bytes";
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// A running server; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:port`
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut command = Command::new(binary);
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .env("CHAT_ENV", "production")
            .env("JWT_SECRET", SECRET)
            .env("CHAT_BIND", &address)
            .env("RUST_LOG", "warn")
            .env(
                "DATABASE_URL",
                format!("sqlite://{}/chat.db", folder.display()),
            );
        for limit in [
            "CHAT_MESSAGE_RATE",
            "CHAT_EVENT_RATE",
            "CHAT_USER_MESSAGE_RATE",
            "CHAT_CONNECT_RATE",
            "CHAT_REST_RATE",
            "CHAT_AUTH_FAILURES",
        ] {
            command.env(limit, "0");
        }
        let child = command
            .spawn()
            .with_context(|| format!("can't start {}", binary.display()))?;
        let mut server = Self { child, address };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        let url = format!("http://{}/health/ready", self.address);
        while ureq::get(&url).call().is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            if began.elapsed() > STARTS_WITHIN {
                bail!("the server was not ready within {STARTS_WITHIN:?}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about either.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A token for `user`, good for an hour.
pub(crate) fn token(user: &str, roles: &[&str]) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = json!({ "sub": user, "roles": roles, "iat": now, "exp": now + 3600 });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &key)?)
}
