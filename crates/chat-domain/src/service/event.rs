//! The feed of events for other services.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::EventId,
    model::event::OutboundEvent,
    page::{InvalidCursor, Page},
    port::event::{EventLog, EventSink},
    service::error_code,
    time::Clock,
};

/// Why the feed could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(FeedError {
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// Events for other services.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait EventService: Send + Sync {
    /// Events in order, after the event with the id `after`; `next_cursor` is such an id as well.
    /// A reader who has come to the end asks again with the id of the last event it saw.
    async fn feed(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Page<OutboundEvent>, FeedError>;

    /// One round of the dispatcher: sequences what is due, publishes to every sink what it has not had, forgets what is
    /// older than 7 days. Whether there was anything to do.
    async fn dispatch(&self) -> Result<bool, RepoError>;
}

/// What the service needs.
pub struct Deps {
    /// The outbox and its feed.
    pub log: Arc<dyn EventLog>,
    /// Where events go.
    pub sinks: Vec<Arc<dyn EventSink>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn EventService> {
    Arc::new(Service {
        deps,
        pruned_at: AtomicI64::new(0),
    })
}

/// How long events can be read back: 7 days.
const KEEP_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// How often old events are forgotten: once an hour.
const PRUNE_EVERY_MS: i64 = 3_600 * 1_000;
/// How many events are handled before the next look at the clock.
const BATCH: usize = 500;

struct Service {
    deps: Deps,
    /// When old events were last forgotten, in milliseconds since the epoch.
    pruned_at: AtomicI64,
}

#[async_trait]
impl EventService for Service {
    async fn feed(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Page<OutboundEvent>, FeedError> {
        let position = match after {
            None => 0,
            Some(id) => {
                let id = id.parse::<EventId>().map_err(|_| InvalidCursor)?;
                self.deps.log.position(id).await?.ok_or(InvalidCursor)?
            }
        };
        let (items, more) = self.deps.log.after(position, limit).await?;
        Ok(Page::new(items, more, |last| last.id.to_string()))
    }

    async fn dispatch(&self) -> Result<bool, RepoError> {
        let now = self.deps.clock.now();
        let mut busy = self.deps.log.sequence(now, BATCH).await? > 0;
        for sink in &self.deps.sinks {
            busy |= self.serve(&**sink).await?;
        }
        if now.as_millis() - self.pruned_at.load(Ordering::Relaxed) >= PRUNE_EVERY_MS {
            self.deps.log.prune(now.plus_millis(-KEEP_MS)).await?;
            self.pruned_at.store(now.as_millis(), Ordering::Relaxed);
        }
        Ok(busy)
    }
}

impl Service {
    /// Publishes what the sink has not had, in order; stops at the first that fails and goes on there the next time.
    async fn serve(&self, sink: &dyn EventSink) -> Result<bool, RepoError> {
        let served = self.deps.log.cursor(sink.name()).await?;
        let (events, _) = self.deps.log.after(served, BATCH).await?;
        let mut position = served;
        let mut outcome = Ok(());
        for event in &events {
            outcome = sink.publish(event).await;
            if outcome.is_err() {
                break;
            }
            position = event.position;
        }
        if position > served {
            self.deps.log.advance(sink.name(), position).await?;
        }
        outcome.map(|()| !events.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{
        port::event::{MockEventLog, MockEventSink},
        testing::fakes::ManualClock,
        time::Timestamp,
    };

    fn event(position: i64) -> OutboundEvent {
        OutboundEvent {
            id: Uuid::from_u128(position.unsigned_abs().into()).into(),
            kind: "thread.created".into(),
            thread_id: None,
            payload: json!({}),
            created_at: Timestamp::from_millis(0),
            position,
        }
    }

    fn service_over(log: MockEventLog, sinks: Vec<Arc<dyn EventSink>>) -> Arc<dyn EventService> {
        service(Deps {
            log: Arc::new(log),
            sinks,
            clock: Arc::new(ManualClock::at(1_000)),
        })
    }

    #[test]
    fn a_sink_that_fails_goes_on_at_the_event_that_failed() {
        let mut log = MockEventLog::new();
        log.expect_sequence().returning(|_, _| Ok(0));
        log.expect_cursor().returning(|_| Ok(3));
        log.expect_after()
            .withf(|after, _| *after == 3)
            .returning(|_, _| Ok((vec![event(4), event(5)], false)));
        log.expect_advance()
            .withf(|_, position| *position == 4)
            .times(1)
            .returning(|_, _| Ok(()));
        let mut sink = MockEventSink::new();
        sink.expect_name().returning(|| "test".into());
        sink.expect_publish().returning(|event| {
            if event.position == 4 {
                Ok(())
            } else {
                Err(RepoError::unavailable("away"))
            }
        });
        assert!(block_on(service_over(log, vec![Arc::new(sink)]).dispatch()).is_err());
    }

    #[test]
    fn the_feed_is_read_by_event_ids() {
        let mut log = MockEventLog::new();
        log.expect_position()
            .returning(|id| Ok((id == event(4).id).then_some(4)));
        log.expect_after()
            .withf(|after, _| *after == 4)
            .returning(|_, _| Ok((vec![event(5)], true)));
        let service = service_over(log, vec![]);
        let page = block_on(service.feed(Some(event(4).id.to_string()), 1)).unwrap();
        assert_eq!(page.next_cursor, Some(event(5).id.to_string()));
        for bad in ["nonsense".to_owned(), event(9).id.to_string()] {
            assert!(matches!(
                block_on(service.feed(Some(bad), 1)),
                Err(FeedError::Cursor(_))
            ));
        }
    }
}
