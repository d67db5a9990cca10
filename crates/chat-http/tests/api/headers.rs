//! What every response carries, and answers outside the routes.

use actix_web::http::Method;

use crate::support::{Answer, CHATS, INTERNAL, Mocks, request};

async fn answers() -> Vec<Answer> {
    let mut mocks = Mocks::new();
    mocks.blocks.expect_block().returning(|_, _| Ok(()));
    let app = mocks.start().await;
    vec![
        app.put("alice", &format!("{CHATS}/blocks/bob")).await,
        app.get("", &format!("{CHATS}/threads")).await,
        app.get("alice", &format!("{CHATS}/nothing")).await,
        app.get("alice", &format!("{INTERNAL}/events")).await,
        app.get("", "/nothing").await,
        app.call(request(Method::POST, &format!("{CHATS}/reports"), "alice").set_payload("{"))
            .await,
        app.call(request(Method::PATCH, &format!("{CHATS}/threads"), "alice"))
            .await,
    ]
}

#[actix_web::test]
async fn every_answer_is_hardened() {
    for answer in answers().await {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; frame-ancestors 'none'"
        );
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(
            answer.header("strict-transport-security"),
            "max-age=31536000; includeSubDomains"
        );
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(
            (answer.header("server"), answer.header("x-powered-by")),
            ("", "")
        );
    }
}

#[actix_web::test]
async fn every_request_has_an_id_of_its_own() {
    let ids: Vec<_> = answers()
        .await
        .iter()
        .map(|answer| answer.header("x-request-id").to_owned())
        .collect();
    let mut distinct = ids.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), ids.len());
    assert!(ids.iter().all(|id| id.len() == 36), "{ids:?}");
}

#[actix_web::test]
async fn a_sane_id_of_the_callers_is_kept_in_header_and_problem() {
    let app = Mocks::new().start().await;
    let with_id = |id: &str| {
        request(Method::GET, &format!("{CHATS}/threads"), "")
            .insert_header(("x-request-id", id.to_owned()))
    };
    for sane in ["r", "req-1.2_3", &"x".repeat(128)] {
        let answer = app.call(with_id(sane)).await;
        assert_eq!(answer.problem(401, "unauthenticated")["requestId"], sane);
    }
    for bad in [
        "",
        "two words",
        "<script>",
        "\"quoted\"",
        "a{b}",
        "a\tb",
        &"x".repeat(129),
    ] {
        let answer = app.call(with_id(bad)).await;
        answer.problem(401, "unauthenticated");
        assert_eq!(answer.header("x-request-id").len(), 36, "{bad:?}");
    }
}

#[actix_web::test]
async fn what_is_not_there_is_404_and_in_the_api_only_after_authentication() {
    let app = Mocks::new().start().await;
    for path in ["/nothing", "/api", "/api/v2/chats/threads"] {
        app.get("", path).await.problem(404, "not_found");
    }
    for path in [
        "/api/v1/nothing",
        "/api/v1/chats/nothing",
        "/api/v1/chats/threads/",
        "/api/v1/internal/nothing",
        "/api/v1/chats",
    ] {
        app.get("alice", path).await.problem(404, "not_found");
        app.get("", path).await.problem(401, "unauthenticated");
    }
}

#[actix_web::test]
async fn a_method_that_an_address_does_not_know_is_405_with_those_it_knows() {
    let app = Mocks::new().start().await;
    for (path, allow) in [
        ("/threads", "OPTIONS, GET, HEAD, POST"),
        ("/threads/x", "OPTIONS, GET, HEAD"),
        ("/blocks/bob", "OPTIONS, PUT, DELETE"),
        ("/reports", "OPTIONS, POST"),
    ] {
        for method in [Method::PATCH, Method::TRACE, "BREW".parse().unwrap()] {
            let answer = app
                .call(request(method, &format!("{CHATS}{path}"), "alice"))
                .await;
            answer.problem(405, "not_found");
            assert_eq!(answer.header("allow"), allow, "{path}");
        }
        let options = app
            .call(request(Method::OPTIONS, &format!("{CHATS}{path}"), "alice"))
            .await;
        options.no_content();
        assert_eq!(options.header("allow"), allow, "{path}");
    }
}
