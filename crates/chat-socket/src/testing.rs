//! A gateway without a network: recorders in place of connections, acknowledgements and rooms, mocks for the use cases.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_socketio::Encoded;
use chat_domain::{
    id::{SocketId, UserId},
    model::{token::Claims, user::Caller},
    service::{
        auth::{AuthError, MockAuthService},
        message::{MockMessageService, WaitingMessages},
        presence::MockPresenceService,
        receipt::MockReceiptService,
        typing::MockTypingService,
    },
    testing::{
        builder::{self, user},
        fakes::ManualClock,
    },
    time::Timestamp,
    view::{Masking, MessageView},
};
use serde_json::{Value, value::RawValue};
use tokio::{runtime::Handle, time};

use crate::{
    Fanout, Options, Services,
    auth::{self, Attempt},
    connection::{Answer, Client, Connection, Rooms},
    deliveries::Written,
    gateway::Core,
    handlers::{self, Incoming},
    session::Session,
};

/// When the clock of a test starts, in milliseconds.
pub(crate) const NOW: i64 = 1_000_000;
/// When the default tokens end.
pub(crate) const EXPIRES: i64 = 2_000_000;

/// What a client saw, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Event(String, Value),
    Ack(&'static str, Value),
    Closed,
}

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    fn push(&self, seen: Seen) {
        self.0.lock().unwrap().push(seen);
    }

    /// All that was seen since the last look.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The acknowledgements since the last look, by label.
    pub(crate) fn acks(&self) -> Vec<(&'static str, Value)> {
        let acks = self.take().into_iter().filter_map(|seen| match seen {
            Seen::Ack(label, answer) => Some((label, answer)),
            _ => None,
        });
        acks.collect()
    }

    /// Names of the events since the last look.
    pub(crate) fn events(&self) -> Vec<String> {
        let events = self.take().into_iter().filter_map(|seen| match seen {
            Seen::Event(name, _) => Some(name),
            _ => None,
        });
        events.collect()
    }
}

/// Packets that were handed over but not written, with what is done once they are.
#[derive(Default)]
struct Wire {
    stalled: bool,
    unwritten: Vec<Written>,
}

pub(crate) struct FakeConnection {
    log: Log,
    session: Arc<Session>,
    open: AtomicBool,
    wire: Mutex<Wire>,
    rooms: Arc<FakeRooms>,
}

impl FakeConnection {
    /// From now on nothing is written until `flow`.
    pub(crate) fn stall(&self) {
        self.wire.lock().unwrap().stalled = true;
    }

    /// Writes what waits, and everything from now on.
    pub(crate) fn flow(&self) {
        let unwritten = {
            let mut wire = self.wire.lock().unwrap();
            wire.stalled = false;
            std::mem::take(&mut wire.unwritten)
        };
        for hook in unwritten {
            hook.to(&self.session);
        }
    }

    pub(crate) fn lose(&self) {
        self.open.store(false, Ordering::SeqCst);
    }
}

impl Connection for FakeConnection {
    fn send(&self, packet: &Encoded) {
        if self.is_open() {
            let mut args: Vec<Value> = serde_json::from_str(packet.args_json()).unwrap();
            let payload = args.pop().unwrap();
            let name = args.pop().unwrap().as_str().unwrap().to_owned();
            self.log.push(Seen::Event(name, payload));
        }
    }

    fn send_tracked(&self, packet: &Encoded, hook: Written) {
        self.send(packet);
        let mut wire = self.wire.lock().unwrap();
        if wire.stalled {
            wire.unwritten.push(hook);
        } else {
            drop(wire);
            hook.to(&self.session);
        }
    }

    fn join(&self, user: &UserId) {
        let joined = (self.session.id.clone(), user.clone());
        self.rooms.joined.lock().unwrap().push(joined);
    }

    fn disconnect(&self) {
        if self.open.swap(false, Ordering::SeqCst) {
            self.log.push(Seen::Closed);
        }
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::SeqCst)
    }
}

/// Rooms that reach the fake connections which joined them.
#[derive(Default)]
pub(crate) struct FakeRooms {
    joined: Mutex<Vec<(SocketId, UserId)>>,
    connections: Mutex<HashMap<SocketId, Arc<FakeConnection>>>,
    pub(crate) encoded: AtomicUsize,
}

impl FakeRooms {
    pub(crate) fn has(&self, client: &Client) -> bool {
        let joined = self.joined.lock().unwrap();
        joined.iter().any(|(id, _)| *id == client.session.id)
    }
}

impl Rooms for FakeRooms {
    fn send(
        &self,
        packet: &Encoded,
        users: &[UserId],
        except: Option<&SocketId>,
        hook: Option<Written>,
    ) {
        self.encoded.fetch_add(1, Ordering::SeqCst);
        let connections = self.connections.lock().unwrap();
        for (id, user) in &*self.joined.lock().unwrap() {
            if users.contains(user) && Some(id) != except {
                match &hook {
                    Some(hook) => connections[id].send_tracked(packet, hook.clone()),
                    None => connections[id].send(packet),
                }
            }
        }
    }
}

struct FakeAck(&'static str, Log);

impl Answer for FakeAck {
    fn send(self: Box<Self>, answer: &RawValue) {
        let answer = serde_json::from_str(answer.get()).unwrap();
        self.1.push(Seen::Ack(self.0, answer));
    }
}

/// The use cases; what a test does not expect behaves like an empty, friendly chat.
#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) auth: MockAuthService,
    pub(crate) messages: MockMessageService,
    pub(crate) receipts: MockReceiptService,
    pub(crate) typing: MockTypingService,
    pub(crate) presence: MockPresenceService,
}

