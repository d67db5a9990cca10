//! Engine.IO packets and polling payloads as text and bytes, without I/O.
//!
//! Source: Engine.IO protocol v4, "Packet encoding" and "HTTP long-polling". Frames on their way out are kept as wire
//! text from the start, so encoding is only needed for binary messages in a polling payload.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use bytes::Bytes;
use bytestring::ByteString;

/// Between two packets of a polling payload.
pub(crate) const SEPARATOR: char = '\u{1e}';

/// Before the base64 text of a binary message in a polling payload.
const BINARY_PREFIX: char = 'b';

/// Clients are free to leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The payload of an Engine.IO message packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text, without the packet type in front.
    Text(ByteString),
    /// Bytes.
    Binary(Bytes),
}

/// A packet from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet {
    /// `0`: servers send it, so it means nothing from a client.
    Open,
    /// `1`: the client is done.
    Close,
    /// `2`, and what follows it: `probe` while upgrading.
    Ping(ByteString),
    /// `3`: the answer to a ping.
    Pong,
    /// `4` or a binary frame.
    Message(Message),
    /// `5`: from here on everything goes over the new transport.
    Upgrade,
    /// `6`: nothing.
    Noop,
}

/// Why something is not an Engine.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecError {
    #[error("empty packet")]
    Empty,
    #[error("unknown packet type")]
    UnknownType,
    #[error("invalid base64")]
    Base64,
    #[error("payload is not UTF-8")]
    Utf8,
    #[error("too many packets in one payload")]
    TooManyPackets,
}

/// Reads a text frame, or one text packet of a payload.
pub(crate) fn decode_text(text: &ByteString) -> Result<Packet, CodecError> {
    let kind = *text.as_bytes().first().ok_or(CodecError::Empty)?;
    // All types are ASCII; anything else is unknown before the slice below could split a character.
    let rest = || text.slice_ref(&text[1..]);
    match kind {
        b'0' => Ok(Packet::Open),
        b'1' => Ok(Packet::Close),
        b'2' => Ok(Packet::Ping(rest())),
        b'3' => Ok(Packet::Pong),
        b'4' => Ok(Packet::Message(Message::Text(rest()))),
        b'5' => Ok(Packet::Upgrade),
        b'6' => Ok(Packet::Noop),
        _ => Err(CodecError::UnknownType),
    }
}

/// Reads the packets of a POST body one by one, so that those before a bad one still count.
pub(crate) fn decode_payload(
    body: Bytes,
    max_packets: usize,
) -> Result<impl Iterator<Item = Result<Packet, CodecError>>, CodecError> {
    let body = ByteString::try_from(body).map_err(|_| CodecError::Utf8)?;
    let mut start = Some(0);
    let mut count = 0;
    Ok(std::iter::from_fn(move || {
        let rest = &body[start?..];
        count += 1;
        if count > max_packets {
            start = None;
            return Some(Err(CodecError::TooManyPackets));
        }
        let packet = rest.split(SEPARATOR).next().unwrap_or(rest);
        let is_last = packet.len() == rest.len();
        start = start
            .filter(|_| !is_last)
            .map(|at| at + packet.len() + SEPARATOR.len_utf8());
        Some(match packet.strip_prefix(BINARY_PREFIX) {
            Some(base64) => decode_base64(base64),
            None => decode_text(&body.slice_ref(packet)),
        })
    }))
}

fn decode_base64(text: &str) -> Result<Packet, CodecError> {
    let bytes = BASE64.decode(text).map_err(|_| CodecError::Base64)?;
    Ok(Packet::Message(Message::Binary(bytes.into())))
}

/// Puts frames together as one polling payload.
#[derive(Debug, Default)]
pub(crate) struct PayloadWriter {
    body: String,
    started: bool,
}

impl PayloadWriter {
    /// Appends a packet that is wire text already.
    pub(crate) fn text(&mut self, packet: &str) {
        self.separate();
        self.body.push_str(packet);
    }

