//! `GET /presence`

use chat_domain::{
    error::RepoError, model::presence::PresenceState, testing::builder::user, time::Timestamp,
};
use serde_json::json;

use crate::support::{CHATS, Mocks};

#[actix_web::test]
async fn presence_is_answered_as_on_the_socket() {
    let mut mocks = Mocks::new();
    mocks
        .presence
        .expect_lookup()
        .withf(|caller, users| {
            caller.user == user("alice") && *users == [user("bob"), user("c@d.example")]
        })
        .returning(|_, _| {
            let bob = PresenceState {
                user_id: user("bob"),
                online: false,
                last_seen_at: Some(Timestamp::from_millis(0)),
            };
            Ok(vec![bob])
        });
    let app = mocks.start().await;
    let answer = app
        .get(
            "alice",
            &format!("{CHATS}/presence?userIds=bob,c%40d.example"),
        )
        .await
        .ok(200);
    let expected = json!({ "users": [{ "userId": "bob", "online": false, "lastSeenAt": "1970-01-01T00:00:00.000Z" }] });
    assert_eq!(answer, expected);
}

#[actix_web::test]
async fn one_to_a_hundred_people_are_asked_for() {
    let app = Mocks::new().start().await;
    let too_many = vec!["bob"; 101].join(",");
    for query in [
        "",
        "?userIds=",
        "?userIds=bob,",
        "?userIds=a%20b",
        &format!("?userIds={too_many}"),
    ] {
        app.get("alice", &format!("{CHATS}/presence{query}"))
            .await
            .invalid("userIds");
    }
}

#[actix_web::test]
async fn a_store_that_is_away_is_unavailable() {
    let mut mocks = Mocks::new();
    mocks
        .presence
        .expect_lookup()
        .returning(|_, _| Err(RepoError::unavailable("gone")));
    let app = mocks.start().await;
    app.get("alice", &format!("{CHATS}/presence?userIds=bob"))
        .await
        .problem(503, "unavailable");
}