impl Mocks {
    /// Expectations of the test come first, these after them.
    fn friendly(mut self) -> Self {
        self.auth.expect_authenticate().returning(|token, _| {
            token
                .map(|name| claims(&name))
                .ok_or(AuthError::Unauthenticated)
        });
        self.auth.expect_still_valid().return_const(true);
        self.messages
            .expect_waiting()
            .returning(|_| Ok(WaitingMessages::default()));
        self.receipts.expect_delivered().return_const(());
        self.presence.expect_connected().returning(|_, _| Ok(()));
        self.presence
            .expect_disconnected()
            .returning(|_, _| Ok(false));
        self.presence.expect_renew().returning(|_| Ok(()));
        self
    }
}

/// Claims of a token that ends at [`EXPIRES`].
pub(crate) fn claims(name: &str) -> Claims {
    Claims {
        caller: Caller::user(user(name)),
        expires_at: Timestamp::from_millis(EXPIRES),
        issued_at: None,
        token_id: None,
    }
}

/// The message at that place of the pair's thread, as `bob` sees it.
pub(crate) fn message(from: &str, seq: i64) -> MessageView {
    let thread = builder::thread(&["alice", "bob"]);
    MessageView::new(
        builder::message(from, seq),
        &thread,
        &user("bob"),
        Masking::Profile,
    )
}

pub(crate) struct Bed {
    pub(crate) core: Arc<Core>,
    pub(crate) rooms: Arc<FakeRooms>,
    pub(crate) clock: Arc<ManualClock>,
    next: AtomicUsize,
}

pub(crate) struct TestClient {
    pub(crate) client: Client,
    pub(crate) connection: Arc<FakeConnection>,
    pub(crate) log: Log,
}

impl Bed {
    pub(crate) fn new(mocks: Mocks) -> Self {
        Self::with(mocks, Options::default())
    }

    pub(crate) fn with(mocks: Mocks, options: Options) -> Self {
        let mocks = mocks.friendly();
        let clock = Arc::new(ManualClock::at(NOW));
        let services = Services {
            auth: Arc::new(mocks.auth),
            messages: Arc::new(mocks.messages),
            receipts: Arc::new(mocks.receipts),
            typing: Arc::new(mocks.typing),
            presence: Arc::new(mocks.presence),
            clock: Arc::clone(&clock) as _,
        };
        let rooms = Arc::new(FakeRooms::default());
        let fanout = Fanout::new();
        let core = Arc::new(Core::new(
            fanout.clone(),
            services,
            options,
            Handle::current(),
        ));
        fanout.bind(core.bound(Arc::clone(&rooms) as _));
        Self {
            core,
            rooms,
            clock,
            next: AtomicUsize::new(0),
        }
    }

    /// A client whose token is the user's name, let in but not yet brought up to date.
    pub(crate) async fn accepted(&self, name: &str) -> TestClient {
        let id = format!("socket-{}", self.next.fetch_add(1, Ordering::SeqCst));
        let attempt = Attempt {
            id: id.clone(),
            token: Some(name.to_owned()),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let session = auth::connect(&self.core, attempt).await.unwrap();
        let log = Log::default();
        let connection = Arc::new(FakeConnection {
            log: log.clone(),
            session: Arc::clone(&session),
            open: AtomicBool::new(true),
            wire: Mutex::default(),
            rooms: Arc::clone(&self.rooms),
        });
        let known = (session.id.clone(), Arc::clone(&connection));
        self.rooms.connections.lock().unwrap().extend([known]);
        TestClient {
            client: Client {
                session,
                connection: Arc::clone(&connection) as _,
            },
            connection,
            log,
        }
    }

    /// A client that is up to date.
    pub(crate) async fn connect(&self, name: &str) -> TestClient {
        let client = self.accepted(name).await;
        self.core.connected(&client.client).await;
        client
    }

    /// An event with an acknowledgement under that label.
    pub(crate) async fn ask(
        &self,
        from: &TestClient,
        label: &'static str,
        event: &str,
        json: &str,
    ) {
        self.event(from, event, &[json], Some(label)).await;
    }

    /// An event without acknowledgement.
    pub(crate) async fn tell(&self, from: &TestClient, event: &str, json: &str) {
        self.event(from, event, &[json], None).await;
    }

    pub(crate) async fn event(
        &self,
        from: &TestClient,
        event: &str,
        args: &[&str],
        label: Option<&'static str>,
    ) {
        let raw = |json: &&str| RawValue::from_string((*json).to_owned()).unwrap();
        let incoming = Incoming {
            name: event.to_owned(),
            args: args.iter().map(raw).collect(),
            ack: label.map(|label| Box::new(FakeAck(label, from.log.clone())) as Box<dyn Answer>),
        };
        handlers::dispatch(&self.core, &from.client, incoming).await;
    }

    /// The answer to one event, once everything has come to rest.
    pub(crate) async fn answer(&self, from: &TestClient, event: &str, json: &str) -> Value {
        from.log.take();
        self.ask(from, "answer", event, json).await;
        rest().await;
        let mut acks = from.log.acks();
        assert_eq!(acks.len(), 1, "one answer for {event} {json}");
        acks.remove(0).1
    }

    /// The code of the error that answers one event.
    pub(crate) async fn error(&self, from: &TestClient, event: &str, json: &str) -> String {
        let answer = self.answer(from, event, json).await;
        assert_eq!(answer["ok"], false, "{answer}");
        answer["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// Returns when no task can go on by itself; needs paused time.
pub(crate) async fn rest() {
    time::sleep(Duration::from_millis(1)).await;
}
