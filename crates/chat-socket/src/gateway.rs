//! The gateway: the chat's namespace, mounted in a server. Everything it does for an event runs detached on the main
//! runtime: a connection that breaks off, or a worker that stops, interrupts nothing half-way.

use std::{future::Future, panic, sync::Arc, time::Duration};

use actix_socketio::{
    ConnectError, ConnectRequest, DisconnectReason, Event, HandshakeRequest, Namespace, Refusal,
    Socket, SocketData, SocketIo,
};
use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use chat_domain::port::notifier::Notifier;
use tokio::{
    runtime::Handle,
    task::{AbortHandle, JoinError},
    time,
};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::{
    Fanout, Options, Services,
    auth::{self, Attempt},
    connection::{Answer, Client, NAMESPACE},
    deliveries::Deliveries,
    events::ServerEventName,
    fanout::Bound,
    handlers::{self, Incoming},
    limits::ConnectLimit,
    measure,
    options::{FORWARDED, FORWARDED_FOR, Peer},
    typing, watch, welcome,
};

/// Where Socket.IO is served.
const PATH: &str = "/socket.io/";

/// How long after a user's last socket the others are told that the user is gone, as the contract has it.
const SETTLE_AFTER: Duration = Duration::from_secs(5);

/// The chat over Socket.IO. Cheap to clone; every worker mounts the same one.
#[derive(Clone)]
pub struct Gateway {
    server: SocketIo,
    core: Arc<Core>,
    watch: AbortHandle,
}

/// What all sockets share.
pub(crate) struct Core {
    pub(crate) services: Services,
    pub(crate) options: Options,
    pub(crate) fanout: Fanout,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) connects: ConnectLimit,
    pub(crate) handle: Handle,
    /// Work that a stop waits for: sends that were admitted, and sockets being signed off.
    pub(crate) tasks: TaskTracker,
}

impl Gateway {
    /// A gateway whose work runs on `handle`, a multi-thread runtime that outlives the actix workers.
    /// `fanout` is the one that the services got as their notifier; it belongs to one gateway.
    #[must_use]
    pub fn new(fanout: &Fanout, services: Services, options: Options, handle: Handle) -> Self {
        let core = Arc::new(Core::new(fanout.clone(), services, options, handle));
        let hook = Arc::clone(&core);
        let server = SocketIo::builder()
            .config(core.options.protocol())
            .allow_request(move |request| hook.allow(request))
            .namespace(NAMESPACE, Arc::new(Chat(Arc::clone(&core))))
            .build();
        if let Some(rooms) = server.of(NAMESPACE) {
            fanout.bind(core.bound(Arc::new(rooms)));
        }
        let watch = core
            .handle
            .spawn(watch::watch(Arc::downgrade(&core)))
            .abort_handle();
        Self {
            server,
            core,
            watch,
        }
    }

    /// Serves `/socket.io/`.
    pub fn configure(&self, cfg: &mut ServiceConfig) {
        self.server.configure(cfg, PATH);
    }

    /// The port through which events reach the sockets of this node.
    #[must_use]
    pub fn notifier(&self) -> Arc<dyn Notifier> {
        self.core.fanout.notifier()
    }

    /// How many sockets have joined and not left.
    #[must_use]
    pub fn connected_sockets(&self) -> usize {
        self.core.fanout.registry().count()
    }

    /// Closes all connections so that clients reconnect, to this or another node, and waits until sends that were
    /// admitted have been decided. How long that may take is the caller's to bound.
    pub async fn shutdown(&self) {
        self.server.close_all().await;
        self.core.tasks.close();
        self.core.tasks.wait().await;
        self.watch.abort();
    }
}

impl Core {
    pub(crate) fn new(
        fanout: Fanout,
        services: Services,
        options: Options,
        handle: Handle,
    ) -> Self {
        let deliveries = Deliveries::new(
            Arc::clone(&services.receipts),
            Arc::clone(&services.clock),
            handle.clone(),
        );
        Self {
            connects: ConnectLimit::new(options.connect_quota),
            tasks: TaskTracker::new(),
            services,
            options,
            fanout,
            deliveries,
            handle,
        }
    }

    pub(crate) fn bound(&self, rooms: Arc<dyn crate::connection::Rooms>) -> Bound {
        Bound {
            rooms,
            deliveries: Arc::clone(&self.deliveries),
            auth: Arc::clone(&self.services.auth),
            handle: self.handle.clone(),
        }
    }

    /// Every request that wants a session counts against its address.
    fn allow(&self, request: &HandshakeRequest<'_>) -> Result<(), Refusal> {
        let values = |name| {
            let all = request.headers().get_all(name);
            all.filter_map(|value| value.to_str().ok()).collect()
        };
        let from = (self.options.client_address)(&Peer {
            address: request.peer_addr().map(|peer| peer.ip()),
            forwarded: values(FORWARDED),
            forwarded_for: values(FORWARDED_FOR),
        });
        self.connects
            .take(from)
            .map_err(|limited| Refusal::too_many_requests(limited.to_string()))
    }

    /// The socket is in: it is registered, shown as online, and brought up to date. Its own events come after this.
    /// One that has gone already is left out of all that.
    pub(crate) async fn connected(&self, client: &Client) {
        let session = &client.session;
        if !client.connection.is_open() {
            return;
        }
        let registry = self.fanout.registry();
        for oldest in registry.add(client.clone(), self.options.max_sockets_per_user) {
            watch::end(&oldest, ServerEventName::SessionReplaced);
        }
        measure::sockets(registry.count());
        let presence = &self.services.presence;
        let (user, id) = (session.user.clone(), session.id.clone());
        if let Err(error) = presence.connected(user, id).await {
            tracing::warn!(%error, "a socket has no lease until the next renewal");
        }
        if let Some(welcome) = session.take_welcome() {
            welcome::welcome(client, welcome, &self.deliveries).await;
        }
    }

