//! `/internal/users/{id}`, its export, and erasure jobs

use actix_web::http::Method;
use chat_domain::{
    error::RepoError,
    id::JobId,
    model::user::ProfilePatch,
    port::user::{Job, JobState},
    testing::builder::user,
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{INTERNAL, Mocks, SERVICE, THREAD};

fn path() -> String {
    format!("{INTERNAL}/users/bob")
}

#[actix_web::test]
async fn a_profile_is_mirrored_field_by_field() {
    let patch =
        |name: Option<Option<&str>>, avatar: Option<Option<&str>>, deleted, premium| ProfilePatch {
            display_name: name.map(|name| name.map(str::to_owned)),
            avatar_url: avatar.map(|url| url.map(str::to_owned)),
            deleted,
            premium,
        };
    for (body, expected) in [
        (json!({}), patch(None, None, None, None)),
        (
            json!({ "displayName": "Bob" }),
            patch(Some(Some("Bob")), None, None, None),
        ),
        (
            json!({ "displayName": null, "deleted": true }),
            patch(Some(None), None, Some(true), None),
        ),
        (
            json!({ "avatarUrl": "https://p.example/b", "premium": false }),
            patch(None, Some(Some("https://p.example/b")), None, Some(false)),
        ),
        (
            json!({ "avatarUrl": null, "premium": null }),
            patch(None, Some(None), None, Some(false)),
        ),
    ] {
        let mut mocks = Mocks::new();
        mocks
            .users
            .expect_update_profile()
            .withf(move |who, patch| *who == user("bob") && *patch == expected)
            .returning(|_, _| Ok(()));
        mocks
            .start()
            .await
            .send(Method::PUT, SERVICE, &path(), body)
            .await
            .no_content();
    }
}

#[actix_web::test]
async fn a_profile_of_another_shape_is_refused_at_its_field() {
    let app = Mocks::new().start().await;
    for (body, field) in [
        (json!({ "displayName": "" }), "displayName"),
        (json!({ "displayName": "x".repeat(101) }), "displayName"),
        (json!({ "displayName": "B\u{0}b" }), "displayName"),
        (json!({ "displayName": 7 }), "displayName"),
        (json!({ "avatarUrl": "javascript:alert(1)" }), "avatarUrl"),
        (json!({ "deleted": "yes" }), "deleted"),
        (json!({ "roles": ["admin"] }), "roles"),
    ] {
        app.send(Method::PUT, SERVICE, &path(), body)
            .await
            .invalid(field);
    }
    app.send(
        Method::PUT,
        SERVICE,
        &format!("{INTERNAL}/users/a%20b"),
        json!({}),
    )
    .await
    .invalid("userId");
}

#[actix_web::test]
async fn an_erasure_is_a_job_at_an_address() {
    let id = JobId::from(Uuid::from_u128(7));
    let mut mocks = Mocks::new();
    mocks
        .users
        .expect_erase()
        .withf(|who| *who == user("bob"))
        .returning(move |_| Ok(id));
    let answer = mocks.start().await.delete(SERVICE, &path()).await;
    assert_eq!(answer.ok(202), json!({ "jobId": id }));
    assert_eq!(answer.header("location"), format!("{INTERNAL}/jobs/{id}"));
}

#[actix_web::test]
async fn a_job_tells_how_far_it_is() {
    let mut mocks = Mocks::new();
    mocks.users.expect_job().returning(|id| {
        Ok(Some(Job {
            id,
            state: JobState::Done,
            counts: [("messages".into(), 3)].into(),
            remaining: [("messages".into(), 0)].into(),
        }))
    });
    let job = mocks
        .start()
        .await
        .get(SERVICE, &format!("{INTERNAL}/jobs/{THREAD}"))
        .await
        .ok(200);
    let expected = json!({ "id": THREAD, "state": "done", "counts": { "messages": 3 }, "remaining": { "messages": 0 } });
    assert_eq!(job, expected);
}

#[actix_web::test]
async fn a_job_that_is_not_there_is_told_as_such() {
    let mut mocks = Mocks::new();
    mocks.users.expect_job().returning(|_| Ok(None));
    let app = mocks.start().await;
    app.get(SERVICE, &format!("{INTERNAL}/jobs/{THREAD}"))
        .await
        .problem(404, "not_found");
    app.get(SERVICE, &format!("{INTERNAL}/jobs/7"))
        .await
        .invalid("jobId");
}

fn exporting(rows: fn() -> Vec<Result<Value, RepoError>>) -> Mocks {
    let mut mocks = Mocks::new();
    mocks
        .users
        .expect_export()
        .withf(|who| *who == user("bob"))
        .returning(move |_| stream::iter(rows()).boxed());
    mocks
}

#[actix_web::test]
async fn an_export_is_one_object_a_line() {
    let app = exporting(|| {
        (0..1_000)
            .map(|n| Ok(json!({ "table": "messages", "content": format!("{n}\n") })))
            .collect()
    })
    .start()
    .await;
    let answer = app.get(SERVICE, &format!("{}/export", path())).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "application/x-ndjson")
    );
    let text = answer.text();
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (rows.len(), &rows[999]["content"]),
        (1_000, &json!("999\n"))
    );
}

#[actix_web::test]
async fn an_export_of_somebody_unknown_is_empty() {
    let answer = exporting(Vec::new)
        .start()
        .await
        .get(SERVICE, &format!("{}/export", path()))
        .await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, ""));
}

#[actix_web::test]
async fn an_export_that_can_not_begin_is_a_problem_and_one_that_fails_later_breaks_off() {
    let app = exporting(|| vec![Err(RepoError::unavailable("gone"))])
        .start()
        .await;
    app.get(SERVICE, &format!("{}/export", path()))
        .await
        .problem(503, "unavailable");
    let app = exporting(|| vec![Ok(json!({})), Err(RepoError::unavailable("gone"))])
        .start()
        .await;
    let answer = app.get(SERVICE, &format!("{}/export", path())).await;
    assert!(
        answer.body.is_err(),
        "a client must not take half an export for a whole one"
    );
}
