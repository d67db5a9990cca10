//! Joining and leaving namespaces.

use actix_socketio::DisconnectReason;

use crate::client::Got;
use crate::server::TestServer;

#[actix_web::test]
async fn acceptance_comes_before_whatever_the_handler_emits() {
    let server = TestServer::start();
    let mut ws = server.open_ws().await;
    ws.send("40/custom,{\"token\":\"abc\"}").await;
    let accepted = ws.text().await;
    let id = accepted
        .strip_prefix("40/custom,{\"sid\":\"")
        .unwrap()
        .strip_suffix("\"}")
        .unwrap();
    assert_eq!(id.len(), 20);
    ws.expect("42/custom,[\"hello\",{\"token\":\"abc\"}]").await;
    let socket = server.told_connected().await;
    assert_eq!((socket.id().as_str(), socket.of().name()), (id, "/custom"));
    assert!(socket.peer_ip().unwrap().is_loopback());
    assert_eq!(socket.handshake().query("EIO").as_deref(), Some("4"));
}

#[actix_web::test]
async fn refusal_tells_why_and_leaves_the_session_open() {
    let server = TestServer::start();
    let mut ws = server.open_ws().await;
    let refusal = "44{\"data\":{\"why\":\"x\"},\"message\":\"denied\"}";
    ws.ask("40{\"deny\":\"x\"}", refusal).await;
    ws.send("40").await;
    assert!(ws.text().await.starts_with("40{"));
}

#[actix_web::test]
async fn refusal_may_close_the_session_after_telling() {
    let server = TestServer::start();
    let mut ws = server.open_ws().await;
    ws.ask("40{\"deny\":\"close\"}", "44{\"message\":\"go away\"}")
        .await;
    ws.expect_close().await;

    let sid = server.open_polling().await;
    server.post_ok(&sid, "40{\"deny\":\"close\"}").await;
    let mut packets = server.packets(&sid).await;
    if packets.len() == 1 {
        packets.extend(server.packets(&sid).await);
    }
    packets.retain(|packet| packet != "6");
    assert_eq!(packets, ["44{\"message\":\"go away\"}", "1"]);
}

#[actix_web::test]
async fn nothing_is_dispatched_while_the_application_decides() {
    let server = TestServer::start();
    for packet in ["40", "42[\"x\"]", "41"] {
        let mut ws = server.open_ws().await;
        ws.send("40{\"wait\":true}").await;
        // Other namespaces and heartbeats go on meanwhile.
        ws.ask("40/x", "44/x,{\"message\":\"Invalid namespace\"}")
            .await;
        ws.ping(b"").await;
        assert_eq!(ws.next().await, Got::Pong(vec![]));
        ws.send(packet).await;
        ws.expect_close().await;
    }
    server.go_on.add_permits(3);
    let (_ws, socket) = server.join_ws().await;
    assert!(socket.is_connected());
}

#[actix_web::test]
async fn session_that_ends_while_the_application_decides_never_connects() {
    let server = TestServer::start();
    let mut ws = server.open_ws().await;
    ws.send("40{\"wait\":true}").await;
    ws.close().await;
    ws.expect_close().await;
    server.emptied().await;
    server.go_on.add_permits(1);
    // The next thing the application hears of is another client.
    let (_ws, socket) = server.join_ws().await;
    assert!(socket.is_connected());
    assert_eq!(server.root().socket_count(), 1);
}

#[actix_web::test]
async fn leaving_one_namespace_leaves_the_others_alone() {
    let server = TestServer::start();
    let (mut ws, _) = server.join_ws().await;
    ws.send("40/custom").await;
    assert!(ws.text().await.starts_with("40/custom,"));
    ws.expect("42/custom,[\"hello\",{}]").await;
    server.told_connected().await;
    ws.send("41/custom").await;
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::ClientNamespaceDisconnect
    );
    ws.ask("42[\"echo\"]", "42[\"echo\"]").await;
    server.told_event().await;
    // It may come back.
    ws.send("40/custom").await;
    assert!(ws.text().await.starts_with("40/custom,"));
}

#[actix_web::test]
async fn packets_that_cross_a_kick_are_ignored() {
    let server = TestServer::start();
    let (mut ws, socket) = server.join_ws().await;
    socket.disconnect(false);
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::ServerNamespaceDisconnect
    );
    ws.send("42[\"x\"]").await;
    ws.send("41").await;
    ws.expect("41").await;
    ws.send("40").await;
    assert!(ws.text().await.starts_with("40{"));
    server.told_connected().await;
}
