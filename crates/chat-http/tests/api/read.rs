//! `POST /threads/{id}/read`

use chat_domain::{
    model::receipt::{ReadOutcome, UpTo},
    service::receipt::MarkReadError,
    testing::builder::{message_id, thread_id, user},
    time::Timestamp,
};
use serde_json::json;

use crate::support::{CHATS, Mocks, Refusal, THREAD};

fn path() -> String {
    format!("{CHATS}/threads/{THREAD}/read")
}

#[actix_web::test]
async fn the_mark_is_given_by_message_by_place_or_by_time() {
    let time = Timestamp::parse_rfc3339("2026-11-22T21:39:53.123Z").unwrap();
    for (body, up_to) in [
        (
            json!({ "upToMessageId": message_id(2) }),
            UpTo::Message(message_id(2)),
        ),
        (json!({ "upToSeq": 2 }), UpTo::Seq(2)),
        (json!({ "upToSeq": 0, "upTo": null }), UpTo::Seq(0)),
        (
            json!({ "upTo": "2026-11-22T22:39:53.123+01:00" }),
            UpTo::Time(time),
        ),
    ] {
        let mut mocks = Mocks::new();
        mocks
            .receipts
            .expect_mark_read()
            .withf(move |caller, thread, at, socket| {
                caller.user == user("bob")
                    && *thread == thread_id()
                    && *at == up_to
                    && socket.is_none()
            })
            .returning(|_, thread_id, _, _| {
                Ok(ReadOutcome {
                    thread_id,
                    user_id: user("bob"),
                    up_to_seq: 2,
                    up_to_message_id: Some(message_id(2)),
                    unread_count: 1,
                    moved: true,
                })
            });
        let answer = mocks.start().await.post("bob", &path(), body).await.ok(200);
        let expected = json!({ "threadId": THREAD, "upToMessageId": message_id(2), "upToSeq": 2, "unreadCount": 1 });
        assert_eq!(answer, expected);
    }
}

#[actix_web::test]
async fn exactly_one_mark_is_given() {
    let app = Mocks::new().start().await;
    for (body, field) in [
        (json!({}), "upToMessageId"),
        (
            json!({ "upToSeq": 1, "upTo": "2026-11-22T21:39:53Z" }),
            "upToMessageId",
        ),
        (json!({ "upToMessageId": "x" }), "upToMessageId"),
        (json!({ "upToSeq": -1 }), "upToSeq"),
        (json!({ "upToSeq": 1.5 }), "upToSeq"),
        (json!({ "upToSeq": "1" }), "upToSeq"),
        (json!({ "upTo": "yesterday" }), "upTo"),
        (json!({ "upTo": 1 }), "upTo"),
    ] {
        app.post("bob", &path(), body).await.invalid(field);
    }
}

#[actix_web::test]
async fn a_mark_that_can_not_be_set_says_why() {
    let errors: [Refusal<MarkReadError>; 3] = [
        (|| MarkReadError::ThreadNotFound, 404, "thread_not_found"),
        (|| MarkReadError::NotParticipant, 403, "not_participant"),
        (|| MarkReadError::MessageNotFound, 404, "message_not_found"),
    ];
    for (error, status, code) in errors {
        let mut mocks = Mocks::new();
        mocks
            .receipts
            .expect_mark_read()
            .returning(move |_, _, _, _| Err(error()));
        mocks
            .start()
            .await
            .post("bob", &path(), json!({ "upToSeq": 1 }))
            .await
            .problem(status, code);
    }
}
