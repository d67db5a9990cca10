//! `/blocks`

use actix_web::http::Method;
use chat_domain::{
    error::RepoError,
    page::{InvalidCursor, Page},
    port::block::Block,
    service::block::BlockError,
    testing::builder::user,
    time::Timestamp,
};
use serde_json::json;

use crate::support::{CHATS, Mocks, request};

#[actix_web::test]
async fn the_list_is_a_page() {
    let mut mocks = Mocks::new();
    mocks
        .blocks
        .expect_list()
        .withf(|caller, cursor, limit| {
            caller.user == user("alice") && cursor.is_none() && *limit == 50
        })
        .returning(|_, _, _| {
            let bob = Block {
                blocked: user("bob"),
                created_at: Timestamp::from_millis(1),
            };
            Ok(Page {
                items: vec![bob],
                next_cursor: Some("n".into()),
            })
        });
    let page = mocks
        .start()
        .await
        .get("alice", &format!("{CHATS}/blocks"))
        .await
        .ok(200);
    let expected = json!({
        "items": [{ "userId": "bob", "createdAt": "1970-01-01T00:00:00.001Z" }],
        "nextCursor": "n",
    });
    assert_eq!(page, expected);
}

#[actix_web::test]
async fn a_foreign_cursor_is_told_as_such() {
    let mut mocks = Mocks::new();
    mocks
        .blocks
        .expect_list()
        .returning(|_, _, _| Err(InvalidCursor.into()));
    let app = mocks.start().await;
    app.get("alice", &format!("{CHATS}/blocks?cursor=x"))
        .await
        .problem(400, "invalid_cursor");
}

#[actix_web::test]
async fn blocks_are_set_and_lifted() {
    let mut mocks = Mocks::new();
    let concerns = |caller: &chat_domain::model::user::Caller, other: &_| {
        caller.user == user("alice") && *other == user("bob:1@x")
    };
    mocks
        .blocks
        .expect_block()
        .withf(concerns)
        .times(1)
        .returning(|_, _| Ok(()));
    mocks
        .blocks
        .expect_unblock()
        .withf(concerns)
        .times(1)
        .returning(|_, _| Ok(()));
    let app = mocks.start().await;
    let path = format!("{CHATS}/blocks/bob%3A1@x");
    app.put("alice", &path).await.no_content();
    app.delete("alice", &path).await.no_content();
}

#[actix_web::test]
async fn nobody_blocks_themselves_or_somebody_who_can_not_be() {
    let mut mocks = Mocks::new();
    mocks
        .blocks
        .expect_block()
        .returning(|_, _| Err(BlockError::Yourself));
    let app = mocks.start().await;
    app.put("alice", &format!("{CHATS}/blocks/alice"))
        .await
        .invalid("userId");
    for bad in ["a%20b", "%00", "%2F", &"x".repeat(129), "%C3%BC", "a%00b"] {
        for method in [Method::PUT, Method::DELETE] {
            let path = format!("{CHATS}/blocks/{bad}");
            app.call(request(method, &path, "alice"))
                .await
                .invalid("userId");
        }
    }
}

#[actix_web::test]
async fn a_store_that_is_away_is_unavailable() {
    let mut mocks = Mocks::new();
    mocks
        .blocks
        .expect_unblock()
        .returning(|_, _| Err(RepoError::unavailable("gone").into()));
    let app = mocks.start().await;
    app.delete("alice", &format!("{CHATS}/blocks/bob"))
        .await
        .problem(503, "unavailable");
}
