//! `GET` and `POST /threads`, `GET /threads/{id}`

use chat_domain::{
    error::RepoError,
    model::user::Caller,
    page::{InvalidCursor, Page},
    service::thread::{OpenThreadError, ThreadError},
    testing::builder::{thread_id, user},
};
use serde_json::json;

use crate::support::{CHATS, Mocks, Refusal, THREAD, thread_view};

fn path() -> String {
    format!("{CHATS}/threads")
}

#[actix_web::test]
async fn a_new_thread_is_made_at_an_address() {
    let mut mocks = Mocks::new();
    mocks
        .threads
        .expect_open()
        .withf(|caller, people| {
            *caller == Caller::user(user("alice")) && *people == [user("alice"), user("bob")]
        })
        .returning(|_, _| Ok((thread_view(), true)));
    let app = mocks.start().await;
    let answer = app
        .post(
            "alice",
            &path(),
            json!({ "participantIds": ["alice", "bob"] }),
        )
        .await;
    let body = answer.ok(201);
    assert_eq!(
        answer.header("location"),
        format!("{CHATS}/threads/{THREAD}")
    );
    assert_eq!(
        (&body["id"], &body["kind"], &body["lastMsg"]),
        (&json!(THREAD), &json!("pair"), &json!(null))
    );
    assert_eq!(body["participants"][1]["userId"], "bob");
}

#[actix_web::test]
async fn the_pairs_thread_that_is_there_is_200() {
    let mut mocks = Mocks::new();
    mocks
        .threads
        .expect_open()
        .returning(|_, _| Ok((thread_view(), false)));
    let app = mocks.start().await;
    let answer = app
        .post(
            "alice",
            &path(),
            json!({ "participantIds": ["alice", "bob"] }),
        )
        .await;
    answer.ok(200);
    assert_eq!(answer.header("location"), "");
}

#[actix_web::test]
async fn what_the_use_case_refuses_is_refused() {
    let errors: [Refusal<OpenThreadError>; 4] = [
        (
            || OpenThreadError::Invalid("too many".into()),
            400,
            "validation_failed",
        ),
        (|| OpenThreadError::NotAllowed, 403, "chat_not_allowed"),
        (|| RepoError::unavailable("gone").into(), 503, "unavailable"),
        (
            || RepoError::Corrupt("row 7".into()).into(),
            500,
            "internal",
        ),
    ];
    for (error, status, code) in errors {
        let mut mocks = Mocks::new();
        mocks
            .threads
            .expect_open()
            .returning(move |_, _| Err(error()));
        let app = mocks.start().await;
        let answer = app
            .post(
                "alice",
                &path(),
                json!({ "participantIds": ["alice", "bob"] }),
            )
            .await;
        answer.problem(status, code);
        assert_eq!(answer.header("retry-after").is_empty(), status != 503);
        assert!(!answer.text().contains("row 7"));
    }
}

#[actix_web::test]
async fn a_list_of_participants_has_valid_ids() {
    let app = Mocks::new().start().await;
    for (body, field) in [
        (json!({}), "participantIds"),
        (json!({ "participantIds": "alice" }), "participantIds"),
        (json!({ "participantIds": [] }), "participantIds"),
        (json!({ "participantIds": ["alice"] }), "participantIds"),
        (
            json!({ "participantIds": ["alice", 7] }),
            "participantIds[1]",
        ),
        (
            json!({ "participantIds": ["alice", "b b"] }),
            "participantIds[1]",
        ),
        (
            json!({ "participantIds": ["alice", "b\u{0}b"] }),
            "participantIds[1]",
        ),
        (
            json!({ "participantIds": ["alice", "bob"], "title": "x" }),
            "title",
        ),
    ] {
        app.post("alice", &path(), body).await.invalid(field);
    }
}

#[actix_web::test]
async fn the_inbox_is_a_page() {
    let mut mocks = Mocks::new();
    mocks
        .threads
        .expect_list()
        .withf(|caller, cursor, limit| {
            caller.user == user("alice") && cursor.as_deref() == Some("abc") && *limit == 2
        })
        .returning(|_, _, _| {
            Ok(Page {
                items: vec![thread_view()],
                next_cursor: Some("def".into()),
            })
        });
    let app = mocks.start().await;
    let page = app
        .get("alice", &format!("{}?cursor=abc&limit=2", path()))
        .await
        .ok(200);
    assert_eq!(page["items"][0]["id"], THREAD);
    assert_eq!(page["nextCursor"], "def");
}

#[actix_web::test]
async fn the_inbox_has_20_threads_a_page_by_default() {
    let mut mocks = Mocks::new();
    mocks
        .threads
        .expect_list()
        .withf(|_, cursor, limit| cursor.is_none() && *limit == 20)
        .returning(|_, _, _| {
            Ok(Page {
                items: vec![],
                next_cursor: None,
            })
        });
    let page = mocks.start().await.get("alice", &path()).await.ok(200);
    assert_eq!(page, json!({ "items": [], "nextCursor": null }));
}

#[actix_web::test]
async fn a_foreign_cursor_is_told_as_such() {
    let mut mocks = Mocks::new();
    mocks
        .threads
        .expect_list()
        .returning(|_, _, _| Err(InvalidCursor.into()));
    let app = mocks.start().await;
    app.get("alice", &format!("{}?cursor=", path()))
        .await
        .problem(400, "invalid_cursor");
}

#[actix_web::test]
async fn one_thread_is_read_by_its_id() {
    let mut mocks = Mocks::new();
    mocks
        .threads
        .expect_get()
        .withf(|_, id| *id == thread_id())
        .returning(|_, _| Ok(thread_view()));
    let app = mocks.start().await;
    assert_eq!(
        app.get("alice", &format!("{}/{THREAD}", path()))
            .await
            .ok(200)["id"],
        THREAD
    );
    for bad in [
        "1",
        "%00",
        "%2e%2e",
        "..%2f",
        &"x".repeat(500),
        "%F0%9F%98%80",
        "'%20OR%201=1",
    ] {
        app.get("alice", &format!("{}/{bad}", path()))
            .await
            .invalid("threadId");
    }
}

#[actix_web::test]
async fn a_thread_that_is_not_there_or_foreign_is_told_as_such() {
    let errors: [Refusal<ThreadError>; 2] = [
        (|| ThreadError::ThreadNotFound, 404, "thread_not_found"),
        (|| ThreadError::NotParticipant, 403, "not_participant"),
    ];
    for (error, status, code) in errors {
        let mut mocks = Mocks::new();
        mocks
            .threads
            .expect_get()
            .returning(move |_, _| Err(error()));
        let app = mocks.start().await;
        app.get("alice", &format!("{}/{THREAD}", path()))
            .await
            .problem(status, code);
    }
}
