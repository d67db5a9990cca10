//! The WebSocket transport: one task per connection reads, writes and keeps the time.
//!
//! The task is the only one that touches the actix-ws session, whose channel makes its senders wait. Everybody else
//! queues on the [`Session`] and wakes the task, which then writes all that is queued.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, Message as WsMessage, ProtocolError,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{Sink as _, Stream};
use tokio::time::Sleep;

use super::codec::{self, Message, Packet};
use super::frame_guard::{FrameGuard, FrameLimits, Verdict, Violation};
use super::handshake::{Handshake, TransportKind};
use super::http;
use super::outbox::Frame;
use super::registry::EngineCore;
use super::session::{Blocked, Flow, Session};
use super::state::{Farewell, Phase};
use crate::config::Config;
use crate::error::DisconnectReason;

/// Messages read before other tasks of the worker get their turn.
const READ_BUDGET: usize = 32;

/// Largest control frame: actix-http's limit holds for those as well.
const MAX_CONTROL_BYTES: usize = 125;

/// The form in which a `Payload` holds a stream of somebody else's.
type BoxedPayloadStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// The two ends of an accepted WebSocket.
pub(crate) struct WebSocket {
    pub(crate) sink: actix_ws::Session,
    pub(crate) stream: AggregatedMessageStream,
    pub(crate) verdict: Verdict,
}

/// Answers a request for a session that begins as a WebSocket.
pub(crate) async fn open(
    engine: &Arc<EngineCore>,
    request: &HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let (response, socket) = match accept(engine.config(), request, body).await {
        Ok(accepted) => accepted,
        Err(error) => return error.error_response(),
    };
    let handshake = Handshake::of(request, engine.config());
    match engine.open(handshake, TransportKind::WebSocket) {
        Ok(session) => {
            actix_web::rt::spawn(Connection::new(session, socket).run());
            response
        }
        Err(refusal) => http::refused(&refusal),
    }
}

/// Accepts a WebSocket with the guard in front.
pub(crate) async fn accept(
    config: &Config,
    request: &HttpRequest,
    body: web::Payload,
) -> Result<(HttpResponse, WebSocket), actix_web::Error> {
    let limits = FrameLimits {
        max_bytes: config.max_payload_bytes,
        max_fragments: config.max_fragments,
    };
    let (guard, verdict) = FrameGuard::new(body.into_inner(), limits);
    let guard: BoxedPayloadStream = Box::pin(guard);
    let mut guarded = Payload::Stream { payload: guard };
    let guarded = web::Payload::from_request(request, &mut guarded).await?;
    let (response, sink, stream) = actix_ws::handle(request, guarded)?;
    let stream = stream
        .max_frame_size(config.max_payload_bytes.max(MAX_CONTROL_BYTES))
        .aggregate_continuations()
        .max_continuation_size(config.max_payload_bytes);
    Ok((
        response,
        WebSocket {
            sink,
            stream,
            verdict,
        },
    ))
}

/// A frame the session can do something with.
pub(crate) enum Received {
    /// An Engine.IO packet, or what should have been one.
    Packet(Result<Packet, codec::CodecError>),
    /// A WebSocket ping, to be answered.
    Ping(Bytes),
    /// A WebSocket pong.
    Pong,
    /// The end of the connection.
    End(End),
}

/// Why a connection ends, and what the close frame says.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) reason: DisconnectReason,
    pub(crate) code: Option<CloseCode>,
}

impl WebSocket {
    /// The next frame.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        let received = match std::task::ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            Some(Ok(AggregatedMessage::Text(text))) => Received::Packet(codec::decode_text(&text)),
            Some(Ok(AggregatedMessage::Binary(bytes))) => {
                Received::Packet(Ok(Packet::Message(Message::Binary(bytes))))
            }
            Some(Ok(AggregatedMessage::Ping(bytes))) => Received::Ping(bytes),
            Some(Ok(AggregatedMessage::Pong(_))) => Received::Pong,
            Some(Ok(AggregatedMessage::Close(_))) => Received::End(End {
                reason: DisconnectReason::TransportClose,
                code: None,
            }),
            Some(Err(error)) => Received::End(broken(&error)),
            None => Received::End(match self.verdict.get() {
                None => End {
                    reason: DisconnectReason::TransportClose,
                    code: None,
                },
                Some(violation) => End {
                    reason: match violation {
                        Violation::TooBig => DisconnectReason::PayloadTooLarge,
                        Violation::Protocol => DisconnectReason::ParseError,
                    },
                    code: Some(violation.close_code()),
                },
            }),
        };
        Poll::Ready(received)
    }

    /// Says goodbye; gives up when the peer does not take it.
    pub(crate) async fn close(self, code: Option<CloseCode>, config: &Config) {
        let close = self.sink.close(code.map(Into::into));
        // Gone or stalled: either way there is nobody to say goodbye to.
        drop(tokio::time::timeout(config.write_stall_timeout, close).await);
    }
}

fn broken(error: &ProtocolError) -> End {
    match error {
        ProtocolError::Io(error) if error.kind() == io::ErrorKind::InvalidData => End {
            reason: DisconnectReason::ParseError,
            code: Some(CloseCode::Invalid),
        },
        ProtocolError::Io(_) => End {
            reason: DisconnectReason::TransportError,
            code: None,
        },
        ProtocolError::Overflow => End {
            reason: DisconnectReason::PayloadTooLarge,
            code: Some(CloseCode::Size),
        },
        _ => End {
            reason: DisconnectReason::ParseError,
            code: Some(CloseCode::Protocol),
        },
    }
}

