//! From polling to WebSocket, and back when that fails.

use std::time::Duration;

use actix_socketio::{Config, TransportKind};

use crate::client::Ws;
use crate::server::TestServer;

async fn ws_of(server: &TestServer, sid: &str) -> Ws {
    server
        .ws(&format!("EIO=4&transport=websocket&sid={sid}"))
        .await
}

#[actix_web::test]
async fn everything_moves_over_in_order() {
    let server = TestServer::start();
    let (sid, socket) = server.join_polling().await;
    let mut ws = ws_of(&server, &sid).await;
    socket.emit("before", &1).unwrap();
    ws.ask("2probe", "3probe").await;
    assert_eq!(server.packets(&sid).await, ["42[\"before\",1]"]);
    // Every poll of the phase is released, not only the first.
    for _ in 0..3 {
        assert_eq!(server.packets(&sid).await, ["6"]);
    }
    socket.emit("between", &1).unwrap();
    socket.emit("between", &2).unwrap();
    assert_eq!(socket.transport(), TransportKind::Polling);
    ws.send("5").await;
    ws.expect("42[\"between\",1]").await;
    ws.expect("42[\"between\",2]").await;
    assert_eq!(socket.transport(), TransportKind::WebSocket);
    ws.ask("42[\"echo\"]", "42[\"echo\"]").await;
    assert_eq!(server.poll(&sid).await.code(), (400, 3));
    assert_eq!(server.post(&sid, "42[\"echo\"]").await.code(), (400, 3));
    ws_of(&server, &sid).await.expect_close().await;
    ws.ask("42[\"echo\"]", "42[\"echo\"]").await;
}

#[actix_web::test]
async fn failed_probe_leaves_the_session_polling() {
    let server = TestServer::start();
    let (sid, socket) = server.join_polling().await;
    for wrong in ["5", "2", "40", "x", "3probe"] {
        let mut ws = ws_of(&server, &sid).await;
        ws.send(wrong).await;
        ws.expect_close().await;
    }
    let mut ws = ws_of(&server, &sid).await;
    ws.ask("2probe", "3probe").await;
    ws.send("42[\"too early\"]").await;
    ws.expect_close().await;
    socket.emit("still", &1).unwrap();
    assert_eq!(server.packets(&sid).await, ["42[\"still\",1]"]);
    // And another try may succeed.
    let mut ws = ws_of(&server, &sid).await;
    ws.ask("2probe", "3probe").await;
    ws.send("5").await;
    ws.ask("42[\"echo\"]", "42[\"echo\"]").await;
}

#[actix_web::test]
async fn second_websocket_does_not_disturb_an_upgrade() {
    let server = TestServer::start();
    let (sid, _) = server.join_polling().await;
    let mut ws = ws_of(&server, &sid).await;
    ws.ask("2probe", "3probe").await;
    ws_of(&server, &sid).await.expect_close().await;
    ws.send("5").await;
    ws.ask("42[\"echo\"]", "42[\"echo\"]").await;
}

#[actix_web::test]
async fn upgrade_that_takes_too_long_closes_the_websocket_only() {
    let config = Config {
        upgrade_timeout: Duration::from_millis(100),
        ..Config::default()
    };
    let server = TestServer::with(config);
    let (sid, socket) = server.join_polling().await;
    let mut ws = ws_of(&server, &sid).await;
    ws.ask("2probe", "3probe").await;
    ws.expect_close().await;
    socket.emit("still", &1).unwrap();
    assert_eq!(server.packets(&sid).await, ["42[\"still\",1]"]);
}

#[actix_web::test]
async fn session_that_ends_takes_the_probing_websocket_along() {
    let server = TestServer::start();
    let (sid, socket) = server.join_polling().await;
    let mut ws = ws_of(&server, &sid).await;
    ws.ask("2probe", "3probe").await;
    socket.disconnect(true);
    ws.expect_close().await;
    assert_eq!(server.packets(&sid).await, ["41"]);
    assert_eq!(server.packets(&sid).await, ["6", "1"]);
}

#[actix_web::test]
async fn heartbeat_survives_the_upgrade() {
    let config = Config {
        ping_interval: Duration::from_millis(200),
        ..Config::default()
    };
    let server = TestServer::with(config);
    let (sid, _) = server.join_polling().await;
    assert_eq!(server.packets(&sid).await, ["2"]);
    let mut ws = ws_of(&server, &sid).await;
    ws.ask("2probe", "3probe").await;
    ws.send("5").await;
    // The ping went out by poll, its pong comes by WebSocket, and so does the next ping.
    ws.send("3").await;
    ws.expect("2").await;
}
