//! `test`: installs what is missing, builds once, runs the suites, and adds up their results.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::process::{cargo, run as run_command};
use crate::suite::{Outcome, Suite};

pub(crate) fn run(names: &[&str]) -> Result<ExitCode> {
    let suites = chosen(names)?;
    let server = server_binary()?;
    let outcomes: Vec<Outcome> = match build(&suites) {
        Ok(()) => suites.iter().map(|suite| suite.run(&server)).collect(),
        Err(error) => {
            let not_run = |suite: &Suite| Outcome::not_run(*suite, &error);
            suites.iter().map(not_run).collect()
        }
    };
    Ok(report(&outcomes))
}

fn chosen(names: &[&str]) -> Result<Vec<Suite>> {
    if names.is_empty() {
        return Ok(Suite::ALL.to_vec());
    }
    names
        .iter()
        .map(|name| Suite::named(name).with_context(|| format!("no suite is called {name}")))
        .collect()
}

/// Cargo puts the server beside us: both are debug builds in one target folder.
fn server_binary() -> Result<PathBuf> {
    let beside = env::current_exe().context("can't tell where xtask is")?;
    Ok(beside.with_file_name("chat-server"))
}

/// One build serves all suites. Naming the tests makes cargo choose the features that `cargo test`
/// will ask for, so that nothing is compiled a second time.
fn build(suites: &[Suite]) -> Result<()> {
    if suites.contains(&Suite::Rust) {
        run_command(&mut cargo(&["build", "--workspace", "--bins", "--tests"]))
    } else if suites.iter().any(|suite| suite.needs_server()) {
        run_command(&mut cargo(&["build", "--package", "chat-server"]))
    } else {
        Ok(())
    }
}

/// Prints a table, then the totals alone on the last line.
fn report(outcomes: &[Outcome]) -> ExitCode {
    println!(
        "\n{:<10}{:>8}{:>8}{:>9}",
        "suite", "passed", "failed", "seconds"
    );
    let (mut passed, mut failed) = (0, 0);
    for outcome in outcomes {
        let (name, counts) = (outcome.suite.name(), outcome.counts);
        let seconds = outcome.took.as_secs();
        let trouble = outcome.trouble.as_deref().unwrap_or_default();
        println!(
            "{name:<10}{:>8}{:>8}{seconds:>9}  {trouble}",
            counts.passed, counts.failed
        );
        passed += counts.passed;
        failed += counts.failed;
    }
    println!("\n{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
