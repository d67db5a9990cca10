//! Joining a namespace: the application is asked, detached from the transport, and its answer is carried out.
//!
//! The rest of a client's life is in `client.rs`, whose lock order holds here as well.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use serde_json::{Map, Value};

use super::client::{Client, Entry, PARSE_ERROR, Status, Violation, send};
use super::inbox::{self, Inbox, Item};
use super::namespace::{ConnectError, ConnectRequest, NamespaceCore, SocketData};
use super::packet;
use super::socket::{Socket, SocketCore, SocketId};
use crate::engine::{SendError, Session};
use crate::error::DisconnectReason;

impl Client {
    /// Takes a CONNECT: the application is asked in a task of its own.
    pub(super) fn connect(
        self: &Arc<Self>,
        session: &Arc<Session>,
        name: &str,
        auth: Map<String, Value>,
    ) -> Result<(), Violation> {
        let Some(namespace) = self.namespaces.get(name).cloned() else {
            return reply_error(session, name, &ConnectError::new("Invalid namespace"));
        };
        let mut state = self.state();
        if state.closed {
            return Ok(());
        }
        match state.entry(name).map(|entry| &entry.status) {
            Some(Status::Pending(_) | Status::Connected(_)) => return Err(PARSE_ERROR),
            Some(Status::Left) => state.remove(name),
            None => {}
        }
        if state.entries.len() >= session.config().max_namespaces {
            state
                .entries
                .retain(|entry| !matches!(entry.status, Status::Left));
        }
        if state.entries.len() >= session.config().max_namespaces {
            drop(state);
            return reply_error(session, name, &ConnectError::new("Too many namespaces"));
        }
        let request = ConnectRequest {
            socket_id: SocketId::random(),
            namespace: Arc::clone(&namespace.name),
            auth,
            handshake: Arc::clone(session.handshake()),
            transport: session.transport(),
        };
        let decide = Arc::clone(self).decide(Arc::clone(session), Arc::clone(&namespace), request);
        // The task cannot finish before the entry is there: it needs the lock held here.
        let task = session.runtime().spawn(decide);
        state.entries.push(Entry {
            namespace,
            status: Status::Pending(task.abort_handle()),
        });
        Ok(())
    }

    /// Asks the application, detached from the transport.
    async fn decide(
        self: Arc<Self>,
        session: Arc<Session>,
        namespace: Arc<NamespaceCore>,
        request: ConnectRequest,
    ) {
        let id = request.socket_id;
        let answer = AssertUnwindSafe(namespace.handler.connect(request)).catch_unwind();
        let patience = session.config().connect_timeout;
        let verdict = match tokio::time::timeout(patience, answer).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_panic)) => {
                tracing::error!(
                    namespace = &*namespace.name,
                    "socket.io connect handler panicked"
                );
                Err(ConnectError::new("Internal error"))
            }
            Err(_) => Err(ConnectError::new("Connect timed out")),
        };
        let done = match verdict {
            Ok(data) => self.accept(&session, &namespace, id, data),
            Err(error) => self.refuse(&session, &namespace, &error),
        };
        if let Err(Violation(reason)) = done {
            session.close(reason);
        }
    }

    fn accept(
        self: &Arc<Self>,
        session: &Arc<Session>,
        namespace: &Arc<NamespaceCore>,
        id: SocketId,
        data: SocketData,
    ) -> Result<(), Violation> {
        let config = session.config();
        let socket = Socket(Arc::new(SocketCore {
            id,
            namespace: Arc::clone(namespace),
            session: Arc::clone(session),
            client: Arc::clone(self),
            data,
            connected: AtomicBool::new(true),
            acks: Mutex::default(),
            inbox: Inbox::default(),
            max_pending_acks: config.max_pending_acks,
        }));
        let mut state = self.state();
        let Some(entry) = state.entry(&namespace.name) else {
            return Ok(());
        };
        // First the acceptance, then whatever a broadcast or the handler sends.
        match send(session, packet::connected(&namespace.name, id)) {
            Ok(()) => {}
            Err(SendError::Closed) => return Ok(()),
            Err(SendError::QueueFull) => {
                state.remove(&namespace.name);
                return Err(Violation(DisconnectReason::QueueFull));
            }
        }
        session.accepted();
        namespace.adapter.add(socket.clone());
        entry.status = Status::Connected(socket.clone());
        drop(inbox::deliver(
            &socket,
            Item::Connected,
            config.max_queued_events,
        ));
        Ok(())
    }

    fn refuse(
        &self,
        session: &Session,
        namespace: &NamespaceCore,
        error: &ConnectError,
    ) -> Result<(), Violation> {
        self.state().remove(&namespace.name);
        reply_error(session, &namespace.name, error)?;
        // Queued packets are delivered before the session closes.
        if error.close {
            Err(Violation(DisconnectReason::ForcedClose))
        } else {
            Ok(())
        }
    }
}

fn reply_error(session: &Session, namespace: &str, error: &ConnectError) -> Result<(), Violation> {
    match send(session, packet::connect_error(namespace, error)) {
        Ok(()) | Err(SendError::Closed) => Ok(()),
        Err(SendError::QueueFull) => Err(Violation(DisconnectReason::QueueFull)),
    }
}
