//! Unclean texts, reports, and what moderators decide.

use serde::Serialize;

use crate::{
    id::{MessageId, ModerationItemId, ReportId, ThreadId, UserId},
    time::Timestamp,
};

/// What happens to an unclean text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModerationMode {
    /// It is stored, marked, and put into the queue.
    #[default]
    Flag,
    /// It is refused.
    Reject,
    /// Nothing is checked.
    Off,
}

/// Why a text is unclean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The kinds of trouble found, such as `profane` or `sexual`; no part of the text.
    pub categories: Vec<String>,
}

/// Why a user reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ReportReason {
    /// Unwanted advertising.
    Spam,
    /// Bullying or threats.
    Harassment,
    /// Unwanted nudity.
    Nudity,
    /// Fraud.
    Scam,
    /// Somebody seems to be a minor.
    Underage,
    /// Anything else; `details` tell.
    Other,
}

impl ReportReason {
    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Harassment => "harassment",
            Self::Nudity => "nudity",
            Self::Scam => "scam",
            Self::Underage => "underage",
            Self::Other => "other",
        }
    }
}

/// A report that is to be stored; at least one of `user_id` and `message_id` is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// The id it will have.
    pub id: ReportId,
    /// Who reports.
    pub reporter: UserId,
    /// Who is reported: as given, or the message's author.
    pub user_id: UserId,
    /// What is reported.
    pub message_id: Option<MessageId>,
    /// Where the message stands.
    pub thread_id: Option<ThreadId>,
    /// Why.
    pub reason: ReportReason,
    /// In the reporter's words, sanitised.
    pub details: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// Where an item of the queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ModerationStatus {
    /// Nobody has decided yet.
    Pending,
    /// Found to be fine.
    Approved,
    /// Taken away.
    Removed,
}

impl ModerationStatus {
    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Removed => "removed",
        }
    }
}

/// What a moderator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Decision {
    /// It may stay.
    Approve,
    /// The message is emptied, its place stays.
    Remove,
}

impl Decision {
    /// Where the item stands after the decision.
    #[must_use]
    pub const fn status(self) -> ModerationStatus {
        match self {
            Self::Approve => ModerationStatus::Approved,
            Self::Remove => ModerationStatus::Removed,
        }
    }
}

/// Where an item of the queue came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ModerationSource {
    /// The filter found the text unclean.
    Flagged,
    /// A user reported it.
    Report,
}

impl ModerationSource {
    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flagged => "flagged",
            Self::Report => "report",
        }
    }
}

/// An entry of the moderation queue, as moderators see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModerationItem {
    /// Its id.
    pub id: ModerationItemId,
    /// Flagged by the filter, or reported.
    pub kind: ModerationSource,
    /// Where it stands.
    pub status: ModerationStatus,
    /// The message in question.
    pub message_id: Option<MessageId>,
    /// Where that message stands.
    pub thread_id: Option<ThreadId>,
    /// Who is in question: the message's author or the reported user.
    pub user_id: UserId,
    /// The filter's categories, or the report's reason.
    pub reasons: Vec<String>,
    /// Who reported.
    pub reporter_id: Option<UserId>,
    /// The reporter's words.
    pub details: Option<String>,
    /// The message's text when the item was made, so that a later removal destroys no evidence.
    pub content: Option<String>,
    /// When the item was made.
    pub created_at: Timestamp,
    /// When a moderator decided.
    pub decided_at: Option<Timestamp>,
    /// Which moderator.
    pub decided_by: Option<UserId>,
}
