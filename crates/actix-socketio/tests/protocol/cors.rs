//! Origins, on both transports, and what browsers are told.

use actix_socketio::{Config, Origins};
use actix_web::http::{Method, StatusCode};

use crate::client::{Reply, Ws, request};
use crate::server::TestServer;

async fn handshake_from(server: &TestServer, origin: &str) -> Reply {
    let url = server.url("EIO=4&transport=polling");
    request(Method::GET, url, &[("origin", origin)], "").await
}

fn allowed(reply: &Reply) -> Option<&str> {
    reply.header("access-control-allow-origin")
}

#[actix_web::test]
async fn only_the_own_host_may_connect_by_default() {
    let server = TestServer::start();
    let own = format!("http://{}", server.address);
    assert_eq!(handshake_from(&server, &own).await.status, 200);
    let refused = handshake_from(&server, "https://evil.example").await;
    assert_eq!(refused.code(), (403, 4));
    assert_eq!(allowed(&refused), None);
    server.open_polling().await;

    let url = server.url("EIO=4&transport=websocket");
    let refused = Ws::connect(url.clone(), &[("origin", "https://evil.example")]).await;
    assert_eq!(refused.err(), Some(StatusCode::FORBIDDEN));
    assert!(Ws::connect(url, &[("origin", &own)]).await.is_ok());
}

#[actix_web::test]
async fn listed_origins_are_echoed_on_every_answer() {
    let origins = Origins::list(["https://a.example"]);
    let config = Config {
        origins,
        allow_credentials: true,
        ..Config::default()
    };
    let server = TestServer::with(config);
    let headers = [("origin", "https://a.example")];
    for query in [
        "EIO=4&transport=polling",
        "EIO=4&transport=abc",
        "EIO=4&transport=polling&sid=x",
    ] {
        let reply = request(Method::GET, server.url(query), &headers, "").await;
        assert_eq!(allowed(&reply), Some("https://a.example"), "{query}");
        assert_eq!(
            reply.header("access-control-allow-credentials"),
            Some("true")
        );
        assert_eq!(reply.header("vary"), Some("Origin"));
    }
    assert_eq!(
        handshake_from(&server, "https://a.example.evil")
            .await
            .code(),
        (403, 4)
    );
}

#[actix_web::test]
async fn any_origin_is_a_star_unless_there_are_credentials() {
    let config = Config {
        origins: Origins::Any,
        ..Config::default()
    };
    let server = TestServer::with(config.clone());
    assert_eq!(allowed(&handshake_from(&server, "null").await), Some("*"));
    let server = TestServer::with(Config {
        allow_credentials: true,
        ..config
    });
    assert_eq!(
        allowed(&handshake_from(&server, "https://x.example").await),
        Some("https://x.example")
    );
}

#[actix_web::test]
async fn predicate_decides() {
    let origins = Origins::predicate(|origin| origin.ends_with(".example"));
    let server = TestServer::with(Config {
        origins,
        ..Config::default()
    });
    assert_eq!(
        handshake_from(&server, "https://a.example").await.status,
        200
    );
    assert_eq!(handshake_from(&server, "https://a.test").await.status, 403);
}

#[actix_web::test]
async fn preflight_is_answered_before_anything_else() {
    let server = TestServer::with(Config {
        origins: Origins::Any,
        ..Config::default()
    });
    let headers = [
        ("origin", "https://a.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,x-y"),
    ];
    let reply = request(
        Method::OPTIONS,
        server.url("transport=abc&sid=x"),
        &headers,
        "",
    )
    .await;
    assert_eq!(reply.status, 204);
    assert_eq!(allowed(&reply), Some("*"));
    assert_eq!(
        reply.header("access-control-allow-methods"),
        Some("GET,HEAD,PUT,PATCH,POST,DELETE")
    );
    assert_eq!(
        reply.header("access-control-allow-headers"),
        Some("authorization,x-y")
    );
    assert_eq!(reply.header("vary"), Some("Access-Control-Request-Headers"));
}
