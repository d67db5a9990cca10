//! `migrate`: brings the database's schema up to date and ends.

use std::io::{Write, stdout};

use anyhow::Context;

use super::Failure;
use crate::{
    app,
    config::{database::DatabaseConfig, telemetry::TelemetryConfig},
    telemetry,
};

pub(super) fn run((database, log): &(DatabaseConfig, TelemetryConfig)) -> Result<(), Failure> {
    telemetry::start(log)?;
    let runtime = app::runtime()?;
    runtime.block_on(async {
        let store = app::open(database, true, runtime.handle()).await?;
        store.close().await;
        anyhow::Ok(())
    })?;
    let path = database.path.display();
    writeln!(stdout(), "{path} is up to date").context("can't write to standard output")?;
    Ok(())
}
