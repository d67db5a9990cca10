//! How an outcome reaches the client: as the acknowledgement it asked for, or as an event.

use chat_domain::id::ClientMessageId;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    connection::{Answer, Client},
    error::{ErrorBody, Refusal},
    events::{ChatError, ClientEventName, RateLimited, ServerEventName},
    measure,
};

/// Most characters of an unknown event's name that are sent back.
const MAX_NAME_CHARS: usize = 64;

/// `{ ok: true, … }`.
#[derive(Serialize)]
pub(crate) struct Success<T> {
    ok: bool,
    #[serde(flatten)]
    body: T,
}

/// `{ ok: false, error }`.
#[derive(Serialize)]
struct Failure<'a> {
    ok: bool,
    error: ErrorBody<'a>,
}

/// What the client gets for an event: an acknowledgement ready to be sent, or why not.
pub(crate) type Outcome = Result<Box<RawValue>, Refusal>;

/// The acknowledgement `{ ok: true, … }`.
pub(crate) fn acknowledge<T: Serialize>(body: T) -> Outcome {
    to_raw_value(&Success { ok: true, body }).map_err(|error| {
        tracing::error!(%error, "an acknowledgement can't be encoded");
        Refusal::internal()
    })
}

/// Where the outcome of one event goes.
pub(crate) struct Reply {
    client: Client,
    event: Option<ClientEventName>,
    name: String,
    ack: Option<Box<dyn Answer>>,
    client_message_id: Option<ClientMessageId>,
}

impl Reply {
    pub(crate) fn new(client: &Client, name: &str, ack: Option<Box<dyn Answer>>) -> Self {
        Self {
            client: client.clone(),
            event: ClientEventName::parse(name),
            name: name.chars().take(MAX_NAME_CHARS).collect(),
            ack,
            client_message_id: None,
        }
    }

    /// The message's own id goes back with an error.
    pub(crate) fn about(&mut self, id: Option<ClientMessageId>) {
        self.client_message_id = id;
    }

    pub(crate) fn send(self, outcome: Outcome) {
        match outcome {
            Ok(answer) => {
                measure::event(self.event, "ok");
                if let Some(ack) = self.ack {
                    ack.send(&answer);
                }
            }
            Err(refusal) => self.refuse(&refusal),
        }
    }

    fn refuse(self, refusal: &Refusal) {
        measure::event(self.event, refusal.code.as_str());
        if let Some(limited) = refusal.limited {
            let payload = RateLimited {
                event: &self.name,
                limit: limited.quota.limit,
                window_ms: limited.quota.window_ms,
                retry_after_ms: limited.retry_after_ms,
                client_message_id: self.client_message_id.as_ref(),
            };
            self.client.emit(ServerEventName::RateLimited, &payload);
        }
        match self.ack {
            Some(ack) => {
                let failure = Failure {
                    ok: false,
                    error: refusal.body(),
                };
                // Nothing but strings and numbers: it can be written.
                if let Ok(answer) = to_raw_value(&failure) {
                    ack.send(&answer);
                }
            }
            // `rate_limited` said it already.
            None if refusal.limited.is_some() => {}
            None => {
                let payload = ChatError {
                    event: &self.name,
                    code: refusal.code.as_str(),
                    message: &refusal.message,
                    client_message_id: self.client_message_id.as_ref(),
                };
                self.client.emit(ServerEventName::ChatError, &payload);
            }
        }
    }
}
