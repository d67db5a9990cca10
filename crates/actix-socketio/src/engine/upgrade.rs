//! The upgrade of a polling session to WebSocket: probe, wait for the client to pause polling, switch.
//!
//! Source: Engine.IO protocol v4, "Upgrade". Until the switch the WebSocket is only tried out: whatever goes wrong closes
//! it and leaves the session polling. The noops that release polls meanwhile are made by `polling.rs` from the route's
//! state and never queued, so none can end up on the WebSocket.

use std::sync::Arc;
use std::task::Poll;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use super::codec::Packet;
use super::http::RequestError;
use super::session::Session;
use super::state::{Phase, Route};
use super::websocket::{self, Connection, Received, WebSocket};

/// Answers a request for a WebSocket of an existing session.
pub(crate) async fn open(
    session: &Arc<Session>,
    request: &HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let config = session.engine().config();
    if !config.allow_upgrades {
        return RequestError::BadRequest.response();
    }
    let attempt = Attempt::begin(session);
    let (response, socket) = match websocket::accept(config, request, body).await {
        Ok(accepted) => accepted,
        Err(error) => return error.error_response(),
    };
    if let Some(attempt) = attempt {
        actix_web::rt::spawn(attempt.run(socket));
    } else {
        // Upgrading, upgraded or closing already. Clients expect an accepted WebSocket that closes,
        // and not an error status; the old one stays.
        let engine = Arc::clone(session.engine());
        actix_web::rt::spawn(async move { socket.close(None, engine.config()).await });
    }
    response
}

/// An upgrade under way. Dropped before its end, it leaves the session polling.
struct Attempt {
    session: Arc<Session>,
}

impl Attempt {
    fn begin(session: &Arc<Session>) -> Option<Self> {
        let mut state = session.state();
        if state.phase != Phase::Open || state.route != Route::Polling {
            return None;
        }
        state.route = Route::Upgrading { probed: false };
        drop(state);
        Some(Self {
            session: Arc::clone(session),
        })
    }

    async fn run(self, mut socket: WebSocket) {
        let session = Arc::clone(&self.session);
        let config = session.engine().config();
        let probe = self.probe(&mut socket);
        let upgraded = tokio::time::timeout(config.upgrade_timeout, probe)
            .await
            .unwrap_or(false);
        if upgraded && self.complete() {
            Connection::new(Arc::clone(&session), socket).run().await;
        } else {
            drop(self);
            socket.close(None, config).await;
        }
    }

    /// Waits for `2probe`, answers it, waits for `5`.
    async fn probe(&self, socket: &mut WebSocket) -> bool {
        let mut probed = false;
        loop {
            match self.next(socket).await {
                Some(Received::Packet(Ok(Packet::Ping(probe))))
                    if !probed && &*probe == "probe" =>
                {
                    probed = true;
                    if socket.sink.text("3probe").await.is_err() {
                        return false;
                    }
                    self.release_polls();
                }
                Some(Received::Packet(Ok(Packet::Upgrade))) if probed => return true,
                Some(Received::Ping(bytes)) => {
                    if pong(socket, &bytes).await.is_err() {
                        return false;
                    }
                }
                Some(Received::Pong) => {}
                Some(Received::Packet(_) | Received::End(_)) | None => return false,
            }
        }
    }

    /// The next frame, or `None` when the session has ended.
    async fn next(&self, socket: &mut WebSocket) -> Option<Received> {
        std::future::poll_fn(|cx| {
            {
                let mut state = self.session.state();
                if state.phase != Phase::Open {
                    return Poll::Ready(None);
                }
                state.socket_waker = Some(cx.waker().clone());
            }
            socket.poll_next(cx).map(Some)
        })
        .await
    }

    /// From here on polls are answered soon, so that the client can pause them.
    fn release_polls(&self) {
        let mut state = self.session.state();
        state.route = Route::Upgrading { probed: true };
        let waker = state.poll_waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Switches, unless the session has ended meanwhile.
    fn complete(&self) -> bool {
        let mut state = self.session.state();
        if state.phase != Phase::Open {
            return false;
        }
        state.route = Route::WebSocket;
        let waker = state.poll_waker.take();
        drop(state);
        self.session.stop_watch();
        // A poll that is still there came too late.
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

async fn pong(socket: &mut WebSocket, bytes: &Bytes) -> Result<(), actix_ws::Closed> {
    socket.sink.pong(bytes).await
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut state = self.session.state();
        if let Route::Upgrading { .. } = state.route {
            state.route = Route::Polling;
        }
    }
}
