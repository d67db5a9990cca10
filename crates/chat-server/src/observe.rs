//! What the log and the metrics learn of commits, on their way to the clients.

use std::sync::Arc;

use chat_domain::{
    model::{content::Metadata, message::Message, receipt::Delivery},
    port::message::{CommitObserver, Committed},
};
use metrics::{counter, describe_counter};

use crate::config::telemetry::LogContent;

const SENT: &str = "chat_messages_sent_total";
const DELIVERED: &str = "chat_messages_delivered_total";

/// Counts, logs, and hands on.
pub(crate) struct Observed {
    next: Arc<dyn CommitObserver>,
    content: LogContent,
}

impl Observed {
    pub(crate) fn new(next: Arc<dyn CommitObserver>, content: LogContent) -> Self {
        describe_counter!(SENT, "Messages that were stored.");
        describe_counter!(
            DELIVERED,
            "Deliveries that were noted; one may stand for several messages."
        );
        Self { next, content }
    }
}

impl CommitObserver for Observed {
    fn messages_committed(&self, messages: Vec<Committed>) {
        counter!(SENT).increment(messages.len() as u64);
        for committed in &messages {
            log(&committed.message, self.content);
        }
        self.next.messages_committed(messages);
    }

    fn deliveries_committed(&self, deliveries: Vec<Delivery>) {
        counter!(DELIVERED).increment(deliveries.len() as u64);
        self.next.deliveries_committed(deliveries);
    }
}

fn log(message: &Message, content: LogContent) {
    let text = loggable(message, content);
    tracing::debug!(message = %message.id, thread = %message.thread_id, seq = message.seq, text, "message stored");
}

/// The text, where it may stand in a log line: `CHAT_LOG_CONTENT=debug`, and nothing was found wrong with it.
fn loggable(message: &Message, content: LogContent) -> Option<&str> {
    let metadata = message.metadata.as_ref().map(Metadata::as_object);
    let flagged = metadata.is_some_and(|object| object.contains_key(Metadata::MODERATION_KEY));
    (content == LogContent::Debug && !flagged).then_some(message.content.as_str())
}

#[cfg(test)]
mod tests {
    use chat_domain::testing::builder::message;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_logged_only_where_that_is_asked_for_and_it_is_clean() {
        let clean = message("alice", 1);
        assert_eq!(loggable(&clean, LogContent::Redact), None);
        assert_eq!(loggable(&clean, LogContent::Debug), Some("message 1"));

        let verdict = Metadata::default().with_moderation(json!({ "flagged": true }));
        let flagged = Message {
            metadata: Some(verdict),
            ..clean
        };
        assert_eq!(loggable(&flagged, LogContent::Debug), None);
    }
}
