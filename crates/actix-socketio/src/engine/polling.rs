//! The HTTP long-polling transport: one GET and one POST in flight per session.
//!
//! Source: Engine.IO protocol v4, "HTTP long-polling", and the reference server's behaviour when a session ends.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;

use super::codec::{self, PayloadWriter};
use super::handshake::Handshake;
use super::http::{self, RequestError};
use super::outbox::WrittenHook;
use super::registry::EngineCore;
use super::session::{Flow, Session};
use super::state::{Farewell, Phase, Route};
use crate::engine::TransportKind;
use crate::error::DisconnectReason;

/// How long a poll is held once a WebSocket has been probed, before it is answered with a noop. The client's `5` may be on
/// its way and makes the poll an error; the reference server looks every 100 ms.
const UPGRADE_HOLD: Duration = Duration::from_millis(50);

/// Answers the GET that opens a session.
pub(crate) fn open(engine: &Arc<EngineCore>, request: &HttpRequest) -> HttpResponse {
    let handshake = Handshake::of(request, engine.config());
    match engine.open(handshake, TransportKind::Polling) {
        Ok(session) => {
            session.start_watch();
            payload(http::open_packet(&session))
        }
        Err(refusal) => http::refused(&refusal),
    }
}

/// Answers a poll.
pub(crate) async fn poll(session: &Arc<Session>) -> HttpResponse {
    let Some(slot) = PollSlot::take(session) else {
        // The pending poll gets `1`, this one a bare 400.
        session.end(DisconnectReason::TransportError, Farewell::Abrupt, None);
        return HttpResponse::BadRequest().finish();
    };
    let late = !session.is_open();
    let mut hold_timer = pin!(None);
    let answer = std::future::poll_fn(|cx| {
        loop {
            let held = match hold_timer.as_mut().as_pin_mut() {
                Some(timer) => std::future::Future::poll(timer, cx).is_ready(),
                None => false,
            };
            match slot.answer(cx, late, held) {
                Poll::Ready(Answer::Hold) if hold_timer.is_none() => {
                    hold_timer.set(Some(tokio::time::sleep(UPGRADE_HOLD)));
                }
                Poll::Ready(Answer::Hold) | Poll::Pending => return Poll::Pending,
                Poll::Ready(answer) => return Poll::Ready(answer),
            }
        }
    })
    .await;
    slot.done();
    match answer {
        Answer::Packets { body, hooks } => {
            // The response is on its way from here: nothing awaits any more.
            for hook in hooks {
                hook();
            }
            payload(body)
        }
        Answer::Last(body) => {
            session.finish();
            payload(body)
        }
        Answer::Upgraded | Answer::Hold => RequestError::BadRequest.response(),
    }
}

