//! A small server to play with: `cargo run -p actix-socketio --example echo`, then connect with
//! `io("http://localhost:3001")`. The port comes from `PORT`.
//!
//! - `echo` is acknowledged with its argument.
//! - `join` puts the socket into a room, `say` sends to a room.
//! - `ask` makes the server ask the client (`question`) and acknowledge with the client's answer.

use std::sync::Arc;
use std::time::Duration;

use actix_socketio::{
    Config, ConnectError, ConnectRequest, DisconnectReason, Event, Namespace, Origins, Socket,
    SocketData, SocketIo,
};
use actix_web::{App, HttpServer};
use serde_json::{Value, json};

struct Echo;

#[async_trait::async_trait]
impl Namespace for Echo {
    async fn connect(&self, request: ConnectRequest) -> Result<SocketData, ConnectError> {
        match request.auth.get("token").and_then(Value::as_str) {
            Some("wrong") => {
                Err(ConnectError::new("unauthorized").with_data(json!({ "code": 401 })))
            }
            _ => Ok(Arc::new(())),
        }
    }

    async fn event(&self, socket: Socket, event: Event) {
        let Ok(argument) = event.arg::<Value>(0) else {
            return;
        };
        let answer = match event.name() {
            "echo" => argument,
            "join" => {
                socket.join(argument.as_str().unwrap_or_default());
                json!({ "ok": true })
            }
            "say" => {
                let room = argument["room"].as_str().unwrap_or_default();
                let reached = socket
                    .of()
                    .to(room)
                    .except_socket(socket.id())
                    .emit("said", &argument);
                json!({ "reached": reached.unwrap_or_default() })
            }
            "ask" => {
                let asked = socket.emit_with_ack("question", &argument, Duration::from_secs(5));
                match asked.await {
                    Ok(reply) => reply.arg(0).unwrap_or_default(),
                    Err(error) => json!({ "error": error.to_string() }),
                }
            }
            _ => json!({ "error": "unknown event" }),
        };
        if let (Some(ack), _) = event.into_ack() {
            // The client may be gone by now.
            drop(ack.send(&answer));
        }
    }

    async fn disconnected(&self, socket: Socket, reason: DisconnectReason) {
        println!("{} left: {reason}", socket.id());
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(3001);
    let config = Config {
        origins: Origins::Any,
        ..Config::default()
    };
    let io = SocketIo::builder()
        .config(config)
        .namespace("/", Arc::new(Echo))
        .build();
    let mounted = io.clone();
    let server =
        HttpServer::new(move || App::new().configure(|cfg| mounted.configure(cfg, "/socket.io/")))
            .h1_allow_half_closed(false)
            .disable_signals()
            .bind(("127.0.0.1", port))?
            .run();
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        if actix_web::rt::signal::ctrl_c().await.is_ok() {
            // Sessions first: an open long poll would hold the server up.
            io.close_all().await;
            handle.stop(true).await;
        }
    });
    server.await
}
