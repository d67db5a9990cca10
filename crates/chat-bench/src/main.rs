//! `cargo xtask bench send`: acked messages per second of a release build on a fresh SQLite database,
//! beside the rate at which the same disk commits anything at all.
//!
//! A message is acked after its commit, so the disk's rate of synced commits is what a server without
//! batches could do at best. Everything is measured in one run, because disks differ by the hour.

mod disk;
mod load;
mod rest;
mod server;
mod socket;

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::load::{Figures, Load};
use crate::server::Server;

const DISK_FOR: Duration = Duration::from_secs(3);
const LOAD_FOR: Duration = Duration::from_secs(10);

/// 50 pairs of users with 4 messages each on their way.
const MANY: (usize, usize) = (50, 4);

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [mode, binary] = args.as_slice() else {
        bail!("usage: chat-bench send <chat-server binary>");
    };
    if mode != "send" {
        bail!("unknown bench {mode}");
    }
    let folder = env::temp_dir().join(format!("chat-bench-{}", std::process::id()));
    fs::create_dir(&folder).context("can't make a folder for the data")?;
    let result = send(Path::new(binary), &folder).await;
    fs::remove_dir_all(&folder).context("can't remove the data")?;
    result
}

async fn send(binary: &Path, folder: &Path) -> Result<()> {
    let commits = disk::synced_commits_per_second(folder, DISK_FOR)?;
    println!("data in {}", folder.display());
    println!("disk: {commits:.0} synced commits of 4 KiB per second\n");
    let server = Server::start(binary, folder)?;
    let loads = [
        (
            "recipients away",
            Load {
                pairs: 1,
                outstanding: 1,
                recipients_online: false,
            },
        ),
        (
            "recipients away",
            Load {
                pairs: MANY.0,
                outstanding: MANY.1,
                recipients_online: false,
            },
        ),
        (
            "recipients online",
            Load {
                pairs: MANY.0,
                outstanding: MANY.1,
                recipients_online: true,
            },
        ),
    ];
    println!(
        "{:>11}  {:<18}{:>9}{:>10}{:>10}{:>10}{:>16}",
        "outstanding", "", "acked/s", "p50 ms", "p99 ms", "max ms", "per disk commit"
    );
    for (what, load) in loads {
        let figures = load::run(&server, load, LOAD_FOR).await?;
        print_row(what, load, &figures, commits);
    }
    println!("\nEvery thread's history holds what was acked, seq 1, 2, 3 … without a gap.");
    Ok(())
}

fn print_row(what: &str, load: Load, figures: &Figures, commits: f64) {
    let ms = |latency: Duration| latency.as_secs_f64() * 1000.0;
    println!(
        "{:>11}  {what:<18}{:>9.0}{:>10.2}{:>10.2}{:>10.2}{:>16.2}",
        load.pairs * load.outstanding,
        figures.per_second(),
        ms(figures.percentile(50)),
        ms(figures.percentile(99)),
        ms(figures.percentile(100)),
        figures.per_second() / commits,
    );
}
