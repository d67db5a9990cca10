//! The few REST calls of a run: matching two users, and reading back what was stored.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::server::token;

/// The largest page that the server gives.
const PAGE: usize = 100;

/// Matches two users and returns their thread's id.
pub(crate) fn matched(address: &str, a: &str, b: &str) -> Result<String> {
    let url = format!("http://{address}/api/v1/internal/matches/{a}/{b}");
    let authorization = format!("Bearer {}", token("bench", &["service"])?);
    let body = ureq::put(&url)
        .header("authorization", &authorization)
        .send_empty()
        .with_context(|| format!("can't match {a} and {b}"))?
        .body_mut()
        .read_to_string()?;
    let thread: Value = serde_json::from_str(&body)?;
    let id = thread["id"]
        .as_str()
        .context("a thread without an id")?
        .to_owned();
    Ok(id)
}

/// Reads the whole history and makes sure that it is seq 1, 2, 3 … `acked`, each once.
pub(crate) fn verify_history(
    address: &str,
    reader: &str,
    thread: &str,
    acked: usize,
) -> Result<()> {
    let authorization = format!("Bearer {}", token(reader, &[])?);
    let mut next: u64 = 1;
    loop {
        let after = next - 1;
        let url = format!(
            "http://{address}/api/v1/chats/threads/{thread}/messages?afterSeq={after}&limit={PAGE}"
        );
        let body = ureq::get(&url)
            .header("authorization", &authorization)
            .call()?
            .body_mut()
            .read_to_string()?;
        let page: Value = serde_json::from_str(&body)?;
        let items = page["items"].as_array().context("a page without items")?;
        for message in items {
            if message["seq"].as_u64() != Some(next) {
                bail!(
                    "thread {thread}: expected seq {next}, found {}",
                    message["seq"]
                );
            }
            next += 1;
        }
        if items.is_empty() {
            break;
        }
    }
    let stored = usize::try_from(next - 1)?;
    if stored != acked {
        bail!("thread {thread}: {acked} acked, {stored} stored");
    }
    Ok(())
}
