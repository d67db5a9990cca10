//! Where events for other services go. (The outbox that they come from is in `sql`.)

mod log;

pub use log::LogSink;
