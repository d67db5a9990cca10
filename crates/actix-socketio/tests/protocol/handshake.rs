//! Opening a session, and what is answered to requests that make no sense (codes 0 to 5).

use actix_socketio::{Config, Refusal};
use actix_web::http::header::HeaderValue;
use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Ws, request};
use crate::server::TestServer;

fn keys(packet: &str) -> Value {
    let mut open: Value = serde_json::from_str(packet.strip_prefix('0').unwrap()).unwrap();
    assert!(
        open["sid"].as_str().unwrap().len() >= 22,
        "128 bits need 22 characters"
    );
    open["sid"] = Value::Null;
    open
}

#[actix_web::test]
async fn polling_handshake_has_exactly_five_keys() {
    let server = TestServer::start();
    let reply = server.get("t=abc&transport=polling&EIO=4&b64=1&x=y").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("set-cookie"), None);
    let expected = json!({
        "sid": null, "upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000,
        "maxPayload": 1_000_000,
    });
    assert_eq!(keys(&reply.body), expected);
}

#[actix_web::test]
async fn websocket_handshake_offers_no_upgrade() {
    let server = TestServer::start();
    let mut ws = server.ws("EIO=4&transport=websocket").await;
    assert_eq!(keys(&ws.text().await)["upgrades"], json!([]));
}

#[actix_web::test]
async fn public_socket_id_is_not_the_session_id() {
    let server = TestServer::start();
    let (sid, socket) = server.join_polling().await;
    assert_eq!(socket.id().as_str().len(), 20);
    assert!(!sid.contains(socket.id().as_str()));
}

#[actix_web::test]
async fn errors_have_the_codes_of_the_reference() {
    let server = TestServer::start();
    let sid = server.open_polling().await;
    let cases = [
        (Method::GET, "EIO=4".to_owned(), 0),
        (Method::GET, "EIO=4&transport=abc".to_owned(), 0),
        (
            Method::GET,
            "EIO=4&transport=polling&sid=unknown".to_owned(),
            1,
        ),
        (
            Method::GET,
            "EIO=4&transport=polling&sid=__proto__".to_owned(),
            1,
        ),
        (Method::POST, "EIO=4&transport=polling".to_owned(), 2),
        (Method::PUT, "EIO=4&transport=polling".to_owned(), 2),
        (Method::GET, "EIO=4&transport=websocket".to_owned(), 3),
        (
            Method::GET,
            format!("EIO=4&transport=websocket&sid={sid}"),
            3,
        ),
        (Method::GET, format!("EIO=3&transport=polling&sid={sid}"), 3),
        (Method::GET, "transport=polling".to_owned(), 5),
        (Method::GET, "EIO=3&transport=polling".to_owned(), 5),
        (Method::GET, "EIO=abc&transport=polling".to_owned(), 5),
    ];
    for (method, query, code) in cases {
        let reply = request(method.clone(), server.url(&query), &[], "").await;
        assert_eq!(reply.code(), (400, code), "{method} {query}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    // None of them took the session's packets or ended it.
    server.post_ok(&sid, "40").await;
}

#[actix_web::test]
async fn other_methods_on_a_session_are_an_error() {
    let server = TestServer::start();
    let sid = server.open_polling().await;
    let url = server.url(&format!("EIO=4&transport=polling&sid={sid}"));
    assert_eq!(request(Method::PUT, url, &[], "").await.status, 500);
}

#[actix_web::test]
async fn websocket_refusals_are_plain_http() {
    let server = TestServer::start();
    for query in [
        "EIO=3&transport=websocket",
        "EIO=4&transport=abc",
        "EIO=4&transport=websocket&sid=x",
    ] {
        let refused = Ws::connect(server.url(query), &[]).await;
        assert_eq!(refused.err(), Some(StatusCode::BAD_REQUEST), "{query}");
    }
}

#[actix_web::test]
async fn hook_sees_the_request_and_may_refuse_it() {
    let server = TestServer::built(|builder| {
        builder.allow_request(|request| {
            assert!(request.peer_addr().unwrap().ip().is_loopback());
            match request.headers().get("x-test").map(HeaderValue::as_bytes) {
                None => Ok(()),
                Some(b"slow down") => Err(Refusal::too_many_requests("slow down")),
                Some(_) => Err(Refusal::forbidden("not you")),
            }
        })
    });
    let url = server.url("EIO=4&transport=polling");
    let refused = request(Method::GET, url.clone(), &[("x-test", "x")], "").await;
    assert_eq!(refused.code(), (403, 4));
    assert!(refused.body.contains("not you"));
    let refused = request(Method::GET, url, &[("x-test", "slow down")], "").await;
    assert_eq!(refused.code(), (429, 4));
    let url = server.url("EIO=4&transport=websocket");
    let refused = Ws::connect(url, &[("x-test", "x")]).await;
    assert_eq!(refused.err(), Some(StatusCode::FORBIDDEN));
    server.open_polling().await;
}

#[actix_web::test]
async fn sessions_are_limited_in_total_and_per_address() {
    let server = TestServer::with(Config {
        max_sessions: 1,
        ..Config::default()
    });
    let sid = server.open_polling().await;
    assert_eq!(server.get("EIO=4&transport=polling").await.code(), (503, 4));
    server.post_ok(&sid, "1").await;
    server.emptied().await;
    server.open_polling().await;

    let config = Config {
        max_sessions_per_address: 1,
        ..Config::default()
    };
    let server = TestServer::with(config);
    let _ws = server.open_ws().await;
    assert_eq!(server.get("EIO=4&transport=polling").await.code(), (429, 4));
}
