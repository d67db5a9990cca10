//! Reading: history, what changed, what waits. What is handed out counts as delivered.

use std::collections::HashMap;

use super::{HistoryError, HistoryFrom, Service, WaitingMessages};
use crate::{
    error::RepoError,
    id::{ThreadId, UserId},
    model::{
        message::{Message, Version},
        receipt::Delivery,
        thread::Thread,
        user::Caller,
    },
    page::{InvalidCursor, Page, decode_cursor, encode_cursor},
    port::message::HistorySlice,
    view::{MessageView, ReceiptView, SyncedThread},
};

/// At most so many messages a thread in one `sync`, by the contract.
const SYNC_LIMIT: usize = 300;
/// At most so many messages wait on connect, by the contract.
const WAITING_LIMIT: usize = 200;

impl Service {
    pub(super) async fn read_history(
        &self,
        caller: Caller,
        thread: ThreadId,
        from: HistoryFrom,
        limit: usize,
    ) -> Result<Page<MessageView>, HistoryError> {
        let scope = format!("messages/{thread}");
        let slice = match from {
            HistoryFrom::Newest => HistorySlice::Before(None),
            HistoryFrom::Cursor(cursor) => slice(&scope, &cursor)?,
            HistoryFrom::After(seq) => HistorySlice::After(seq),
        };
        // The thread is read first: a message that comes in between is then newer than its positions, never older.
        let mut thread = self
            .deps
            .threads
            .find(thread)
            .await?
            .ok_or(HistoryError::ThreadNotFound)?;
        if thread.participant(&caller.user).is_none() {
            return Err(HistoryError::NotParticipant);
        }
        let (messages, more) = self.deps.messages.history(thread.id, slice, limit).await?;
        self.note_handed_out(&mut thread, &caller.user, &messages)
            .await;
        let direction = if matches!(slice, HistorySlice::After(_)) {
            "after"
        } else {
            "before"
        };
        let page = Page::new(messages, more, |last| {
            encode_cursor(&scope, &format!("{direction} {}", last.seq))
        });
        Ok(page.map(|message| self.view(message, &thread, &caller.user)))
    }

    pub(super) async fn sync_thread(
        &self,
        user: &UserId,
        thread_id: ThreadId,
        above: Version,
    ) -> Result<SyncedThread, RepoError> {
        let thread = self.deps.threads.find(thread_id).await?;
        let Some(mut thread) = thread.filter(|thread| thread.participant(user).is_some()) else {
            return Ok(SyncedThread::Gone {
                thread_id,
                gone: true,
            });
        };
        let changes = self
            .deps
            .messages
            .changes(thread_id, above, SYNC_LIMIT)
            .await?;
        self.note_handed_out(&mut thread, user, &changes.messages)
            .await;
        let last = changes.messages.last().map_or(0, |message| message.version);
        Ok(SyncedThread::Changed {
            thread_id,
            version: if changes.more {
                last
            } else {
                last.max(thread.version)
            },
            complete: !changes.more,
            receipts: thread.participants.iter().map(receipt).collect(),
            messages: changes
                .messages
                .into_iter()
                .map(|message| self.view(message, &thread, user))
                .collect(),
        })
    }

    pub(super) async fn read_waiting(&self, user: UserId) -> Result<WaitingMessages, RepoError> {
        let waiting = self
            .deps
            .messages
            .waiting(user.clone(), WAITING_LIMIT)
            .await?;
        let threads: HashMap<_, _> = waiting
            .threads
            .iter()
            .map(|thread| (thread.id, thread))
            .collect();
        let view = |message: Message| {
            Some(self.view(message.clone(), threads.get(&message.thread_id)?, &user))
        };
        let messages = waiting.messages.into_iter().filter_map(view).collect();
        Ok(WaitingMessages {
            messages,
            more: waiting.more,
        })
    }

    fn view(&self, message: Message, thread: &Thread, viewer: &UserId) -> MessageView {
        MessageView::new(message, thread, viewer, self.deps.policy.masking)
    }

    /// What others wrote above the reader's mark is delivered now, and everybody sees it so from here on.
    async fn note_handed_out(&self, thread: &mut Thread, reader: &UserId, messages: &[Message]) {
        let own = thread
            .participants
            .iter_mut()
            .find(|participant| participant.user_id == *reader);
        let Some(own) = own else { return };
        let (now, mark) = (self.deps.clock.now(), own.position.delivered);
        let fresh = messages
            .iter()
            .filter(|message| message.seq > mark && message.from != *reader);
        let mut deliveries: Vec<_> = fresh
            .map(|message| delivery(message, reader, now))
            .collect();
        deliveries.sort_by_key(|delivery| delivery.seq);
        if let Some(last) = deliveries.last() {
            own.position = own.position.received(last.seq);
            self.deps.receipts.delivered_now(deliveries).await;
        }
    }
}

fn delivery(message: &Message, recipient: &UserId, at: crate::time::Timestamp) -> Delivery {
    Delivery {
        recipient: recipient.clone(),
        thread_id: message.thread_id,
        message_id: message.id,
        seq: message.seq,
        author: message.from.clone(),
        at,
    }
}

fn receipt(participant: &crate::model::thread::Participant) -> ReceiptView {
    ReceiptView {
        user_id: participant.user_id.clone(),
        delivered_seq: participant.position.delivered,
        read_seq: participant.position.read,
    }
}

fn slice(scope: &str, cursor: &str) -> Result<HistorySlice, InvalidCursor> {
    let position = decode_cursor(scope, cursor)?;
    let (direction, seq) = position.split_once(' ').ok_or(InvalidCursor)?;
    let seq = seq.parse().map_err(|_| InvalidCursor)?;
    match direction {
        "before" => Ok(HistorySlice::Before(Some(seq))),
        "after" => Ok(HistorySlice::After(seq)),
        _ => Err(InvalidCursor),
    }
}
