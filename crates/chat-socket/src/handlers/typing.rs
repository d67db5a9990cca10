//! `typing`: tells the others; what is not repeated ends by itself.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::{
    events::{Empty, SetTyping},
    gateway::Core,
    payload::parse,
    reply::{Outcome, acknowledge},
    session::Session,
    typing,
};

pub(crate) async fn typing(core: &Core, session: &Arc<Session>, args: &[Box<RawValue>]) -> Outcome {
    let SetTyping {
        thread_id,
        is_typing,
    } = parse(args)?;
    session.typing.stop(thread_id);
    let service = &core.services.typing;
    service
        .typing(
            session.caller(),
            thread_id,
            is_typing,
            Some(session.id.clone()),
        )
        .await?;
    if is_typing {
        typing::start(session, thread_id, service, &core.handle);
    }
    acknowledge(Empty {})
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use chat_domain::{
        error::RepoError,
        service::typing::TypingError,
        testing::builder::{thread_id, user},
    };
    use serde_json::json;
    use tokio::time::{self, Instant};

    use super::*;
    use crate::testing::{Bed, Mocks, TestClient, rest};

    /// What the others are told, and after how many seconds.
    type Told = Arc<Mutex<Vec<(bool, u64)>>>;

    fn telling() -> (Mocks, Told) {
        let (mut mocks, told) = (Mocks::default(), Told::default());
        let (log, start) = (Arc::clone(&told), Instant::now());
        mocks
            .typing
            .expect_typing()
            .returning(move |caller, thread, is_typing, socket| {
                assert_eq!((caller.user, thread), (user("alice"), thread_id()));
                assert!(socket.is_some());
                log.lock()
                    .unwrap()
                    .push((is_typing, start.elapsed().as_secs()));
                Ok(())
            });
        (mocks, told)
    }

    async fn types(bed: &Bed, client: &TestClient, is_typing: bool) {
        let payload = json!({ "threadId": thread_id(), "isTyping": is_typing });
        let answer = bed.answer(client, "typing", &payload.to_string()).await;
        assert_eq!(answer, json!({ "ok": true }));
    }

    #[tokio::test(start_paused = true)]
    async fn typing_ends_by_itself_after_6_s() {
        let (mocks, told) = telling();
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        types(&bed, &alice, true).await;
        time::sleep(Duration::from_secs(20)).await;
        assert_eq!(*told.lock().unwrap(), [(true, 0), (false, 6)]);
    }

    #[tokio::test(start_paused = true)]
    async fn repeating_it_makes_it_last() {
        let (mocks, told) = telling();
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        types(&bed, &alice, true).await;
        time::sleep(Duration::from_secs(4)).await;
        types(&bed, &alice, true).await;
        time::sleep(Duration::from_secs(20)).await;
        assert_eq!(*told.lock().unwrap(), [(true, 0), (true, 4), (false, 10)]);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_ends_it_once() {
        let (mocks, told) = telling();
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        types(&bed, &alice, true).await;
        types(&bed, &alice, false).await;
        time::sleep(Duration::from_secs(20)).await;
        assert_eq!(*told.lock().unwrap(), [(true, 0), (false, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_goes_types_no_more() {
        let (mocks, told) = telling();
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        types(&bed, &alice, true).await;
        bed.core.disconnected(&alice.client).await;
        time::sleep(Duration::from_secs(20)).await;
        assert_eq!(*told.lock().unwrap(), [(true, 0), (false, 0)]);
    }

    type Refused = fn() -> TypingError;

    #[tokio::test(start_paused = true)]
    async fn every_refusal_has_its_code_and_starts_no_timer() {
        let refusals: [(Refused, &str); 3] = [
            (|| TypingError::ThreadNotFound, "thread_not_found"),
            (|| TypingError::NotParticipant, "not_participant"),
            (|| RepoError::unavailable("gone").into(), "unavailable"),
        ];
        for (error, code) in refusals {
            let mut mocks = Mocks::default();
            mocks
                .typing
                .expect_typing()
                .times(1)
                .returning(move |_, _, _, _| Err(error()));
            let bed = Bed::new(mocks);
            let alice = bed.connect("alice").await;
            let payload = json!({ "threadId": thread_id(), "isTyping": true }).to_string();
            assert_eq!(bed.error(&alice, "typing", &payload).await, code);
            time::sleep(Duration::from_secs(20)).await;
        }
        let bed = Bed::new(Mocks::default());
        let alice = bed.connect("alice").await;
        for payload in [
            r#"{"isTyping":true}"#,
            r#"{"threadId":"x","isTyping":true}"#,
            "{}",
        ] {
            assert_eq!(
                bed.error(&alice, "typing", payload).await,
                "validation_failed"
            );
        }
        rest().await;
    }
}
