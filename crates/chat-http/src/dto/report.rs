//! Reports by users.

use chat_domain::{
    id::{MessageId, ReportId, UserId},
    model::moderation::ReportReason,
    service::report::MakeReport,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whom or what is reported, and why. At least one of `userId` and `messageId`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub(crate) struct ReportBody {
    /// Who is reported.
    #[garde(skip)]
    user_id: Option<UserId>,
    /// Which message is reported; from a thread that the caller takes part in.
    #[garde(skip)]
    message_id: Option<MessageId>,
    /// Why.
    #[garde(skip)]
    reason: ReportReason,
    /// In the reporter's words, at most 2000 characters.
    #[garde(length(chars, max = 2000))]
    #[schema(max_length = 2000)]
    details: Option<String>,
}

impl ReportBody {
    pub(crate) fn into_command(self) -> MakeReport {
        MakeReport {
            user_id: self.user_id,
            message_id: self.message_id,
            reason: self.reason,
            details: self.details,
        }
    }
}

/// The report that was taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub(crate) struct ReportDto {
    pub(crate) id: ReportId,
}
