//! From the errors of use cases. Each says its own code; here it gets fields, a wait, and its cause for the log.

use chat_domain::{
    error::{ErrorCode, RepoError},
    model::limit::Limited,
    page::InvalidCursor,
    service::{
        auth::AuthError,
        block::BlockError,
        event::FeedError,
        matching::MatchError,
        message::{HistoryError, SendError},
        moderation::ModerationError,
        receipt::MarkReadError,
        report::ReportError,
        thread::{OpenThreadError, ThreadError},
    },
};

use super::{ApiError, FieldError};

/// The answer to an error of a use case: its text is safe to show unless the fault is ours.
fn answer<E: std::error::Error + Send + Sync + 'static>(code: ErrorCode, error: E) -> ApiError {
    match code {
        ErrorCode::Internal => {
            ApiError::new(code, "the request could not be handled").caused_by(error)
        }
        ErrorCode::Unavailable => {
            ApiError::new(code, "try again in a moment, with the same id").caused_by(error)
        }
        _ => ApiError::new(code, error.to_string()),
    }
}

/// The same with the field that a refused request has to change.
fn answer_at<E: std::error::Error + Send + Sync + 'static>(
    field: Option<&str>,
    code: ErrorCode,
    error: E,
) -> ApiError {
    match field {
        Some(field) => ApiError::invalid(field, error.to_string()),
        None => answer(code, error),
    }
}

macro_rules! plain {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                answer(error.code(), error)
            }
        }
    )+};
}

plain!(
    RepoError,
    FeedError,
    ModerationError,
    MarkReadError,
    ThreadError,
    HistoryError
);

impl From<Limited> for ApiError {
    fn from(limited: Limited) -> Self {
        Self::new(ErrorCode::RateLimited, limited.to_string())
            .retry_after_ms(limited.retry_after_ms)
    }
}

impl From<InvalidCursor> for ApiError {
    fn from(error: InvalidCursor) -> Self {
        Self::new(ErrorCode::InvalidCursor, error.to_string())
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unauthenticated => answer(error.code(), error),
            // REST has one code for every limit; sockets tell this one apart.
            AuthError::TooManyAttempts(limited) => {
                Self::new(ErrorCode::RateLimited, error.to_string())
                    .retry_after_ms(limited.retry_after_ms)
            }
        }
    }
}

impl From<SendError> for ApiError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Invalid(invalid) => Self::invalid_fields(vec![FieldError {
                field: invalid.field.to_owned(),
                message: invalid.message,
            }]),
            SendError::Limited(limited) => limited.into(),
            other => answer(other.code(), other),
        }
    }
}

impl From<OpenThreadError> for ApiError {
    fn from(error: OpenThreadError) -> Self {
        let field = matches!(error, OpenThreadError::Invalid(_)).then_some("participantIds");
        answer_at(field, error.code(), error)
    }
}

impl From<BlockError> for ApiError {
    fn from(error: BlockError) -> Self {
        let field = matches!(error, BlockError::Yourself).then_some("userId");
        answer_at(field, error.code(), error)
    }
}

impl From<MatchError> for ApiError {
    fn from(error: MatchError) -> Self {
        let field = matches!(error, MatchError::Yourself).then_some("userB");
        answer_at(field, error.code(), error)
    }
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        let field = match &error {
            ReportError::NothingReported | ReportError::Yourself | ReportError::OtherAuthor => {
                Some("userId")
            }
            _ => None,
        };
        answer_at(field, error.code(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_domain::{model::limit::Quota, port::message::AppendError};

    #[test]
    fn what_went_wrong_inside_is_not_told() {
        let error = ApiError::from(RepoError::Corrupt("row 17 of secrets".into()));
        assert_eq!(error.code(), ErrorCode::Internal);
        assert!(!error.to_string().contains("secrets"));
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn an_unknown_outcome_asks_for_a_retry() {
        let lost = SendError::Append(AppendError::Repo(RepoError::unavailable("gone")));
        let response = ApiError::from(lost).to_response("r-1");
        assert_eq!(response.status().as_u16(), 503);
        assert_eq!(response.headers().get("retry-after").unwrap(), "1");
    }

    #[test]
    fn too_many_attempts_is_a_limit_like_any_other() {
        let limited = Limited {
            quota: Quota {
                limit: 1,
                window_ms: 1,
            },
            retry_after_ms: 2_500,
        };
        let response = ApiError::from(AuthError::TooManyAttempts(limited)).to_response("r-1");
        assert_eq!(response.status().as_u16(), 429);
        assert_eq!(response.headers().get("retry-after").unwrap(), "3");
    }

    #[test]
    fn every_refused_value_names_its_field() {
        let field = |error: ApiError| error.fields().first().map(|at| at.field.clone());
        assert_eq!(
            field(BlockError::Yourself.into()).as_deref(),
            Some("userId")
        );
        assert_eq!(field(MatchError::Yourself.into()).as_deref(), Some("userB"));
        assert_eq!(
            field(OpenThreadError::Invalid("too few".into()).into()).as_deref(),
            Some("participantIds")
        );
        assert_eq!(
            field(ReportError::OtherAuthor.into()).as_deref(),
            Some("userId")
        );
        assert_eq!(field(OpenThreadError::NotAllowed.into()), None);
    }
}
