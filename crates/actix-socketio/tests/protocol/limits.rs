//! What happens when a limit of the configuration is reached.

use std::time::Duration;

use actix_socketio::{Config, DisconnectReason, EmitError, Encoded};

use crate::client::Got;
use crate::server::TestServer;

#[actix_web::test]
async fn full_queue_closes_the_session() {
    let server = TestServer::with(Config {
        max_queue_messages: 4,
        ..Config::default()
    });
    let (sid, socket) = server.join_polling().await;
    for _ in 0..4 {
        socket.emit("x", &1).unwrap();
    }
    assert!(matches!(socket.emit("x", &1), Err(EmitError::QueueFull)));
    assert!(matches!(socket.emit("x", &1), Err(EmitError::Disconnected)));
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::QueueFull
    );
    assert_eq!(server.packets(&sid).await, ["6", "1"]);

    let (sid, _) = server.join_polling().await;
    let (mut ws, _) = server.join_ws().await;
    for _ in 0..4 {
        assert_eq!(server.root().emit("x", &1).unwrap(), 2);
        ws.expect("42[\"x\",1]").await;
    }
    assert_eq!(
        server.root().emit("x", &1).unwrap(),
        1,
        "the broadcast reaches the other one"
    );
    ws.expect("42[\"x\",1]").await;
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::QueueFull
    );
    assert_eq!(server.packets(&sid).await, ["6", "1"]);
}

#[actix_web::test]
async fn websocket_with_a_full_queue_is_told_to_come_back() {
    let server = TestServer::with(Config {
        max_queue_bytes: 100,
        ..Config::default()
    });
    let (mut ws, socket) = server.join_ws().await;
    let large = "a".repeat(99);
    while socket.emit("x", &large).is_ok() {}
    let code = loop {
        if let Got::Closed(code) = ws.next().await {
            break code;
        }
    };
    assert_eq!(code, Some(1013));
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::QueueFull
    );
}

#[actix_web::test]
async fn queue_is_bounded_in_bytes() {
    let server = TestServer::with(Config {
        max_queue_bytes: 100,
        ..Config::default()
    });
    let (_sid, socket) = server.join_polling().await;
    socket.emit("x", &"a".repeat(60)).unwrap();
    assert!(matches!(
        socket.emit("x", &"a".repeat(60)),
        Err(EmitError::QueueFull)
    ));
}

#[actix_web::test]
async fn binary_packets_can_be_refused() {
    let server = TestServer::with(Config {
        max_attachments: 0,
        ..Config::default()
    });
    let (mut ws, _) = server.join_ws().await;
    ws.send("451-[\"x\",{\"_placeholder\":true,\"num\":0}]")
        .await;
    ws.expect_close().await;
}

#[actix_web::test]
async fn attachments_are_limited_together() {
    let server = TestServer::with(Config {
        max_attachment_bytes: 10,
        ..Config::default()
    });
    let (mut ws, _) = server.join_ws().await;
    ws.send("452-[\"x\"]").await;
    ws.send_binary(&[0; 6]).await;
    ws.send_binary(&[0; 6]).await;
    ws.expect_close().await;
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::PayloadTooLarge
    );
}

#[actix_web::test]
async fn namespaces_of_a_session_are_limited() {
    let server = TestServer::with(Config {
        max_namespaces: 1,
        ..Config::default()
    });
    let (mut ws, _) = server.join_ws().await;
    ws.ask(
        "40/custom",
        "44/custom,{\"message\":\"Too many namespaces\"}",
    )
    .await;
    ws.send("41").await;
    server.told_disconnected().await;
    ws.send("40/custom").await;
    assert!(ws.text().await.starts_with("40/custom,{\"sid\""));
}

#[actix_web::test]
async fn handler_that_cannot_keep_up_slows_the_client_down_and_loses_nothing() {
    let server = TestServer::with(Config {
        max_queued_events: 4,
        ..Config::default()
    });
    let (mut ws, _) = server.join_ws().await;
    ws.send("42[\"wait\"]").await;
    for n in 0..100 {
        ws.send(&format!("42[\"n\",{n}]")).await;
    }
    assert_eq!(server.told_event().await.0, "wait");
    server.go_on.add_permits(1);
    for n in 0..100 {
        assert_eq!(server.told_event().await.1, [n]);
    }
    // The session is as alive as before.
    ws.ask("421[\"ack\"]", "431[]").await;
    assert!(!matches!(server.told_event().await.0.as_str(), "n"));
    ws.ping(b"").await;
    assert_eq!(ws.next().await, Got::Pong(vec![]));
}

#[actix_web::test]
async fn websocket_that_reads_nothing_is_given_up() {
    let config = Config {
        write_stall_timeout: Duration::from_millis(200),
        max_queue_bytes: 64 * 1024 * 1024,
        ..Config::default()
    };
    let server = TestServer::with(config);
    let (_ws, socket) = server.join_ws().await;
    // More than the kernel's buffers and actix take together; nobody reads it.
    let large = "a".repeat(256 * 1024);
    let packet = Encoded::event("/", "x", &large).unwrap();
    for _ in 0..200 {
        socket.send(&packet).unwrap();
    }
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::WriteStalled
    );
    server.emptied().await;
}
