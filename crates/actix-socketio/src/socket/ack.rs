//! Acknowledgements in both directions: answering a client, and waiting for a client's answer.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::emit::{self, Encoded};
use super::socket::Socket;
use crate::error::EmitError;

/// Answers one event. Owned and `Send`: it may be kept and used later, from another task. Sending consumes it, so a
/// client gets at most one answer; dropping it means none.
#[derive(Debug)]
pub struct AckSender {
    pub(crate) socket: Socket,
    pub(crate) id: u64,
}

impl AckSender {
    /// Answers with one argument. Never blocks.
    ///
    /// # Errors
    /// When the payload cannot be serialised, or the socket is gone.
    pub fn send<T: Serialize + ?Sized>(self, payload: &T) -> Result<(), EmitError> {
        let packet = Encoded::ack(self.socket.namespace(), self.id, |out| {
            emit::write_single(out, payload)
        })?;
        self.socket.send(&packet)
    }

    /// Answers with a sequence of arguments (a tuple, a slice, raw values), which may hold
    /// [`Placeholder`](super::Placeholder)s for `attachments`.
    ///
    /// # Errors
    /// As [`send`](Self::send); also for arguments that are no sequence and for more than 10 attachments.
    pub fn send_args<T: Serialize + ?Sized>(
        self,
        args: &T,
        attachments: Vec<Bytes>,
    ) -> Result<(), EmitError> {
        let packet = Encoded::ack(self.socket.namespace(), self.id, |out| {
            emit::write_sequence(out, args)
        })?;
        self.socket.send(&packet.with_attachments(attachments)?)
    }
}

/// What a client answered.
#[derive(Debug)]
pub struct AckResponse {
    pub(crate) args: Vec<Box<RawValue>>,
    pub(crate) attachments: Vec<Bytes>,
}

impl AckResponse {
    /// How many arguments the answer has.
    pub fn arg_count(&self) -> usize {
        self.args.len()
    }

    /// Argument `index`, counted from 0.
    ///
    /// # Errors
    /// When there is no such argument, or it does not have the shape of `T`.
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> Result<T, serde_json::Error> {
        let raw = self.args.get(index).ok_or_else(|| {
            serde_json::Error::custom(format_args!("argument {index} is missing"))
        })?;
        serde_json::from_str(raw.get())
    }

    /// All arguments as the JSON text the client sent.
    pub fn raw_args(&self) -> &[Box<RawValue>] {
        &self.args
    }

    /// The binary values, addressed by [`Placeholder::num`](super::Placeholder::num).
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }
}

/// The answers a socket still owes the server.
#[derive(Debug, Default)]
pub(crate) struct PendingAcks {
    next_id: u64,
    waiting: HashMap<u64, oneshot::Sender<AckResponse>>,
}

impl PendingAcks {
    /// Registers one more, unless `limit` are waiting.
    pub(crate) fn register(
        &mut self,
        limit: usize,
    ) -> Option<(u64, oneshot::Receiver<AckResponse>)> {
        if self.waiting.len() >= limit {
            return None;
        }
        let id = self.next_id;
        self.next_id += 1;
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(id, sender);
        Some((id, receiver))
    }

    /// Hands an answer over. Unknown ids are ignored, as the protocol wants.
    pub(crate) fn resolve(&mut self, id: u64, response: AckResponse) {
        if let Some(sender) = self.waiting.remove(&id) {
            // The caller may have stopped waiting; then nobody wants the answer.
            drop(sender.send(response));
        }
    }

    /// Forgets an answer nobody waits for any more.
    pub(crate) fn forget(&mut self, id: u64) {
        self.waiting.remove(&id);
    }

    /// Drops everything: all callers get an error.
    pub(crate) fn clear(&mut self) {
        self.waiting = HashMap::new();
    }
}
