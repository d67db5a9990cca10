//! Strict JSON: an event carries one object, with the fields it should have and no key twice.
//!
//! Messages name the field and what is allowed. They go to the client only, never into a log: they may quote the value.

use std::fmt;

use chat_domain::id::ClientMessageId;
use garde::Validate;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, value::RawValue};

/// Most characters of a message to the client: enough for a field and a rule, too few to mirror a whole payload.
const MAX_MESSAGE_CHARS: usize = 300;
/// Most characters of the path to a field: what is wrong comes after it.
const MAX_PATH_CHARS: usize = 100;

/// A payload that is not what it should be; safe to show to whoever sent it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid(pub(crate) String);

impl Invalid {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self(
            message
                .to_string()
                .chars()
                .take(MAX_MESSAGE_CHARS)
                .collect(),
        )
    }
}

/// Reads the only argument of an event.
pub(crate) fn parse<T>(args: &[Box<RawValue>]) -> Result<T, Invalid>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    let object = only_object(args)?;
    let mut json = serde_json::Deserializer::from_str(object.get());
    let payload: T = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        at(&path, &without_position(&error.inner().to_string()))
    })?;
    payload
        .validate()
        .map_err(|report| match report.iter().next() {
            Some((path, error)) => at(&camel_case(&path.to_string()), error.message()),
            None => Invalid::new("not valid"),
        })?;
    Ok(payload)
}

/// The client's id of a message, from a payload that was not accepted; `None` if it can't be made out.
pub(crate) fn peek_client_message_id(args: &[Box<RawValue>]) -> Option<ClientMessageId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Peek {
        client_message_id: Option<ClientMessageId>,
    }
    let object = only_object(args).ok()?;
    serde_json::from_str::<Peek>(object.get())
        .ok()?
        .client_message_id
}

fn only_object(args: &[Box<RawValue>]) -> Result<&RawValue, Invalid> {
    match args {
        [object] if object.get().starts_with('{') => Ok(object),
        [_] => Err(Invalid::new("the payload must be a JSON object")),
        [] => Err(Invalid::new(
            "a payload is missing: one JSON object is expected",
        )),
        _ => Err(Invalid::new(
            "too many arguments: one JSON object is expected",
        )),
    }
}

fn at(path: &str, message: &str) -> Invalid {
    if path.is_empty() || path == "." {
        Invalid::new(message)
    } else if path.chars().count() > MAX_PATH_CHARS {
        let start: String = path.chars().take(MAX_PATH_CHARS).collect();
        Invalid::new(format_args!("{start}…: {message}"))
    } else {
        Invalid::new(format_args!("{path}: {message}"))
    }
}

/// `up_to_seq` as it is called on the wire.
fn camel_case(path: &str) -> String {
    let mut name = String::with_capacity(path.len());
    let mut upper = false;
    for letter in path.chars() {
        if letter == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            name.push(letter.to_ascii_uppercase());
        } else {
            name.push(letter);
        }
    }
    name
}

/// Without `at line 1 column 5`, which counts in a text the client never sees as such.
fn without_position(message: &str) -> String {
    let end = message.rfind(" at line ").unwrap_or(message.len());
    message[..end].to_owned()
}

/// A JSON object in which no object, at any depth, has a key twice. `serde_json` alone would keep the last one.
#[derive(Debug, Clone, PartialEq)]
pub struct StrictObject(Map<String, Value>);

impl From<StrictObject> for Value {
    fn from(object: StrictObject) -> Self {
        Self::Object(object.0)
    }
}

impl<'de> Deserialize<'de> for StrictObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Strict.deserialize(deserializer)? {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(D::Error::custom("must be a JSON object")),
        }
    }
}

