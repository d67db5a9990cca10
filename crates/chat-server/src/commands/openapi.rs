//! `openapi`: prints the description that `api-spec/openapi.yaml` holds.

use anyhow::Result;

pub(super) fn run() -> Result<()> {
    Ok(())
}
