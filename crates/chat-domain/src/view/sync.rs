//! What a client that was away missed in one thread.

use serde::Serialize;

use crate::{
    id::{ThreadId, UserId},
    model::message::{Seq, Version},
    view::MessageView,
};

/// One thread of a `sync` answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SyncedThread {
    /// What changed.
    #[serde(rename_all = "camelCase")]
    Changed {
        /// Which thread.
        thread_id: ThreadId,
        /// Ask from here the next time.
        version: Version,
        /// `false`: there is more, ask again from `version`.
        complete: bool,
        /// Every message above the asked version, oldest version first.
        messages: Vec<MessageView>,
        /// How far everybody has come.
        receipts: Vec<ReceiptView>,
    },
    /// The caller takes no part in it, or it does not exist.
    #[serde(rename_all = "camelCase")]
    Gone {
        /// Which thread.
        thread_id: ThreadId,
        /// Always `true`.
        gone: bool,
    },
}

/// How far a participant has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptView {
    /// Who.
    pub user_id: UserId,
    /// Has received everything up to here.
    pub delivered_seq: Seq,
    /// Has read everything up to here.
    pub read_seq: Seq,
}
