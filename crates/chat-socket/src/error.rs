//! Why an event was refused, as the client hears it: the only place where a domain error meets the socket.

use std::error::Error;

use chat_domain::{
    error::{ErrorCode, RepoError},
    model::limit::Limited,
    service::{auth::AuthError, message::SendError, receipt::MarkReadError, typing::TypingError},
};
use serde::Serialize;

use crate::payload::Invalid;

/// When a client should come back after `unavailable`, in milliseconds: longer than a restart of a pool's connection,
/// shorter than people wait.
pub(crate) const UNAVAILABLE_RETRY_MS: u64 = 1_000;

/// Why an event was refused; safe to show.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    pub(crate) retry_after_ms: Option<u64>,
    /// The limit that was hit: the socket gets `rate_limited` as well.
    pub(crate) limited: Option<Limited>,
}

/// `{ code, message, retryAfterMs? }`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl Refusal {
    pub(crate) fn body(&self) -> ErrorBody<'_> {
        ErrorBody {
            code: self.code.as_str(),
            message: &self.message,
            retry_after_ms: self.retry_after_ms,
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::ValidationFailed,
            message: message.into(),
            retry_after_ms: None,
            limited: None,
        }
    }

    /// A defect of ours; the cause is logged where it was found.
    pub(crate) fn internal() -> Self {
        Self {
            code: ErrorCode::Internal,
            message: ErrorCode::Internal.title().to_owned(),
            retry_after_ms: None,
            limited: None,
        }
    }

    /// From an error of a use case. The causes of our own failures are logged here, once, and not shown.
    fn of(code: ErrorCode, error: &dyn Error) -> Self {
        let ours = matches!(code, ErrorCode::Internal | ErrorCode::Unavailable);
        if ours {
            tracing::error!(code = code.as_str(), cause = %chain(error), "an event failed");
        }
        Self {
            code,
            message: if code == ErrorCode::Internal {
                code.title().to_owned()
            } else {
                error.to_string()
            },
            retry_after_ms: (code == ErrorCode::Unavailable).then_some(UNAVAILABLE_RETRY_MS),
            limited: None,
        }
    }
}

/// The error and its sources on one line. None of them holds a text or a token: repositories don't quote values.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::validation(invalid.0)
    }
}

impl From<Limited> for Refusal {
    fn from(limited: Limited) -> Self {
        Self {
            code: ErrorCode::RateLimited,
            message: limited.to_string(),
            retry_after_ms: Some(limited.retry_after_ms),
            limited: Some(limited),
        }
    }
}

impl From<SendError> for Refusal {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Limited(limited) => limited.into(),
            error => Self::of(error.code(), &error),
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        let retry_after_ms = match &error {
            AuthError::TooManyAttempts(limited) => Some(limited.retry_after_ms),
            AuthError::Unauthenticated => None,
        };
        Self {
            retry_after_ms,
            ..Self::of(error.code(), &error)
        }
    }
}

impl From<MarkReadError> for Refusal {
    fn from(error: MarkReadError) -> Self {
        Self::of(error.code(), &error)
    }
}

impl From<TypingError> for Refusal {
    fn from(error: TypingError) -> Self {
        Self::of(error.code(), &error)
    }
}

impl From<RepoError> for Refusal {
    fn from(error: RepoError) -> Self {
        Self::of(error.code(), &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_our_fault_is_not_shown_in_detail() {
        let refusal = Refusal::from(RepoError::Corrupt("row 5 of messages".into()));
        assert_eq!(refusal.code, ErrorCode::Internal);
        assert!(!refusal.message.contains("row 5"));
        let backend = Refusal::from(RepoError::backend("disk I/O error"));
        assert!(!backend.message.contains("disk"));
    }

    #[test]
    fn unavailable_says_when_to_come_back() {
        let refusal = Refusal::from(RepoError::unavailable("connection refused"));
        let body = serde_json::to_value(refusal.body()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "code": "unavailable",
                "message": "the store is unavailable",
                "retryAfterMs": 1_000,
            })
        );
    }
}
