//! Installing what is missing, with Debian's or Ubuntu's own packages.

use anyhow::{Context, Result, bail};

use crate::process::{command, output_of, run, which};

/// Installs `packages`; needs root, or a sudo that asks for no password.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    if which("apt-get").is_none() {
        bail!("no apt-get here: please install by hand: {wanted}");
    }
    let prefix: &[&str] = if output_of("id", &["-u"]).as_deref() == Some("0") {
        &["env"]
    } else if output_of("sudo", &["-n", "true"]).is_some() {
        &["sudo", "-n", "env"]
    } else {
        bail!("neither root nor a password-free sudo: please install by hand: {wanted}");
    };
    let apt = |args: &[&str]| {
        let mut apt = command(prefix[0], &prefix[1..]);
        apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"])
            .args(args);
        apt
    };
    run(&mut apt(&["update"])).with_context(|| format!("can't install {wanted}"))?;
    run(apt(&["install", "--no-install-recommends"]).args(packages))
        .with_context(|| format!("can't install {wanted}"))
}