/// A session on its WebSocket.
pub(crate) struct Connection {
    session: Arc<Session>,
    socket: Option<WebSocket>,
    /// The latest ping, if it is still to be answered (RFC 6455, 5.5.3: older ones need no answer).
    pong: Option<Bytes>,
    /// The application cannot keep up: nothing is read until this is done.
    waiting: Option<(BoxFuture<'static, ()>, Blocked)>,
    /// Since when the peer has not taken what there is to write.
    stalled_since: Option<Instant>,
}

/// What is left to do when the loop is over.
enum Outcome {
    /// Send a close frame.
    SayGoodbye(Option<CloseCode>),
    /// The connection is of no use any more.
    Drop,
}

impl Connection {
    pub(crate) fn new(session: Arc<Session>, socket: WebSocket) -> Self {
        let socket = Some(socket);
        Self {
            session,
            socket,
            pong: None,
            waiting: None,
            stalled_since: None,
        }
    }

    /// Serves the connection until it ends.
    pub(crate) async fn run(mut self) {
        let outcome = {
            let mut timer = pin!(tokio::time::sleep_until(self.session.deadline().into()));
            std::future::poll_fn(|cx| self.poll(cx, timer.as_mut())).await
        };
        if let (Outcome::SayGoodbye(code), Some(socket)) = (outcome, self.socket.take()) {
            socket.close(code, self.session.engine().config()).await;
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut timer: Pin<&mut Sleep>) -> Poll<Outcome> {
        loop {
            // Reading comes first: a pong that is there already counts, however late this task runs.
            let more = self.read(cx);
            if let Some(outcome) = self.write(cx) {
                return Poll::Ready(outcome);
            }
            if more {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let now = Instant::now();
            let stall = self.session.engine().config().write_stall_timeout;
            let stalled_by = self.stalled_since.map(|since| since + stall);
            if stalled_by.is_some_and(|stalled_by| stalled_by <= now) {
                self.session
                    .end(DisconnectReason::WriteStalled, Farewell::Lost, None);
                return Poll::Ready(Outcome::Drop);
            }
            let alive = self.session.tick(now).then(|| self.session.deadline());
            let Some(deadline) = alive.into_iter().chain(stalled_by).min() else {
                // Ended just now: the loop writes what is left and says goodbye.
                continue;
            };
            if timer.deadline() != deadline.into() {
                timer.as_mut().reset(deadline.into());
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Reads what is there. `true` if there may be more than one turn's worth.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        for _ in 0..READ_BUDGET {
            if let Some((ready, _)) = &mut self.waiting {
                if ready.as_mut().poll(cx).is_pending() {
                    return false;
                }
                self.waiting = None;
            }
            let Some(socket) = &mut self.socket else {
                return false;
            };
            match socket.poll_next(cx) {
                Poll::Pending => return false,
                Poll::Ready(Received::Packet(Ok(packet))) => {
                    if let Flow::Wait(ready) = self.session.receive(packet) {
                        self.waiting = Some((ready, self.session.block()));
                    }
                }
                Poll::Ready(Received::Packet(Err(_))) => {
                    self.session
                        .end(DisconnectReason::ParseError, Farewell::Abrupt, None);
                    return false;
                }
                Poll::Ready(Received::Ping(bytes)) => self.pong = Some(bytes),
                Poll::Ready(Received::Pong) => {}
                Poll::Ready(Received::End(End { reason, code })) => {
                    self.session.end(reason, Farewell::Abrupt, code);
                    return false;
                }
            }
        }
        true
    }

    /// Writes what is queued, as far as the peer takes it.
    fn write(&mut self, cx: &mut Context<'_>) -> Option<Outcome> {
        let socket = self.socket.as_mut()?;
        loop {
            if self.pong.is_none() {
                let mut state = self.session.state();
                if state.outbox.is_empty() {
                    if state.phase != Phase::Open {
                        return Some(Outcome::SayGoodbye(state.close_code.take()));
                    }
                    state.socket_waker = Some(cx.waker().clone());
                    self.stalled_since = None;
                    return None;
                }
            }
            match Pin::new(&mut socket.sink).poll_ready(cx) {
                Poll::Ready(Ok(())) => self.stalled_since = None,
                Poll::Pending => {
                    self.stalled_since.get_or_insert_with(Instant::now);
                    return None;
                }
                Poll::Ready(Err(_)) => {
                    self.session
                        .end(DisconnectReason::TransportClose, Farewell::Lost, None);
                    return Some(Outcome::Drop);
                }
            }
            let (message, on_written) = if let Some(bytes) = self.pong.take() {
                (WsMessage::Pong(bytes), None)
            } else {
                let mut state = self.session.state();
                let Some(next) = state.outbox.pop() else {
                    continue;
                };
                state.wake_if_room(self.session.config());
                (message(next.frame), next.on_written)
            };
            if Pin::new(&mut socket.sink).start_send(message).is_err() {
                self.session
                    .end(DisconnectReason::TransportClose, Farewell::Lost, None);
                return Some(Outcome::Drop);
            }
            if let Some(on_written) = on_written {
                on_written();
            }
        }
    }
}

fn message(frame: Frame) -> WsMessage {
    match frame {
        Frame::Text(text) => WsMessage::Text(text),
        Frame::Binary(bytes) => WsMessage::Binary(bytes),
    }
}

impl Drop for Connection {
    /// Also when the worker's runtime goes away under the task.
    fn drop(&mut self) {
        self.session
            .end(DisconnectReason::TransportError, Farewell::Lost, None);
        self.session.finish();
    }
}
