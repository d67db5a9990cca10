//! A client's events: counted, put in order, and given to their handler. Each handler parses, converts, calls and
//! acknowledges, in that order and nothing else.

mod message;
mod ping;
mod presence;
mod receipt;
mod sync;
mod token;
mod typing;

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::{
    connection::{Answer, Client},
    error::Refusal,
    events::ClientEventName,
    gateway::Core,
    reply::{Outcome, Reply},
};

/// An event as it came.
pub(crate) struct Incoming {
    pub(crate) name: String,
    pub(crate) args: Vec<Box<RawValue>>,
    pub(crate) ack: Option<Box<dyn Answer>>,
}

/// Handles one event. Returns when the socket's next event may be handled.
pub(crate) async fn dispatch(core: &Arc<Core>, client: &Client, incoming: Incoming) {
    let Incoming { name, args, ack } = incoming;
    let reply = Reply::new(client, &name, ack);
    let event = ClientEventName::parse(&name);
    if event == Some(ClientEventName::PrivateMessage) {
        return message::handle(core, client, &args, reply).await;
    }
    let admitted = client.session.events.take();
    // Messages that came before must have taken effect.
    client.session.pipeline.settled().await;
    let outcome = match admitted {
        Ok(()) => handle(core, client, event, &args).await,
        Err(limited) => Err(limited.into()),
    };
    reply.send(outcome);
}

async fn handle(
    core: &Arc<Core>,
    client: &Client,
    event: Option<ClientEventName>,
    args: &[Box<RawValue>],
) -> Outcome {
    match event {
        Some(ClientEventName::MarkRead) => receipt::mark_read(core, &client.session, args).await,
        Some(ClientEventName::Typing) => typing::typing(core, &client.session, args).await,
        Some(ClientEventName::Sync) => sync::sync(core, &client.session, args).await,
        Some(ClientEventName::Presence) => presence::presence(core, &client.session, args).await,
        Some(ClientEventName::Ping) => ping::ping(core, client),
        Some(ClientEventName::RefreshToken) => token::refresh(core, &client.session, args).await,
        Some(ClientEventName::PrivateMessage) | None => Err(unknown()),
    }
}

fn unknown() -> Refusal {
    let known: Vec<_> = ClientEventName::ALL
        .iter()
        .map(|event| event.as_str())
        .collect();
    Refusal::validation(format!("unknown event; known are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use chat_domain::model::limit::Quota;
    use serde_json::json;

    use crate::{
        Options,
        testing::{Bed, Mocks, Seen},
    };

    #[tokio::test(start_paused = true)]
    async fn an_unknown_event_is_refused_and_the_socket_stays_open() {
        let bed = Bed::new(Mocks::default());
        let alice = bed.connect("alice").await;
        let answer = bed.answer(&alice, "shout", "{}").await;
        assert_eq!(answer["error"]["code"], "validation_failed");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("private_message"), "{message}");

        bed.tell(&alice, &"x".repeat(10_000), "{}").await;
        let [Seen::Event(name, payload)] = &alice.log.take()[..] else {
            panic!("one event");
        };
        assert_eq!(name, "chat_error");
        assert_eq!(payload["event"], "x".repeat(64));
        assert_eq!(
            bed.answer(&alice, "ping", "{}").await,
            json!({ "ok": true })
        );
    }

    #[tokio::test(start_paused = true)]
    async fn all_other_events_share_a_limit_and_refused_ones_count() {
        let options = Options {
            event_quota: Quota::per_seconds(3, 10),
            ..Options::default()
        };
        let bed = Bed::with(Mocks::default(), options);
        let alice = bed.connect("alice").await;
        bed.tell(&alice, "shout", "{}").await;
        bed.tell(&alice, "sync", "[]").await;
        bed.tell(&alice, "ping", "{}").await;
        assert_eq!(alice.log.events(), ["chat_error", "chat_error", "pong"]);
        bed.ask(&alice, "4", "ping", "{}").await;
        let seen = alice.log.take();
        let [Seen::Event(name, event), Seen::Ack("4", answer)] = &seen[..] else {
            panic!("{seen:?}");
        };
        assert_eq!(
            (name.as_str(), &event["event"]),
            ("rate_limited", &json!("ping"))
        );
        assert_eq!(
            (&event["limit"], &event["windowMs"]),
            (&json!(3), &json!(10_000))
        );
        assert_eq!(answer["error"]["code"], "rate_limited");
    }
}
