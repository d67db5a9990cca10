//! Events as log lines.

use async_trait::async_trait;
use chat_domain::{error::RepoError, model::event::OutboundEvent, port::event::EventSink};

/// Writes one line per event, target `chat::events`, level info. Kinds, and ids of events and threads: the payload
/// stays out, because user ids may be e-mail addresses.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogSink;

#[async_trait]
impl EventSink for LogSink {
    fn name(&self) -> String {
        "log".into()
    }

    async fn publish(&self, event: &OutboundEvent) -> Result<(), RepoError> {
        tracing::info!(
            target: "chat::events",
            event_id = %event.id,
            kind = %event.kind,
            thread_id = event.thread_id.map(tracing::field::display),
            created_at = %event.created_at,
            "event"
        );
        Ok(())
    }
}
