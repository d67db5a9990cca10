//! Events and acknowledgements, text and binary, in order and in the right number.

use std::time::Duration;

use actix_socketio::{AckError, DisconnectReason, Encoded, Placeholder};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::Got;
use crate::server::TestServer;

#[actix_web::test]
async fn arguments_come_back_as_they_were() {
    let server = TestServer::start();
    let (mut ws, _) = server.join_ws().await;
    for args in [
        "",
        ",1,\"2\",{\"3\":[true]}",
        ",{\"_placeholder\":true,\"num\":0}",
        ",{\"b\":1,\"a\":2}",
    ] {
        let packet = format!("42[\"echo\"{args}]");
        ws.ask(&packet, &packet).await;
    }
    ws.ask("42012[\"ack\",1,\"2\"]", "4312[1,\"2\"]").await;
    ws.ask("429007199254740991[\"ack\"]", "439007199254740991[]")
        .await;
}

#[actix_web::test]
async fn binary_events_and_acks_carry_their_attachments() {
    let server = TestServer::start();
    let (mut ws, _) = server.join_ws().await;
    let packet =
        "452-[\"echo\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    ws.send(packet).await;
    ws.send_binary(&[1, 2, 3]).await;
    ws.send_binary(&[4]).await;
    ws.expect(packet).await;
    assert_eq!(ws.next().await, Got::Binary(vec![1, 2, 3]));
    assert_eq!(ws.next().await, Got::Binary(vec![4]));
    ws.send("451-7[\"ack\",{\"_placeholder\":true,\"num\":0}]")
        .await;
    ws.send_binary(&[5]).await;
    ws.expect("461-7[{\"_placeholder\":true,\"num\":0}]").await;
    assert_eq!(ws.next().await, Got::Binary(vec![5]));
}

#[actix_web::test]
async fn binary_event_may_be_split_over_several_posts() {
    let server = TestServer::start();
    let (sid, _) = server.join_polling().await;
    let packet = "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]";
    server.post_ok(&sid, packet).await;
    server.post_ok(&sid, "bAQIDBA==").await;
    assert_eq!(server.packets(&sid).await, [packet, "bAQIDBA=="]);
}

#[actix_web::test]
async fn events_of_one_socket_are_handled_one_after_the_other() {
    let server = TestServer::start();
    let (mut ws, _) = server.join_ws().await;
    let (mut other, _) = server.join_ws().await;
    ws.send("42[\"wait\"]").await;
    assert_eq!(server.told_event().await.0, "wait");
    ws.send("42[\"second\"]").await;
    // Another socket is not held up, and its events show that `second` was not handled before.
    other.ask("42[\"echo\",1]", "42[\"echo\",1]").await;
    assert_eq!(server.told_event().await.0, "echo");
    server.go_on.add_permits(1);
    assert_eq!(server.told_event().await.0, "second");
}

#[actix_web::test]
async fn thousands_of_events_in_one_body_are_handled_in_order() {
    let server = TestServer::start();
    let (sid, _) = server.join_polling().await;
    let body: Vec<_> = (0..2000)
        .map(|id| format!("42{id}[\"ack\",{id}]"))
        .collect();
    let body = body.join("\u{1e}");
    let post = server.post(&sid, &body);
    let polls = async {
        let mut answers = Vec::new();
        while answers.len() < 2000 {
            answers.extend(server.packets(&sid).await);
        }
        answers
    };
    let (reply, answers) = futures::future::join(post, polls).await;
    assert_eq!(reply.status, 200);
    let expected: Vec<_> = (0..2000).map(|id| format!("43{id}[{id}]")).collect();
    assert_eq!(answers, expected);
}

#[actix_web::test]
async fn server_gets_the_answer_it_asked_for() {
    let server = TestServer::start();
    let (mut ws, socket) = server.join_ws().await;
    let ask = async || {
        socket
            .emit_with_ack("q", &json!({ "n": 1 }), Duration::from_secs(5))
            .await
    };
    let answer = async {
        ws.expect("420[\"q\",{\"n\":1}]").await;
        // Unknown ids and acks without id mean nothing.
        ws.send("4399[1]").await;
        ws.send("43[\"x\"]").await;
        ws.send("430[\"yes\",2]").await;
    };
    let (response, ()) = futures::future::join(ask(), answer).await;
    let response = response.unwrap();
    assert_eq!(response.arg::<String>(0).unwrap(), "yes");
    assert_eq!(response.arg::<u8>(1).unwrap(), 2);
    assert!(response.arg::<Value>(2).is_err());

    let brief = Duration::from_millis(20);
    let late = socket.emit_with_ack("q", &1, brief).await;
    assert!(matches!(late, Err(AckError::Timeout)));
    let gone = async {
        ws.expect("421[\"q\",1]").await;
        ws.expect("422[\"q\",{\"n\":1}]").await;
        ws.close().await;
    };
    let (response, ()) = futures::future::join(ask(), gone).await;
    assert!(matches!(response, Err(AckError::Disconnected)));
    assert!(matches!(ask().await, Err(AckError::Disconnected)));
}

