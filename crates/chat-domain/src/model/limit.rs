//! Rate limits: how much of what, and what happens when it is used up.

use std::net::IpAddr;

use crate::{id::UserId, model::risk::SignalKind};

/// So many within a window, as a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// How many at once, and per window.
    pub limit: u32,
    /// The window in milliseconds, at least 1.
    pub window_ms: u64,
}

impl Quota {
    /// `limit` per `seconds`; `None` (no limit) if either is 0.
    #[must_use]
    pub const fn per_seconds(limit: u32, seconds: u64) -> Option<Self> {
        if limit == 0 || seconds == 0 {
            None
        } else {
            Some(Self {
                limit,
                window_ms: seconds * 1_000,
            })
        }
    }
}

/// What is counted, for whom. One bucket per value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// Messages of a user over all sockets and REST.
    UserMessages(UserId),
    /// REST requests of a user.
    RestRequests(UserId),
    /// Connection attempts from an address.
    Connections(IpAddr),
    /// Failed authentications from an address.
    AuthFailures(IpAddr),
    /// Notes of suspicious behaviour of one kind by a user: what happens often is written down now and then.
    RiskSignals(UserId, SignalKind),
    /// Reports that the first user makes about the second: one's own report raises the other's risk once in a while.
    ReportsAbout(UserId, UserId),
}

/// The bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests: at most {} in {} ms", quota.limit, quota.window_ms)]
pub struct Limited {
    /// What is allowed.
    pub quota: Quota,
    /// After how many milliseconds the next one will pass.
    pub retry_after_ms: u64,
}
