//! `check`: formatting, lints, documentation, dependency rules. Every step runs, so that one call
//! shows all that is wrong. That generated files are fresh is a test of the crate they come from.

use anyhow::{Result, bail};

use crate::process::{cargo, run as run_command, which};

pub(crate) fn run() -> Result<()> {
    let results = [
        ("formatting", formatting()),
        ("lints", lints()),
        ("documentation", documentation()),
        ("dependencies", dependencies()),
    ];
    let mut wrong = Vec::new();
    for (name, result) in results {
        if let Err(error) = result {
            eprintln!("xtask: {error:#}");
            wrong.push(name);
        }
    }
    if !wrong.is_empty() {
        bail!("check failed: {}", wrong.join(", "));
    }
    println!("\ncheck: all is well");
    Ok(())
}

fn formatting() -> Result<()> {
    run_command(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    let mut clippy = cargo(&["clippy", "--workspace", "--all-targets", "--locked"]);
    run_command(clippy.args(["--", "-D", "warnings"]))
}

fn documentation() -> Result<()> {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    run_command(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// `deny.toml`'s rules, save for the advisories, which need a download that not every machine can do.
fn dependencies() -> Result<()> {
    if which("cargo-deny").is_none() {
        run_command(&mut cargo(&["install", "--locked", "cargo-deny"]))?;
    }
    // A wrapper that the graph does not hold yet is no mistake: the rule is there before the need.
    let mut deny = cargo(&["deny", "--workspace", "check", "--hide-inclusion-graph"]);
    run_command(deny.args(["--allow", "unused-wrapper", "bans", "licenses", "sources"]))
}
