//! `mark_read`: moves the caller's read mark.

use chat_domain::model::{message::Seq, receipt::UpTo};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    events::MarkRead,
    gateway::Core,
    payload::{Invalid, parse},
    reply::{Outcome, acknowledge},
    session::Session,
};

/// `{ ok: true, unreadCount, upToSeq }`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Marked {
    unread_count: i64,
    up_to_seq: Seq,
}

pub(crate) async fn mark_read(core: &Core, session: &Session, args: &[Box<RawValue>]) -> Outcome {
    let mark: MarkRead = parse(args)?;
    let up_to = mark.up_to()?;
    let socket = Some(session.id.clone());
    let outcome = core
        .services
        .receipts
        .mark_read(session.caller(), mark.thread_id, up_to, socket)
        .await?;
    // Who reads a thread has it before them, however it was fetched.
    session.catches_up(mark.thread_id);
    acknowledge(Marked {
        unread_count: outcome.unread_count,
        up_to_seq: outcome.up_to_seq,
    })
}

impl MarkRead {
    fn up_to(&self) -> Result<UpTo, Invalid> {
        match (self.up_to_message_id, self.up_to_seq) {
            (Some(message), None) => Ok(UpTo::Message(message)),
            (None, Some(seq)) => Ok(UpTo::Seq(seq)),
            _ => Err(Invalid::new(
                "exactly one of upToMessageId and upToSeq must be given",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use chat_domain::{
        error::RepoError,
        model::receipt::ReadOutcome,
        service::receipt::MarkReadError,
        testing::builder::{message_id, thread_id, user},
    };
    use serde_json::json;

    use super::*;
    use crate::testing::{Bed, Mocks};

    fn marking(up_to: UpTo) -> Mocks {
        let mut mocks = Mocks::default();
        mocks
            .receipts
            .expect_mark_read()
            .withf(move |caller, thread, asked, socket| {
                caller.user == user("bob")
                    && *thread == thread_id()
                    && *asked == up_to
                    && socket.is_some()
            })
            .returning(|caller, thread_id, _, _| {
                Ok(ReadOutcome {
                    thread_id,
                    user_id: caller.user,
                    up_to_seq: 7,
                    up_to_message_id: None,
                    unread_count: 3,
                    moved: true,
                })
            });
        mocks
    }

    #[tokio::test(start_paused = true)]
    async fn the_mark_is_a_message_or_a_place() {
        let by_message = json!({ "threadId": thread_id(), "upToMessageId": message_id(7) });
        let by_seq = json!({ "threadId": thread_id(), "upToSeq": 7 });
        for (up_to, payload) in [
            (UpTo::Message(message_id(7)), by_message),
            (UpTo::Seq(7), by_seq),
        ] {
            let bed = Bed::new(marking(up_to));
            let bob = bed.connect("bob").await;
            let answer = bed.answer(&bob, "mark_read", &payload.to_string()).await;
            assert_eq!(
                answer,
                json!({ "ok": true, "unreadCount": 3, "upToSeq": 7 })
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn exactly_one_mark_that_is_no_negative_place() {
        let bed = Bed::new(Mocks::default());
        let bob = bed.connect("bob").await;
        let thread = thread_id();
        for payload in [
            json!({ "threadId": thread }),
            json!({ "threadId": thread, "upToSeq": 1, "upToMessageId": message_id(1) }),
            json!({ "threadId": thread, "upToSeq": -1 }),
            json!({ "threadId": thread, "upToSeq": "1" }),
            json!({ "threadId": thread, "upToSeq": 1.5 }),
            json!({ "threadId": 5, "upToSeq": 1 }),
            json!({ "upToSeq": 1 }),
        ] {
            let code = bed.error(&bob, "mark_read", &payload.to_string()).await;
            assert_eq!(code, "validation_failed", "{payload}");
        }
    }

    type Refused = fn() -> MarkReadError;

    #[tokio::test(start_paused = true)]
    async fn every_refusal_has_its_code() {
        let refusals: [(Refused, &str); 4] = [
            (|| MarkReadError::ThreadNotFound, "thread_not_found"),
            (|| MarkReadError::NotParticipant, "not_participant"),
            (|| MarkReadError::MessageNotFound, "message_not_found"),
            (|| RepoError::unavailable("gone").into(), "unavailable"),
        ];
        for (error, code) in refusals {
            let mut mocks = Mocks::default();
            mocks
                .receipts
                .expect_mark_read()
                .returning(move |_, _, _, _| Err(error()));
            let bed = Bed::new(mocks);
            let bob = bed.connect("bob").await;
            let payload = json!({ "threadId": thread_id(), "upToSeq": 1 }).to_string();
            assert_eq!(bed.error(&bob, "mark_read", &payload).await, code);
        }
    }
}
