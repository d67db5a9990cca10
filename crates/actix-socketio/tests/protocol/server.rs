//! The server under test and the application on it, which tells the test what it is told.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_socketio::{
    Config, ConnectError, ConnectRequest, DisconnectReason, Encoded, Event, Namespace,
    NamespaceHandle, Socket, SocketData, SocketIo, SocketIoBuilder,
};
use actix_web::dev::{ServerHandle, Service as _};
use actix_web::http::Method;
use actix_web::{App, HttpServer};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::client::{Reply, Ws, request, soon};

/// What the application was told.
#[derive(Debug)]
pub(crate) enum Told {
    Connected(Socket),
    Event(String, Vec<Value>),
    Disconnected(DisconnectReason),
}

/// The application. What it does with a client is said by the client's `auth`, what with an event by its name.
pub(crate) struct TestApp {
    told: mpsc::UnboundedSender<Told>,
    /// Lets `auth: {"wait": true}` and the event `wait` go on, once each.
    pub(crate) go_on: Arc<Semaphore>,
}

impl TestApp {
    async fn wait(&self) {
        self.go_on.acquire().await.unwrap().forget();
    }
}

#[async_trait::async_trait]
impl Namespace for TestApp {
    async fn connect(&self, request: ConnectRequest) -> Result<SocketData, ConnectError> {
        if request.auth.contains_key("wait") {
            self.wait().await;
        }
        match request.auth.get("deny").and_then(Value::as_str) {
            None => Ok(Arc::new(request.auth)),
            Some("close") => Err(ConnectError::new("go away").and_close()),
            Some(data) => Err(ConnectError::new("denied").with_data(json!({ "why": data }))),
        }
    }

    async fn connected(&self, socket: Socket) {
        socket
            .emit(
                "hello",
                &socket.data_ref::<serde_json::Map<String, Value>>(),
            )
            .unwrap();
        self.told.send(Told::Connected(socket)).unwrap();
    }

    async fn event(&self, socket: Socket, event: Event) {
        let args = (0..event.arg_count())
            .map(|index| event.arg(index).unwrap())
            .collect();
        let attachments = event.attachments().to_vec();
        self.told
            .send(Told::Event(event.name().to_owned(), args))
            .unwrap();
        match event.name() {
            "echo" => {
                let name = socket.of();
                let packet =
                    Encoded::event_args(name.name(), "echo", event.raw_args(), attachments);
                socket.send(&packet.unwrap()).unwrap();
            }
            "ack" => {
                let (ack, args) = event.into_ack();
                ack.unwrap().send_args(&args, attachments).unwrap();
            }
            "wait" => self.wait().await,
            "panic" => panic!("as the test wants"),
            _ => {}
        }
    }

    async fn disconnected(&self, _socket: Socket, reason: DisconnectReason) {
        // The test may have ended.
        drop(self.told.send(Told::Disconnected(reason)));
    }
}

