//! `/internal`: matches, revocations, events, risk

use chat_domain::{
    error::RepoError,
    id::{EventId, TokenId},
    model::{
        event::OutboundEvent,
        risk::{RiskReport, RiskSignal},
        token::Revocation,
    },
    page::{InvalidCursor, Page},
    service::matching::MatchError,
    testing::builder::user,
    time::Timestamp,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{CHATS, INTERNAL, Mocks, SERVICE, THREAD, thread_view};

fn matches() -> String {
    format!("{INTERNAL}/matches/alice/bob")
}

#[actix_web::test]
async fn a_match_opens_a_thread_once() {
    for (made, status) in [(true, 201), (false, 200)] {
        let mut mocks = Mocks::new();
        mocks
            .matches
            .expect_record()
            .withf(|a, b| *a == user("alice") && *b == user("bob"))
            .returning(move |_, _| Ok((thread_view(), made)));
        for token in [SERVICE, "root/admin"] {
            let mut mocks = Mocks::new();
            mocks
                .matches
                .expect_record()
                .returning(move |_, _| Ok((thread_view(), made)));
            let answer = mocks.start().await.put(token, &matches()).await;
            assert_eq!(answer.ok(status)["id"], THREAD);
            assert_eq!(answer.header("location").is_empty(), !made);
        }
        let answer = mocks.start().await.put(SERVICE, &matches()).await;
        assert!(!made || answer.header("location") == format!("{CHATS}/threads/{THREAD}"));
    }
}

#[actix_web::test]
async fn a_match_is_taken_back() {
    let mut mocks = Mocks::new();
    mocks
        .matches
        .expect_withdraw()
        .withf(|a, b| *a == user("alice") && *b == user("bob"))
        .times(2)
        .returning(|_, _| Ok(()));
    let app = mocks.start().await;
    app.delete(SERVICE, &matches()).await.no_content();
    app.delete(SERVICE, &matches()).await.no_content();
}

#[actix_web::test]
async fn a_match_takes_two_valid_people() {
    let mut mocks = Mocks::new();
    mocks
        .matches
        .expect_record()
        .returning(|_, _| Err(MatchError::Yourself));
    mocks
        .matches
        .expect_withdraw()
        .returning(|_, _| Err(RepoError::unavailable("gone").into()));
    let app = mocks.start().await;
    app.put(SERVICE, &format!("{INTERNAL}/matches/alice/alice"))
        .await
        .invalid("userB");
    app.put(SERVICE, &format!("{INTERNAL}/matches/no%20spaces/bob"))
        .await
        .invalid("userA");
    app.delete(
        SERVICE,
        &format!("{INTERNAL}/matches/alice/{}", "x".repeat(129)),
    )
    .await
    .invalid("userB");
    app.delete(SERVICE, &matches())
        .await
        .problem(503, "unavailable");
}

async fn revoke(body: Value, expected: Revocation) {
    let mut mocks = Mocks::new();
    mocks
        .auth
        .expect_revoke()
        .withf(move |revocation| *revocation == expected)
        .times(1)
        .returning(|_| Ok(()));
    mocks
        .start()
        .await
        .post(SERVICE, &format!("{INTERNAL}/revocations"), body)
        .await
        .no_content();
}

#[actix_web::test]
async fn tokens_are_taken_back_by_id_by_user_or_by_time() {
    let nothing = Revocation {
        token_id: None,
        user_id: None,
        issued_before: None,
    };
    revoke(
        json!({ "jti": "t-1" }),
        Revocation {
            token_id: TokenId::parse("t-1").ok(),
            ..nothing.clone()
        },
    )
    .await;
    revoke(
        json!({ "userId": "bob" }),
        Revocation {
            user_id: Some(user("bob")),
            ..nothing.clone()
        },
    )
    .await;
    let both = Revocation {
        user_id: Some(user("bob")),
        issued_before: Some(Timestamp::from_millis(1_500)),
        ..nothing
    };
    revoke(
        json!({ "userId": "bob", "issuedBefore": "1970-01-01T00:00:01.500Z" }),
        both,
    )
    .await;
}

#[actix_web::test]
async fn a_revocation_of_everything_by_mistake_is_refused() {
    let app = Mocks::new().start().await;
    for (body, field) in [
        (json!({}), "jti"),
        (json!({ "userId": null }), "jti"),
        (json!({ "jti": "" }), "jti"),
        (json!({ "userId": "a b" }), "userId"),
        (json!({ "issuedBefore": 1_700_000_000 }), "issuedBefore"),
        (json!({ "user": "bob" }), "user"),
    ] {
        app.post(SERVICE, &format!("{INTERNAL}/revocations"), body)
            .await
            .invalid(field);
    }
}

#[actix_web::test]
async fn the_feed_is_a_page_after_a_place() {
    let mut mocks = Mocks::new();
    mocks
        .events
        .expect_feed()
        .withf(|after, limit| after.as_deref() == Some("abc") && *limit == 3)
        .returning(|_, _| {
            let event = OutboundEvent {
                id: EventId::from(Uuid::nil()),
                kind: "thread.created".into(),
                thread_id: None,
                payload: json!({ "threadId": THREAD }),
                created_at: Timestamp::from_millis(0),
                position: 17,
            };
            Ok(Page {
                items: vec![event],
                next_cursor: Some("def".into()),
            })
        });
    let page = mocks
        .start()
        .await
        .get(SERVICE, &format!("{INTERNAL}/events?after=abc&limit=3"))
        .await
        .ok(200);
    let event = &page["items"][0];
    assert_eq!(
        (&event["kind"], &event["payload"]["threadId"]),
        (&json!("thread.created"), &json!(THREAD))
    );
    assert_eq!(page["nextCursor"], "def");
}

#[actix_web::test]
async fn a_place_that_the_feed_never_had_is_an_invalid_cursor() {
    let mut mocks = Mocks::new();
    mocks
        .events
        .expect_feed()
        .returning(|_, _| Err(InvalidCursor.into()));
    let app = mocks.start().await;
    app.get(SERVICE, &format!("{INTERNAL}/events?after=nonsense%21"))
        .await
        .problem(400, "invalid_cursor");
}

#[actix_web::test]
async fn risk_is_reported_per_user() {
    let mut mocks = Mocks::new();
    mocks.risk.expect_report().returning(|user| {
        let signal = RiskSignal {
            kind: "reported".into(),
            count: 2,
            last_at: Timestamp::from_millis(0),
        };
        Ok(RiskReport::new(user, vec![signal]))
    });
    let report = mocks
        .start()
        .await
        .get(SERVICE, &format!("{INTERNAL}/users/bob/risk"))
        .await
        .ok(200);
    let expected = json!({
        "userId": "bob",
        "score": 20,
        "signals": [{ "kind": "reported", "count": 2, "lastAt": "1970-01-01T00:00:00.000Z" }],
    });
    assert_eq!(report, expected);
}

#[actix_web::test]
async fn a_store_that_is_away_is_unavailable() {
    let mut mocks = Mocks::new();
    mocks
        .risk
        .expect_report()
        .returning(|_| Err(RepoError::unavailable("gone")));
    mocks
        .auth
        .expect_revoke()
        .returning(|_| Err(RepoError::unavailable("gone")));
    let app = mocks.start().await;
    app.get(SERVICE, &format!("{INTERNAL}/users/bob/risk"))
        .await
        .problem(503, "unavailable");
    let revocation = json!({ "jti": "t-1" });
    app.post(SERVICE, &format!("{INTERNAL}/revocations"), revocation)
        .await
        .problem(503, "unavailable");
}
