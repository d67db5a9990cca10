//! One client's session: the state machine that polls, POSTs, a WebSocket and emits from any thread meet in.
//!
//! Every request of a session may come on another worker, so all state is behind one mutex, held briefly and never while
//! the application is called. Transports register a waker under that mutex, so no wake-up is lost. How a poll is answered
//! is in `polling.rs`, how frames are written in `websocket.rs`.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use actix_ws::CloseCode;
use bytes::Bytes;
use bytestring::ByteString;
use futures::future::BoxFuture;
use tokio::runtime::Handle;

use super::SessionHandler;
use super::codec::{Message, Packet};
use super::handshake::{Handshake, TransportKind};
use super::heartbeat::{Beat, Heartbeat};
use super::outbox::{Frame, Outbox, WrittenHook};
use super::registry::{EngineCore, SessionId};
use super::state::{Farewell, Phase, Route, State};
use crate::config::Config;
use crate::error::DisconnectReason;

/// How long a session closed by its client's POST waits for the poll that was sent together with it and is late.
const LATE_POLL: std::time::Duration = std::time::Duration::from_millis(100);

/// Why a message was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The session is closed or closing.
    #[error("session is closed")]
    Closed,
    /// The session's queue is full.
    #[error("send queue is full")]
    QueueFull,
}

/// What the transport does after a message was handed over.
pub enum Flow {
    /// Reads on.
    Continue,
    /// Reads on when this is done: the application cannot keep up.
    Wait(BoxFuture<'static, ()>),
}

/// A client's connection, over whichever transport.
pub struct Session {
    id: SessionId,
    engine: Arc<EngineCore>,
    /// The worker that accepted the session; its tasks run there.
    runtime: Handle,
    handshake: Arc<Handshake>,
    handler: OnceLock<Arc<dyn SessionHandler>>,
    state: Mutex<State>,
}

fn wake(wakers: [Option<Waker>; 2]) {
    wakers.into_iter().flatten().for_each(Waker::wake);
}

impl Session {
    pub(crate) fn new(
        id: SessionId,
        engine: Arc<EngineCore>,
        handshake: Handshake,
        transport: TransportKind,
    ) -> Self {
        let (now, config) = (Instant::now(), engine.config());
        let state = State {
            phase: Phase::Open,
            route: match transport {
                TransportKind::Polling => Route::Polling,
                TransportKind::WebSocket => Route::WebSocket,
            },
            outbox: Outbox::default(),
            poll_active: false,
            post_active: false,
            poll_waker: None,
            socket_waker: None,
            room_wakers: Vec::new(),
            close_code: None,
            heartbeat: Heartbeat::new(now, config.ping_interval),
            accept_by: None,
            blocked: 0,
            watch: None,
        };
        Self {
            id,
            runtime: Handle::current(),
            handshake: Arc::new(handshake),
            handler: OnceLock::new(),
            state: Mutex::new(state),
            engine,
        }
    }

    /// The request that opened the session.
    pub fn handshake(&self) -> &Arc<Handshake> {
        &self.handshake
    }

    /// The transport in use now.
    pub fn transport(&self) -> TransportKind {
        match self.state().route {
            Route::WebSocket => TransportKind::WebSocket,
            Route::Polling | Route::Upgrading { .. } => TransportKind::Polling,
        }
    }

    /// Sends a message. Never blocks.
    ///
    /// # Errors
    /// When the session is closed. A full queue is an error too, and closes the session.
    pub fn send(&self, message: Message) -> Result<(), SendError> {
        let frame = match message {
            Message::Text(text) => Frame::Text(format!("4{text}").into()),
            Message::Binary(bytes) => Frame::Binary(bytes),
        };
        let sent = self.queue(frame, &[], None);
        if sent == Err(SendError::QueueFull) {
            self.close(DisconnectReason::QueueFull);
        }
        sent
    }

    /// Closes the session. What was queued is delivered first, except with [`DisconnectReason::QueueFull`].
    pub fn close(&self, reason: DisconnectReason) {
        self.end(reason, Farewell::Flush, None);
    }

