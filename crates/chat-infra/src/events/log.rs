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

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use chat_domain::{testing::builder::thread_id, time::Timestamp};
    use futures::executor::block_on;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_of_ids_and_kinds() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        let event = OutboundEvent {
            id: Uuid::from_u128(7).into(),
            kind: "notification".into(),
            thread_id: Some(thread_id()),
            payload: json!({ "toUserId": "alice@example.com", "text": "hello" }),
            created_at: Timestamp::from_millis(0),
            position: 3,
        };
        tracing::subscriber::with_default(subscriber, || {
            block_on(LogSink.publish(&event)).unwrap();
        });
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            written,
            " INFO chat::events: event event_id=00000000-0000-0000-0000-000000000007 kind=notification \
             thread_id=01900000-0000-7000-8000-000000000001 created_at=1970-01-01T00:00:00.000Z\n"
        );
        assert_eq!(LogSink.name(), "log");
    }
}
