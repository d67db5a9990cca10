//! Reporting people and messages.

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::{MessageId, ReportId, UserId},
    model::{moderation::ReportReason, user::Caller},
    service::error_code,
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
