//! What `serve` prints once it listens: where to look, and, where the key was made up, tokens to look with. This goes to
//! standard output and is the one place where a token is ever shown.

use std::{
    fmt::Write as _,
    io::{Write as _, stdout},
    net::SocketAddr,
    time::Duration,
};

use anyhow::Result;
use chat_domain::{id::UserId, model::user::Role};

use crate::{
    config::{Config, Mode},
    tokens::Minter,
};

/// Demo tokens last for a day of trying things out; so does the process that accepts them, usually.
const DEMO_TTL: Duration = Duration::from_secs(86_400);

/// Who the demo tokens are for.
const DEMO: [(&str, &[Role]); 3] = [("alice", &[]), ("bob", &[]), ("service", &[Role::Service])];

/// Prints where the server is to be found. A closed standard output is no reason to stop.
pub(super) fn print(config: &Config, address: SocketAddr, minter: Option<&Minter>) -> Result<()> {
    let text = text(config, address, minter)?;
    let _ = stdout().write_all(text.as_bytes());
    Ok(())
}

fn text(config: &Config, address: SocketAddr, minter: Option<&Minter>) -> Result<String> {
    let url = format!("http://{address}");
    let (mode, demo) = match config.mode {
        Mode::Development => ("development", true),
        Mode::Production => ("production", false),
    };
    let mut text = format!("chat-server {} ({mode})\n\n", env!("CARGO_PKG_VERSION"));
    let mut line =
        |name: &str, value: &dyn std::fmt::Display| writeln!(text, "  {name:<12}{value}");
    line("Listening", &url)?;
    line("API browser", &format_args!("{url}/docs"))?;
    if demo {
        line("Demo page", &format_args!("{url}/"))?;
    }
    line("Database", &config.database.path.display())?;
    if let Some(minter) = minter {
        text.push_str("\nNo key is set, so one was made up for this run. Tokens for a day:\n\n");
        for (user, roles) in DEMO {
            let signed = minter.mint(&UserId::parse(user)?, roles, DEMO_TTL)?;
            writeln!(text, "  {user:<12}{}", signed.token)?;
        }
        writeln!(
            text,
            "\nMore: curl {url}/dev/token -H 'content-type: application/json' -d '{{\"userId\":\"carol\"}}'"
        )?;
    }
    text.push_str("\nStop it with Ctrl-C.\n");
    Ok(text)
}
