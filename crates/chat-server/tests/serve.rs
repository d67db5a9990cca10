//! A running server: what it serves beside the API, in which mode, and how it goes down.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends with the first thing that fails"
)]

mod support;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use support::{SECRET, Scratch, Server};

/// More than the server may take for a stop.
const SOON: Duration = Duration::from_secs(9);

fn production(folder: &Scratch) -> Server {
    Server::start(
        folder,
        &[("CHAT_ENV", "production"), ("JWT_SECRET", SECRET)],
    )
}

#[test]
fn health_is_told_and_metrics_are_counted() {
    let folder = Scratch::new();
    let server = production(&folder);
    let live = server.get("/health/live");
    assert_eq!(
        (live.status, live.body.as_str()),
        (200, r#"{"status":"ok"}"#)
    );
    let ready = server.get("/health/ready");
    assert_eq!(
        (ready.status, ready.body.as_str()),
        (200, r#"{"checks":{"database":"ok"},"status":"ok"}"#)
    );

    server.get("/no/such/place");
    server.request("BREW /health/live HTTP/1.1", "");
    let metrics = server.get("/metrics");
    assert!(
        metrics
            .head
            .contains("content-type: text/plain; version=0.0.4"),
        "{}",
        metrics.head
    );
    for line in [
        r#"chat_http_requests_total{method="GET",route="/health/ready",status="200"} 1"#,
        r#"chat_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"chat_http_requests_total{method="other",route="/health/live",status="405"} 1"#,
        r#"chat_http_request_duration_seconds_bucket{method="GET",route="/health/live",le="+Inf"} 1"#,
        "chat_build_info",
        "chat_uptime_seconds",
        "process_resident_memory_bytes",
        "process_open_fds",
    ] {
        assert!(
            metrics.body.contains(line),
            "{line} is missing:\n{}",
            metrics.body
        );
    }
    assert!(!metrics.body.contains("/no/such/place"));
}

#[test]
fn commits_are_counted() {
    let folder = Scratch::new();
    let server = Server::start(&folder, &[]);
    let tokens: Vec<&str> = server
        .banner
        .split_whitespace()
        .filter(|word| word.starts_with("eyJ"))
        .collect();
    let [alice, _, service] = tokens[..] else {
        panic!("no tokens: {}", server.banner);
    };
    let head = |call: &str, token: &str| {
        format!(
            "{call} HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json"
        )
    };
    let matched = server.request(&head("PUT /api/v1/internal/matches/alice/bob", service), "");
    let thread = matched.json()["id"].as_str().unwrap().to_owned();
    let send = head(
        &format!("POST /api/v1/chats/threads/{thread}/messages"),
        alice,
    );
    assert_eq!(server.request(&send, r#"{"content":"hello"}"#).status, 201);
    let metrics = server.get("/metrics").body;
    for line in [
        "chat_messages_sent_total 1",
        r#"chat_write_batch_ops_bucket{le="1"} 1"#,
        r#"chat_write_batch_seconds_bucket{le="+Inf"} 1"#,
        "chat_write_queue 0",
    ] {
        assert!(metrics.contains(line), "{line} is missing:\n{metrics}");
    }
}

#[test]
fn production_shows_neither_the_demo_nor_tokens() {
    let folder = Scratch::new();
    let server = production(&folder);
    assert!(server.banner.contains("(production)"), "{}", server.banner);
    assert!(!server.banner.contains("eyJ"), "{}", server.banner);
    assert_eq!(server.get("/").status, 404);
    assert_eq!(
        server.post("/dev/token", r#"{"userId":"alice"}"#).status,
        404
    );
    assert_eq!(server.get("/docs/").status, 200);
}

#[test]
fn development_makes_up_a_key_and_hands_out_tokens() {
    let folder = Scratch::new();
    let server = Server::start(&folder, &[]);
    let tokens: Vec<&str> = server
        .banner
        .split_whitespace()
        .filter(|word| word.starts_with("eyJ"))
        .collect();
    assert_eq!(tokens.len(), 3, "{}", server.banner);
    for token in tokens {
        assert_eq!(server.get_as(token, "/api/v1/chats/threads").status, 200);
        assert!(!server.log().contains(token), "a token is logged");
    }
    assert_eq!(server.get("/").status, 200);

    let answer = server.post(
        "/dev/token",
        r#"{"userId":"carol","roles":["service"],"ttlSecs":60}"#,
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.json()["expiresAt"].as_str().unwrap().ends_with('Z'));
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(server.get_as(&token, "/api/v1/internal/events").status, 200);
}

#[test]
fn a_request_for_a_token_is_checked() {
    let folder = Scratch::new();
    let server = Server::start(&folder, &[]);
    for (body, status, code, field) in [
        ("{", 400, "malformed_json", ""),
        ("", 400, "malformed_json", ""),
        (r#"{"userId":"a"} x"#, 400, "malformed_json", ""),
        ("[]", 400, "validation_failed", ""),
        ("{}", 400, "validation_failed", ""),
        (r#"{"userId":"a b"}"#, 400, "validation_failed", "userId"),
        (
            r#"{"userId":"a","userId":"a"}"#,
            400,
            "validation_failed",
            "",
        ),
        (
            r#"{"userId":"a","admin":true}"#,
            400,
            "validation_failed",
            "",
        ),
        (
            r#"{"userId":"a","roles":["king"]}"#,
            400,
            "validation_failed",
            "roles[0]",
        ),
        (
            r#"{"userId":"a","ttlSecs":0}"#,
            400,
            "validation_failed",
            "ttlSecs",
        ),
        (
            r#"{"userId":"a","ttlSecs":86401}"#,
            400,
            "validation_failed",
            "ttlSecs",
        ),
        (
            r#"{"userId":"a","ttlSecs":-1}"#,
            400,
            "validation_failed",
            "ttlSecs",
        ),
    ] {
        let answer = server.post("/dev/token", body);
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert_eq!(answer.json()["code"], code, "{body}: {answer:?}");
        if !field.is_empty() {
            assert_eq!(
                answer.json()["errors"][0]["field"],
                field,
                "{body}: {answer:?}"
            );
        }
    }
    let plain = server.request("POST /dev/token HTTP/1.1\r\ncontent-type: text/plain", "{}");
    assert_eq!(
        (plain.status, plain.json()["code"].as_str()),
        (415, Some("unsupported_media_type"))
    );
    let long = server.post("/dev/token", &" ".repeat(5_000));
    assert_eq!(
        (long.status, long.json()["code"].as_str()),
        (413, Some("payload_too_large"))
    );
}

#[test]
fn development_with_a_key_of_its_own_hands_out_nothing() {
    let folder = Scratch::new();
    let server = Server::start(&folder, &[("JWT_SECRET", SECRET)]);
    assert!(!server.banner.contains("eyJ"), "{}", server.banner);
    assert_eq!(
        server.post("/dev/token", r#"{"userId":"alice"}"#).status,
        404
    );
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn nothing_secret_is_logged_at_the_finest_level() {
    let folder = Scratch::new();
    let mut server = Server::start(
        &folder,
        &[
            ("JWT_SECRET", SECRET),
            ("RUST_LOG", "trace"),
            ("CHAT_LOG_FORMAT", "json"),
        ],
    );
    let token = support::run(&["token", "--user", "alice"], &[("JWT_SECRET", SECRET)]).stdout;
    let token = token.trim();
    assert_eq!(server.get_as(token, "/api/v1/chats/threads").status, 200);
    server.get_as(&format!("{token}x"), "/api/v1/chats/threads");
    server.signal(Signal::TERM);
    server.wait(SOON);
    let log = server.log();
    for line in server.banner.lines().chain(log.lines()) {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(line);
        assert!(parsed.is_ok(), "no JSON: {line}");
    }
    assert!(
        log.contains("/api/v1/chats/threads"),
        "nothing was logged:\n{log}"
    );
    let signature = token.rsplit('.').next().unwrap();
    for secret in [SECRET, signature] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}

#[test]
fn a_signal_ends_it_in_order_whatever_is_connected() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = Scratch::new();
        let mut server = production(&folder);
        let silent = server.connect();
        let idle = keep_alive(&server);
        let mut poll = long_poll(&server);
        let started = Instant::now();
        server.signal(signal);
        let status = server.wait(SOON);
        assert_eq!(
            status.code(),
            Some(0),
            "after {:?}:\n{}",
            started.elapsed(),
            server.log()
        );
        // The poll was answered, not cut off.
        let mut answer = String::new();
        poll.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        drop((silent, idle));
    }
}

#[test]
fn a_stop_does_not_wait_longer_than_it_may() {
    let folder = Scratch::new();
    let variables = [("JWT_SECRET", SECRET), ("CHAT_SHUTDOWN_SECS", "1")];
    let mut server = Server::start(&folder, &variables);
    let _stuck = stuck_request(&server);
    server.signal(Signal::TERM);
    let status = server.wait(Duration::from_secs(4));
    assert_eq!(status.code(), Some(0), "{}", server.log());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = Scratch::new();
    let variables = [("JWT_SECRET", SECRET), ("CHAT_SHUTDOWN_SECS", "300")];
    let mut server = Server::start(&folder, &variables);
    let _stuck = stuck_request(&server);
    // Signals that come close together count as one.
    for _ in 0..40 {
        server.signal(Signal::TERM);
        if server.ends_within(Duration::from_millis(200)) {
            break;
        }
    }
    let status = server.wait(Duration::from_secs(1));
    assert_eq!(status.code(), Some(1), "{}", server.log());
}

/// A request whose body does not come.
fn stuck_request(server: &Server) -> TcpStream {
    let token = support::run(&["token", "--user", "alice"], &[("JWT_SECRET", SECRET)]).stdout;
    let token = token.trim();
    under_way(
        server,
        &format!(
            "POST /api/v1/chats/threads HTTP/1.1\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: 10"
        ),
    )
}

/// A poll of a Socket.IO session that has nothing to tell.
fn long_poll(server: &Server) -> TcpStream {
    let open = server.get("/socket.io/?EIO=4&transport=polling");
    let session: serde_json::Value = serde_json::from_str(&open.body[1..]).unwrap();
    let session = session["sid"].as_str().unwrap();
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={session}");
    under_way(server, &format!("GET {path} HTTP/1.1"))
}

/// A request that the server has begun to answer: it says so before the answer proper (RFC 9110 §10.1.1).
fn under_way(server: &Server, head: &str) -> TcpStream {
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut stream = server.connect();
    write!(stream, "{head}\r\nhost: x\r\nexpect: 100-continue\r\n\r\n").unwrap();
    let mut begun = [0; CONTINUE.len()];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(begun, CONTINUE);
    stream
}

/// A connection that has had an answer and waits for its next request.
fn keep_alive(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(br#"{"status":"ok"}"#) {
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    stream
}
