//! The whole error surface of the service on one screen, and the errors of repositories.

use std::error::Error;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident => $code:literal, $title:literal;)+) => {
        /// What went wrong, in a form that clients branch on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant,)+ }

        impl ErrorCode {
            /// Every code, for documentation and tests.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// A short title for people, the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

error_codes! {
    /// A field is missing, unknown, given twice, or has a value that is not allowed.
    ValidationFailed => "validation_failed", "The request is not valid";
    /// The cursor was mangled or belongs to another list.
    InvalidCursor => "invalid_cursor", "The cursor does not belong to this list";
    /// The body is no JSON.
    MalformedJson => "malformed_json", "The body is not valid JSON";
    /// No token, or one that can't be accepted.
    Unauthenticated => "unauthenticated", "Authentication is required";
    /// Too many failed authentications from this address.
    TooManyAttempts => "too_many_attempts", "Too many failed attempts";
    /// The caller takes no part in the thread.
    NotParticipant => "not_participant", "You take no part in this thread";
    /// The two may not chat; says neither why nor who decided so.
    ChatNotAllowed => "chat_not_allowed", "You can't chat with this person";
    /// The caller's roles don't include the one that is needed.
    Forbidden => "forbidden", "You may not do this";
    /// No such thread.
    ThreadNotFound => "thread_not_found", "There is no such thread";
    /// No such message.
    MessageNotFound => "message_not_found", "There is no such message";
    /// No such thing.
    NotFound => "not_found", "There is nothing here";
    /// The request contradicts what is stored.
    Conflict => "conflict", "The request contradicts an earlier one";
    /// Body, frame or text too large.
    PayloadTooLarge => "payload_too_large", "The request is too large";
    /// The body's content type is not JSON.
    UnsupportedMediaType => "unsupported_media_type", "The body must be application/json";
    /// The text was refused by moderation.
    ContentRejected => "content_rejected", "The text was refused";
    /// Too many requests; wait and try again.
    RateLimited => "rate_limited", "Too many requests";
    /// The service can't do this now, or can't know whether it did; retry with the same id.
    Unavailable => "unavailable", "The service is temporarily unavailable";
    /// A defect of ours; the log has the cause under the request id.
    Internal => "internal", "Something went wrong on our side";
}

/// Why a repository or another driven port could not answer. Absence is not an error.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// The change contradicts what is stored, such as a unique value that is taken.
    #[error("the change conflicts with what is stored")]
    Conflict,
    /// The store can't be reached, is overloaded, or its answer was lost: the outcome of a write is unknown.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// What is stored breaks our own rules.
    #[error("stored data is not valid: {0}")]
    Corrupt(String),
    /// Anything else.
    #[error("the store failed")]
    Backend(#[source] BoxError),
}

/// An error of a library, kept as the source.
pub type BoxError = Box<dyn Error + Send + Sync>;

impl RepoError {
    /// Unavailable because of `source`.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable(source.into())
    }

    /// Failed because of `source`.
    pub fn backend(source: impl Into<BoxError>) -> Self {
        Self::Backend(source.into())
    }

    /// The code that a client gets.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Conflict => ErrorCode::Conflict,
            Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Corrupt(_) | Self::Backend(_) => ErrorCode::Internal,
        }
    }
}