    /// Whether the session is open.
    pub fn is_open(&self) -> bool {
        self.state().phase == Phase::Open
    }

    pub(crate) fn config(&self) -> &Config {
        self.engine.config()
    }

    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    pub(crate) fn engine(&self) -> &Arc<EngineCore> {
        &self.engine
    }

    /// The worker's runtime, for tasks that belong to this session.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Sets who gets the messages; before the first one.
    pub(crate) fn attach(&self, handler: Arc<dyn SessionHandler>) {
        // Only the registry attaches, and only once.
        drop(self.handler.set(handler));
    }

    /// Ends the session at `deadline` unless [`accepted`](Self::accepted) is called before.
    pub(crate) fn accept_by(&self, deadline: Instant) {
        self.state().accept_by = Some(deadline);
    }

    /// The application has a use for this session.
    pub(crate) fn accepted(&self) {
        self.state().accept_by = None;
    }

    /// Queues the frames of a packet, all or none. A full queue is left to the caller, who may hold locks that closing
    /// needs.
    pub(crate) fn queue(
        &self,
        first: Frame,
        attachments: &[Bytes],
        on_written: Option<WrittenHook>,
    ) -> Result<(), SendError> {
        let config = self.engine.config();
        let (max_bytes, max_messages) = (config.max_queue_bytes, config.max_queue_messages);
        let mut state = self.state();
        if state.phase != Phase::Open {
            return Err(SendError::Closed);
        }
        if !state
            .outbox
            .push(first, attachments, on_written, max_bytes, max_messages)
        {
            return Err(SendError::QueueFull);
        }
        let wakers = state.wakers();
        drop(state);
        wake(wakers);
        Ok(())
    }

