//! Identifiers: who and what a value is about. Parsing is the only way in, so an id in hand is a valid id.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Why a string is no identifier. The text is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(&'static str);

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String, format = Uuid))]
        pub struct $name(Uuid);

        impl $name {
            /// The id as a UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::from_str(text).map(Self).map_err(|_| InvalidId("must be a UUID"))
            }
        }
    )+};
}

uuid_ids! {
    /// A conversation.
    ThreadId,
    /// A message; time-ordered (UUIDv7).
    MessageId,
    /// A report that one user made.
    ReportId,
    /// An entry of the moderation queue.
    ModerationItemId,
    /// A job that runs in the background, such as an erasure.
    JobId,
    /// An event for other services; receivers drop repeats by it.
    EventId,
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident: $max:literal, $allowed:expr, $why:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(Arc<str>);

        impl $name {
            /// The most characters an id may have.
            pub const MAX_CHARS: usize = $max;

            /// Takes the text if it is a valid id.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let allowed: fn(char) -> bool = $allowed;
                let count = text.chars().take($max + 1).count();
                if (1..=$max).contains(&count) && text.chars().all(allowed) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId($why))
                }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

text_ids! {
    /// A person: the token's `sub`, opaque to us.
    UserId: 128, |c| c.is_ascii_alphanumeric() || "._:@-".contains(c), "must be 1 to 128 characters from A-Z a-z 0-9 . _ : @ -";
    /// The sender's own name for a message, unique per sender and thread; makes a retry safe.
    ClientMessageId: 64, |c| !c.is_control(), "must be 1 to 64 characters, none of them a control character";
    /// A live connection, as the gateway names it.
    SocketId: 64, |c| c.is_ascii_graphic(), "must be 1 to 64 printable ASCII characters";
    /// A token's `jti`.
    TokenId: 256, |c| !c.is_control(), "must be 1 to 256 characters, none of them a control character";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_has_1_to_128_allowed_characters() {
        assert!(UserId::parse("a.B_9:@-").is_ok());
        assert!(UserId::parse(&"x".repeat(128)).is_ok());
        for bad in ["", "a b", "ü", "a\0", "a/b", &"x".repeat(129)] {
            assert!(UserId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_travel_as_plain_strings() {
        let id: UserId = serde_json::from_str("\"alice\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"alice\"");
        assert!(serde_json::from_str::<UserId>("\"a b\"").is_err());
    }
}
