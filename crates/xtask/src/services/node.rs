//! Node and npm, for the end-to-end suites and their packages.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::apt;
use crate::process::{command, output_of, run, which};

/// The test runner's options that the suites use came with this version.
const OLDEST_MAJOR: u32 = 18;

/// Makes sure of Node and npm, and of the packages that `project`'s lock file names.
pub(crate) fn ensure(project: &Path) -> Result<()> {
    if which("node").is_none() {
        apt::install(&["nodejs", "npm"])?;
    } else if which("npm").is_none() {
        apt::install(&["npm"])?;
    }
    let version = output_of("node", &["--version"]).unwrap_or_default();
    match major(&version) {
        Some(major) if major >= OLDEST_MAJOR => {}
        _ => bail!("node is {version:?}, the suite needs {OLDEST_MAJOR} or newer"),
    }
    if packages_are_current(project) {
        return Ok(());
    }
    run(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(project))
}

/// npm writes this file last, so it is newer than the lock file exactly when `npm ci` has finished.
fn packages_are_current(project: &Path) -> bool {
    let modified = |file: &str| fs::metadata(project.join(file)).and_then(|file| file.modified());
    match (
        modified("node_modules/.package-lock.json"),
        modified("package-lock.json"),
    ) {
        (Ok(installed), Ok(locked)) => installed >= locked,
        _ => false,
    }
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read_from_what_node_prints() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("not found"), None);
    }
}
