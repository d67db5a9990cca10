//! Sending messages and reading history.

use chat_domain::{
    id::{ClientMessageId, ThreadId},
    model::message::Seq,
    service::message::{HistoryFrom, SendMessage, Target},
};
use garde::Validate;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::page::{MAX_LIMIT, fifty};
use crate::error::ApiError;

/// A message.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub(crate) struct SendMessageBody {
    /// The text. Markup and control characters other than tab and line feed are removed; what is left is 1 to
    /// `CHAT_MAX_CONTENT_CHARS` (4000) characters and at most 16 KiB of UTF-8, and not blank.
    #[garde(skip)]
    #[schema(example = "See you at eight?")]
    pub(crate) content: String,
    /// A JSON object of at most 4 KiB and 8 levels, its strings cleaned likewise. The key `moderation` is the server's.
    #[garde(skip)]
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<Value>,
    /// The sender's own id for the message: a retry with the same id is answered with the first message.
    #[garde(skip)]
    #[schema(min_length = 1, max_length = 64)]
    pub(crate) client_message_id: Option<ClientMessageId>,
}

impl SendMessageBody {
    pub(crate) fn into_command(self, thread: ThreadId) -> SendMessage {
        SendMessage {
            target: Target::Thread(thread),
            content: self.content,
            metadata: self.metadata,
            client_message_id: self.client_message_id,
            socket: None,
        }
    }
}

/// Which page of the history.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// `nextCursor` of the page before. Not together with `afterSeq`.
    #[garde(skip)]
    cursor: Option<String>,
    /// Reads forward from the message after this place, oldest first: for catching up.
    #[garde(range(min = 0))]
    #[param(minimum = 0)]
    after_seq: Option<Seq>,
    /// The most messages of the page.
    #[garde(range(min = 1, max = MAX_LIMIT))]
    #[serde(default = "fifty")]
    #[param(default = 50, minimum = 1, maximum = 100)]
    limit: usize,
}

impl HistoryQuery {
    /// Where to start, and how many.
    ///
    /// # Errors
    /// If both a cursor and a place are given.
    pub(crate) fn into_parts(self) -> Result<(HistoryFrom, usize), ApiError> {
        let from = match (self.cursor, self.after_seq) {
            (None, None) => HistoryFrom::Newest,
            (Some(cursor), None) => HistoryFrom::Cursor(cursor),
            (None, Some(seq)) => HistoryFrom::After(seq),
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid(
                    "afterSeq",
                    "must not be given together with cursor",
                ));
            }
        };
        Ok((from, self.limit))
    }
}
