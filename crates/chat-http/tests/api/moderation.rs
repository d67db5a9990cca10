//! `/internal/moderation`

use chat_domain::{
    id::ModerationItemId,
    model::moderation::{Decision, ModerationItem, ModerationSource, ModerationStatus},
    page::{InvalidCursor, Page},
    service::moderation::ModerationError,
    testing::builder::user,
    time::Timestamp,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{INTERNAL, Mocks, Refusal, THREAD};

const MODERATOR: &str = "mo/moderator";

fn path() -> String {
    format!("{INTERNAL}/moderation")
}

fn item(status: ModerationStatus) -> ModerationItem {
    ModerationItem {
        id: ModerationItemId::from(Uuid::nil()),
        kind: ModerationSource::Report,
        status,
        message_id: None,
        thread_id: None,
        user_id: user("alice"),
        reasons: vec!["spam".into()],
        reporter_id: Some(user("bob")),
        details: None,
        content: None,
        created_at: Timestamp::from_millis(0),
        decided_at: None,
        decided_by: None,
    }
}

#[actix_web::test]
async fn the_queue_shows_pending_items_unless_others_are_asked_for() {
    for (query, status) in [
        ("", ModerationStatus::Pending),
        ("?status=pending", ModerationStatus::Pending),
        ("?status=approved", ModerationStatus::Approved),
        ("?status=removed", ModerationStatus::Removed),
    ] {
        let mut mocks = Mocks::new();
        mocks
            .moderation
            .expect_list()
            .withf(move |asked, cursor, limit| *asked == status && cursor.is_none() && *limit == 50)
            .returning(|status, _, _| {
                Ok(Page {
                    items: vec![item(status)],
                    next_cursor: None,
                })
            });
        let page = mocks
            .start()
            .await
            .get(MODERATOR, &format!("{}{query}", path()))
            .await
            .ok(200);
        assert_eq!(
            (&page["items"][0]["status"], &page["items"][0]["kind"]),
            (&json!(status.as_str()), &json!("report"))
        );
    }
}

#[actix_web::test]
async fn an_unknown_state_or_a_foreign_cursor_is_refused() {
    let mut mocks = Mocks::new();
    mocks
        .moderation
        .expect_list()
        .returning(|_, _, _| Err(InvalidCursor.into()));
    let app = mocks.start().await;
    app.get(MODERATOR, &format!("{}?status=open", path()))
        .await
        .invalid("status");
    app.get(MODERATOR, &format!("{}?cursor=x", path()))
        .await
        .problem(400, "invalid_cursor");
}

#[actix_web::test]
async fn a_moderator_decides() {
    for (decision, text) in [(Decision::Approve, "approve"), (Decision::Remove, "remove")] {
        let mut mocks = Mocks::new();
        mocks
            .moderation
            .expect_decide()
            .withf(move |caller, id, said| {
                caller.user == user("mo") && id.to_string() == THREAD && *said == decision
            })
            .returning(|_, _, decision| Ok(item(decision.status())));
        let app = mocks.start().await;
        let answer = app
            .post(
                MODERATOR,
                &format!("{}/{THREAD}", path()),
                json!({ "decision": text }),
            )
            .await;
        assert_eq!(answer.ok(200)["status"], decision.status().as_str());
    }
}

#[actix_web::test]
async fn a_decision_that_can_not_be_made_says_why() {
    let errors: [Refusal<ModerationError>; 2] = [
        (|| ModerationError::NotFound, 404, "not_found"),
        (|| ModerationError::Decided, 409, "conflict"),
    ];
    for (error, status, code) in errors {
        let mut mocks = Mocks::new();
        mocks
            .moderation
            .expect_decide()
            .returning(move |_, _, _| Err(error()));
        let app = mocks.start().await;
        let answer = app
            .post(
                MODERATOR,
                &format!("{}/{THREAD}", path()),
                json!({ "decision": "remove" }),
            )
            .await;
        answer.problem(status, code);
    }
    let app = Mocks::new().start().await;
    app.post(
        MODERATOR,
        &format!("{}/{THREAD}", path()),
        json!({ "decision": "ban" }),
    )
    .await
    .invalid("decision");
    app.post(
        MODERATOR,
        &format!("{}/7", path()),
        json!({ "decision": "remove" }),
    )
    .await
    .invalid("itemId");
}
