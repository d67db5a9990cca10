//! Reporting people and messages.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{MessageId, ReportId, UserId},
    model::{
        limit::{LimitKey, Quota},
        message::Message,
        moderation::{NewReport, ReportReason},
        risk::SignalKind,
        user::Caller,
    },
    port::{
        audit::AuditLog, limit::RateLimiter, message::MessageRepository, moderation::Sanitizer,
        report::ModerationQueue, thread::ThreadRepository,
    },
    service::{error_code, suspicion::Suspicion},
    time::{Clock, IdGenerator},
};

/// A report as a user makes it; at least one of `user_id` and `message_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakeReport {
    /// Who is reported.
    pub user_id: Option<UserId>,
    /// Which message is reported.
    pub message_id: Option<MessageId>,
    /// Why.
    pub reason: ReportReason,
    /// In the reporter's words, not yet clean; at most 2,000 characters.
    pub details: Option<String>,
}

/// Why a report was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Neither a user nor a message is named.
    #[error("name a user or a message")]
    NothingReported,
    /// Nobody reports themselves.
    #[error("you can't report yourself")]
    Yourself,
    /// The user named is not the message's author.
    #[error("the message was written by somebody else")]
    OtherAuthor,
    /// No such message.
    #[error("there is no such message")]
    MessageNotFound,
    /// The reporter takes no part in the message's thread.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(ReportError {
    Self::NothingReported | Self::Yourself | Self::OtherAuthor => ErrorCode::ValidationFailed,
    Self::MessageNotFound => ErrorCode::MessageNotFound,
    Self::NotParticipant => ErrorCode::NotParticipant,
    Self::Repo(error) => error.code(),
});

/// Reports.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ReportService: Send + Sync {
    /// Takes a report into the moderators' queue.
    async fn report(&self, caller: Caller, report: MakeReport) -> Result<ReportId, ReportError>;
}

/// What the service needs.
pub struct Deps {
    /// Where reports go.
    pub queue: Arc<dyn ModerationQueue>,
    /// The message in question.
    pub messages: Arc<dyn MessageRepository>,
    /// Who takes part.
    pub threads: Arc<dyn ThreadRepository>,
    /// Cleans the reporter's words.
    pub sanitizer: Arc<dyn Sanitizer>,
    /// Risk counters.
    pub audit: Arc<dyn AuditLog>,
    /// Keeps one reporter from raising somebody's risk at will.
    pub limiter: Arc<dyn RateLimiter>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for reports.
    pub ids: Arc<dyn IdGenerator>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn ReportService> {
    let suspicion = Suspicion {
        audit: deps.audit.clone(),
        limiter: deps.limiter.clone(),
        clock: deps.clock.clone(),
    };
    Arc::new(Service { deps, suspicion })
}

/// However often somebody reports the same person, it counts once an hour.
const ONE_AN_HOUR: Quota = Quota {
    limit: 1,
    window_ms: 3_600_000,
};

struct Service {
    deps: Deps,
    suspicion: Suspicion,
}

#[async_trait]
impl ReportService for Service {
    async fn report(&self, caller: Caller, report: MakeReport) -> Result<ReportId, ReportError> {
        let message = match report.message_id {
            Some(id) => Some(self.readable(&caller, id).await?),
            None => None,
        };
        let author = message.as_ref().map(|message| message.from.clone());
        let reported = match (report.user_id, author) {
            (None, None) => return Err(ReportError::NothingReported),
            (Some(user), Some(author)) if user != author => return Err(ReportError::OtherAuthor),
            (Some(user), _) | (None, Some(user)) => user,
        };
        if reported == caller.user {
            return Err(ReportError::Yourself);
        }
        let id = self.deps.ids.next().into();
        let details = report
            .details
            .map(|details| self.deps.sanitizer.sanitize(&details));
        let new = NewReport {
            id,
            reporter: caller.user.clone(),
            user_id: reported.clone(),
            message_id: report.message_id,
            thread_id: message.map(|message| message.thread_id),
            reason: report.reason,
            details: details.filter(|details| !details.trim().is_empty()),
            created_at: self.deps.clock.now(),
        };
        self.deps.queue.report(new).await?;
        let about = LimitKey::ReportsAbout(caller.user, reported.clone());
        if self.deps.limiter.take(about, ONE_AN_HOUR).await.is_ok() {
            self.suspicion.raise(&reported, SignalKind::Reported).await;
        }
        Ok(id)
    }
}

impl Service {
    /// The message, if the caller takes part in its thread.
    async fn readable(&self, caller: &Caller, id: MessageId) -> Result<Message, ReportError> {
        let message = self
            .deps
            .messages
            .find(id)
            .await?
            .ok_or(ReportError::MessageNotFound)?;
        let thread = self
            .deps
            .threads
            .find(message.thread_id)
            .await?
            .ok_or(ReportError::MessageNotFound)?;
        thread
            .participant(&caller.user)
            .ok_or(ReportError::NotParticipant)?;
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        port::{
            audit::MockAuditLog, limit::MockRateLimiter, message::MockMessageRepository,
            moderation::MockSanitizer, report::MockModerationQueue, thread::MockThreadRepository,
        },
        testing::{
            builder::{message, message_id, thread, user},
            fakes::{ManualClock, SequentialIds},
        },
    };

