//! Checks WebSocket frames as they come in, before actix-ws buffers anything of them.
//!
//! actix-http compares a frame with its limit only once the whole frame is in memory, and counts no fragments. The guard
//! reads frame headers from the byte stream, passes good bytes on untouched, and ends the stream at the first frame that
//! breaks RFC 6455 or a limit. What it found is left in a [`Verdict`] for the connection, which closes with that code.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_ws::CloseCode;
use bytes::Bytes;
use futures::Stream;

/// Largest payload of a control frame (RFC 6455, 5.5).
const MAX_CONTROL_BYTES: u64 = 125;

/// Largest frame header: 2 bytes, an 8-byte length, a 4-byte mask.
const MAX_HEADER_BYTES: usize = 14;

/// What a client did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A frame or message is larger than the limit, or has too many fragments: close code 1009.
    TooBig,
    /// A frame breaks RFC 6455: close code 1002.
    Protocol,
}

impl Violation {
    /// The close code that tells the client.
    pub(crate) fn close_code(self) -> CloseCode {
        match self {
            Self::TooBig => CloseCode::Size,
            Self::Protocol => CloseCode::Protocol,
        }
    }
}

/// Where a guard leaves what it found.
pub(crate) type Verdict = Rc<Cell<Option<Violation>>>;

/// Limits of one message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameLimits {
    /// Most bytes of a message, all fragments together.
    pub(crate) max_bytes: usize,
    /// Most fragments of a message.
    pub(crate) max_fragments: usize,
}

/// A request payload with the guard in front.
pub(crate) struct FrameGuard {
    payload: Payload,
    scanner: Scanner,
    verdict: Verdict,
    ended: bool,
}

impl FrameGuard {
    /// Guards `payload`.
    pub(crate) fn new(payload: Payload, limits: FrameLimits) -> (Self, Verdict) {
        let verdict = Verdict::default();
        let scanner = Scanner::new(limits);
        (
            Self {
                payload,
                scanner,
                verdict: Rc::clone(&verdict),
                ended: false,
            },
            verdict,
        )
    }
}

impl Stream for FrameGuard {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.payload).poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => match self.scanner.scan(&bytes) {
                Ok(()) => Poll::Ready(Some(Ok(bytes))),
                Err((good, violation)) => {
                    self.ended = true;
                    self.verdict.set(Some(violation));
                    Poll::Ready((good > 0).then(|| Ok(bytes.slice(..good))))
                }
            },
            other => other,
        }
    }
}

/// Follows the frames of one connection; holds a header at most.
struct Scanner {
    limits: FrameLimits,
    header: [u8; MAX_HEADER_BYTES],
    header_len: usize,
    /// Bytes left of the current frame's payload.
    payload_left: u64,
    /// Fragments and bytes of the message under way, if its last frame has not come.
    fragments: Option<(usize, u64)>,
}

impl Scanner {
    fn new(limits: FrameLimits) -> Self {
        let header = [0; MAX_HEADER_BYTES];
        Self {
            limits,
            header,
            header_len: 0,
            payload_left: 0,
            fragments: None,
        }
    }

    /// Looks through a chunk. On a violation says how many bytes before it are good.
    fn scan(&mut self, chunk: &[u8]) -> Result<(), (usize, Violation)> {
        let mut at = 0;
        // Where the last complete frame ended: a bad frame's header must not be passed on.
        let mut good = 0;
        while at < chunk.len() {
            if self.payload_left > 0 {
                let available = (chunk.len() - at) as u64;
                let taken = self.payload_left.min(available);
                self.payload_left -= taken;
                // At most the length of the chunk.
                at += usize::try_from(taken).unwrap_or(usize::MAX);
                good = at;
                continue;
            }
            self.header[self.header_len] = chunk[at];
            self.header_len += 1;
            at += 1;
            let header = &self.header[..self.header_len];
            let length = match frame_length(header) {
                Ok(None) => continue,
                Ok(Some(length)) => length,
                Err(violation) => return Err((good, violation)),
            };
            let first = header[0];
            self.accept(first, length)
                .map_err(|violation| (good, violation))?;
            if self.header_len == header_size(self.header[1]) {
                self.header_len = 0;
                self.payload_left = length;
                good = at;
            }
        }
        Ok(())
    }

    /// Decides on a frame once its length is known; called again until the mask is in, counting only once.
    fn accept(&mut self, first: u8, length: u64) -> Result<(), Violation> {
        let complete = self.header_len == header_size(self.header[1]);
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        if opcode >= 0x8 {
            let sound = last && length <= MAX_CONTROL_BYTES;
            return if sound {
                Ok(())
            } else {
                Err(Violation::Protocol)
            };
        }
        let (count, bytes) = match (opcode, self.fragments) {
            (0x0, Some(fragments)) => fragments,
            (0x1 | 0x2, None) => (0, 0),
            _ => return Err(Violation::Protocol),
        };
        let (count, bytes) = (count + 1, bytes.saturating_add(length));
        if bytes > self.limits.max_bytes as u64 || count > self.limits.max_fragments {
            return Err(Violation::TooBig);
        }
        if complete {
            self.fragments = (!last).then_some((count, bytes));
        }
        Ok(())
    }
}

