//! Chromium, for the test of the demo page.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::apt;
use crate::process::which;

/// The browser's path: `CHROMIUM_BIN` when set, else one from `PATH`, else installed.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM_BIN") {
        return Ok(path.into());
    }
    let find = || {
        ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find_map(which)
    };
    if let Some(path) = find() {
        return Ok(path);
    }
    apt::install(&["chromium"])?;
    find().context("chromium was installed but is not in PATH")
}
