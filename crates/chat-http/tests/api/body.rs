//! Bodies that are no JSON, too large, of another type, or ambiguous.

use actix_web::{http::Method, test::TestRequest};
use chat_http::Options;
use serde_json::json;

use crate::support::{CHATS, Mocks, THREAD, request};

fn path() -> String {
    format!("{CHATS}/threads/{THREAD}/messages")
}

fn raw(body: impl Into<actix_web::web::Bytes>) -> TestRequest {
    request(Method::POST, &path(), "alice")
        .insert_header(("content-type", "application/json"))
        .set_payload(body)
}

#[actix_web::test]
async fn broken_json_is_malformed() {
    let app = Mocks::new().start().await;
    for body in [
        "",
        " ",
        "{",
        "{\"content\":",
        "{'content':'x'}",
        "content=x",
        "{\"content\":\"x\"} trailing",
        "{\"content\":\"\u{1}\"}",
        "\u{feff}{}",
        "{\"content\":\"\\ud800\"}",
        "{\"content\":\"x\",}",
        "nul",
    ] {
        app.call(raw(body.to_owned()))
            .await
            .problem(400, "malformed_json");
    }
    app.call(raw(&b"{\"c\xff\xfe\""[..]))
        .await
        .problem(400, "malformed_json");
}

#[actix_web::test]
async fn nesting_beyond_reason_is_malformed() {
    let app = Mocks::new().start().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let bomb = format!(
            "{{\"content\":\"x\",\"metadata\":{}1{}}}",
            open.repeat(5_000),
            close.repeat(5_000)
        );
        app.call(raw(bomb)).await.problem(400, "malformed_json");
    }
}

#[actix_web::test]
async fn a_key_given_twice_is_refused_wherever_it_stands() {
    let app = Mocks::new().start().await;
    app.call(raw(r#"{"content":"a","content":"b"}"#))
        .await
        .invalid("content");
    app.call(raw(r#"{"content":"a","metadata":{"x":[{"y":1,"y":2}]}}"#))
        .await
        .invalid("metadata.x[0].y");
}

#[actix_web::test]
async fn an_unknown_field_is_not_echoed_at_length() {
    let answer = Mocks::new()
        .start()
        .await
        .post("alice", &path(), json!({ "x".repeat(10_000): 1 }))
        .await;
    answer.problem(400, "validation_failed");
    assert!(answer.text().len() < 1_000, "{}", answer.text());
}

#[actix_web::test]
async fn another_media_type_or_encoding_or_none_is_unsupported() {
    let app = Mocks::new().start().await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "nonsense",
        "application/jsonp",
    ] {
        let other = request(Method::POST, &path(), "alice")
            .insert_header(("content-type", kind))
            .set_payload("{}");
        app.call(other).await.problem(415, "unsupported_media_type");
    }
    let none = request(Method::POST, &path(), "alice").set_payload("{}");
    app.call(none).await.problem(415, "unsupported_media_type");
    let packed = raw("{}").insert_header(("content-encoding", "gzip"));
    app.call(packed)
        .await
        .problem(415, "unsupported_media_type");
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        let json = request(Method::POST, &path(), "alice")
            .insert_header(("content-type", kind))
            .set_payload("{}");
        app.call(json).await.invalid("content");
    }
}

#[actix_web::test]
async fn a_body_over_the_limit_is_too_large_whether_it_says_so_or_not() {
    let options = Options {
        max_payload_bytes: 100,
        ..Options::default()
    };
    let app = Mocks::new().start_with(options).await;
    let body = |length: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(length - 8));
    app.call(raw(body(100))).await.invalid("x");
    app.call(raw(body(101)))
        .await
        .problem(413, "payload_too_large");
    let declared = raw("{}").insert_header(("content-length", "101"));
    app.call(declared).await.problem(413, "payload_too_large");
}
