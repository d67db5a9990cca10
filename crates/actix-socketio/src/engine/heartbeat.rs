//! When to ping, and when to give up waiting for the pong. Knows no clock and no transport: it is told the time.

use std::time::{Duration, Instant};

/// A ping that goes out later than this after it was due restarts the wait for its pong: the process was suspended, and
/// the client is not to blame.
const MAX_LATENESS: Duration = Duration::from_millis(100);

/// The heartbeat of one session; it survives the upgrade.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heartbeat {
    phase: Phase,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The next ping is due at this time.
    Idle { ping_at: Instant },
    /// The pong has to come by this time. Any packet extends that once, since a long upload keeps a pong waiting.
    Awaiting { pong_by: Instant, extended: bool },
}

/// What the passing of time asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing before [`Heartbeat::deadline`].
    Wait,
    /// Send a ping, then ask again.
    Ping,
    /// The client is gone.
    TimedOut,
}

impl Heartbeat {
    /// Begins with the session.
    pub(crate) fn new(now: Instant, interval: Duration) -> Self {
        Self {
            phase: Phase::Idle {
                ping_at: now + interval,
            },
        }
    }

    /// When [`beat`](Self::beat) has to be called next.
    pub(crate) fn deadline(&self) -> Instant {
        match self.phase {
            Phase::Idle { ping_at } => ping_at,
            Phase::Awaiting { pong_by, .. } => pong_by,
        }
    }

    /// Lets time pass.
    pub(crate) fn beat(&mut self, now: Instant, timeout: Duration) -> Beat {
        match self.phase {
            Phase::Idle { ping_at } if ping_at <= now => {
                let on_time = now.duration_since(ping_at) <= MAX_LATENESS;
                let sent_at = if on_time { ping_at } else { now };
                self.phase = Phase::Awaiting {
                    pong_by: sent_at + timeout,
                    extended: false,
                };
                Beat::Ping
            }
            Phase::Awaiting { pong_by, .. } if pong_by <= now => Beat::TimedOut,
            _ => Beat::Wait,
        }
    }

    /// The client answered. Unsolicited pongs change nothing.
    pub(crate) fn pong(&mut self, now: Instant, interval: Duration) {
        if matches!(self.phase, Phase::Awaiting { .. }) {
            self.phase = Phase::Idle {
                ping_at: now + interval,
            };
        }
    }

    /// The client sent something else than a pong.
    pub(crate) fn activity(&mut self, now: Instant, timeout: Duration) {
        if let Phase::Awaiting {
            extended: false, ..
        } = self.phase
        {
            self.phase = Phase::Awaiting {
                pong_by: now + timeout,
                extended: true,
            };
        }
    }

    /// The server itself kept the client's packets from being read; the client gets a new wait.
    pub(crate) fn excuse(&mut self, now: Instant, timeout: Duration) {
        if let Phase::Awaiting { extended, .. } = self.phase {
            self.phase = Phase::Awaiting {
                pong_by: now + timeout,
                extended,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(25);
    const TIMEOUT: Duration = Duration::from_secs(20);

    #[test]
    fn silent_client_times_out_after_interval_and_timeout() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start, INTERVAL);
        assert_eq!(heartbeat.beat(start, TIMEOUT), Beat::Wait);
        assert_eq!(heartbeat.beat(start + INTERVAL, TIMEOUT), Beat::Ping);
        assert_eq!(heartbeat.deadline(), start + INTERVAL + TIMEOUT);
        assert_eq!(
            heartbeat.beat(start + INTERVAL + TIMEOUT, TIMEOUT),
            Beat::TimedOut
        );
    }

    #[test]
    fn pong_starts_the_next_interval() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start, INTERVAL);
        heartbeat.pong(start + Duration::from_secs(1), INTERVAL);
        assert_eq!(heartbeat.deadline(), start + INTERVAL);
        assert_eq!(heartbeat.beat(start + INTERVAL, TIMEOUT), Beat::Ping);
        let answered = start + INTERVAL + Duration::from_secs(1);
        heartbeat.pong(answered, INTERVAL);
        assert_eq!(heartbeat.deadline(), answered + INTERVAL);
    }

    #[test]
    fn other_packets_extend_the_wait_once() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start, INTERVAL);
        heartbeat.beat(start + INTERVAL, TIMEOUT);
        let upload = start + INTERVAL + Duration::from_secs(5);
        heartbeat.activity(upload, TIMEOUT);
        heartbeat.activity(upload + Duration::from_secs(5), TIMEOUT);
        assert_eq!(heartbeat.deadline(), upload + TIMEOUT);
    }

    #[test]
    fn suspended_server_does_not_blame_the_client() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start, INTERVAL);
        let woken = start + INTERVAL * 10;
        assert_eq!(heartbeat.beat(woken, TIMEOUT), Beat::Ping);
        assert_eq!(heartbeat.beat(woken, TIMEOUT), Beat::Wait);
    }
}