#[actix_web::test]
async fn emits_work_from_any_thread() {
    let server = TestServer::start();
    let (mut ws, socket) = server.join_ws().await;
    let thread = std::thread::spawn(move || {
        let attachments = vec![Bytes::from_static(b"x")];
        let packet =
            Encoded::event_args("/", "bin", &(Placeholder { num: 0 },), attachments).unwrap();
        socket.emit("plain", &1).unwrap();
        socket.send(&packet).unwrap();
        socket.disconnect(false);
    });
    ws.expect("42[\"plain\",1]").await;
    ws.expect("451-[\"bin\",{\"_placeholder\":true,\"num\":0}]")
        .await;
    assert_eq!(ws.next().await, Got::Binary(b"x".to_vec()));
    ws.expect("41").await;
    thread.join().unwrap();
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::ServerNamespaceDisconnect
    );
}

#[actix_web::test]
async fn panic_in_a_handler_ends_that_session_only() {
    let server = TestServer::start();
    let (mut other, _) = server.join_ws().await;
    let (mut ws, _) = server.join_ws().await;
    ws.send("42[\"panic\"]").await;
    ws.expect_close().await;
    assert_eq!(server.told_event().await.0, "panic");
    assert_eq!(
        server.told_disconnected().await,
        DisconnectReason::HandlerPanicked
    );
    other.ask("42[\"echo\"]", "42[\"echo\"]").await;
}

#[actix_web::test]
async fn packets_that_break_the_protocol_close_the_connection() {
    let server = TestServer::start();
    for packet in [
        "40",
        "42/custom,[\"x\"]",
        "41/custom",
        "44{\"message\":\"x\"}",
        "41{}",
        "42[\"connect\"]",
        "42[]",
        "42{}",
        "42[null]",
        "42[{}]",
        "42x[",
        "4211e3[\"x\"]",
        "450-[\"x\"]",
        "4511-[\"x\"]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":1}]",
        "4",
        "47",
        "2",
        "7",
        "x",
        "",
        "4299999999999999999999[\"x\"]",
    ] {
        let (mut ws, _) = server.join_ws().await;
        ws.send(packet).await;
        assert!(matches!(ws.next().await, Got::Closed(_)), "{packet}");
        assert_eq!(
            server.told_disconnected().await,
            DisconnectReason::ParseError,
            "{packet}"
        );
    }
    let (mut ws, _) = server.join_ws().await;
    ws.send_binary(b"unexpected").await;
    ws.expect_close().await;
    server.told_disconnected().await;
    let (mut ws, _) = server.join_ws().await;
    ws.send("451-[\"x\"]").await;
    ws.send("42[\"text while an attachment is pending\"]").await;
    ws.expect_close().await;
}

#[actix_web::test]
async fn odd_but_legal_packets_leave_the_connection_open() {
    let server = TestServer::start();
    let (mut ws, _) = server.join_ws().await;
    for packet in ["42", "43[\"x\"]", "43", "4399[1]", "0", "5", "6", "3"] {
        ws.send(packet).await;
    }
    ws.ask(
        "40/unknown",
        "44/unknown,{\"message\":\"Invalid namespace\"}",
    )
    .await;
    ws.send("42[7]").await;
    assert_eq!(server.told_event().await, ("7".to_owned(), vec![]));
    ws.send("42[\"x\",{\"__proto__\":1}]").await;
    assert_eq!(server.told_event().await.1, [json!({ "__proto__": 1 })]);
    ws.ping(b"hi").await;
    assert_eq!(ws.next().await, Got::Pong(b"hi".to_vec()));
    ws.ask("42[\"echo\"]", "42[\"echo\"]").await;
}
