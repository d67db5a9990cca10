//! `GET` and `POST /threads/{id}/messages`

use actix_web::http::Method;
use chat_domain::{
    error::RepoError,
    id::ClientMessageId,
    model::content::InvalidContent,
    page::{InvalidCursor, Page},
    port::message::AppendError,
    service::message::{HistoryError, HistoryFrom, SendError, Sent, Target},
    testing::builder::{thread_id, user},
};
use futures::FutureExt;
use serde_json::json;

use crate::support::{CHATS, Mocks, Refusal, THREAD, limited, message_view, request};

fn path() -> String {
    format!("{CHATS}/threads/{THREAD}/messages")
}

fn sending(outcome: fn() -> Result<Sent, SendError>) -> Mocks {
    let mut mocks = Mocks::new();
    mocks
        .messages
        .expect_submit()
        .returning(move |_, _| Ok(std::future::ready(outcome()).boxed()));
    mocks
}

#[actix_web::test]
async fn a_message_is_sent_into_its_thread() {
    let mut mocks = Mocks::new();
    mocks
        .messages
        .expect_submit()
        .withf(|caller, message| {
            caller.user == user("alice")
                && message.target == Target::Thread(thread_id())
                && message.content == "hello"
                && message.metadata == Some(json!({ "a": [1] }))
                && message
                    .client_message_id
                    .as_ref()
                    .map(ClientMessageId::as_str)
                    == Some("c-1")
                && message.socket.is_none()
        })
        .returning(|_, _| {
            Ok(async {
                Ok(Sent {
                    message: message_view(1),
                    duplicate: false,
                })
            }
            .boxed())
        });
    let app = mocks.start().await;
    let body = json!({ "content": "hello", "metadata": { "a": [1] }, "clientMessageId": "c-1" });
    let message = app.post("alice", &path(), body).await.ok(201);
    assert_eq!(
        (&message["seq"], &message["toUserId"]),
        (&json!(1), &json!("bob"))
    );
}

#[actix_web::test]
async fn a_duplicate_is_200() {
    let app = sending(|| {
        Ok(Sent {
            message: message_view(1),
            duplicate: true,
        })
    })
    .start()
    .await;
    app.post("alice", &path(), json!({ "content": "hello" }))
        .await
        .ok(200);
}

#[actix_web::test]
async fn every_refusal_has_its_code() {
    let errors: [Refusal<Result<Sent, SendError>>; 9] = [
        (
            || Err(AppendError::ThreadNotFound.into()),
            404,
            "thread_not_found",
        ),
        (
            || Err(AppendError::NotParticipant.into()),
            403,
            "not_participant",
        ),
        (
            || Err(AppendError::NotAllowed.into()),
            403,
            "chat_not_allowed",
        ),
        (|| Err(SendError::NotAllowed), 403, "chat_not_allowed"),
        (
            || Err(AppendError::ClientIdConflict.into()),
            409,
            "conflict",
        ),
        (|| Err(SendError::Rejected), 422, "content_rejected"),
        (|| Err(limited(1_500).into()), 429, "rate_limited"),
        (
            || Err(RepoError::unavailable("gone").into()),
            503,
            "unavailable",
        ),
        (
            || Err(RepoError::backend("select * from secrets").into()),
            500,
            "internal",
        ),
    ];
    for (outcome, status, code) in errors {
        let answer = sending(outcome)
            .start()
            .await
            .post("alice", &path(), json!({ "content": "x" }))
            .await;
        answer.problem(status, code);
        assert_eq!(
            answer.header("retry-after"),
            match status {
                429 => "2",
                503 => "1",
                _ => "",
            }
        );
        assert!(!answer.text().contains("secrets"));
    }
}

#[actix_web::test]
async fn a_message_refused_at_once_is_refused_likewise() {
    let mut mocks = Mocks::new();
    mocks.messages.expect_submit().returning(|_, _| {
        Err(InvalidContent {
            field: "metadata",
            message: "must be a JSON object".into(),
        }
        .into())
    });
    let app = mocks.start().await;
    app.post("alice", &path(), json!({ "content": "x", "metadata": [] }))
        .await
        .invalid("metadata");
}

