//! Who gets in: nobody without a token, and into the internal routes only those with a role.

use actix_web::http::Method;
use chat_domain::{
    model::token::Claims,
    service::auth::{AuthError, MockAuthService},
};
use chat_http::openapi;
use mockall::predicate::{always, eq};

use crate::support::{CHATS, INTERNAL, Mocks, THREAD, limited, request};

/// Every operation of the contract's tables.
const CONTRACT: [(&str, &str); 22] = [
    ("GET", "/api/v1/chats/threads"),
    ("POST", "/api/v1/chats/threads"),
    ("GET", "/api/v1/chats/threads/{threadId}"),
    ("GET", "/api/v1/chats/threads/{threadId}/messages"),
    ("POST", "/api/v1/chats/threads/{threadId}/messages"),
    ("POST", "/api/v1/chats/threads/{threadId}/read"),
    ("GET", "/api/v1/chats/presence"),
    ("GET", "/api/v1/chats/blocks"),
    ("PUT", "/api/v1/chats/blocks/{userId}"),
    ("DELETE", "/api/v1/chats/blocks/{userId}"),
    ("POST", "/api/v1/chats/reports"),
    ("PUT", "/api/v1/internal/matches/{userA}/{userB}"),
    ("DELETE", "/api/v1/internal/matches/{userA}/{userB}"),
    ("PUT", "/api/v1/internal/users/{userId}"),
    ("DELETE", "/api/v1/internal/users/{userId}"),
    ("GET", "/api/v1/internal/users/{userId}/export"),
    ("GET", "/api/v1/internal/users/{userId}/risk"),
    ("GET", "/api/v1/internal/jobs/{jobId}"),
    ("POST", "/api/v1/internal/revocations"),
    ("GET", "/api/v1/internal/events"),
    ("GET", "/api/v1/internal/moderation"),
    ("POST", "/api/v1/internal/moderation/{itemId}"),
];

fn address(pattern: &str) -> String {
    let mut path = pattern
        .replace("{userA}", "alice")
        .replace("{userB}", "bob")
        .replace("{userId}", "bob");
    for id in ["{threadId}", "{jobId}", "{itemId}"] {
        path = path.replace(id, THREAD);
    }
    path
}

fn operations() -> impl Iterator<Item = (Method, String)> {
    CONTRACT
        .iter()
        .map(|(method, pattern)| (method.parse().unwrap(), address(pattern)))
}

#[test]
fn the_document_has_the_contracts_operations() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut found: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let mut expected: Vec<_> = CONTRACT
        .iter()
        .map(|(method, path)| (String::from(*method), String::from(*path)))
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn without_a_token_every_route_answers_401() {
    let app = Mocks::new().start().await;
    for (method, path) in operations() {
        let answer = app.call(request(method.clone(), &path, "")).await;
        answer.problem(401, "unauthenticated");
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer",
            "{method} {path}"
        );
    }
}

#[actix_web::test]
async fn every_route_is_there_for_those_who_may() {
    let app = Mocks::new().start().await;
    for (method, path) in operations() {
        // A parameter that no route knows is refused by every route's handler before it does anything.
        let answer = app
            .call(request(method, &format!("{path}?unknown=1"), "root/admin"))
            .await;
        answer.invalid("unknown");
    }
}

#[actix_web::test]
async fn without_a_role_the_internal_routes_answer_403() {
    let app = Mocks::new().start().await;
    for (method, path) in operations().filter(|(_, path)| path.starts_with(INTERNAL)) {
        for token in ["alice", "alice/premium", "alice/king"] {
            app.call(request(method.clone(), &path, token))
                .await
                .problem(403, "forbidden");
        }
    }
}

#[actix_web::test]
async fn a_moderator_gets_into_the_queue_only() {
    let app = Mocks::new().start().await;
    for (method, path) in operations().filter(|(_, path)| path.starts_with(INTERNAL)) {
        let answer = app
            .call(request(
                method,
                &format!("{path}?unknown=1"),
                "mo/moderator",
            ))
            .await;
        if path.contains("/moderation") {
            answer.invalid("unknown");
        } else {
            answer.problem(403, "forbidden");
        }
    }
}

#[actix_web::test]
async fn a_role_is_asked_for_before_the_body_is_looked_at() {
    let app = Mocks::new().start().await;
    let broken =
        request(Method::POST, &format!("{INTERNAL}/revocations"), "alice").set_payload("{");
    app.call(broken).await.problem(403, "forbidden");
    let broken = request(Method::POST, &format!("{CHATS}/threads"), "").set_payload("{");
    app.call(broken).await.problem(401, "unauthenticated");
}

#[actix_web::test]
async fn a_token_counts_in_the_header_only_and_once() {
    let app = Mocks::new().start().await;
    let path = format!("{CHATS}/threads");
    for name in ["token", "access_token"] {
        let with_both = app.get("alice", &format!("{path}?{name}=alice")).await;
        with_both.problem(401, "unauthenticated");
        app.get("", &format!("{path}?{name}=alice"))
            .await
            .problem(401, "unauthenticated");
    }
    let twice = request(Method::GET, &path, "alice").append_header(("authorization", "Bearer bob"));
    app.call(twice).await.problem(401, "unauthenticated");
    let basic =
        request(Method::GET, &path, "").insert_header(("authorization", "Basic YWxpY2U6eA=="));
    app.call(basic).await.problem(401, "unauthenticated");
}

/// The claims of nobody: these tests end before anybody looks at them.
fn refused(error: AuthError) -> Result<Claims, AuthError> {
    Err(error)
}

#[actix_web::test]
async fn too_many_failures_from_an_address_are_429() {
    let mut mocks = Mocks::new();
    mocks.auth = MockAuthService::new();
    mocks
        .auth
        .expect_authenticate()
        .returning(|_, _| refused(AuthError::TooManyAttempts(limited(90_000))));
    let answer = mocks
        .start()
        .await
        .get("alice", &format!("{CHATS}/threads"))
        .await;
    answer.problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "90");
}

#[actix_web::test]
async fn failures_count_against_the_address_that_a_trusted_proxy_reports() {
    for (trusted, counted) in [("", "203.0.113.9"), ("203.0.113.0/24", "198.51.100.7")] {
        let mut mocks = Mocks::new();
        let counted = counted.parse().unwrap();
        mocks
            .auth
            .expect_authenticate()
            .with(always(), eq(std::net::IpAddr::V4(counted)))
            .times(1)
            .returning(|_, _| refused(AuthError::Unauthenticated));
        let options = chat_http::Options {
            trusted_proxies: trusted.parse().unwrap(),
            ..Default::default()
        };
        let app = mocks.start_with(options).await;
        let forwarded = request(Method::GET, &format!("{CHATS}/threads"), "alice")
            .insert_header(("x-forwarded-for", "198.51.100.7"));
        app.call(forwarded).await.problem(401, "unauthenticated");
    }
}