/// Reads any JSON value; `serde_json` bounds the depth.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Self)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate key `{key}`")));
            }
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{MarkRead, PrivateMessage, SyncThreads};

    const THREAD: &str = "01900000-0000-7000-8000-000000000001";

    fn args(json: &str) -> Vec<Box<RawValue>> {
        vec![RawValue::from_string(json.to_owned()).unwrap()]
    }

    fn refusal<T: DeserializeOwned + Validate<Context = ()> + fmt::Debug>(json: &str) -> String {
        parse::<T>(&args(json)).unwrap_err().0
    }

    #[test]
    fn an_event_carries_one_object() {
        let none = parse::<PrivateMessage>(&[]).unwrap_err().0;
        assert!(none.contains("missing"), "{none}");
        let two = [args("{}"), args("{}")].concat();
        assert!(parse::<PrivateMessage>(&two).is_err());
        for json in ["1", "\"x\"", "[]", "null", "true"] {
            assert_eq!(
                refusal::<PrivateMessage>(json),
                "the payload must be a JSON object"
            );
        }
    }

    #[test]
    fn messages_name_the_field_and_what_is_allowed() {
        assert_eq!(
            refusal::<PrivateMessage>(r#"{"content":5}"#),
            "content: invalid type: integer `5`, expected a string"
        );
        let unknown = refusal::<PrivateMessage>(r#"{"content":"x","colour":1}"#);
        assert!(unknown.contains("unknown field `colour`") && unknown.contains("`toUserId`"));
        assert_eq!(refusal::<PrivateMessage>("{}"), "missing field `content`");
        let user = refusal::<PrivateMessage>(r#"{"content":"x","toUserId":"a b"}"#);
        assert!(
            user.starts_with("toUserId: must be 1 to 128 characters"),
            "{user}"
        );
        let seq = refusal::<MarkRead>(&format!(r#"{{"threadId":"{THREAD}","upToSeq":-1}}"#));
        assert_eq!(seq, "upToSeq: lower than 0");
        let version = format!(r#"{{"threads":[{{"threadId":"{THREAD}","version":-1}}]}}"#);
        assert_eq!(
            refusal::<SyncThreads>(&version),
            "threads[0].version: lower than 0"
        );
    }

    #[test]
    fn a_key_given_twice_is_refused_at_every_depth() {
        for json in [
            r#"{"content":"a","content":"b"}"#,
            r#"{"content":"a","metadata":{"k":1,"k":2}}"#,
            r#"{"content":"a","metadata":{"deep":[{"k":1,"k":2}]}}"#,
        ] {
            let message = refusal::<PrivateMessage>(json);
            assert!(message.contains("duplicate"), "{message}");
        }
        let fine = r#"{"content":"a","metadata":{"k":{"k":[1,2.5,null,true,"x"]}}}"#;
        let parsed: PrivateMessage = parse(&args(fine)).unwrap();
        assert_eq!(
            Value::from(parsed.metadata.unwrap()),
            serde_json::json!({"k":{"k":[1,2.5,null,true,"x"]}})
        );
    }

    #[test]
    fn metadata_is_an_object_of_bounded_depth() {
        let list = refusal::<PrivateMessage>(r#"{"content":"a","metadata":[1]}"#);
        assert_eq!(list, "metadata: must be a JSON object");
        let deep = format!(
            r#"{{"content":"a","metadata":{{"k":{}{}}}}}"#,
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        assert!(refusal::<PrivateMessage>(&deep).contains("recursion limit"));
    }

    #[test]
    fn a_long_value_is_not_mirrored() {
        let long = format!(r#"{{"content":"a","{}":1}}"#, "x".repeat(60_000));
        assert_eq!(
            refusal::<PrivateMessage>(&long).chars().count(),
            MAX_MESSAGE_CHARS
        );
    }

    #[test]
    fn the_client_message_id_is_found_in_a_refused_payload() {
        let peek = |json| peek_client_message_id(&args(json));
        assert_eq!(
            peek(r#"{"clientMessageId":"c-1","x":1}"#),
            ClientMessageId::parse("c-1").ok()
        );
        assert_eq!(peek(r#"{"clientMessageId":5}"#), None);
        assert_eq!(peek("[]"), None);
    }
}
