//! The test suites: what each needs, how it runs, and how its result is read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{cargo, command, root, tee};
use crate::services::{browser, node};
use crate::summary::{self, Counts};

/// Where the Node suites live.
const E2E: &str = "crates/chat-server/e2e";

/// A group of tests with one runner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    /// Everything `cargo test` finds: unit, contract and endpoint tests.
    Rust,
    /// The built server, driven by the official Socket.IO client and by REST.
    E2e,
    /// The demo page in a headless browser.
    Browser,
}

/// What became of a suite.
pub(crate) struct Outcome {
    pub(crate) suite: Suite,
    pub(crate) counts: Counts,
    pub(crate) took: Duration,
    /// Why the suite failed beyond the tests that did.
    pub(crate) trouble: Option<String>,
}

impl Outcome {
    /// A suite that never came to run has failed once.
    pub(crate) fn not_run(suite: Suite, why: &anyhow::Error) -> Self {
        let (counts, trouble) = failed(Counts::default(), format!("{why:#}"));
        Self {
            suite,
            counts,
            took: Duration::ZERO,
            trouble,
        }
    }
}

impl Suite {
    pub(crate) const ALL: [Self; 3] = [Self::Rust, Self::E2e, Self::Browser];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::E2e => "e2e",
            Self::Browser => "browser",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    pub(crate) fn needs_server(self) -> bool {
        matches!(self, Self::E2e | Self::Browser)
    }

    /// Runs the suite against the server binary `server`; a suite that can't run has failed.
    pub(crate) fn run(self, server: &Path) -> Outcome {
        let began = Instant::now();
        let result = match self {
            Self::Rust => run_rust(),
            Self::E2e => run_node("tests", server, &[]),
            Self::Browser => browser::ensure().and_then(|chromium| {
                let chromium = chromium.display().to_string();
                run_node("browser", server, &[("CHROMIUM_BIN", &chromium)])
            }),
        };
        let (counts, trouble) = match result {
            Ok((status, counts)) => judge(status, counts),
            Err(error) => failed(Counts::default(), format!("{error:#}")),
        };
        Outcome {
            suite: self,
            counts,
            took: began.elapsed(),
            trouble,
        }
    }
}

fn run_rust() -> Result<(ExitStatus, Counts)> {
    let (status, output) = tee(&mut cargo(&["test", "--workspace", "--no-fail-fast"]))?;
    Ok((status, summary::cargo_test(&output)))
}

fn run_node(folder: &str, server: &Path, env: &[(&str, &str)]) -> Result<(ExitStatus, Counts)> {
    let project = root().join(E2E);
    node::ensure(&project)?;
    let mut node = node_runner(&project, folder)?;
    node.env("CHAT_SERVER_BIN", server)
        .envs(env.iter().copied());
    let (status, output) = tee(&mut node)?;
    Ok((status, summary::node_test(&output)))
}

/// Files are named one by one: what Node makes of a folder changed between its versions.
fn node_runner(project: &Path, folder: &str) -> Result<Command> {
    let mut files = test_files(&project.join(folder))?;
    files.sort();
    let mut node = command(
        "node",
        &["--test", "--test-concurrency=2", "--test-reporter=spec"],
    );
    node.current_dir(project);
    for file in files {
        node.arg(file.strip_prefix(project)?);
    }
    Ok(node)
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.js") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("no tests in {}", folder.display());
    }
    Ok(files)
}

/// A runner that fails without a failed test, or that ran none, has failed once.
fn judge(status: ExitStatus, counts: Counts) -> (Counts, Option<String>) {
    if !status.success() && counts.failed == 0 {
        failed(counts, format!("the runner ended with {status}"))
    } else if counts == Counts::default() {
        failed(counts, "no test ran".into())
    } else {
        (counts, None)
    }
}

fn failed(mut counts: Counts, why: String) -> (Counts, Option<String>) {
    counts.failed += 1;
    (counts, Some(why))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::judge;
    use crate::summary::Counts;

    #[test]
    fn a_runner_that_dies_or_runs_nothing_has_failed() {
        let (ended_well, crashed) = (ExitStatus::from_raw(0), ExitStatus::from_raw(9));
        let passed = Counts {
            passed: 4,
            failed: 0,
        };
        assert_eq!(judge(ended_well, passed).0.failed, 0);
        assert_eq!(judge(crashed, passed).0.failed, 1);
        assert_eq!(judge(ended_well, Counts::default()).0.failed, 1);
    }
}