    fn report(
        reporter: &str,
        user_id: Option<&str>,
        message_id: Option<MessageId>,
        stored: usize,
    ) -> Result<ReportId, ReportError> {
        let mut queue = MockModerationQueue::new();
        queue
            .expect_report()
            .withf(|report| report.user_id == user("bob"))
            .times(stored)
            .returning(|_| Ok(()));
        let mut messages = MockMessageRepository::new();
        messages
            .expect_find()
            .returning(|id| Ok((id == self::message_id(1)).then(|| message("bob", 1))));
        let mut threads = MockThreadRepository::new();
        threads
            .expect_find()
            .returning(|_| Ok(Some(thread(&["alice", "bob"]))));
        let mut sanitizer = MockSanitizer::new();
        sanitizer.expect_sanitize().returning(str::to_owned);
        let mut audit = MockAuditLog::new();
        audit
            .expect_raise()
            .times(stored)
            .returning(|_, _, _| Ok(()));
        let mut limiter = MockRateLimiter::new();
        limiter.expect_take().returning(|_, _| Ok(()));
        let service = service(Deps {
            queue: Arc::new(queue),
            messages: Arc::new(messages),
            threads: Arc::new(threads),
            sanitizer: Arc::new(sanitizer),
            audit: Arc::new(audit),
            limiter: Arc::new(limiter),
            clock: Arc::new(ManualClock::at(0)),
            ids: Arc::new(SequentialIds::default()),
        });
        let report = MakeReport {
            user_id: user_id.map(user),
            message_id,
            reason: ReportReason::Spam,
            details: None,
        };
        block_on(service.report(Caller::user(user(reporter)), report))
    }

    #[test]
    fn a_reported_message_reports_its_author() {
        assert!(report("alice", None, Some(message_id(1)), 1).is_ok());
        assert!(report("alice", Some("bob"), None, 1).is_ok());
    }

    #[test]
    fn a_report_must_make_sense() {
        assert!(matches!(
            report("alice", None, None, 0),
            Err(ReportError::NothingReported)
        ));
        assert!(matches!(
            report("alice", Some("carol"), Some(message_id(1)), 0),
            Err(ReportError::OtherAuthor)
        ));
        assert!(matches!(
            report("bob", None, Some(message_id(1)), 0),
            Err(ReportError::Yourself)
        ));
        assert!(matches!(
            report("mallory", None, Some(message_id(1)), 0),
            Err(ReportError::NotParticipant)
        ));
        assert!(matches!(
            report("alice", None, Some(message_id(2)), 0),
            Err(ReportError::MessageNotFound)
        ));
    }
}
