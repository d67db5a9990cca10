//! WebSocket frames that must not get as far as a buffer.

use actix_socketio::{Config, DisconnectReason};

use crate::client::{Got, RawWs};
use crate::server::TestServer;

const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

/// A masked frame with a zero mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![
        first,
        0x80 | u8::try_from(payload.len()).unwrap(),
        0,
        0,
        0,
        0,
    ];
    bytes.extend(payload);
    bytes
}

async fn close_code(config: Config, bytes: &[u8]) -> Option<u16> {
    let server = TestServer::with(config);
    let mut ws = RawWs::connect(&server.address, PATH).await;
    ws.write(bytes).await;
    let code = ws.close_code().await;
    server.emptied().await;
    code
}

#[actix_web::test]
async fn declared_length_is_believed_before_the_payload_comes() {
    let mut header = vec![0x82, 0xff];
    header.extend(1_000_001_u64.to_be_bytes());
    assert_eq!(close_code(Config::default(), &header).await, Some(1009));
}

#[actix_web::test]
async fn fragments_are_added_up_and_counted() {
    let config = Config {
        max_payload_bytes: 200,
        max_fragments: 4,
        ..Config::default()
    };
    let long = [
        frame(0x01, &[b'4'; 100]),
        frame(0x00, &[b'4'; 100]),
        frame(0x80, b"4"),
    ]
    .concat();
    assert_eq!(close_code(config.clone(), &long).await, Some(1009));
    let mut many = frame(0x01, b"");
    many.extend(frame(0x00, b"").repeat(4));
    assert_eq!(close_code(config, &many).await, Some(1009));
}

#[actix_web::test]
async fn frames_against_the_rfc_close_with_1002() {
    for bytes in [
        frame(0xc1, b"40"),
        frame(0x83, b"40"),
        frame(0x80, b"40"),
        frame(0x09, b""),
        vec![0x81, 2, b'4', b'0'],
        vec![0x89, 0xfe, 0, 126],
    ] {
        assert_eq!(
            close_code(Config::default(), &bytes).await,
            Some(1002),
            "{bytes:x?}"
        );
    }
}

#[actix_web::test]
async fn invalid_utf8_closes_with_1007() {
    assert_eq!(
        close_code(Config::default(), &frame(0x81, b"4\xff")).await,
        Some(1007)
    );
}

#[actix_web::test]
async fn message_of_the_largest_size_passes() {
    let server = TestServer::start();
    let (mut ws, _) = server.join_ws().await;
    let packet = format!("42[\"x\",\"{}\"]", "a".repeat(1_000_000 - 10));
    assert_eq!(packet.len(), 1_000_000);
    ws.send(&packet).await;
    assert_eq!(
        server.told_event().await.1[0].as_str().map(str::len),
        Some(999_990)
    );
    ws.send(&(packet + "a")).await;
    assert_eq!(ws.next().await, Got::Closed(Some(1009)));
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::PayloadTooLarge
    );
}
