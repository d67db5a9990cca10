//! Reading Socket.IO packets: strict where the reference server is, and never panicking.
//!
//! Form: `<type>[<attachments>-][/namespace,][ack id][json]`. What must be refused is listed with the tests.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::packet::{Body, EventContent, MAX_ATTACHMENTS, Packet, is_reserved_event};

/// Largest acknowledgement id: above it JavaScript's numbers are not exact, and the client could not recognise its own.
const MAX_ACK_ID: u64 = (1 << 53) - 1;

/// Longest namespace name in bytes; a refusal sends it back.
const MAX_NAMESPACE_LEN: usize = 255;

/// Why a text is not a packet a client may send.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParseError {
    #[error("unknown packet type")]
    Type,
    #[error("missing, malformed or excessive number of attachments")]
    Attachments,
    #[error("namespace name is too long")]
    Namespace,
    #[error("acknowledgement id is too large")]
    AckId,
    #[error("invalid JSON")]
    Json(#[from] serde_json::Error),
    #[error("payload does not fit the packet type")]
    Payload,
    #[error("reserved event name")]
    ReservedEvent,
    #[error("placeholder without attachment")]
    Placeholder,
}

/// Reads a packet; at most `max_attachments` binary frames may follow.
pub(crate) fn parse(text: &str, max_attachments: usize) -> Result<Packet, ParseError> {
    let mut rest = text;
    let kind = *rest.as_bytes().first().ok_or(ParseError::Type)?;
    if !matches!(kind, b'0'..=b'6') {
        return Err(ParseError::Type);
    }
    rest = &rest[1..];
    let is_binary = matches!(kind, b'5' | b'6');
    let attachments = if is_binary {
        take_attachments(&mut rest, max_attachments)?
    } else {
        0
    };
    let namespace = take_namespace(&mut rest)?;
    let id = take_id(&mut rest)?;
    let json = (!rest.is_empty()).then_some(rest);
    let body = match kind {
        b'0' => Body::Connect {
            auth: json.map_or_else(|| Ok(Map::new()), parse_object)?,
        },
        b'1' if json.is_none() => Body::Disconnect,
        b'2' | b'5' => Body::Event {
            id,
            content: json.map(parse_event).transpose()?,
        },
        b'3' | b'6' => Body::Ack {
            id,
            args: json
                .map(serde_json::from_str)
                .transpose()?
                .unwrap_or_default(),
        },
        // CONNECT_ERROR comes from servers only.
        _ => return Err(ParseError::Payload),
    };
    if is_binary {
        check_placeholders(json.ok_or(ParseError::Payload)?, attachments)?;
    }
    Ok(Packet {
        namespace: namespace.into(),
        body,
        attachments,
    })
}

/// `<count>-`
fn take_attachments(rest: &mut &str, max: usize) -> Result<usize, ParseError> {
    let (count, after) = rest.split_once('-').ok_or(ParseError::Attachments)?;
    if !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseError::Attachments);
    }
    let count = count.parse().map_err(|_| ParseError::Attachments)?;
    if !(1..=max.min(MAX_ATTACHMENTS)).contains(&count) {
        return Err(ParseError::Attachments);
    }
    *rest = after;
    Ok(count)
}

/// `/name,`; the comma may be missing at the end.
fn take_namespace<'a>(rest: &mut &'a str) -> Result<&'a str, ParseError> {
    if !rest.starts_with('/') {
        return Ok("/");
    }
    let (namespace, after) = rest.split_once(',').unwrap_or((*rest, ""));
    if namespace.len() > MAX_NAMESPACE_LEN {
        return Err(ParseError::Namespace);
    }
    *rest = after;
    Ok(namespace)
}

/// Decimal digits.
fn take_id(rest: &mut &str) -> Result<Option<u64>, ParseError> {
    let end = rest
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(rest.len());
    if end == 0 {
        return Ok(None);
    }
    let id = rest[..end].parse().map_err(|_| ParseError::AckId)?;
    *rest = &rest[end..];
    if id > MAX_ACK_ID {
        Err(ParseError::AckId)
    } else {
        Ok(Some(id))
    }
}

