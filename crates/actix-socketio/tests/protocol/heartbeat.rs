//! Pings, pongs and silence.

use std::time::{Duration, Instant};

use actix_socketio::{Config, DisconnectReason};

use crate::server::TestServer;

/// Small enough not to wait for, large enough not to be missed by a busy machine.
fn quick() -> Config {
    Config {
        ping_interval: Duration::from_millis(200),
        ping_timeout: Duration::from_millis(300),
        ..Config::default()
    }
}

#[actix_web::test]
async fn websocket_is_pinged_and_stays_while_it_answers() {
    let server = TestServer::with(quick());
    let (mut ws, _) = server.join_ws().await;
    for _ in 0..3 {
        ws.expect("2").await;
        ws.send("3").await;
    }
    ws.ask("42[\"echo\",1]", "42[\"echo\",1]").await;
}

#[actix_web::test]
async fn polling_is_pinged_and_stays_while_it_answers() {
    let server = TestServer::with(quick());
    let (sid, _) = server.join_polling().await;
    for _ in 0..3 {
        assert_eq!(server.packets(&sid).await, ["2"]);
        server.post_ok(&sid, "3").await;
    }
}

#[actix_web::test]
async fn silent_websocket_is_closed() {
    let server = TestServer::with(quick());
    let opened = Instant::now();
    let (mut ws, _) = server.join_ws().await;
    ws.expect("2").await;
    ws.expect_close().await;
    assert!(opened.elapsed() >= Duration::from_millis(450));
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::PingTimeout
    );
}

#[actix_web::test]
async fn silent_polling_session_is_closed_on_time_even_without_a_poll() {
    let server = TestServer::with(quick());
    let (sid, _) = server.join_polling().await;
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::PingTimeout
    );
    assert_eq!(server.poll(&sid).await.code(), (400, 1));
}

#[actix_web::test]
async fn pending_poll_of_a_silent_session_gets_a_close() {
    let server = TestServer::with(quick());
    let (sid, _) = server.join_polling().await;
    assert_eq!(server.packets(&sid).await, ["2"]);
    assert_eq!(server.packets(&sid).await, ["1"]);
    assert_eq!(server.poll(&sid).await.code(), (400, 1));
}

#[actix_web::test]
async fn unsolicited_pong_is_harmless() {
    let server = TestServer::start();
    let mut ws = server.open_ws().await;
    ws.send("3").await;
    ws.send("40").await;
    assert!(ws.text().await.starts_with("40{"));
}

#[actix_web::test]
async fn session_that_joins_no_namespace_is_closed() {
    let config = Config {
        connect_timeout: Duration::from_millis(100),
        ..Config::default()
    };
    let server = TestServer::with(config);
    let mut ws = server.open_ws().await;
    // A refused attempt does not count.
    ws.ask("40/x", "44/x,{\"message\":\"Invalid namespace\"}")
        .await;
    ws.expect_close().await;
    server.emptied().await;
}

#[actix_web::test]
async fn session_that_left_its_namespace_stays() {
    let config = Config {
        connect_timeout: Duration::from_millis(100),
        ping_interval: Duration::from_millis(300),
        ..Config::default()
    };
    let server = TestServer::with(config);
    let (mut ws, _) = server.join_ws().await;
    ws.send("41").await;
    ws.expect("2").await;
}
