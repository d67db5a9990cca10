//! `private_message`: admitted in order, acknowledged in order, committed together.

use std::{panic::AssertUnwindSafe, sync::Arc};

use chat_domain::{
    id::SocketId,
    service::message::{PendingSend, SendMessage, Sent, Target},
    view::MessageView,
};
use futures::FutureExt;
use serde::Serialize;
use serde_json::value::RawValue;
use tracing::Instrument;

use crate::{
    connection::Client,
    error::Refusal,
    events::PrivateMessage,
    gateway::Core,
    payload::{Invalid, parse, peek_client_message_id},
    reply::{Outcome, Reply, acknowledge},
};

/// `{ ok: true, message, duplicate?: true }`.
#[derive(Serialize)]
struct Acknowledged {
    message: MessageView,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    duplicate: bool,
}

/// Admits the message, then leaves its commit and its answer to a task: the socket's next message is admitted meanwhile.
pub(crate) async fn handle(
    core: &Arc<Core>,
    client: &Client,
    args: &[Box<RawValue>],
    mut reply: Reply,
) {
    let mut turn = client.session.pipeline.enter().await;
    reply.about(peek_client_message_id(args));
    let submitted = submit(core, client, args).await;
    let answer = async move {
        let outcome = match submitted {
            Ok(pending) => committed(pending).await,
            Err(refusal) => Err(refusal),
        };
        turn.mine().await;
        reply.send(outcome);
    };
    core.tasks.spawn_on(answer.in_current_span(), &core.handle);
}

async fn submit(
    core: &Core,
    client: &Client,
    args: &[Box<RawValue>],
) -> Result<PendingSend, Refusal> {
    let session = &client.session;
    session.messages.take()?;
    let message = parse::<PrivateMessage>(args)?.into_command(&session.id)?;
    Ok(core
        .services
        .messages
        .submit(session.caller(), message)
        .await?)
}

/// What came of the message. A panic is a defect of ours, and the client waits for an answer all the same.
async fn committed(pending: PendingSend) -> Outcome {
    let Ok(sent) = AssertUnwindSafe(pending).catch_unwind().await else {
        tracing::error!("a send panicked");
        return Err(Refusal::internal());
    };
    let Sent { message, duplicate } = sent?;
    acknowledge(Acknowledged { message, duplicate })
}

impl PrivateMessage {
    fn into_command(self, socket: &SocketId) -> Result<SendMessage, Invalid> {
        let target = match (self.thread_id, self.to_user_id) {
            (Some(thread), None) => Target::Thread(thread),
            (None, Some(user)) => Target::User(user),
            _ => {
                return Err(Invalid::new(
                    "exactly one of threadId and toUserId must be given",
                ));
            }
        };
        Ok(SendMessage {
            target,
            content: self.content,
            metadata: self.metadata.map(Into::into),
            client_message_id: self.client_message_id,
            socket: Some(socket.clone()),
        })
    }
}

#[cfg(test)]
mod tests;
