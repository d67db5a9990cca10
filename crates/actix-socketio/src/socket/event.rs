//! An event as a handler gets it.

use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;

use super::ack::AckSender;

/// An event a client sent.
#[derive(Debug)]
pub struct Event {
    pub(crate) name: Box<str>,
    pub(crate) args: Vec<Box<RawValue>>,
    pub(crate) attachments: Vec<Bytes>,
    /// Where to send the acknowledgement, if the client asked for one.
    pub ack: Option<AckSender>,
}

impl Event {
    /// The event's name. A numeric name (legal, rare) is its decimal text.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many arguments follow the name.
    pub fn arg_count(&self) -> usize {
        self.args.len()
    }

    /// Argument `index`, counted from 0 after the name.
    ///
    /// # Errors
    /// When there is no such argument, or it does not have the shape of `T`.
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> Result<T, serde_json::Error> {
        let raw = self.args.get(index).ok_or_else(|| {
            serde_json::Error::custom(format_args!("argument {index} is missing"))
        })?;
        serde_json::from_str(raw.get())
    }

    /// All arguments as the JSON text the client sent. Binary values are [`Placeholder`](super::Placeholder)s.
    pub fn raw_args(&self) -> &[Box<RawValue>] {
        &self.args
    }

    /// Takes the event apart: whom to answer, and the arguments.
    pub fn into_ack(self) -> (Option<AckSender>, Vec<Box<RawValue>>) {
        (self.ack, self.args)
    }

    /// The binary values, addressed by [`Placeholder::num`](super::Placeholder::num).
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }
}
