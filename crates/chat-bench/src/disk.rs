//! How many commits per second the disk can sync, whoever asks.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

/// What one small commit appends to SQLite's write-ahead log: a page.
const PAGE: [u8; 4096] = [0x5a; 4096];

/// Appends a page and syncs it (`fdatasync`), again and again.
pub(crate) fn synced_commits_per_second(folder: &Path, how_long: Duration) -> Result<f64> {
    let mut file = File::create(folder.join("disk-probe"))?;
    let began = Instant::now();
    let mut commits: u32 = 0;
    while began.elapsed() < how_long {
        file.write_all(&PAGE)?;
        file.sync_data()?;
        commits += 1;
    }
    Ok(f64::from(commits) / began.elapsed().as_secs_f64())
}
