//! What `serve` prints once it listens: where to look, and, where the key was made up, tokens to look with. This goes to
//! standard output and is the one place where a token is ever shown. Where logs are JSON this is one line of JSON, since
//! most collectors read both outputs as one.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Write as _, stdout},
    net::SocketAddr,
    time::Duration,
};

use anyhow::Result;
use chat_domain::{id::UserId, model::user::Role};
use serde::Serialize;

use crate::{
    config::{Config, Mode, telemetry::LogFormat},
    tokens::Minter,
};

/// Demo tokens last for a day of trying things out; so does the process that accepts them, usually.
const DEMO_TTL: Duration = Duration::from_secs(86_400);

/// Who the demo tokens are for.
const DEMO: [(&str, &[Role]); 3] = [("alice", &[]), ("bob", &[]), ("service", &[Role::Service])];

/// Prints where the server is to be found. A closed standard output is no reason to stop.
pub(super) fn print(config: &Config, address: SocketAddr, minter: Option<&Minter>) -> Result<()> {
    let banner = Banner::new(config, address, minter)?;
    let text = match config.telemetry.format {
        LogFormat::Pretty => banner.pretty()?,
        LogFormat::Json => serde_json::to_string(&banner)? + "\n",
    };
    let _ = stdout().write_all(text.as_bytes());
    Ok(())
}

#[derive(Serialize)]
struct Banner {
    message: &'static str,
    version: &'static str,
    mode: &'static str,
    url: String,
    docs: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<String>,
    database: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tokens: BTreeMap<&'static str, String>,
}

impl Banner {
    fn new(config: &Config, address: SocketAddr, minter: Option<&Minter>) -> Result<Self> {
        let url = format!("http://{address}");
        let (mode, demo) = match config.mode {
            Mode::Development => ("development", Some(format!("{url}/"))),
            Mode::Production => ("production", None),
        };
        let mut tokens = BTreeMap::new();
        if let Some(minter) = minter {
            for (user, roles) in DEMO {
                let signed = minter.mint(&UserId::parse(user)?, roles, DEMO_TTL)?;
                tokens.insert(user, signed.token);
            }
        }
        Ok(Self {
            message: "listening",
            version: env!("CARGO_PKG_VERSION"),
            mode,
            docs: format!("{url}/docs"),
            url,
            demo,
            database: config.database.path.display().to_string(),
            tokens,
        })
    }

    fn pretty(&self) -> Result<String> {
        let mut text = format!("chat-server {} ({})\n\n", self.version, self.mode);
        writeln!(text, "  Listening   {}", self.url)?;
        writeln!(text, "  API browser {}", self.docs)?;
        if let Some(demo) = &self.demo {
            writeln!(text, "  Demo page   {demo}")?;
        }
        writeln!(text, "  Database    {}", self.database)?;
        if !self.tokens.is_empty() {
            text.push_str(
                "\nNo key is set, so one was made up for this run. Tokens for a day:\n\n",
            );
            for (user, token) in &self.tokens {
                writeln!(text, "  {user:<12}{token}")?;
            }
            let (url, body) = (&self.url, r#"{"userId":"carol"}"#);
            writeln!(
                text,
                "\nMore: curl {url}/dev/token -H 'content-type: application/json' -d '{body}'"
            )?;
        }
        text.push_str("\nStop it with Ctrl-C.\n");
        Ok(text)
    }
}
