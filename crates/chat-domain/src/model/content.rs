//! What a message says: its text and its metadata, clean and within bounds.

use serde::Serialize;
use serde_json::{Map, Value};

/// Text of a message: sanitised, not blank, within [`ContentLimits`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(String);

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentLimits {
    /// Unicode scalar values after sanitising.
    pub max_chars: usize,
    /// Bytes of UTF-8 after sanitising.
    pub max_bytes: usize,
}

impl Default for ContentLimits {
    /// 4,000 characters and 16 KiB, as the contract has it.
    fn default() -> Self {
        Self {
            max_chars: 4_000,
            max_bytes: 16 * 1024,
        }
    }
}

/// Why a text or metadata can't be taken; safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct InvalidContent {
    /// The field at fault, `content` or `metadata`.
    pub field: &'static str,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Content {
    /// Takes a text that has been sanitised.
    ///
    /// # Errors
    /// If nothing is left but white space, or the text is over the limits.
    pub fn new(sanitised: String, limits: ContentLimits) -> Result<Self, InvalidContent> {
        let invalid = |message: String| InvalidContent {
            field: "content",
            message,
        };
        if sanitised.trim().is_empty() {
            return Err(invalid("must hold some text".into()));
        }
        if sanitised.len() > limits.max_bytes {
            return Err(invalid(format!(
                "must be at most {} bytes of UTF-8",
                limits.max_bytes
            )));
        }
        if sanitised.chars().count() > limits.max_chars {
            return Err(invalid(format!(
                "must be at most {} characters",
                limits.max_chars
            )));
        }
        Ok(Self(sanitised))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// What a client attaches to a message: a JSON object of at most 4 KiB and depth 8, its strings sanitised.
/// The key `moderation` belongs to the server.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = Object))]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// The most bytes the object may have as compact JSON.
    pub const MAX_BYTES: usize = 4 * 1024;
    /// The most levels of objects and arrays, the outermost included.
    pub const MAX_DEPTH: usize = 8;
    /// The key that only the server writes.
    pub const MODERATION_KEY: &str = "moderation";

    /// Takes a client's metadata; `sanitise` cleans every string and key in it.
    ///
    /// # Errors
    /// If the value is no object, too large, too deep, or claims the server's key.
    pub fn new(value: Value, sanitise: &dyn Fn(&str) -> String) -> Result<Self, InvalidContent> {
        let invalid = |message: String| InvalidContent {
            field: "metadata",
            message,
        };
        let Value::Object(object) = value else {
            return Err(invalid("must be a JSON object".into()));
        };
        if object.values().map(depth).max().unwrap_or(0) + 1 > Self::MAX_DEPTH {
            return Err(invalid(format!(
                "must be at most {} levels deep",
                Self::MAX_DEPTH
            )));
        }
        let clean = clean_object(object, sanitise).ok_or_else(|| {
            invalid("must not have two keys that are the same without markup".into())
        })?;
        // Checked after cleaning: what counts is what is stored.
        if clean.contains_key(Self::MODERATION_KEY) {
            return Err(invalid(
                "the key \"moderation\" belongs to the server".into(),
            ));
        }
        if serde_json::to_string(&clean).map_or(usize::MAX, |text| text.len()) > Self::MAX_BYTES {
            return Err(invalid(format!(
                "must be at most {} bytes of JSON",
                Self::MAX_BYTES
            )));
        }
        Ok(Self(clean))
    }

    /// Metadata as it was stored.
    #[must_use]
    pub const fn from_stored(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// The object.
    #[must_use]
    pub const fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Writes the server's verdict under the key that only the server writes.
    #[must_use]
    pub fn with_moderation(mut self, verdict: Value) -> Self {
        self.0.insert(Self::MODERATION_KEY.into(), verdict);
        self
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// `None` if two keys become the same.
fn clean_object(
    object: Map<String, Value>,
    sanitise: &dyn Fn(&str) -> String,
) -> Option<Map<String, Value>> {
    let mut clean_object = Map::new();
    for (key, value) in object {
        if clean_object
            .insert(sanitise(&key), clean(value, sanitise)?)
            .is_some()
        {
            return None;
        }
    }
    Some(clean_object)
}

fn clean(value: Value, sanitise: &dyn Fn(&str) -> String) -> Option<Value> {
    Some(match value {
        Value::String(text) => Value::String(sanitise(&text)),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| clean(item, sanitise));
            Value::Array(items.collect::<Option<_>>()?)
        }
        Value::Object(object) => Value::Object(clean_object(object, sanitise)?),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn nested(levels: usize) -> Value {
        (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn a_text_is_counted_in_characters_and_in_bytes() {
        let limits = ContentLimits {
            max_chars: 3,
            max_bytes: 8,
        };
        assert!(Content::new("äöü".into(), limits).is_ok());
        assert!(Content::new("abcd".into(), limits).is_err());
        assert!(Content::new("🙂🙂🙂".into(), limits).is_err());
        assert!(Content::new(" \n".into(), limits).is_err());
    }

    #[test]
    fn metadata_is_an_object_of_bounded_size_and_depth() {
        let keep = |text: &str| text.to_owned();
        assert!(Metadata::new(nested(8), &keep).is_ok());
        assert!(Metadata::new(nested(9), &keep).is_err());
        assert!(Metadata::new(json!([1]), &keep).is_err());
        assert!(Metadata::new(json!({ "a": "x".repeat(4096) }), &keep).is_err());
        assert!(Metadata::new(json!({ "moderation": 1 }), &keep).is_err());
    }

    #[test]
    fn every_string_of_the_metadata_is_sanitised() {
        let clean = Metadata::new(json!({ "<k>": ["<v>", { "a": "<w>" }] }), &|text| {
            text.replace(['<', '>'], "")
        });
        assert_eq!(
            serde_json::to_value(clean.unwrap()).unwrap(),
            json!({ "k": ["v", { "a": "w" }] })
        );
    }

    #[test]
    fn no_markup_smuggles_in_the_servers_key_or_a_key_given_twice() {
        let clean = |text: &str| text.replace("<b>", "");
        assert!(Metadata::new(json!({ "moder<b>ation": 1 }), &clean).is_err());
        assert!(Metadata::new(json!({ "a": [{ "k": 1, "<b>k": 2 }] }), &clean).is_err());
        assert!(Metadata::new(json!({ "a": { "k": 1 }, "b": { "k": 2 } }), &clean).is_ok());
    }
}
