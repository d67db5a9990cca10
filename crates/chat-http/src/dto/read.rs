//! Marking a thread as read.

use chat_domain::{
    id::{MessageId, ThreadId},
    model::{
        message::Seq,
        receipt::{ReadOutcome, UpTo},
    },
    time::Timestamp,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;

/// Up to where; exactly one of the three.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(crate) struct MarkReadBody {
    /// Up to this message.
    #[garde(skip)]
    up_to_message_id: Option<MessageId>,
    /// Up to this place; beyond the last one means the last one.
    #[garde(range(min = 0))]
    #[schema(minimum = 0)]
    up_to_seq: Option<Seq>,
    /// Up to the newest message that is not younger.
    #[garde(skip)]
    up_to: Option<Timestamp>,
}

impl MarkReadBody {
    /// # Errors
    /// If none or several are given.
    pub(crate) fn into_up_to(self) -> Result<UpTo, ApiError> {
        match (self.up_to_message_id, self.up_to_seq, self.up_to) {
            (Some(message), None, None) => Ok(UpTo::Message(message)),
            (None, Some(seq), None) => Ok(UpTo::Seq(seq)),
            (None, None, Some(time)) => Ok(UpTo::Time(time)),
            _ => Err(ApiError::invalid(
                "upToMessageId",
                "give exactly one of upToMessageId, upToSeq and upTo",
            )),
        }
    }
}

/// The read mark after the call; it never moves backwards.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReadMark)]
pub(crate) struct ReadMarkDto {
    thread_id: ThreadId,
    /// The message at the mark; `null` if nothing was read yet.
    up_to_message_id: Option<MessageId>,
    /// Everything up to here was read.
    up_to_seq: Seq,
    /// Messages by others above the mark.
    unread_count: i64,
}

impl From<ReadOutcome> for ReadMarkDto {
    fn from(outcome: ReadOutcome) -> Self {
        Self {
            thread_id: outcome.thread_id,
            up_to_message_id: outcome.up_to_message_id,
            up_to_seq: outcome.up_to_seq,
            unread_count: outcome.unread_count,
        }
    }
}