fn parse_object(json: &str) -> Result<Map<String, Value>, ParseError> {
    Ok(serde_json::from_str(json)?)
}

/// `["name",…]`, where the name may be a number.
fn parse_event(json: &str) -> Result<EventContent, ParseError> {
    let mut args: Vec<Box<RawValue>> = serde_json::from_str(json)?;
    if args.is_empty() {
        return Err(ParseError::Payload);
    }
    let name = args.remove(0);
    let name: Box<str> = match name.get().as_bytes() {
        [b'"', ..] => serde_json::from_str::<JsonStr<'_>>(name.get())?.0.into(),
        [b'-' | b'0'..=b'9', ..] => name.get().into(),
        _ => return Err(ParseError::Payload),
    };
    if is_reserved_event(&name) {
        return Err(ParseError::ReservedEvent);
    }
    Ok(EventContent { name, args })
}

/// A string that is only copied if it has escapes.
#[derive(Deserialize)]
struct JsonStr<'a>(#[serde(borrow)] Cow<'a, str>);

fn check_placeholders(json: &str, attachments: usize) -> Result<(), ParseError> {
    if all_placeholders_within(&serde_json::from_str(json)?, attachments) {
        Ok(())
    } else {
        Err(ParseError::Placeholder)
    }
}

/// Depth is bounded by `serde_json`, which refuses more than 128 levels.
fn all_placeholders_within(value: &Value, attachments: usize) -> bool {
    match value {
        Value::Array(values) => values
            .iter()
            .all(|value| all_placeholders_within(value, attachments)),
        Value::Object(object) if object.get("_placeholder") == Some(&Value::Bool(true)) => object
            .get("num")
            .and_then(Value::as_u64)
            .is_some_and(|num| num < attachments as u64),
        Value::Object(object) => object
            .values()
            .all(|value| all_placeholders_within(value, attachments)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::socket::emit::{Encoded, Placeholder};

    fn parse_ok(text: &str) -> Packet {
        parse(text, 10).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn event(packet: Packet) -> (Option<u64>, String, Vec<String>) {
        match packet.body {
            Body::Event {
                id,
                content: Some(content),
            } => {
                let args = content
                    .args
                    .iter()
                    .map(|arg| arg.get().to_owned())
                    .collect();
                (id, content.name.into(), args)
            }
            other => panic!("not an event: {other:?}"),
        }
    }

    #[test]
    fn connect_with_and_without_auth_and_comma() {
        for text in [
            "0",
            "0{}",
            "0/custom",
            "0/custom,",
            "0/custom,{\"token\":\"1\"}",
        ] {
            let packet = parse_ok(text);
            let named = text.contains("custom");
            assert_eq!(&*packet.namespace, if named { "/custom" } else { "/" });
            let Body::Connect { auth } = packet.body else {
                panic!("{text}")
            };
            assert_eq!(auth.contains_key("token"), text.contains("token"));
        }
        assert_eq!(&*parse_ok("0/a?b=c,{}").namespace, "/a?b=c");
    }

    #[test]
    fn events_keep_name_id_and_raw_arguments() {
        let parsed = event(parse_ok("2/chat,012[\"say\", 1,\"2\",{\"a\":[true]}]"));
        let args = ["1", "\"2\"", "{\"a\":[true]}"].map(String::from).to_vec();
        assert_eq!(parsed, (Some(12), "say".into(), args));
        assert_eq!(event(parse_ok("2[\"\\u0061b\"]")).1, "ab");
        assert_eq!(event(parse_ok("2[7]")).1, "7");
        assert_eq!(
            event(parse_ok("2[\"x\",{\"__proto__\":1}]")).2,
            ["{\"__proto__\":1}"]
        );
    }

    #[test]
    fn packets_without_payload_mean_nothing_but_are_legal() {
        assert!(matches!(
            parse_ok("2").body,
            Body::Event { content: None, .. }
        ));
        assert!(matches!(
            parse_ok("3[\"x\"]").body,
            Body::Ack { id: None, .. }
        ));
        assert!(matches!(parse_ok("1").body, Body::Disconnect));
    }

    #[test]
    fn placeholder_objects_of_plain_events_are_data() {
        let text = "2[\"x\",{\"_placeholder\":true,\"num\":5}]";
        assert_eq!(
            event(parse_ok(text)).2,
            ["{\"_placeholder\":true,\"num\":5}"]
        );
    }

    #[test]
    fn binary_packets_name_their_attachments() {
        let text = "52-[\"x\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":1}]";
        assert_eq!(parse_ok(text).attachments, 2);
        assert!(parse(text, 1).is_err(), "more than the configured limit");
        assert!(parse(text, 0).is_err(), "binary refused");
        assert_eq!(parse_ok("610-7[]").attachments, 10);
    }

    #[test]
    fn what_the_reference_server_refuses_is_refused() {
        for text in [
            "",
            "7",
            "abc",
            "€",
            "0[]",
            "0\"x\"",
            "0null",
            "0{",
            "1{}",
            "1[]",
            "2[]",
            "2{}",
            "2[null]",
            "2[{}]",
            "2[true]",
            "2x[",
            "2[\"x\"",
            "2[\"x\"]]",
            "211e3[\"x\"]",
            "2-1[\"x\"]",
            "29007199254740992[\"x\"]",
            "299999999999999999999[\"x\"]",
            "2[\"connect\"]",
            "2[\"disconnecting\"]",
            "2[\"\\u0063onnect\"]",
            "3{}",
            "3x",
            "4",
            "4{\"message\":\"x\"}",
            "5[\"x\"]",
            "50-[\"x\"]",
            "511-[\"x\"]",
            "5+1-[\"x\"]",
            "51.0-[\"x\"]",
            "5-[\"x\"]",
            "51-",
            "61-",
            "51-[\"x\",{\"_placeholder\":true,\"num\":1}]",
            "51-[\"x\",{\"_placeholder\":true,\"num\":-1}]",
            "51-[\"x\",{\"_placeholder\":true,\"num\":\"0\"}]",
            "51-[\"x\",{\"_placeholder\":true}]",
        ] {
            assert!(parse(text, 10).is_err(), "{text}");
        }
        assert!(parse(&format!("0/{}", "x".repeat(255)), 10).is_err());
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let deep = format!("2[\"x\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        drop(parse(&deep, 10));
        let deep = format!("51-[\"x\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(&deep, 10).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in any::<String>(), kind in "[0-6]([0-9]{1,2}-)?(/[a-z]*,)?[0-9]*") {
            drop(parse(&text, 10));
            drop(parse(&(kind + &text), 10));
        }

        #[test]
        fn events_round_trip(
            namespace in "/[a-z]{0,5}",
            name in "ev\\PC*",
            args in prop::collection::vec(any_json(), 0..4),
            attachments in prop::collection::vec(any::<Vec<u8>>(), 0..4),
        ) {
            let mut all = args;
            all.extend((0..attachments.len()).map(|num| json!(Placeholder { num })));
            let count = attachments.len();
            let attachments = attachments.into_iter().map(Bytes::from).collect();
            let encoded = Encoded::event_args(&namespace, &name, &all, attachments).unwrap();
            let packet = parse_ok(&encoded.head()[1..]);
            prop_assert_eq!(&*packet.namespace, &*namespace);
            prop_assert_eq!(packet.attachments, count);
            let (id, parsed_name, parsed) = event(packet);
            let parsed: Vec<Value> =
                parsed.iter().map(|arg| serde_json::from_str(arg).unwrap()).collect();
            prop_assert_eq!(id, None);
            prop_assert_eq!(parsed_name, name);
            prop_assert_eq!(parsed, all);
            let args_json: Vec<Value> = serde_json::from_str(encoded.args_json()).unwrap();
            prop_assert_eq!(args_json.len(), 1 + encoded_arg_count(&encoded));
        }
    }

    fn encoded_arg_count(encoded: &Encoded) -> usize {
        event(parse_ok(&encoded.head()[1..])).2.len()
    }
}