    /// The socket is gone. Sends that are under way go on.
    pub(crate) async fn disconnected(&self, client: &Client) {
        let session = &client.session;
        let registry = self.fanout.registry();
        session.end();
        registry.remove(&session.user, &session.id);
        measure::sockets(registry.count());
        drop(session.take_welcome());
        for thread in session.typing.stop_all() {
            typing::tell_end(session, thread, &self.services.typing).await;
        }
        let presence = Arc::clone(&self.services.presence);
        let user = session.user.clone();
        match presence
            .disconnected(user.clone(), session.id.clone())
            .await
        {
            Ok(true) => {
                let settle = async move {
                    time::sleep(SETTLE_AFTER).await;
                    if let Err(error) = presence.settle(user).await {
                        tracing::warn!(%error, "nobody was told that a user is gone");
                    }
                };
                self.handle.spawn(settle.in_current_span());
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "a socket's lease runs out by itself"),
        }
    }
}

/// The namespace: each call is moved to the main runtime and waited for there.
struct Chat(Arc<Core>);

impl Chat {
    async fn detached<R: Send + 'static>(
        &self,
        work: impl Future<Output = R> + Send + 'static,
    ) -> Option<R> {
        match self.0.tasks.spawn_on(work, &self.0.handle).await {
            Ok(done) => Some(done),
            Err(error) => stopped(error),
        }
    }
}

/// A panic goes on to the protocol's server, which closes the session; a runtime that stops ends all work.
fn stopped<R>(error: JoinError) -> Option<R> {
    match error.try_into_panic() {
        Ok(panic) => panic::resume_unwind(panic),
        Err(_) => None,
    }
}

#[async_trait]
impl Namespace for Chat {
    async fn connect(&self, request: ConnectRequest) -> Result<SocketData, ConnectError> {
        let attempt = Attempt::of(&request, &self.0);
        let core = Arc::clone(&self.0);
        let span = tracing::info_span!("connect", socket = %attempt.id);
        let session = self
            .detached(async move { auth::connect(&core, attempt).await }.instrument(span))
            .await;
        Ok(session.unwrap_or_else(|| Err(auth::failed()))?)
    }

    async fn connected(&self, socket: Socket) {
        if let Some(client) = Client::of(socket) {
            let (core, span) = (Arc::clone(&self.0), client.session.span.clone());
            self.detached(async move { core.connected(&client).await }.instrument(span))
                .await;
        }
    }

    async fn event(&self, socket: Socket, event: Event) {
        if let Some(client) = Client::of(socket) {
            let (core, span) = (Arc::clone(&self.0), client.session.span.clone());
            let incoming = Incoming {
                name: event.name().to_owned(),
                args: event.raw_args().to_vec(),
                ack: event.ack.map(|ack| Box::new(ack) as Box<dyn Answer>),
            };
            let handle = async move { handlers::dispatch(&core, &client, incoming).await };
            self.detached(handle.instrument(span)).await;
        }
    }

    async fn disconnected(&self, socket: Socket, reason: DisconnectReason) {
        if let Some(client) = Client::of(socket) {
            let (core, span) = (Arc::clone(&self.0), client.session.span.clone());
            let sign_off = async move {
                tracing::debug!(reason = reason.as_str(), "disconnected");
                core.disconnected(&client).await;
            };
            self.detached(sign_off.instrument(span)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use chat_domain::{error::RepoError, testing::builder::user};

    use super::*;
    use crate::testing::{Bed, Mocks};

    #[tokio::test(start_paused = true)]
    async fn the_last_socket_of_a_user_is_settled_5_s_later() {
        let mut mocks = Mocks::default();
        let (sender, receiver) = std::sync::mpsc::channel();
        mocks
            .presence
            .expect_disconnected()
            .withf(|who, _| *who == user("alice"))
            .times(2)
            .returning({
                let mut gone = 0;
                move |_, _| {
                    gone += 1;
                    Ok(gone == 2)
                }
            });
        mocks
            .presence
            .expect_settle()
            .times(1)
            .returning(move |who| {
                sender.send(who).unwrap();
                Ok(())
            });
        let bed = Bed::new(mocks);
        let (first, last) = (bed.connect("alice").await, bed.connect("alice").await);
        assert_eq!(bed.core.fanout.registry().count(), 2);
        bed.core.disconnected(&first.client).await;
        time::sleep(Duration::from_secs(10)).await;
        bed.core.disconnected(&last.client).await;
        assert_eq!(bed.core.fanout.registry().count(), 0);
        time::sleep(Duration::from_millis(4_900)).await;
        assert!(receiver.try_recv().is_err());
        time::sleep(Duration::from_millis(200)).await;
        assert_eq!(receiver.try_recv(), Ok(user("alice")));
    }

    #[tokio::test(start_paused = true)]
    async fn presence_that_fails_keeps_nobody_out() {
        let mut mocks = Mocks::default();
        mocks
            .presence
            .expect_connected()
            .returning(|_, _| Err(RepoError::unavailable("gone")));
        mocks
            .presence
            .expect_disconnected()
            .returning(|_, _| Err(RepoError::unavailable("gone")));
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        assert!(bed.rooms.has(&alice.client));
        bed.core.disconnected(&alice.client).await;
        assert_eq!(bed.core.fanout.registry().count(), 0);
    }
}
