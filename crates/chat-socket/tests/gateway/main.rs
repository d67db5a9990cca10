//! The gateway as a client meets it: real connections, mocked use cases.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::{sync::mpsc, time::Duration};

use chat_domain::{
    id::SocketId,
    model::{
        event::{Audience, ClientEvent, Push},
        limit::Quota,
    },
    service::message::{Sent, WaitingMessages},
    testing::builder::{thread_id, user},
};
use chat_socket::{Options, Origins};
use futures::FutureExt;
use serde_json::{Value, json};
use support::{Mocks, Server, claims, message};

/// A service whose commits take longer the earlier the message came.
fn committing() -> Mocks {
    let mut mocks = Mocks::default();
    let mut seq = 0;
    mocks.messages.expect_submit().returning(move |_, command| {
        seq += 1;
        let mut message = message("alice", seq);
        message.content = command.content;
        let sent = Sent {
            message,
            duplicate: false,
        };
        let patience = Duration::from_millis(40_u64.saturating_sub(seq.unsigned_abs() * 2));
        Ok(async move {
            tokio::time::sleep(patience).await;
            Ok(sent)
        }
        .boxed())
    });
    mocks
}

#[actix_web::test]
async fn without_a_valid_token_there_is_an_error_and_the_end() {
    let server = Server::start(Mocks::default(), Options::default());
    for connect in ["40", "40{}", r#"40{"token":5}"#, r#"40{"token":null}"#] {
        let mut client = server.open().await;
        client.send(connect).await;
        let packets = client.rest().await;
        let [error] = &packets[..] else {
            panic!("{packets:?}");
        };
        let error: Value = serde_json::from_str(error.strip_prefix("44").unwrap()).unwrap();
        let data = json!({ "code": "unauthenticated" });
        assert_eq!(
            error,
            json!({ "message": "unauthenticated", "data": data }),
            "{connect}"
        );
    }
    server.stop().await;
}

#[actix_web::test]
async fn what_waited_comes_after_the_acceptance_and_is_delivered_once_written() {
    let mut mocks = Mocks::default();
    let (sender, delivered) = mpsc::channel();
    mocks.messages.expect_waiting().returning(|_| {
        Ok(WaitingMessages {
            messages: (1..=3).map(|seq| message("alice", seq)).collect(),
            more: vec![(thread_id(), 4)],
        })
    });
    mocks.receipts.expect_delivered().returning(move |burst| {
        for delivery in burst {
            sender.send((delivery.recipient, delivery.seq)).unwrap();
        }
    });
    let server = Server::start(mocks, Options::default());
    let mut bob = server.connect("bob").await;
    for seq in 1..=3 {
        let (name, payload) = bob.event().await;
        assert_eq!(
            (name.as_str(), payload),
            ("message", json!(message("alice", seq)))
        );
    }
    let (name, payload) = bob.event().await;
    assert_eq!(name, "sync_required");
    assert_eq!(
        payload,
        json!({ "threads": [{ "threadId": thread_id(), "fromSeq": 4 }] })
    );
    for seq in 1..=3 {
        let next = delivered.recv_timeout(Duration::from_secs(5));
        assert_eq!(next, Ok((user("bob"), seq)));
    }
    server.stop().await;
}

#[actix_web::test]
async fn the_largest_backlog_fits_through_the_queue() {
    let mut mocks = Mocks::default();
    mocks.messages.expect_waiting().returning(|_| {
        let large = |seq| {
            let mut large = message("alice", seq);
            large.content = "x".repeat(16 * 1024);
            large
        };
        Ok(WaitingMessages {
            messages: (1..=200).map(large).collect(),
            more: Vec::new(),
        })
    });
    let server = Server::start(mocks, Options::default());
    let mut bob = server.connect("bob").await;
    for seq in 1..=200 {
        assert_eq!(bob.event().await.1["seq"], seq);
    }
    bob.send("421[\"ping\"]").await;
    assert_eq!(bob.event().await.0, "pong");
    server.stop().await;
}