    /// Waits until less than half of the queue is used, or the session has ended.
    pub(crate) async fn room(&self) {
        std::future::poll_fn(|cx| {
            let mut state = self.state();
            if state.phase != Phase::Open || !state.is_half_full(self.config()) {
                return Poll::Ready(());
            }
            state.room_wakers.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a packet from a transport. Order is the transport's.
    pub(crate) fn receive(self: &Arc<Self>, packet: Packet) -> Flow {
        let config = self.engine.config();
        let mut state = self.state();
        if state.phase != Phase::Open {
            return Flow::Continue;
        }
        let now = Instant::now();
        if packet == Packet::Pong {
            state.heartbeat.pong(now, config.ping_interval);
        } else {
            state.heartbeat.activity(now, config.ping_timeout);
        }
        drop(state);
        match packet {
            Packet::Message(message) => match self.handler.get() {
                Some(handler) => Arc::clone(handler).message(self, message),
                None => Flow::Continue,
            },
            Packet::Close => {
                self.end(DisconnectReason::TransportClose, Farewell::ByClient, None);
                Flow::Continue
            }

            // Only servers ping.
            Packet::Ping(_) => {
                self.end(DisconnectReason::ParseError, Farewell::Abrupt, None);
                Flow::Continue
            }
            Packet::Open | Packet::Pong | Packet::Upgrade | Packet::Noop => Flow::Continue,
        }
    }

    /// A transport waits for the application from here until the guard is dropped; the client is not to blame for the
    /// pongs it cannot read meanwhile.
    pub(crate) fn block(self: &Arc<Self>) -> Blocked {
        self.state().blocked += 1;
        Blocked(Arc::clone(self))
    }

    /// When [`tick`](Self::tick) has to be called next.
    pub(crate) fn deadline(&self) -> Instant {
        let state = self.state();
        let beat = state.heartbeat.deadline();
        state
            .accept_by
            .map_or(beat, |accept_by| accept_by.min(beat))
    }

    /// Lets time pass: pings, or ends the session. `false` once it has ended.
    pub(crate) fn tick(&self, now: Instant) -> bool {
        let config = self.engine.config();
        let mut state = self.state();
        if state.phase != Phase::Open {
            return false;
        }
        if state.accept_by.is_some_and(|accept_by| accept_by <= now) {
            drop(state);
            self.end(DisconnectReason::ConnectTimeout, Farewell::Flush, None);
            return false;
        }
        // A client that does not fetch what waits for it gets no excuse.
        if state.blocked > 0 && !state.is_half_full(config) {
            state.heartbeat.excuse(now, config.ping_timeout);
        }
        let mut wakers = [None, None];
        loop {
            match state.heartbeat.beat(now, config.ping_timeout) {
                Beat::Wait => break,
                Beat::Ping => {
                    state
                        .outbox
                        .push_control(Frame::Text(ByteString::from_static("2")));
                    wakers = state.wakers();
                }
                Beat::TimedOut => {
                    drop(state);
                    self.end(DisconnectReason::PingTimeout, Farewell::Abrupt, None);
                    return false;
                }
            }
        }
        drop(state);
        wake(wakers);
        true
    }

    /// Ends the session, once: later calls change nothing.
    pub(crate) fn end(
        &self,
        reason: DisconnectReason,
        farewell: Farewell,
        close_code: Option<CloseCode>,
    ) {
        let mut state = self.state();
        if state.phase != Phase::Open {
            return;
        }
        state.phase = Phase::Ended(farewell);
        // 1013 "try again later": the client should come back and catch up.
        let overflowed = reason == DisconnectReason::QueueFull;
        state.close_code = close_code.or(overflowed.then_some(CloseCode::Again));
        if farewell != Farewell::Flush || overflowed {
            state.outbox.clear();
        }
        if let Some(watch) = state.watch.take() {
            watch.abort();
        }
        let lingers = match (state.route, farewell) {
            // The connection's task says goodbye and then forgets the session.
            (Route::WebSocket, Farewell::Flush | Farewell::Abrupt | Farewell::ByClient) => None,
            (_, Farewell::Flush) => Some(self.engine.config().close_timeout),
            (_, Farewell::ByClient) if !state.poll_active => Some(LATE_POLL),
            _ => {
                self.engine.forget(self);
                None
            }
        };
        if let Some(patience) = lingers {
            let (engine, id) = (Arc::clone(&self.engine), self.id);
            let linger = self.runtime.spawn(async move {
                tokio::time::sleep(patience).await;
                engine.forget_id(&id);
            });
            state.watch = Some(linger.abort_handle());
        }
        let wakers = state.wakers();
        state.room_wakers.drain(..).for_each(Waker::wake);
        drop(state);
        wake(wakers);
        tracing::debug!(reason = reason.as_str(), "engine.io session ended");
        if let Some(handler) = self.handler.get() {
            Arc::clone(handler).closed(reason);
        }
    }

    /// The farewell was delivered, or cannot be: nobody will ask for this session again.
    pub(crate) fn finish(&self) {
        if let Some(watch) = self.state().watch.take() {
            watch.abort();
        }
        self.engine.forget(self);
    }

    /// Starts the task that keeps the time of a polling session.
    pub(crate) fn start_watch(self: &Arc<Self>) {
        let session = Arc::clone(self);
        let watch = self.runtime.spawn(async move {
            loop {
                tokio::time::sleep_until(session.deadline().into()).await;
                if !session.tick(Instant::now()) {
                    break;
                }
            }
        });
        self.state().watch = Some(watch.abort_handle());
    }

    /// Stops that task: a WebSocket's own task keeps the time from here on.
    pub(crate) fn stop_watch(&self) {
        if let Some(watch) = self.state().watch.take() {
            watch.abort();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is secret.
        f.debug_struct("Session")
            .field("handshake", &self.handshake)
            .finish_non_exhaustive()
    }
}

/// See [`Session::block`].
pub(crate) struct Blocked(Arc<Session>);

impl Drop for Blocked {
    fn drop(&mut self) {
        let ping_timeout = self.0.engine.config().ping_timeout;
        let mut state = self.0.state();
        state.blocked -= 1;
        state.heartbeat.excuse(Instant::now(), ping_timeout);
    }
}