/// A running server.
pub(crate) struct TestServer {
    pub(crate) io: SocketIo,
    pub(crate) address: String,
    pub(crate) go_on: Arc<Semaphore>,
    /// One permit for each GET that is not answered at once.
    held: Arc<Semaphore>,
    told: Mutex<mpsc::UnboundedReceiver<Told>>,
    handle: ServerHandle,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::built(|builder| builder.config(config))
    }

    /// Two workers, so that the requests of one session meet on different threads.
    pub(crate) fn built(describe: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder) -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        let go_on = Arc::new(Semaphore::new(0));
        let app = Arc::new(TestApp {
            told: sender,
            go_on: Arc::clone(&go_on),
        });
        let builder = SocketIo::builder()
            .namespace("/", Arc::clone(&app) as Arc<dyn Namespace>)
            .namespace("/custom", app);
        let io = describe(builder).build();
        let mounted = io.clone();
        let held = Arc::new(Semaphore::new(0));
        let held_by_worker = Arc::clone(&held);
        let server = HttpServer::new(move || {
            let held = Arc::clone(&held_by_worker);
            App::new()
                .configure(|cfg| mounted.configure(cfg, "/socket.io/"))
                .wrap_fn(move |request, service| {
                    let (held, is_get) = (Arc::clone(&held), request.method() == Method::GET);
                    let mut response = Box::pin(service.call(request));
                    async move {
                        let at_once = poll_fn(|cx| Poll::Ready(response.as_mut().poll(cx)));
                        match at_once.await {
                            Poll::Ready(response) => response,
                            Poll::Pending => {
                                held.add_permits(usize::from(is_get));
                                response.await
                            }
                        }
                    }
                })
        })
        .workers(2)
        .h1_allow_half_closed(false)
        .disable_signals()
        .shutdown_timeout(1)
        .bind("127.0.0.1:0")
        .unwrap();
        let address = server.addrs()[0].to_string();
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            io,
            address,
            go_on,
            held,
            told: Mutex::new(told),
            handle,
        }
    }

    pub(crate) fn root(&self) -> NamespaceHandle {
        self.io.of("/").unwrap()
    }

    /// What the application was told next.
    pub(crate) async fn told(&self) -> Told {
        soon("call", async {
            self.told.lock().await.recv().await.unwrap()
        })
        .await
    }

    pub(crate) async fn told_connected(&self) -> Socket {
        match self.told().await {
            Told::Connected(socket) => socket,
            other => panic!("not connected: {other:?}"),
        }
    }

    pub(crate) async fn told_event(&self) -> (String, Vec<Value>) {
        match self.told().await {
            Told::Event(name, args) => (name, args),
            other => panic!("not an event: {other:?}"),
        }
    }

    pub(crate) async fn told_disconnected(&self) -> DisconnectReason {
        match self.told().await {
            Told::Disconnected(reason) => reason,
            other => panic!("not disconnected: {other:?}"),
        }
    }

    pub(crate) fn url(&self, query: &str) -> String {
        format!("http://{}/socket.io/?{query}", self.address)
    }

    pub(crate) async fn get(&self, query: &str) -> Reply {
        request(Method::GET, self.url(query), &[], "").await
    }

    pub(crate) async fn poll(&self, sid: &str) -> Reply {
        self.get(&format!("EIO=4&transport=polling&sid={sid}"))
            .await
    }

    /// Starts a poll and gives it back once the server holds it.
    pub(crate) async fn pending_poll(&self, sid: &str) -> tokio::task::JoinHandle<Reply> {
        self.held.forget_permits(usize::MAX);
        let url = self.url(&format!("EIO=4&transport=polling&sid={sid}"));
        let poll = actix_web::rt::spawn(async move { request(Method::GET, url, &[], "").await });
        soon("poll", self.held.acquire()).await.unwrap().forget();
        poll
    }

    /// Polls and gives the packets.
    pub(crate) async fn packets(&self, sid: &str) -> Vec<String> {
        let reply = self.poll(sid).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body.split('\u{1e}').map(String::from).collect()
    }

    pub(crate) async fn post(&self, sid: &str, body: &str) -> Reply {
        let url = self.url(&format!("EIO=4&transport=polling&sid={sid}"));
        request(
            Method::POST,
            url,
            &[("content-type", "text/plain")],
            body.to_owned(),
        )
        .await
    }

    /// Posts something that must be accepted.
    pub(crate) async fn post_ok(&self, sid: &str, body: &str) {
        let reply = self.post(sid, body).await;
        assert_eq!((reply.status.as_u16(), &*reply.body), (200, "ok"));
    }

    /// Opens a polling session; gives its id.
    pub(crate) async fn open_polling(&self) -> String {
        let reply = self.get("EIO=4&transport=polling").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let open: Value = serde_json::from_str(reply.body.strip_prefix('0').unwrap()).unwrap();
        open["sid"].as_str().unwrap().to_owned()
    }

    /// Opens a polling session and joins `/`; gives its id and the socket.
    pub(crate) async fn join_polling(&self) -> (String, Socket) {
        let sid = self.open_polling().await;
        self.post_ok(&sid, "40").await;
        let socket = self.told_connected().await;
        let accepted = format!("40{{\"sid\":\"{}\"}}", socket.id());
        let mut packets = self.packets(&sid).await;
        if packets.len() == 1 {
            packets.extend(self.packets(&sid).await);
        }
        assert_eq!(packets, [&*accepted, "42[\"hello\",{}]"]);
        (sid, socket)
    }

    pub(crate) async fn ws(&self, query: &str) -> Ws {
        Ws::connect(self.url(query), &[]).await.unwrap()
    }

    /// Opens a WebSocket session; its open packet is read.
    pub(crate) async fn open_ws(&self) -> Ws {
        let mut ws = self.ws("EIO=4&transport=websocket").await;
        assert!(ws.text().await.starts_with("0{\"sid\":\""));
        ws
    }

    /// Opens a WebSocket session and joins `/`.
    pub(crate) async fn join_ws(&self) -> (Ws, Socket) {
        let mut ws = self.open_ws().await;
        ws.send("40").await;
        let accepted = ws.text().await;
        ws.expect("42[\"hello\",{}]").await;
        let socket = self.told_connected().await;
        assert_eq!(accepted, format!("40{{\"sid\":\"{}\"}}", socket.id()));
        (ws, socket)
    }

    /// Waits until no session is left.
    pub(crate) async fn emptied(&self) {
        soon("no session", async {
            while self.io.session_count() > 0 {
                tokio::task::yield_now().await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        actix_web::rt::spawn(self.handle.stop(false));
    }
}
