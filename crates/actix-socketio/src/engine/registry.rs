//! The sessions of one server: admission, look-up, and closing all of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::http::StatusCode;
use tokio::sync::Notify;

use super::Handler;
use super::handshake::{Handshake, TransportKind};
use super::http;
use super::outbox::Frame;
use super::session::Session;
use super::state::Farewell;
use crate::config::Config;
use crate::error::{DisconnectReason, Refusal};
use crate::server::AllowRequest;

/// Secret id of a session: 24 URL-safe characters, 144 random bits. Whoever knows it can take the session over.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId([u8; Self::LEN]);

impl SessionId {
    const LEN: usize = 24;

    fn random() -> Self {
        let mut text = [0; Self::LEN];
        crate::random::fill_url_safe(&mut text);
        Self(text)
    }

    fn parse(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        // Only looked-up ids can be anything but ASCII, and those are never printed.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// What all workers share.
pub(crate) struct EngineCore {
    config: Config,
    handler: Arc<dyn Handler>,
    allow_request: Option<Arc<AllowRequest>>,
    sessions: Mutex<Sessions>,
    closing: AtomicBool,
    /// Told when the last session is gone.
    empty: Notify,
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<SessionId, Arc<Session>>,
    /// Counted only if addresses are limited.
    by_address: HashMap<IpAddr, usize>,
}

impl EngineCore {
    pub(crate) fn new(
        config: Config,
        handler: Arc<dyn Handler>,
        allow_request: Option<Arc<AllowRequest>>,
    ) -> Self {
        Self {
            config,
            handler,
            allow_request,
            sessions: Mutex::default(),
            closing: AtomicBool::new(false),
            empty: Notify::new(),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn allow_request(&self) -> Option<&AllowRequest> {
        self.allow_request.as_deref()
    }

    /// Opens a session, or says why not.
    pub(crate) fn open(
        self: &Arc<Self>,
        handshake: Handshake,
        transport: TransportKind,
    ) -> Result<Arc<Session>, Refusal> {
        let id = SessionId::random();
        let session = Arc::new(Session::new(id, Arc::clone(self), handshake, transport));
        self.admit(&session)?;
        if transport == TransportKind::WebSocket {
            // Before anything the handler sends. A poll is answered with it instead.
            let open = Frame::Text(http::open_packet(&session).into());
            session.state().outbox.push_control(open);
        }
        session.attach(self.handler.open(&session));
        Ok(session)
    }

    /// The session with this id. Its deadlines are looked at first, so that a client is never served past them.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Session>> {
        let session = self.sessions().by_id.get(&SessionId::parse(id)?).cloned()?;
        if session.tick(std::time::Instant::now()) {
            return Some(session);
        }
        // An ended session is still there while it waits for the poll that fetches its last packets.
        self.sessions()
            .by_id
            .contains_key(session.id())
            .then_some(session)
    }

    pub(crate) fn forget(&self, session: &Session) {
        self.forget_id(session.id());
    }

    pub(crate) fn forget_id(&self, id: &SessionId) {
        let mut sessions = self.sessions();
        let Some(session) = sessions.by_id.remove(id) else {
            return;
        };
        if let Some(address) = session.handshake().peer_ip()
            && let Some(count) = sessions.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                sessions.by_address.remove(&address);
            }
        }
        let is_empty = sessions.by_id.is_empty();
        drop(sessions);
        if is_empty {
            self.empty.notify_waiters();
        }
        // Dropped here, after the lock: it may be the last reference.
        drop(session);
    }

    pub(crate) fn session_count(&self) -> usize {
        self.sessions().by_id.len()
    }

    /// Opens nothing any more, closes everything, and waits until all farewells are said.
    pub(crate) async fn close_all(&self) {
        self.closing.store(true, Ordering::Release);
        let sessions: Vec<_> = self.sessions().by_id.values().cloned().collect();
        for session in sessions {
            session.end(DisconnectReason::ServerShuttingDown, Farewell::Flush, None);
        }
        let all_gone = async {
            loop {
                let empty = self.empty.notified();
                if self.session_count() == 0 {
                    break;
                }
                empty.await;
            }
        };
        if tokio::time::timeout(self.config.close_timeout, all_gone)
            .await
            .is_err()
        {
            tracing::warn!(
                left = self.session_count(),
                "engine.io sessions did not close in time"
            );
        }
    }

    fn admit(&self, session: &Arc<Session>) -> Result<(), Refusal> {
        let unavailable = |message: &str| Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            message: message.to_owned(),
        };
        let mut sessions = self.sessions();
        // Read under the lock, so that `close_all` sees every session admitted before.
        if self.closing.load(Ordering::Acquire) {
            return Err(unavailable("Server is shutting down"));
        }
        if sessions.by_id.len() >= self.config.max_sessions {
            return Err(unavailable("Too many sessions"));
        }
        let limit = self.config.max_sessions_per_address;
        if limit < usize::MAX
            && let Some(address) = session.handshake().peer_ip()
        {
            let count = sessions.by_address.entry(address).or_default();
            if *count >= limit {
                return Err(Refusal::too_many_requests(
                    "Too many sessions from this address",
                ));
            }
            *count += 1;
        }
        sessions.by_id.insert(*session.id(), Arc::clone(session));
        Ok(())
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
