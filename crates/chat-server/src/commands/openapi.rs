//! `openapi`: prints the description that `api-spec/openapi.yaml` holds.

use std::io::{Write, stdout};

use anyhow::{Context, Result};

pub(super) fn run() -> Result<()> {
    let yaml = chat_http::openapi_yaml();
    stdout()
        .write_all(yaml.as_bytes())
        .context("can't write to standard output")
}
