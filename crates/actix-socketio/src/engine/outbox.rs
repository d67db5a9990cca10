//! What waits for a session's transport: bounded in bytes and in messages, filled from any thread.

use std::collections::VecDeque;

use bytes::Bytes;
use bytestring::ByteString;

use super::codec::PayloadWriter;

/// Called when the packet it belongs to was handed to the transport.
pub(crate) type WrittenHook = Box<dyn FnOnce() + Send + Sync>;

/// Above this many slots an emptied queue gives its memory back, so that a burst does not weigh on an idle session.
const KEPT_CAPACITY: usize = 8;

/// One frame on its way out.
pub(crate) struct Outgoing {
    pub(crate) frame: Frame,
    pub(crate) on_written: Option<WrittenHook>,
}

/// A frame as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) enum Frame {
    /// A packet with its type in front.
    Text(ByteString),
    /// A binary message; a polling payload writes it as base64.
    Binary(Bytes),
}

impl Frame {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// The queue.
#[derive(Default)]
pub(crate) struct Outbox {
    frames: VecDeque<Outgoing>,
    bytes: usize,
}

impl Outbox {
    /// Queues a packet's frames, all or none; `false` if they do not fit.
    ///
    /// A packet larger than `max_bytes` is taken if nothing else waits, or it could never be sent.
    pub(crate) fn push(
        &mut self,
        first: Frame,
        attachments: &[Bytes],
        on_written: Option<WrittenHook>,
        max_bytes: usize,
        max_messages: usize,
    ) -> bool {
        let bytes = first.len() + attachments.iter().map(Bytes::len).sum::<usize>();
        let fits = self.bytes + bytes <= max_bytes
            && self.frames.len() + 1 + attachments.len() <= max_messages;
        if !fits && !self.frames.is_empty() {
            return false;
        }
        self.bytes += bytes;
        self.frames.push_back(Outgoing {
            frame: first,
            on_written: None,
        });
        for attachment in attachments {
            let frame = Frame::Binary(attachment.clone());
            self.frames.push_back(Outgoing {
                frame,
                on_written: None,
            });
        }
        if let Some(last) = self.frames.back_mut() {
            last.on_written = on_written;
        }
        true
    }

    /// Queues a frame of the protocol itself, to which no limit applies: there is at most one ping.
    pub(crate) fn push_control(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.frames.push_back(Outgoing {
            frame,
            on_written: None,
        });
    }

    /// The next frame.
    pub(crate) fn pop(&mut self) -> Option<Outgoing> {
        let next = self.frames.pop_front()?;
        self.bytes -= next.frame.len();
        if self.frames.is_empty() && self.frames.capacity() > KEPT_CAPACITY {
            self.frames = VecDeque::new();
        }
        Some(next)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether at least half of a limit is used up.
    pub(crate) fn is_half_full(&self, max_bytes: usize, max_messages: usize) -> bool {
        self.bytes >= max_bytes / 2 || self.frames.len() >= max_messages / 2
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Moves everything into a polling payload; returns whom to tell.
    pub(crate) fn drain_into(&mut self, payload: &mut PayloadWriter) -> Vec<WrittenHook> {
        let mut hooks = Vec::new();
        while let Some(next) = self.pop() {
            match &next.frame {
                Frame::Text(text) => payload.text(text),
                Frame::Binary(bytes) => payload.binary(bytes),
            }
            hooks.extend(next.on_written);
        }
        hooks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Frame {
        Frame::Text(ByteString::from_static(text))
    }

    #[test]
    fn limits_hold_for_whole_packets() {
        let mut outbox = Outbox::default();
        let bytes = [Bytes::from_static(b"12345")];
        assert!(outbox.push(text("4abcd"), &bytes, None, 15, 3));
        assert!(
            !outbox.push(text("4a"), &bytes, None, 15, 3),
            "two frames would make four"
        );
        assert!(
            !outbox.push(text("4abcdefghij"), &[], None, 15, 3),
            "21 bytes"
        );
        assert!(outbox.push(text("4abcd"), &[], None, 15, 3));
        assert_eq!(outbox.bytes, 15);
        while outbox.pop().is_some() {}
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn large_packet_is_taken_by_an_empty_queue() {
        let mut outbox = Outbox::default();
        assert!(outbox.push(text("4abcdefghij"), &[], None, 5, 3));
        assert!(!outbox.push(text("4"), &[], None, 5, 3));
    }
}