/// Answers a POST.
pub(crate) async fn post(
    session: &Arc<Session>,
    request: &HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let Some(slot) = PostSlot::take(session) else {
        session.end(DisconnectReason::TransportError, Farewell::Abrupt, None);
        return HttpResponse::BadRequest().finish();
    };
    let config = session.engine().config();
    let is_binary = request.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .eq_ignore_ascii_case(b"application/octet-stream")
    });
    if is_binary {
        session.end(DisconnectReason::TransportError, Farewell::Abrupt, None);
        slot.done();
        return HttpResponse::BadRequest().finish();
    }
    // As long as the client may be silent; a body that takes longer comes from nobody alive.
    let patience = config.ping_interval + config.ping_timeout;
    if declared_bytes(request).is_some_and(|bytes| bytes > config.max_payload_bytes) {
        // Said before the first byte is read: the client need not send it.
        slot.done();
        return HttpResponse::new(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let read = read_body(body, config.max_payload_bytes);
    let status = match tokio::time::timeout(patience, read).await {
        Ok(Ok(body)) => hand_over(session, body).await,
        Ok(Err(status)) => status,
        Err(_) => {
            session.end(DisconnectReason::TransportError, Farewell::Abrupt, None);
            StatusCode::REQUEST_TIMEOUT
        }
    };
    slot.done();
    if status == StatusCode::OK {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/html"))
            .body("ok")
    } else {
        HttpResponse::new(status)
    }
}

/// Gives the packets of a body to the session, in order.
async fn hand_over(session: &Arc<Session>, body: Bytes) -> StatusCode {
    let config = session.engine().config();
    let broken = |error: codec::CodecError| {
        tracing::debug!(%error, "broken engine.io payload");
        session.end(DisconnectReason::ParseError, Farewell::Abrupt, None);
        StatusCode::BAD_REQUEST
    };
    let packets = match codec::decode_payload(body, config.max_packets_per_payload) {
        Ok(packets) => packets,
        Err(error) => return broken(error),
    };
    for packet in packets {
        if session.transport() == TransportKind::WebSocket {
            // The client went on by WebSocket while this POST was on its way.
            return StatusCode::BAD_REQUEST;
        }
        match packet.map(|packet| session.receive(packet)) {
            Ok(Flow::Continue) => {}
            Ok(Flow::Wait(ready)) => {
                let blocked = session.block();
                ready.await;
                drop(blocked);
            }
            Err(error) => return broken(error),
        }
    }
    StatusCode::OK
}

/// What `Content-Length` announces; a number beyond all bounds counts as such.
fn declared_bytes(request: &HttpRequest) -> Option<usize> {
    let value = request.headers().get(CONTENT_LENGTH)?.to_str().ok()?;
    Some(value.parse().unwrap_or(usize::MAX))
}

async fn read_body(mut body: web::Payload, max_bytes: usize) -> Result<Bytes, StatusCode> {
    let mut whole = BytesMut::new();
    let mut first = None;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if whole.len() + first.as_ref().map_or(0, Bytes::len) + chunk.len() > max_bytes {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        // Most bodies are one chunk, which needs no copy.
        match (first.take(), whole.is_empty()) {
            (None, true) => first = Some(chunk),
            (Some(one), _) => {
                whole.extend_from_slice(&one);
                whole.extend_from_slice(&chunk);
            }
            (None, false) => whole.extend_from_slice(&chunk),
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

fn payload(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=UTF-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body)
}

/// What a poll is answered with.
enum Answer {
    /// Packets; the session goes on.
    Packets {
        body: String,
        hooks: Vec<WrittenHook>,
    },
    /// The session's last words.
    Last(String),
    /// An upgrade is under way: nothing yet, but a noop soon.
    Hold,
    /// The session went on by WebSocket.
    Upgraded,
}

/// The right to poll. A poll whose client goes away is dropped without [`done`](Self::done), which ends the session.
struct PollSlot<'a> {
    session: &'a Arc<Session>,
    done: bool,
}

impl<'a> PollSlot<'a> {
    fn take(session: &'a Arc<Session>) -> Option<Self> {
        let taken = std::mem::replace(&mut session.state().poll_active, true);
        (!taken).then(|| Self {
            session,
            done: false,
        })
    }

    /// What to answer now. `late`: the session had ended before the poll came. `held`: it waited for the upgrade long
    /// enough.
    fn answer(&self, cx: &Context<'_>, late: bool, held: bool) -> Poll<Answer> {
        let mut state = self.session.state();
        let mut body = PayloadWriter::default();
        match (state.phase, state.route) {
            (Phase::Ended(Farewell::Flush), _) => {
                // What is queued goes alone and the `1` by the next poll: the JS client hands packets to the application a
                // tick after it has parsed them, and would be closed by then.
                if !state.outbox.is_empty() {
                    let hooks = state.outbox.drain_into(&mut body);
                    return Poll::Ready(Answer::Packets {
                        body: body.finish(),
                        hooks,
                    });
                }
                if late {
                    body.text("6");
                }
                body.text("1");
                Poll::Ready(Answer::Last(body.finish()))
            }
            (Phase::Ended(Farewell::ByClient), _) => Poll::Ready(Answer::Last("6".to_owned())),
            (Phase::Ended(Farewell::Abrupt | Farewell::Lost), _) => {
                Poll::Ready(Answer::Last("1".to_owned()))
            }
            (Phase::Open, Route::WebSocket) => Poll::Ready(Answer::Upgraded),
            (Phase::Open, route) => {
                if !state.outbox.is_empty() {
                    let hooks = state.outbox.drain_into(&mut body);
                    state.wake_if_room(self.session.config());
                    return Poll::Ready(Answer::Packets {
                        body: body.finish(),
                        hooks,
                    });
                }
                let probed = route == Route::Upgrading { probed: true };
                if probed && held {
                    let body = "6".to_owned();
                    return Poll::Ready(Answer::Packets {
                        body,
                        hooks: Vec::new(),
                    });
                }
                state.poll_waker = Some(cx.waker().clone());
                if probed {
                    Poll::Ready(Answer::Hold)
                } else {
                    Poll::Pending
                }
            }
        }
    }

    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for PollSlot<'_> {
    fn drop(&mut self) {
        let mut state = self.session.state();
        state.poll_active = false;
        state.poll_waker = None;
        drop(state);
        if !self.done {
            self.session
                .end(DisconnectReason::TransportError, Farewell::Lost, None);
        }
    }
}

/// The right to post; as [`PollSlot`].
struct PostSlot<'a> {
    session: &'a Arc<Session>,
    done: bool,
}

impl<'a> PostSlot<'a> {
    fn take(session: &'a Arc<Session>) -> Option<Self> {
        let taken = std::mem::replace(&mut session.state().post_active, true);
        (!taken).then(|| Self {
            session,
            done: false,
        })
    }

    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for PostSlot<'_> {
    fn drop(&mut self) {
        self.session.state().post_active = false;
        if !self.done {
            self.session
                .end(DisconnectReason::TransportError, Farewell::Lost, None);
        }
    }
}