#[actix_web::test]
async fn pipelined_messages_are_acknowledged_in_order_and_ping_waits_for_them() {
    let options = Options {
        message_quota: None,
        ..Options::default()
    };
    let server = Server::start(committing(), options);
    let mut alice = server.connect("alice").await;
    for id in 0..150 {
        let payload = json!({ "toUserId": "bob", "content": format!("message {id}") });
        alice
            .send(&format!(r#"42{id}["private_message",{payload}]"#))
            .await;
    }
    alice.send(r#"42150["ping",null]"#).await;
    for id in 0..150 {
        let (acked, answer) = alice.ack().await;
        assert_eq!((acked, &answer["ok"]), (id, &json!(true)));
        assert_eq!(answer["message"]["content"], format!("message {id}"));
    }
    assert_eq!(alice.event().await.0, "pong");
    assert_eq!(alice.ack().await, (150, json!({ "ok": true })));
    server.stop().await;
}

#[actix_web::test]
async fn bad_payloads_and_unknown_events_leave_the_socket_open() {
    let server = Server::start(Mocks::default(), Options::default());
    let mut alice = server.connect("alice").await;
    let bad = [
        r#"["shout",{}]"#,
        r#"["private_message"]"#,
        r#"["private_message",{},{}]"#,
        r#"["private_message",{"content":"a","content":"b"}]"#,
        r#"["mark_read","x"]"#,
        r#"["sync",{"threads":[],"more":1}]"#,
        r#"["12345",{}]"#,
    ];
    for (id, event) in bad.iter().enumerate() {
        alice.send(&format!("42{id}{event}")).await;
        let (acked, answer) = alice.ack().await;
        assert_eq!(acked, id as u64, "{event}");
        assert_eq!(answer["error"]["code"], "validation_failed", "{event}");
        alice.send(&format!("42{event}")).await;
        let (name, payload) = alice.event().await;
        assert_eq!(
            (name.as_str(), &payload["code"]),
            ("chat_error", &json!("validation_failed"))
        );
    }
    server.stop().await;
}

#[actix_web::test]
async fn binary_packets_close_the_connection() {
    let server = Server::start(Mocks::default(), Options::default());
    let mut alice = server.connect("alice").await;
    alice
        .send(r#"451-["ping",{"_placeholder":true,"num":0}]"#)
        .await;
    assert_eq!(alice.rest().await, [""; 0]);
    let mut alice = server.connect("alice").await;
    alice.send_binary(b"data").await;
    assert_eq!(alice.rest().await, [""; 0]);
    server.stop().await;
}

#[actix_web::test]
async fn a_defect_in_a_use_case_costs_one_connection() {
    let mut mocks = Mocks::default();
    mocks
        .typing
        .expect_typing()
        .returning(|_, _, _, _| panic!("a defect"));
    let server = Server::start(mocks, Options::default());
    let mut bob = server.connect("bob").await;
    let mut alice = server.connect("alice").await;
    let typing = json!({ "threadId": thread_id(), "isTyping": true });
    alice.send(&format!(r#"421["typing",{typing}]"#)).await;
    assert!(alice.rest().await.iter().all(|packet| packet == "41"));
    bob.send(r#"42["ping"]"#).await;
    assert_eq!(bob.event().await.0, "pong");
    server.stop().await;
}

#[actix_web::test]
async fn a_flood_gets_told_and_what_is_too_much_is_dropped() {
    let options = Options {
        message_quota: Quota::per_seconds(5, 10),
        ..Options::default()
    };
    let server = Server::start(committing(), options);
    let mut alice = server.connect("alice").await;
    for id in 0..8 {
        let payload =
            json!({ "toUserId": "bob", "content": "x", "clientMessageId": format!("c-{id}") });
        alice
            .send(&format!(r#"42{id}["private_message",{payload}]"#))
            .await;
    }
    let (mut sent, mut limited, mut events) = (0, 0, Vec::new());
    while sent + limited < 8 {
        let packet = alice.text().await.unwrap();
        if let Some(event) = packet.strip_prefix("42") {
            let (name, payload): (String, Value) = serde_json::from_str(event).unwrap();
            assert_eq!(name, "rate_limited");
            events.push(payload["clientMessageId"].clone());
        } else if packet.contains(r#""ok":true"#) {
            sent += 1;
        } else {
            assert!(packet.contains(r#""code":"rate_limited""#), "{packet}");
            limited += 1;
        }
    }
    assert_eq!((sent, limited), (5, 3));
    assert_eq!(events, ["c-5", "c-6", "c-7"]);
    server.stop().await;
}

#[actix_web::test]
async fn a_push_reaches_every_socket_of_its_audience_but_one() {
    let mut mocks = Mocks::default();
    let (sender, delivered) = mpsc::channel();
    mocks.receipts.expect_delivered().returning(move |burst| {
        for delivery in burst {
            sender.send((delivery.recipient, delivery.author)).unwrap();
        }
    });
    let (sender, sockets) = mpsc::channel();
    mocks
        .presence
        .expect_connected()
        .returning(move |_, socket| {
            sender.send(socket).unwrap();
            Ok(())
        });
    let server = Server::start(mocks, Options::default());
    let mut first = server.connect("bob").await;
    let excepted: SocketId = sockets.recv_timeout(Duration::from_secs(5)).unwrap();
    let mut second = server.connect("bob").await;
    let mut alice = server.connect("alice").await;
    // An answer means that the socket is up to date and in its room.
    for client in [&mut first, &mut second, &mut alice] {
        client.send(r#"421["ping"]"#).await;
        assert_eq!(client.event().await.0, "pong");
        client.ack().await;
    }
    assert_eq!(server.gateway.connected_sockets(), 3);
    let push = |except| Push {
        event: ClientEvent::Message {
            message: message("alice", 1).into(),
            receipt: true,
        },
        audience: Audience::user(user("bob")).except(except),
    };
    server.gateway.notifier().notify(push(Some(excepted)));
    assert_eq!(second.event().await.0, "message");
    let next = delivered.recv_timeout(Duration::from_secs(5));
    assert_eq!(next, Ok((user("bob"), user("alice"))));
    for client in [&mut first, &mut alice] {
        client.send(r#"422["ping"]"#).await;
        assert_eq!(client.event().await.0, "pong", "nothing came before it");
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_socket_ends_with_its_token() {
    let mut mocks = Mocks::default();
    mocks
        .auth
        .expect_authenticate()
        .returning(|_, _| Ok(claims("alice", 300)));
    let server = Server::start(mocks, Options::default());
    let alice = server.connect("alice").await;
    assert_eq!(alice.rest().await, [r#"42["session_expired",{}]"#, "41"]);
    server.stop().await;
}

#[actix_web::test]
async fn the_oldest_socket_of_a_user_is_replaced() {
    let options = Options {
        max_sockets_per_user: 1,
        ..Options::default()
    };
    let server = Server::start(Mocks::default(), options);
    let first = server.connect("alice").await;
    let mut second = server.connect("alice").await;
    assert_eq!(first.rest().await, [r#"42["session_replaced",{}]"#, "41"]);
    second.send(r#"42["ping"]"#).await;
    assert_eq!(second.event().await.0, "pong");
    server.stop().await;
}

#[actix_web::test]
async fn connection_attempts_of_an_address_are_limited() {
    let options = Options {
        connect_quota: Quota::per_seconds(2, 60),
        ..Options::default()
    };
    let server = Server::start(Mocks::default(), options);
    let attempt = || awc::Client::new().get(server.url("polling")).send();
    for expected in [200, 200, 429] {
        assert_eq!(attempt().await.unwrap().status(), expected);
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_foreign_origin_is_refused_on_both_transports() {
    let options = Options {
        origins: Origins::list(["https://app.example.com"]),
        ..Options::default()
    };
    let server = Server::start(Mocks::default(), options);
    for (origin, expected) in [
        ("https://evil.example", 403),
        ("https://app.example.com", 200),
    ] {
        let attempt = awc::Client::new().get(server.url("polling"));
        let response = attempt
            .insert_header(("Origin", origin))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), expected);
        let attempt = awc::Client::new()
            .ws(server.url("websocket"))
            .origin(origin);
        assert_eq!(attempt.connect().await.is_ok(), expected == 200, "{origin}");
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_stop_closes_connections_so_that_clients_come_back() {
    let mut mocks = committing();
    let (sender, gone) = mpsc::channel();
    mocks
        .presence
        .expect_disconnected()
        .returning(move |who, _| {
            sender.send(who).unwrap();
            Ok(false)
        });
    let server = Server::start(mocks, Options::default());
    let mut alice = server.connect("alice").await;
    alice.send(r#"427["ping"]"#).await;
    assert_eq!(alice.event().await.0, "pong");
    alice.ack().await;
    server.gateway.shutdown().await;
    // `41` would keep official clients from reconnecting by themselves.
    assert!(!alice.rest().await.contains(&"41".to_owned()));
    assert_eq!(gone.try_recv(), Ok(user("alice")));
    assert_eq!(server.gateway.connected_sockets(), 0);
    server.stop().await;
}
