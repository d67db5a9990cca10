//! The servers that the official protocol test suites of socketio/socket.io expect, in one process on port 3000:
//! `/engine.io/` echoes every message, `/socket.io/` has the namespaces `/` and `/custom`.
//!
//! Run it, then `npm ci && npm test` in `docs/engine.io-protocol/v4-test-suite` and
//! `docs/socket.io-protocol/v5-test-suite` of that repository. `WORKERS` sets the number of workers (default 1).

use std::sync::Arc;
use std::time::Duration;

use actix_socketio::engine::{Engine, Flow, Handler, Message, Session, SessionHandler};
use actix_socketio::{
    Config, ConnectError, ConnectRequest, DisconnectReason, Encoded, Event, Namespace, Origins,
    Socket, SocketData, SocketIo,
};
use actix_web::{App, HttpServer};

/// Engine level: sends everything back.
struct Echo;

impl Handler for Echo {
    fn open(&self, _session: &Arc<Session>) -> Arc<dyn SessionHandler> {
        Arc::new(Self)
    }
}

impl SessionHandler for Echo {
    fn message(self: Arc<Self>, session: &Arc<Session>, message: Message) -> Flow {
        if let Err(error) = session.send(message) {
            eprintln!("echo: {error}");
        }
        Flow::Continue
    }

    fn closed(self: Arc<Self>, _reason: DisconnectReason) {}
}

/// Socket level: says hello with the auth payload, sends messages back, acknowledges with the arguments.
struct Conformance;

#[async_trait::async_trait]
impl Namespace for Conformance {
    async fn connect(&self, request: ConnectRequest) -> Result<SocketData, ConnectError> {
        Ok(Arc::new(request.auth))
    }

    async fn connected(&self, socket: Socket) {
        let auth = socket.data_ref::<serde_json::Map<String, serde_json::Value>>();
        if let Err(error) = socket.emit("auth", &auth) {
            eprintln!("auth: {error}");
        }
    }

    async fn event(&self, socket: Socket, event: Event) {
        let attachments = event.attachments().to_vec();
        let sent = match event.name() {
            "message" => {
                let namespace = socket.of();
                let name = namespace.name();
                Encoded::event_args(name, "message-back", event.raw_args(), attachments)
                    .and_then(|packet| socket.send(&packet))
            }
            "message-with-ack" => {
                let (ack, args) = event.into_ack();
                ack.map_or(Ok(()), |ack| ack.send_args(&args, attachments))
            }
            _ => Ok(()),
        };
        if let Err(error) = sent {
            eprintln!("{error}");
        }
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let workers = std::env::var("WORKERS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    let config = Config {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_secs(1),
        origins: Origins::Any,
        ..Config::default()
    };
    let engine = Engine::new(config.clone(), Arc::new(Echo));
    let io = SocketIo::builder()
        .config(config)
        .namespace("/", Arc::new(Conformance))
        .namespace("/custom", Arc::new(Conformance))
        .build();
    HttpServer::new(move || {
        App::new()
            .configure(|cfg| engine.configure(cfg, "/engine.io/"))
            .configure(|cfg| io.configure(cfg, "/socket.io/"))
    })
    .workers(workers)
    .h1_allow_half_closed(false)
    .bind("localhost:3000")?
    .run()
    .await
}
