//! `gen`: writes the generated files anew.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, root};

/// What the server itself can print, and the file that keeps it.
const OPENAPI: &str = "api-spec/openapi.yaml";

pub(crate) fn run() -> Result<()> {
    let output = cargo(&[
        "run",
        "--quiet",
        "--package",
        "chat-server",
        "--",
        "openapi",
    ])
    .stderr(Stdio::inherit())
    .output()
    .context("can't run chat-server")?;
    if !output.status.success() {
        bail!("chat-server openapi ended with {}", output.status);
    }
    fs::write(root().join(OPENAPI), output.stdout)
        .with_context(|| format!("can't write {OPENAPI}"))?;
    println!("wrote {OPENAPI}");
    Ok(())
}
