//! What only shows on a real connection: bodies in chunks, `HEAD`, and requests that the parser refuses.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use actix_web::{HttpServer, dev::ServerHandle, rt, web};
use chat_domain::page::Page;
use chat_http::{Options, create_app};

use crate::support::{CHATS, Mocks};

/// A listening server, and how to stop it.
fn serve() -> (SocketAddr, ServerHandle) {
    let mut mocks = Mocks::new();
    mocks.threads.expect_list().returning(|_, _, _| {
        Ok(Page {
            items: vec![],
            next_cursor: None,
        })
    });
    let services = mocks.services();
    let server = HttpServer::new(move || create_app(&services, &Options::default(), &|_| {}))
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    (address, handle)
}

/// Sends the bytes and reads until the server closes.
async fn exchange(address: SocketAddr, bytes: Vec<u8>) -> String {
    web::block(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        // The server may close before it has read everything.
        let _ = stream.write_all(&bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    })
    .await
    .unwrap()
}

async fn on_the_wire(request: String) -> String {
    let (address, handle) = serve();
    let answer = exchange(address, request.into_bytes()).await;
    handle.stop(false).await;
    answer
}

#[actix_web::test]
async fn a_head_has_the_headers_of_a_get_and_no_body() {
    let head = format!(
        "HEAD {CHATS}/threads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nConnection: close\r\n\r\n"
    );
    let answer = on_the_wire(head).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer
            .to_lowercase()
            .contains("content-type: application/json"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[actix_web::test]
async fn a_head_of_a_problem_has_no_body_either() {
    let answer = on_the_wire(format!(
        "HEAD {CHATS}/threads HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    ))
    .await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[actix_web::test]
async fn a_body_in_chunks_is_cut_off_at_the_limit() {
    let chunk = format!("{:x}\r\n{}\r\n", 10_000, "x".repeat(10_000));
    let request = format!(
        "POST {CHATS}/threads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(7)
    );
    let answer = on_the_wire(request).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("payload_too_large"), "{answer}");
}

#[actix_web::test]
async fn a_body_that_ends_early_is_no_reason_to_wait() {
    let request = format!(
        "POST {CHATS}/threads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nnonsense\r\n"
    );
    let answer = on_the_wire(request).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[actix_web::test]
async fn a_target_beyond_the_parsers_limit_is_refused_and_the_server_goes_on() {
    let (address, handle) = serve();
    let long = format!(
        "GET {CHATS}/threads?cursor={} HTTP/1.1\r\nHost: x\r\n\r\n",
        "x".repeat(200_000)
    );
    let refused = exchange(address, long.into_bytes()).await;
    assert!(
        refused.is_empty() || refused.starts_with("HTTP/1.1 4"),
        "{}",
        &refused[..refused.len().min(200)]
    );
    let next = format!(
        "GET {CHATS}/threads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nConnection: close\r\n\r\n"
    );
    assert!(
        exchange(address, next.into_bytes())
            .await
            .starts_with("HTTP/1.1 200")
    );
    handle.stop(false).await;
}