/// Bytes of a header whose second byte is `second`, mask included.
fn header_size(second: u8) -> usize {
    match second & 0x7f {
        126 => 8,
        127 => 14,
        _ => 6,
    }
}

/// The declared length, as soon as it is there; checks what the first two bytes say.
fn frame_length(header: &[u8]) -> Result<Option<u64>, Violation> {
    let reserved_bits = header[0] & 0x70 != 0;
    let unknown_opcode = !matches!(header[0] & 0x0f, 0x0..=0x2 | 0x8..=0xa);
    if reserved_bits || unknown_opcode {
        return Err(Violation::Protocol);
    }
    let Some(&second) = header.get(1) else {
        return Ok(None);
    };
    let masked = second & 0x80 != 0;
    if !masked {
        return Err(Violation::Protocol);
    }
    let length = match second & 0x7f {
        126 => header
            .get(2..4)
            .map(|bytes| u64::from(u16::from_be_bytes([bytes[0], bytes[1]]))),
        127 => header.get(2..10).map(|bytes| {
            bytes
                .iter()
                .fold(0, |length, byte| (length << 8) | u64::from(*byte))
        }),
        short => Some(u64::from(short)),
    };
    // The most significant bit must be 0 (RFC 6455, 5.2).
    if length.is_some_and(|length| length > i64::MAX.unsigned_abs()) {
        return Err(Violation::Protocol);
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: FrameLimits = FrameLimits {
        max_bytes: 1000,
        max_fragments: 3,
    };

    /// A masked frame with a declared length of its own, so that it may lie.
    fn frame(first: u8, declared: u64, payload: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        match declared {
            0..=125 => bytes.push(0x80 | u8::try_from(declared).unwrap()),
            126..=0xffff => {
                bytes.push(0xfe);
                bytes.extend(u16::try_from(declared).unwrap().to_be_bytes());
            }
            _ => {
                bytes.push(0xff);
                bytes.extend(declared.to_be_bytes());
            }
        }
        bytes.extend([1, 2, 3, 4]);
        bytes.extend(std::iter::repeat_n(0x2a, payload));
        bytes
    }

    fn scan(bytes: &[u8]) -> Result<(), (usize, Violation)> {
        Scanner::new(LIMITS).scan(bytes)
    }

    #[test]
    fn sound_frames_pass() {
        let mut bytes = frame(0x81, 1000, 1000);
        bytes.extend(frame(0x01, 500, 500));
        bytes.extend(frame(0x89, 125, 125));
        bytes.extend(frame(0x80, 500, 500));
        bytes.extend(frame(0x82, 0, 0));
        bytes.extend(frame(0x88, 2, 2));
        assert_eq!(scan(&bytes), Ok(()));
    }

    #[test]
    fn oversized_frame_is_refused_by_its_header() {
        assert_eq!(
            scan(&frame(0x81, 1001, 0)[..4]),
            Err((0, Violation::TooBig))
        );
        assert_eq!(
            scan(&frame(0x82, 1 << 40, 0)[..10]),
            Err((0, Violation::TooBig))
        );
        assert_eq!(
            scan(&frame(0x82, u64::MAX, 0)),
            Err((0, Violation::Protocol))
        );
    }

    #[test]
    fn fragments_are_counted_and_added_up() {
        let mut too_long = frame(0x01, 600, 600);
        let good = too_long.len();
        too_long.extend(frame(0x80, 401, 401));
        assert_eq!(scan(&too_long), Err((good, Violation::TooBig)));

        let mut too_many = frame(0x01, 0, 0);
        too_many.extend([frame(0x00, 0, 0), frame(0x00, 0, 0)].concat());
        assert_eq!(scan(&too_many), Ok(()));
        let good = too_many.len();
        too_many.extend(frame(0x80, 0, 0));
        assert_eq!(scan(&too_many), Err((good, Violation::TooBig)));
    }

    #[test]
    fn frames_that_break_the_rfc_are_refused() {
        for (what, bytes) in [
            ("reserved bit", frame(0xc1, 1, 1)),
            ("unknown data opcode", frame(0x83, 1, 1)),
            ("unknown control opcode", frame(0x8b, 1, 1)),
            ("continuation of nothing", frame(0x80, 1, 1)),
            ("fragmented ping", frame(0x09, 1, 1)),
            ("long ping", frame(0x89, 126, 126)),
            ("no mask", vec![0x81, 0x01, 0x2a]),
            (
                "text within a message",
                [frame(0x01, 1, 1), frame(0x81, 1, 1)].concat(),
            ),
        ] {
            assert!(
                matches!(scan(&bytes), Err((_, Violation::Protocol))),
                "{what}"
            );
        }
    }

    proptest! {
        #[test]
        fn chunking_does_not_matter(bytes in any::<Vec<u8>>(), size in 1..9_usize) {
            let mut scanner = Scanner::new(LIMITS);
            let chunked = bytes.chunks(size).find_map(|chunk| scanner.scan(chunk).err());
            let whole = scan(&bytes).err();
            prop_assert_eq!(chunked.map(|error| error.1), whole.map(|error| error.1));
        }
    }
}