#[actix_web::test]
async fn a_body_of_another_shape_is_refused_at_its_field() {
    let app = Mocks::new().start().await;
    for (body, field) in [
        (json!({}), "content"),
        (json!({ "content": null }), "content"),
        (json!({ "content": { "$gt": "" } }), "content"),
        (
            json!({ "content": "x", "clientMessageId": "" }),
            "clientMessageId",
        ),
        (
            json!({ "content": "x", "clientMessageId": "x".repeat(65) }),
            "clientMessageId",
        ),
        (
            json!({ "content": "x", "clientMessageId": "a\u{0}b" }),
            "clientMessageId",
        ),
        (json!({ "content": "x", "isAdmin": true }), "isAdmin"),
        (json!({ "content": "x", "threadId": THREAD }), "threadId"),
        (json!(["x"]), "body"),
    ] {
        app.post("alice", &path(), body).await.invalid(field);
    }
}

fn reading(from: HistoryFrom, limit: usize) -> Mocks {
    let mut mocks = Mocks::new();
    mocks
        .messages
        .expect_history()
        .withf(move |caller, thread, start, count| {
            caller.user == user("alice")
                && *thread == thread_id()
                && *start == from
                && *count == limit
        })
        .returning(|_, _, _, _| {
            Ok(Page {
                items: vec![message_view(2), message_view(1)],
                next_cursor: None,
            })
        });
    mocks
}

#[actix_web::test]
async fn history_starts_at_the_newest_at_a_cursor_or_after_a_place() {
    for (query, from, limit) in [
        ("", HistoryFrom::Newest, 50),
        ("?limit=100", HistoryFrom::Newest, 100),
        ("?cursor=abc&limit=1", HistoryFrom::Cursor("abc".into()), 1),
        ("?afterSeq=0", HistoryFrom::After(0), 50),
        ("?afterSeq=17&limit=3", HistoryFrom::After(17), 3),
    ] {
        let app = reading(from, limit).start().await;
        let page = app
            .get("alice", &format!("{}{query}", path()))
            .await
            .ok(200);
        assert_eq!(
            (&page["items"][1]["seq"], &page["nextCursor"]),
            (&json!(1), &json!(null))
        );
    }
}

#[actix_web::test]
async fn a_place_and_a_cursor_exclude_each_other() {
    let app = Mocks::new().start().await;
    app.get("alice", &format!("{}?afterSeq=5&cursor=abc", path()))
        .await
        .invalid("afterSeq");
    for seq in ["-1", "x", "1.5", "", "9223372036854775808"] {
        app.get("alice", &format!("{}?afterSeq={seq}", path()))
            .await
            .invalid("afterSeq");
    }
}

#[actix_web::test]
async fn a_history_that_can_not_be_read_says_why() {
    let errors: [Refusal<HistoryError>; 4] = [
        (|| HistoryError::ThreadNotFound, 404, "thread_not_found"),
        (|| HistoryError::NotParticipant, 403, "not_participant"),
        (|| InvalidCursor.into(), 400, "invalid_cursor"),
        (|| RepoError::unavailable("gone").into(), 503, "unavailable"),
    ];
    for (error, status, code) in errors {
        let mut mocks = Mocks::new();
        mocks
            .messages
            .expect_history()
            .returning(move |_, _, _, _| Err(error()));
        mocks
            .start()
            .await
            .get("alice", &path())
            .await
            .problem(status, code);
    }
}

#[actix_web::test]
async fn a_head_hands_nothing_out_so_it_is_not_taken_for_a_delivery() {
    let answer = Mocks::new()
        .start()
        .await
        .call(request(Method::HEAD, &path(), "alice"))
        .await;
    answer.problem(405, "not_found");
    assert_eq!(answer.header("allow"), "OPTIONS, GET, POST");
}
