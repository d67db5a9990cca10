//! The Engine.IO v4 layer: sessions over HTTP long polling and WebSocket, without any idea of Socket.IO.
//!
//! Usable by itself: implement [`Handler`] and mount an [`Engine`].
//!
//! | file | concept |
//! |---|---|
//! | `codec.rs` | packets and payloads as text, no I/O |
//! | `http.rs`, `cors.rs` | the endpoint: checks, error codes, origins |
//! | `registry.rs` | all sessions: admission, look-up, shutdown |
//! | `session.rs`, `state.rs`, `heartbeat.rs`, `outbox.rs` | one session: transitions, state, time, queue |
//! | `polling.rs`, `websocket.rs`, `upgrade.rs` | the transports and the way between them |
//! | `frame_guard.rs` | what a WebSocket frame may look like, before it is buffered |

mod codec;
mod cors;
mod frame_guard;
mod handshake;
mod heartbeat;
mod http;
mod outbox;
mod polling;
mod registry;
mod session;
mod state;
mod upgrade;
mod websocket;

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};

pub use self::codec::Message;
pub use self::handshake::{Handshake, HandshakeRequest, TransportKind};
pub(crate) use self::outbox::{Frame, WrittenHook};
pub(crate) use self::registry::EngineCore;
pub use self::session::{Flow, SendError, Session};
use crate::config::Config;
use crate::error::DisconnectReason;

/// What an application of the engine layer implements.
pub trait Handler: Send + Sync + 'static {
    /// A session was opened; what is returned gets its messages. May send at once: the client receives the open packet
    /// first.
    fn open(&self, session: &Arc<Session>) -> Arc<dyn SessionHandler>;
}

/// The application's side of one session.
pub trait SessionHandler: Send + Sync + 'static {
    /// The client sent a message. Messages come one after the other, in the client's order, on whatever worker received
    /// them; this must not block. [`Flow::Wait`] keeps the next ones from being read.
    fn message(self: Arc<Self>, session: &Arc<Session>, message: Message) -> Flow;

    /// The session is over, for good. Called once.
    fn closed(self: Arc<Self>, reason: DisconnectReason);
}

/// An Engine.IO server. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Engine(Arc<EngineCore>);

impl Engine {
    /// A server with these options.
    pub fn new(config: Config, handler: Arc<dyn Handler>) -> Self {
        Self(Arc::new(EngineCore::new(config, handler, None)))
    }

    pub(crate) fn from_core(core: Arc<EngineCore>) -> Self {
        Self(core)
    }

    /// Serves Engine.IO under `path`, usually `/engine.io/`. Call it for every worker's `App`.
    pub fn configure(&self, cfg: &mut ServiceConfig, path: &str) {
        let engine = web::ThinData(Arc::clone(&self.0));
        // All methods: a wrong one is answered with 400 and not with 404 or 405.
        cfg.service(
            web::resource(path)
                .app_data(engine)
                .route(web::route().to(http::handle)),
        );
    }

    /// How many sessions are open.
    pub fn session_count(&self) -> usize {
        self.0.session_count()
    }

    /// Refuses new sessions and closes all open ones: queued packets are delivered first and long polls are answered.
    /// Returns when all are closed, or after `close_timeout`.
    pub async fn close_all(&self) {
        self.0.close_all().await;
    }
}
