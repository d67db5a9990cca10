//! How sessions end: who gets what, and what is left afterwards.

use actix_socketio::{Config, DisconnectReason};
use actix_web::http::Method;

use crate::client::{PATIENCE, request};
use crate::server::TestServer;

async fn assert_gone(server: &TestServer, sid: &str) {
    assert_eq!(server.poll(sid).await.code(), (400, 1));
}

#[actix_web::test]
async fn client_close_releases_the_poll_with_a_noop() {
    let server = TestServer::start();
    let (sid, _) = server.join_polling().await;
    let poll = server.pending_poll(&sid).await;
    server.post_ok(&sid, "1").await;
    assert_eq!(poll.await.unwrap().body, "6");
    assert_gone(&server, &sid).await;
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::TransportClose
    );
}

#[actix_web::test]
async fn broken_engine_packets_close_at_once() {
    let server = TestServer::start();
    for body in [
        "abc",
        "",
        "4a\u{1e}",
        "4a\u{1e}\u{1e}4b",
        "2",
        "2probe",
        "b@@@",
    ] {
        let sid = server.open_polling().await;
        let poll = server.pending_poll(&sid).await;
        server.post(&sid, body).await;
        assert_eq!(poll.await.unwrap().body, "1", "{body:?}");
        assert_gone(&server, &sid).await;
    }
}

#[actix_web::test]
async fn broken_socket_packet_closes_and_tells_a_late_poll() {
    let server = TestServer::start();
    let (sid, _) = server.join_polling().await;
    let poll = server.pending_poll(&sid).await;
    server.post_ok(&sid, "4abc").await;
    assert_eq!(poll.await.unwrap().body, "1");
    assert_gone(&server, &sid).await;

    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::ParseError
    );
    let (sid, _) = server.join_polling().await;
    server.post_ok(&sid, "4abc").await;
    assert_eq!(server.packets(&sid).await, ["6", "1"]);
    assert_gone(&server, &sid).await;
}

#[actix_web::test]
async fn server_close_delivers_what_was_queued_and_then_closes() {
    let server = TestServer::start();
    let (sid, socket) = server.join_polling().await;
    socket.emit("last", "words").unwrap();
    socket.disconnect(true);
    assert!(!socket.is_connected());
    assert_eq!(server.packets(&sid).await, ["42[\"last\",\"words\"]", "41"]);
    assert_eq!(server.packets(&sid).await, ["6", "1"]);
    assert_gone(&server, &sid).await;
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::ForcedClose
    );

    let (mut ws, socket) = server.join_ws().await;
    socket.emit("last", "words").unwrap();
    socket.disconnect(true);
    ws.expect("42[\"last\",\"words\"]").await;
    ws.expect("41").await;
    ws.expect_close().await;
}

#[actix_web::test]
async fn second_poll_ends_both() {
    let server = TestServer::start();
    let (sid, _) = server.join_polling().await;
    let poll = server.pending_poll(&sid).await;
    let second = server.poll(&sid).await;
    assert_eq!((second.status.as_u16(), &*second.body), (400, ""));
    assert_eq!(poll.await.unwrap().body, "1");
    assert_gone(&server, &sid).await;
}

#[actix_web::test]
async fn aborted_poll_ends_the_session() {
    let server = TestServer::start();
    let (sid, _) = server.join_polling().await;
    let poll = server.pending_poll(&sid).await;
    poll.abort();
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::TransportError
    );
    assert_gone(&server, &sid).await;
}

#[actix_web::test]
async fn binary_body_is_refused_and_large_body_is_too_large() {
    let server = TestServer::with(Config {
        max_payload_bytes: 100,
        ..Config::default()
    });
    let sid = server.open_polling().await;
    assert_eq!(server.post(&sid, &"4".repeat(101)).await.status, 413);
    server.post_ok(&sid, "40").await;
    let url = server.url(&format!("EIO=4&transport=polling&sid={sid}"));
    let headers = [("content-type", "application/octet-stream")];
    assert_eq!(request(Method::POST, url, &headers, "4").await.status, 400);
    assert_gone(&server, &sid).await;
}

#[actix_web::test]
async fn body_that_announces_too_much_is_refused_before_it_is_sent() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = TestServer::start();
    let sid = server.open_polling().await;
    let mut stream = actix_web::rt::net::TcpStream::connect(&server.address)
        .await
        .unwrap();
    let head = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: {}\r\nContent-Length: 99999999\r\n\r\nabc",
        server.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    let read = tokio::time::timeout(
        std::time::Duration::from_secs(5),
        stream.read_exact(&mut status),
    );
    read.await.unwrap().unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
}

#[actix_web::test]
async fn websocket_closes_by_frame_and_by_packet() {
    let server = TestServer::start();
    let (mut ws, _) = server.join_ws().await;
    ws.send("1").await;
    ws.expect_close().await;
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::TransportClose
    );

    let (mut ws, _) = server.join_ws().await;
    ws.close().await;
    ws.expect_close().await;
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::TransportClose
    );

    let (ws, _) = server.join_ws().await;
    drop(ws);
    server.told_disconnected().await;
    server.emptied().await;
}

#[actix_web::test]
async fn shutdown_closes_all_sessions_without_a_namespace_disconnect() {
    let server = TestServer::start();
    let (sid, socket) = server.join_polling().await;
    let (mut ws, _) = server.join_ws().await;
    let poll = server.pending_poll(&sid).await;
    tokio::time::timeout(PATIENCE, server.io.close_all())
        .await
        .unwrap();
    assert_eq!(poll.await.unwrap().body, "1");
    ws.expect_close().await;
    assert!(!socket.is_connected());
    for _ in 0..2 {
        assert_eq!(
            server.told_disconnected().await,
            DisconnectReason::ServerShuttingDown
        );
    }
    assert_eq!(server.get("EIO=4&transport=polling").await.status, 503);
}
