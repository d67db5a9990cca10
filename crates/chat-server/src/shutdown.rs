//! Going down: what begins it, and whether it has begun.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Duration, Instant},
};

/// Who signals a process and its group signals it twice: what comes so soon is the same request.
const ECHO: Duration = Duration::from_millis(500);

/// Whether the server is going down. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on the server is not ready for more.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub(crate) fn begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// SIGTERM and SIGINT, from the moment this is made.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on, instead of the default of ending at once.
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("can't listen to signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Completes with the next signal; its name.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Completes with a signal that is a second request rather than an echo of the first.
    pub(crate) async fn again(&mut self) -> &'static str {
        let earliest = Instant::now() + ECHO;
        loop {
            let name = self.next().await;
            if Instant::now() >= earliest {
                return name;
            }
        }
    }
}
