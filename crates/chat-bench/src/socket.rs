//! A Socket.IO client of as little code as a load generator needs: Engine.IO 4 over WebSocket, spoken
//! by hand, so that the client costs next to nothing beside the server it measures.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Nothing that the server owes us may take longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client that has joined the namespace.
pub(crate) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub(crate) async fn connect(address: &str, token: &str) -> Result<Self> {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (stream, _) = connect_async(url).await.context("can't connect")?;
        let mut client = Self(stream);
        client.expect("0{").await?;
        let auth = json!({ "token": token });
        client.write(format!("40{auth}")).await?;
        client.expect("40{").await?;
        Ok(client)
    }

    /// Sends a message that asks for the ack `id`.
    pub(crate) async fn send(&mut self, id: usize, thread: &str, sender: &str) -> Result<()> {
        let payload = json!({
            "threadId": thread,
            "content": format!("message {id} of {sender}, of a length that people write"),
            "clientMessageId": format!("{sender}-{id}"),
        });
        self.write(format!(r#"42{id}["private_message",{payload}]"#))
            .await
    }

    /// The id of the next positive ack; a refusal is an error, everything else is passed over.
    pub(crate) async fn acked(&mut self) -> Result<usize> {
        loop {
            let packet = self.packet().await?;
            let Some(ack) = packet.strip_prefix("43") else {
                continue;
            };
            let (id, body) = ack.split_at(ack.find('[').context("an ack without a body")?);
            let answer: Value = serde_json::from_str(body)?;
            if answer[0]["ok"] != true {
                bail!("refused: {body}");
            }
            return Ok(id.parse()?);
        }
    }

    /// Reads whatever comes, until the connection ends.
    pub(crate) async fn listen(mut self) {
        while let Some(Ok(message)) = self.0.next().await {
            let is_ping = message.to_text().is_ok_and(|text| text == "2");
            if is_ping && self.write("3".into()).await.is_err() {
                break;
            }
        }
    }

    async fn expect(&mut self, start: &str) -> Result<()> {
        let packet = self.packet().await?;
        if !packet.starts_with(start) {
            bail!("expected {start}, got {packet}");
        }
        Ok(())
    }

    /// The next packet, heartbeats aside.
    async fn packet(&mut self) -> Result<String> {
        loop {
            let message = timeout(PATIENCE, self.0.next())
                .await
                .context("the server is silent")?
                .context("the server has closed the connection")??;
            match message.to_text() {
                Ok("2") => self.write("3".into()).await?,
                Ok(text) => return Ok(text.to_owned()),
                Err(_) => bail!("a binary packet"),
            }
        }
    }

    async fn write(&mut self, packet: String) -> Result<()> {
        self.0.send(Message::text(packet)).await?;
        Ok(())
    }
}
