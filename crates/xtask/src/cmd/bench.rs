//! `bench`: builds the server and the load generator for release, and lets `chat-bench` measure.

use std::env;

use anyhow::{Context, Result};

use crate::process::{cargo, run};

pub(crate) fn send() -> Result<()> {
    let debug = env::current_exe()?;
    let target = debug
        .ancestors()
        .nth(2)
        .context("xtask must be run by cargo")?;
    let release = target.join("release");
    let packages = ["build", "--release", "--package", "chat-server"];
    run(cargo(&packages).args(["--package", "chat-bench"]))?;
    let mut bench = std::process::Command::new(release.join("chat-bench"));
    run(bench.arg("send").arg(release.join("chat-server")))
}
