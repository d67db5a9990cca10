//! Which web pages may call, and what their browsers are told.

use actix_web::{http::Method, test::TestRequest};
use chat_domain::page::Page;
use chat_http::Options;

use crate::support::{Answer, CHATS, Mocks, request};

const LISTED: &str = "https://app.example";

fn path() -> String {
    format!("{CHATS}/threads")
}

async fn ask(options: Options, request: TestRequest) -> Answer {
    let mut mocks = Mocks::new();
    mocks.threads.expect_list().returning(|_, _, _| {
        Ok(Page {
            items: vec![],
            next_cursor: None,
        })
    });
    mocks.start_with(options).await.call(request).await
}

fn options(origins: &[&str], development: bool) -> Options {
    let cors_origins = origins.iter().map(|&origin| origin.into()).collect();
    Options {
        cors_origins,
        development,
        ..Options::default()
    }
}

fn from(origin: &'static str) -> TestRequest {
    request(Method::GET, &path(), "alice").insert_header(("origin", origin))
}

fn preflight(origin: &'static str) -> TestRequest {
    request(Method::OPTIONS, &path(), "")
        .insert_header(("origin", origin))
        .insert_header(("access-control-request-method", "POST"))
        .insert_header((
            "access-control-request-headers",
            "authorization,content-type",
        ))
}

#[actix_web::test]
async fn a_listed_origin_reads_the_answer_and_its_headers() {
    let answer = ask(options(&[LISTED], false), from(LISTED)).await;
    answer.ok(200);
    assert_eq!(answer.header("access-control-allow-origin"), LISTED);
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "X-Request-Id, Retry-After, Location"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(answer.header("vary"), "Origin");
}

#[actix_web::test]
async fn a_listed_origin_reads_problems_too() {
    let anonymous = request(Method::GET, &path(), "").insert_header(("origin", LISTED));
    let answer = ask(options(&[LISTED], false), anonymous).await;
    answer.problem(401, "unauthenticated");
    assert_eq!(answer.header("access-control-allow-origin"), LISTED);
}

#[actix_web::test]
async fn any_other_origin_reads_nothing() {
    for origin in [
        "https://evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "null",
    ] {
        let answer = ask(options(&[LISTED], false), from(origin)).await;
        assert_eq!(
            (
                answer.header("access-control-allow-origin"),
                answer.header("vary")
            ),
            ("", "Origin"),
            "{origin}"
        );
        let refused = ask(options(&[LISTED], false), preflight(origin)).await;
        refused.problem(403, "forbidden");
        assert_eq!(
            refused.header("access-control-allow-origin"),
            "",
            "{origin}"
        );
        assert!(refused.header("vary").starts_with("Origin"));
    }
}

#[actix_web::test]
async fn a_preflight_needs_no_token() {
    let answer = ask(options(&[LISTED], false), preflight(LISTED)).await;
    answer.no_content();
    assert_eq!(answer.header("access-control-allow-origin"), LISTED);
    assert_eq!(
        answer.header("access-control-allow-methods"),
        "GET, HEAD, POST, PUT, DELETE, OPTIONS"
    );
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "Authorization, Content-Type, X-Request-Id"
    );
    assert!(
        answer
            .header("vary")
            .contains("Access-Control-Request-Headers")
    );
}

#[actix_web::test]
async fn a_star_is_for_development() {
    let origin = "https://any.example";
    assert_eq!(
        ask(options(&["*"], true), from(origin))
            .await
            .header("access-control-allow-origin"),
        origin
    );
    assert_eq!(
        ask(options(&["*"], false), from(origin))
            .await
            .header("access-control-allow-origin"),
        ""
    );
}

#[actix_web::test]
async fn outside_the_api_nothing_is_said() {
    let asset = request(Method::GET, "/demo/demo.js", "").insert_header(("origin", LISTED));
    let answer = ask(options(&[LISTED], false), asset).await;
    assert_eq!((answer.status.as_u16(), answer.header("vary")), (200, ""));
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[actix_web::test]
async fn without_an_origin_it_is_no_preflight() {
    let asking = request(Method::OPTIONS, &path(), "alice")
        .insert_header(("access-control-request-method", "POST"));
    let answer = ask(options(&[LISTED], false), asking).await;
    answer.no_content();
    assert_eq!(answer.header("allow"), "OPTIONS, GET, HEAD, POST");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
