//! The developer commands behind `cargo xtask`: this file maps a word to a command, `cmd/` holds one
//! command per file, `suite.rs` the test suites, `services/` what a suite needs on the machine.
//!
//! Recipe "add a service that a suite needs": a file in `services/` that finds it, installs it with
//! `apt` when it is missing and, if it must run, starts it and stops it on `Drop`; then name it in the
//! suite's `run`.

mod apt;
mod cmd;
mod process;
mod services;
mod suite;
mod summary;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  check          formatting, lints, documentation, dependency rules
  test [SUITE…]  the test suites, all by default: rust, e2e, browser
  gen            write the generated files anew
  bench send     messages per second of a release build, beside the disk's own rate";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["check"] => cmd::check::run().map(|()| ExitCode::SUCCESS),
        ["test", suites @ ..] => cmd::test::run(suites),
        ["gen"] => cmd::generate::run().map(|()| ExitCode::SUCCESS),
        ["bench", "send"] => cmd::bench::send().map(|()| ExitCode::SUCCESS),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
