//! A client that does exactly what it is told, right or wrong.

use std::pin::Pin;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::rt::net::TcpStream;
use actix_ws::ProtocolError;
use awc::ws::{Frame, Message};
use bytes::Bytes;
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};

/// No answer takes this long unless something is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Awaits something that must happen.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    let output = tokio::time::timeout(PATIENCE, future).await;
    output.unwrap_or_else(|_| panic!("{what}: nothing for {PATIENCE:?}"))
}

/// An HTTP response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The protocol's error code.
    pub(crate) fn code(&self) -> (u16, u64) {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        (self.status.as_u16(), body["code"].as_u64().unwrap())
    }
}

/// Sends a request with any headers.
pub(crate) async fn request(
    method: Method,
    url: String,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Reply {
    let client = awc::Client::builder().timeout(PATIENCE).finish();
    let mut request = client.request(method, url);
    for header in headers {
        request = request.insert_header(*header);
    }
    let mut response = request.send_body(body.into()).await.unwrap();
    let body = response.body().limit(10_000_000).await.unwrap();
    Reply {
        status: response.status(),
        headers: response.headers().clone(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A WebSocket.
pub(crate) struct Ws {
    sink: Pin<Box<dyn Sink<Message, Error = ProtocolError>>>,
    stream: Pin<Box<dyn Stream<Item = Result<Frame, ProtocolError>>>>,
}

/// What came out of a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Text(String),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    /// With the code of the close frame, if there was a frame and a code.
    Closed(Option<u16>),
}

impl Ws {
    /// Connects; on refusal gives the status.
    pub(crate) async fn connect(url: String, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        let mut request = awc::Client::new().ws(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match soon("connect", request.connect()).await {
            Ok((_, framed)) => {
                let (sink, stream) = framed.split();
                Ok(Self {
                    sink: Box::pin(sink),
                    stream: Box::pin(stream),
                })
            }
            Err(awc::error::WsClientError::InvalidResponseStatus(status)) => Err(status),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.sink
            .send(Message::Text(text.to_owned().into()))
            .await
            .unwrap();
    }

    pub(crate) async fn send_binary(&mut self, bytes: &[u8]) {
        self.sink
            .send(Message::Binary(Bytes::copy_from_slice(bytes)))
            .await
            .unwrap();
    }

    pub(crate) async fn ping(&mut self, bytes: &[u8]) {
        self.sink
            .send(Message::Ping(Bytes::copy_from_slice(bytes)))
            .await
            .unwrap();
    }

    pub(crate) async fn close(&mut self) {
        self.sink.send(Message::Close(None)).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Got {
        match soon("frame", self.stream.next()).await {
            Some(Ok(Frame::Text(text))) => Got::Text(String::from_utf8(text.to_vec()).unwrap()),
            Some(Ok(Frame::Binary(bytes))) => Got::Binary(bytes.to_vec()),
            Some(Ok(Frame::Pong(bytes))) => Got::Pong(bytes.to_vec()),
            Some(Ok(Frame::Close(reason))) => {
                Got::Closed(reason.map(|reason| u16::from(reason.code)))
            }
            Some(Ok(other)) => panic!("unexpected frame {other:?}"),
            Some(Err(_)) | None => Got::Closed(None),
        }
    }

    /// The next text, which must be a text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Got::Text(text) => text,
            other => panic!("not a text: {other:?}"),
        }
    }

    /// The next text must be this.
    pub(crate) async fn expect(&mut self, text: &str) {
        assert_eq!(self.text().await, text);
    }

    /// Sends something and expects the answer.
    pub(crate) async fn ask(&mut self, text: &str, answer: &str) {
        self.send(text).await;
        self.expect(answer).await;
    }

    /// The connection must close without another message.
    pub(crate) async fn expect_close(&mut self) {
        assert_eq!(self.next().await, Got::Closed(None));
    }
}

/// A WebSocket without a codec: frames are bytes, right or wrong.
pub(crate) struct RawWs(TcpStream);

impl RawWs {
    pub(crate) async fn connect(address: &str, path: &str) -> Self {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon("head", stream.read_u8()).await.unwrap());
        }
        assert!(
            head.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&head)
        );
        Self(stream)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        use tokio::io::AsyncWriteExt as _;
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads up to the close frame, or the end; gives the frame's code.
    pub(crate) async fn close_code(mut self) -> Option<u16> {
        use tokio::io::AsyncReadExt as _;
        loop {
            let mut head = [0; 2];
            soon("frame", self.0.read_exact(&mut head)).await.ok()?;
            let length = match head[1] {
                // The open packet is longer than 125 bytes: its length is in two more.
                126 => usize::from(self.0.read_u16().await.ok()?),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.ok()?;
            if head[0] == 0x88 {
                return payload
                    .get(..2)
                    .map(|code| u16::from_be_bytes([code[0], code[1]]));
            }
        }
    }
}
