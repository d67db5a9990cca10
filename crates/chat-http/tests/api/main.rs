//! The REST API over mocked use cases: every route, every error, every refusal.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod access;
mod blocks;
mod body;
mod conformance;
mod cors;
mod docs;
mod headers;
mod internal;
mod limits;
mod logs;
mod messages;
mod moderation;
mod presence;
mod problems;
mod query;
mod read;
mod reports;
mod support;
mod threads;
mod users;
mod wire;