    /// Appends a binary message.
    pub(crate) fn binary(&mut self, bytes: &[u8]) {
        self.separate();
        self.body.push(BINARY_PREFIX);
        STANDARD.encode_string(bytes, &mut self.body);
    }

    /// The payload.
    pub(crate) fn finish(self) -> String {
        self.body
    }

    fn separate(&mut self) {
        if self.started {
            self.body.push(SEPARATOR);
        }
        self.started = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn payload(text: &str) -> Vec<Result<Packet, CodecError>> {
        decode_payload(Bytes::copy_from_slice(text.as_bytes()), 16)
            .unwrap()
            .collect()
    }

    fn text(text: &str) -> Packet {
        Packet::Message(Message::Text(text.into()))
    }

    fn binary(bytes: &'static [u8]) -> Packet {
        Packet::Message(Message::Binary(Bytes::from_static(bytes)))
    }

    #[test]
    fn packets_are_told_apart_by_their_first_character() {
        assert_eq!(decode_text(&"0{}".into()), Ok(Packet::Open));
        assert_eq!(decode_text(&"1".into()), Ok(Packet::Close));
        assert_eq!(
            decode_text(&"2probe".into()),
            Ok(Packet::Ping("probe".into()))
        );
        assert_eq!(decode_text(&"3".into()), Ok(Packet::Pong));
        assert_eq!(decode_text(&"4h€llo".into()), Ok(text("h€llo")));
        assert_eq!(decode_text(&"5".into()), Ok(Packet::Upgrade));
        assert_eq!(decode_text(&"6".into()), Ok(Packet::Noop));
        assert_eq!(decode_text(&"7".into()), Err(CodecError::UnknownType));
        assert_eq!(decode_text(&"€".into()), Err(CodecError::UnknownType));
        assert_eq!(decode_text(&"".into()), Err(CodecError::Empty));
    }

    #[test]
    fn payload_keeps_order_and_kind() {
        let packets = payload("4one\u{1e}bAQIDBA==\u{1e}2\u{1e}bAQIDBA");
        let expected = [
            text("one"),
            binary(&[1, 2, 3, 4]),
            Packet::Ping("".into()),
            binary(&[1, 2, 3, 4]),
        ];
        assert_eq!(packets, expected.map(Ok));
    }

    #[test]
    fn empty_segments_and_bad_base64_are_errors() {
        assert_eq!(payload(""), [Err(CodecError::Empty)]);
        assert_eq!(payload("4a\u{1e}"), [Ok(text("a")), Err(CodecError::Empty)]);
        assert_eq!(payload("b@@@"), [Err(CodecError::Base64)]);
        assert!(decode_payload(Bytes::from_static(b"4\xff"), 16).is_err());
    }

    #[test]
    fn payload_with_too_many_packets_stops_at_the_limit() {
        let body = vec!["4a"; 17].join("\u{1e}");
        let packets = payload(&body);
        assert_eq!(packets.len(), 17);
        assert_eq!(packets.last(), Some(&Err(CodecError::TooManyPackets)));
    }

    fn any_message() -> impl Strategy<Value = Message> {
        prop_oneof![
            "[^\u{1e}]*".prop_map(|text| Message::Text(text.into())),
            any::<Vec<u8>>().prop_map(|bytes| Message::Binary(bytes.into())),
        ]
    }

    proptest! {
        #[test]
        fn payload_round_trips(messages in prop::collection::vec(any_message(), 1..8)) {
            let mut writer = PayloadWriter::default();
            for message in &messages {
                match message {
                    Message::Text(text) => writer.text(&format!("4{text}")),
                    Message::Binary(bytes) => writer.binary(bytes),
                }
            }
            let decoded: Result<Vec<_>, _> =
                decode_payload(writer.finish().into(), 16).unwrap().collect();
            let expected: Vec<_> = messages.into_iter().map(Packet::Message).collect();
            prop_assert_eq!(decoded, Ok(expected));
        }

        #[test]
        fn decoding_never_panics(body in any::<Vec<u8>>()) {
            if let Ok(packets) = decode_payload(body.into(), 16) {
                packets.for_each(drop);
            }
        }
    }
}
