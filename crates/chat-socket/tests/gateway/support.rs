//! A gateway on a port of its own, over mocked use cases, and a client that speaks raw frames.

use std::{
    pin::Pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle};
use awc::{error::WsProtocolError as ProtocolError, ws};
use chat_domain::{
    model::{token::Claims, user::Caller},
    service::{
        auth::{AuthError, MockAuthService},
        message::{MockMessageService, WaitingMessages},
        presence::MockPresenceService,
        receipt::MockReceiptService,
        typing::MockTypingService,
    },
    testing::builder::{self, user},
    time::{Clock, SystemClock},
    view::{Masking, MessageView},
};
use chat_socket::{Fanout, Gateway, Options, Services};
use futures::{Sink, SinkExt, Stream, StreamExt};
use serde_json::Value;
use tokio::{runtime::Runtime, time};

/// The main runtime, as the server has one beside the actix workers.
static MAIN: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Far longer than anything here takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) auth: MockAuthService,
    pub(crate) messages: MockMessageService,
    pub(crate) receipts: MockReceiptService,
    pub(crate) typing: MockTypingService,
    pub(crate) presence: MockPresenceService,
}

pub(crate) struct Server {
    pub(crate) gateway: Gateway,
    pub(crate) port: u16,
    handle: ServerHandle,
}

/// Claims of the user for so many milliseconds from now.
pub(crate) fn claims(name: &str, lasts_ms: i64) -> Claims {
    Claims {
        caller: Caller::user(user(name)),
        expires_at: SystemClock.now().plus_millis(lasts_ms),
        issued_at: None,
        token_id: None,
    }
}

/// The message at that place of the pair's thread, as `bob` sees it.
pub(crate) fn message(from: &str, seq: i64) -> MessageView {
    let thread = builder::thread(&["alice", "bob"]);
    let message = builder::message(from, seq);
    MessageView::new(message, &thread, &user("bob"), Masking::Profile)
}

impl Server {
    /// What the test does not expect behaves like an empty, friendly chat, where the token is the user's name.
    pub(crate) fn start(mut mocks: Mocks, options: Options) -> Self {
        mocks.auth.expect_authenticate().returning(|token, _| {
            let name = token.ok_or(AuthError::Unauthenticated)?;
            Ok(claims(&name, 3_600_000))
        });
        mocks.auth.expect_still_valid().return_const(true);
        mocks
            .messages
            .expect_waiting()
            .returning(|_| Ok(WaitingMessages::default()));
        mocks.receipts.expect_delivered().return_const(());
        mocks.presence.expect_connected().returning(|_, _| Ok(()));
        mocks
            .presence
            .expect_disconnected()
            .returning(|_, _| Ok(false));
        let services = Services {
            auth: Arc::new(mocks.auth),
            messages: Arc::new(mocks.messages),
            receipts: Arc::new(mocks.receipts),
            typing: Arc::new(mocks.typing),
            presence: Arc::new(mocks.presence),
            clock: Arc::new(SystemClock),
        };
        let gateway = Gateway::new(&Fanout::new(), services, options, MAIN.handle().clone());
        let mounted = gateway.clone();
        let server = HttpServer::new(move || App::new().configure(|cfg| mounted.configure(cfg)))
            .workers(2)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let port = server.addrs()[0].port();
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            gateway,
            port,
            handle,
        }
    }

    pub(crate) fn url(&self, transport: &str) -> String {
        format!(
            "http://127.0.0.1:{}/socket.io/?EIO=4&transport={transport}",
            self.port
        )
    }

    /// A client whose Engine.IO session is open.
    pub(crate) async fn open(&self) -> Client {
        let connecting = awc::Client::new().ws(self.url("websocket")).connect();
        let (_, socket) = connecting.await.unwrap();
        let (out, frames) = socket.split();
        let mut client = Client {
            frames: Box::pin(frames),
            out: Box::pin(out),
        };
        let handshake = client.text().await.unwrap();
        assert!(handshake.starts_with("0{"), "{handshake}");
        client
    }

    /// A client that has joined; its token is the user's name.
    pub(crate) async fn connect(&self, name: &str) -> Client {
        let mut client = self.open().await;
        client.send(&format!(r#"40{{"token":"{name}"}}"#)).await;
        let accepted = client.text().await.unwrap();
        assert!(accepted.starts_with(r#"40{"sid":""#), "{accepted}");
        client
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

pub(crate) struct Client {
    frames: Pin<Box<dyn Stream<Item = Result<ws::Frame, ProtocolError>>>>,
    out: Pin<Box<dyn Sink<ws::Message, Error = ProtocolError>>>,
}

impl Client {
    pub(crate) async fn send(&mut self, text: &str) {
        self.out
            .send(ws::Message::Text(text.to_owned().into()))
            .await
            .unwrap();
    }

    pub(crate) async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.out
            .send(ws::Message::Binary(bytes.into()))
            .await
            .unwrap();
    }

    /// The next packet; `None` once the connection is closed.
    pub(crate) async fn text(&mut self) -> Option<String> {
        let next = time::timeout(PATIENCE, self.frames.next()).await;
        match next.expect("a packet or the end, in time") {
            Some(Ok(ws::Frame::Text(text))) => Some(String::from_utf8(text.to_vec()).unwrap()),
            Some(Ok(ws::Frame::Close(_)) | Err(_)) | None => None,
            Some(Ok(other)) => panic!("{other:?}"),
        }
    }

    /// The next packet, an event: its name and payload.
    pub(crate) async fn event(&mut self) -> (String, Value) {
        let packet = self.text().await.unwrap();
        let args = packet
            .strip_prefix("42")
            .unwrap_or_else(|| panic!("{packet}"));
        serde_json::from_str(args).unwrap()
    }

    /// The next packet, an acknowledgement: its id and payload.
    pub(crate) async fn ack(&mut self) -> (u64, Value) {
        let packet = self.text().await.unwrap();
        let ack = packet
            .strip_prefix("43")
            .unwrap_or_else(|| panic!("{packet}"));
        let (id, args) = ack.split_at(ack.find('[').unwrap());
        let [payload]: [Value; 1] = serde_json::from_str(args).unwrap();
        (id.parse().unwrap(), payload)
    }

    /// All that comes before the end of the connection.
    pub(crate) async fn rest(mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(packet) = self.text().await {
            rest.push(packet);
        }
        rest
    }
}
