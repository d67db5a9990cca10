//! `POST /reports`

use chat_domain::{
    id::ReportId,
    model::moderation::ReportReason,
    service::report::{MakeReport, ReportError},
    testing::builder::{message_id, user},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{CHATS, Mocks, Refusal};

fn path() -> String {
    format!("{CHATS}/reports")
}

#[actix_web::test]
async fn a_report_is_taken() {
    let mut mocks = Mocks::new();
    let expected = MakeReport {
        user_id: Some(user("alice")),
        message_id: Some(message_id(1)),
        reason: ReportReason::Scam,
        details: Some("because".into()),
    };
    let id = ReportId::from(Uuid::from_u128(7));
    mocks
        .reports
        .expect_report()
        .withf(move |caller, report| caller.user == user("bob") && *report == expected)
        .returning(move |_, _| Ok(id));
    let body = json!({ "userId": "alice", "messageId": message_id(1), "reason": "scam", "details": "because" });
    assert_eq!(
        mocks.start().await.post("bob", &path(), body).await.ok(201),
        json!({ "id": id })
    );
}

#[actix_web::test]
async fn every_reason_of_the_contract_is_known() {
    for reason in ["spam", "harassment", "nudity", "scam", "underage", "other"] {
        let mut mocks = Mocks::new();
        mocks
            .reports
            .expect_report()
            .withf(move |_, report| report.reason.as_str() == reason)
            .returning(|_, _| Ok(Uuid::nil().into()));
        mocks
            .start()
            .await
            .post(
                "bob",
                &path(),
                json!({ "userId": "alice", "reason": reason }),
            )
            .await
            .ok(201);
    }
}

#[actix_web::test]
async fn a_report_of_another_shape_is_refused_at_its_field() {
    let app = Mocks::new().start().await;
    for (body, field) in [
        (json!({ "userId": "alice" }), "reason"),
        (json!({ "userId": "alice", "reason": "boring" }), "reason"),
        (json!({ "userId": "a b", "reason": "spam" }), "userId"),
        (json!({ "messageId": 7, "reason": "spam" }), "messageId"),
        (
            json!({ "userId": "alice", "reason": "other", "details": "ä".repeat(2001) }),
            "details",
        ),
    ] {
        app.post("bob", &path(), body).await.invalid(field);
    }
}

#[actix_web::test]
async fn what_the_use_case_refuses_is_refused() {
    let errors: [Refusal<ReportError>; 5] = [
        (|| ReportError::NothingReported, 400, "validation_failed"),
        (|| ReportError::Yourself, 400, "validation_failed"),
        (|| ReportError::OtherAuthor, 400, "validation_failed"),
        (|| ReportError::MessageNotFound, 404, "message_not_found"),
        (|| ReportError::NotParticipant, 403, "not_participant"),
    ];
    for (error, status, code) in errors {
        let mut mocks = Mocks::new();
        mocks
            .reports
            .expect_report()
            .returning(move |_, _| Err(error()));
        mocks
            .start()
            .await
            .post("bob", &path(), json!({ "reason": "spam" }))
            .await
            .problem(status, code);
    }
}
