//! What a client gets when something goes wrong: the status of each code, and the problem document (RFC 9457).

mod convert;
mod problem;

use std::{borrow::Cow, error::Error, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        Method, StatusCode,
        header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use chat_domain::error::{BoxError, ErrorCode};

pub use problem::{FieldError, Problem};

/// The media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// How long a client should wait when the service is unavailable, in milliseconds: a lost connection to the store is
/// usually back within that time.
const UNAVAILABLE_RETRY_MS: u64 = 1_000;

/// The status of each code.
#[must_use]
pub const fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::ValidationFailed | ErrorCode::InvalidCursor | ErrorCode::MalformedJson => {
            StatusCode::BAD_REQUEST
        }
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::NotParticipant | ErrorCode::ChatNotAllowed | ErrorCode::Forbidden => {
            StatusCode::FORBIDDEN
        }
        ErrorCode::ThreadNotFound | ErrorCode::MessageNotFound | ErrorCode::NotFound => {
            StatusCode::NOT_FOUND
        }
        ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::ContentRejected => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::RateLimited | ErrorCode::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// An error on its way to a client. What is in `source` is logged and never sent.
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

/// Behind a box: a result carries the error through every layer, and most results are none.
#[derive(Debug)]
struct Parts {
    code: ErrorCode,
    status: StatusCode,
    detail: Cow<'static, str>,
    fields: Vec<FieldError>,
    retry_after_ms: Option<u64>,
    allow: Option<HeaderValue>,
    source: Option<BoxError>,
}

impl ApiError {
    /// An error with a text that is safe to show: lower case, no full stop.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            code,
            status: status(code),
            detail: detail.into(),
            fields: Vec::new(),
            retry_after_ms: (code == ErrorCode::Unavailable).then_some(UNAVAILABLE_RETRY_MS),
            allow: None,
            source: None,
        }))
    }

    /// `validation_failed`, at one field of the body, path or query.
    #[must_use]
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// `validation_failed`, at several fields.
    #[must_use]
    pub fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let mut error = Self::new(ErrorCode::ValidationFailed, "the request is not valid");
        error.0.fields = fields;
        error
    }

    /// Nothing is at this address.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "there is nothing at this address")
    }

    /// 405: the address is there, the method is not one of `allow`. The contract has no code for it, so that the code
    /// is `not_found`: no such operation.
    #[must_use]
    pub fn method_not_allowed(allow: &[Method]) -> Self {
        let mut error = Self::new(ErrorCode::NotFound, "this address does not take the method");
        error.0.status = StatusCode::METHOD_NOT_ALLOWED;
        error.0.allow = allow_header(allow);
        error
    }

    /// What fits a bare status, such as that of an error of actix itself: its text may tell more than a client should
    /// know.
    #[must_use]
    pub fn from_status(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            401 => ErrorCode::Unauthenticated,
            403 => ErrorCode::Forbidden,
            404 | 405 => ErrorCode::NotFound,
            409 => ErrorCode::Conflict,
            413 => ErrorCode::PayloadTooLarge,
            415 => ErrorCode::UnsupportedMediaType,
            429 => ErrorCode::RateLimited,
            503 => ErrorCode::Unavailable,
            500.. => ErrorCode::Internal,
            _ => ErrorCode::ValidationFailed,
        };
        let mut error = Self::new(code, "the request could not be handled");
        error.0.status = status;
        error
    }

    /// Remembers the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Tells when to come back.
    #[must_use]
    pub fn retry_after_ms(mut self, millis: u64) -> Self {
        self.0.retry_after_ms = Some(millis);
        self
    }

    /// The code that the client branches on.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What is wrong with which field; empty unless the code is `validation_failed`.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The answer, with the id of the request it answers.
    #[must_use]
    pub fn to_response(&self, request_id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        response.content_type(PROBLEM_JSON);
        if let Some(millis) = self.0.retry_after_ms {
            response.insert_header((RETRY_AFTER, millis.div_ceil(1_000).max(1).to_string()));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(allow) = &self.0.allow {
            response.insert_header((ALLOW, allow.clone()));
        }
        let problem = Problem::new(self, request_id);
        response.body(serde_json::to_string(&problem).unwrap_or_default())
    }
}

/// `GET, HEAD, OPTIONS` for the `Allow` header.
pub(crate) fn allow_header(methods: &[Method]) -> Option<HeaderValue> {
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).ok()
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// Only seen where the application's middleware is missing: it writes the answer anew with the request's id.
    fn error_response(&self) -> HttpResponse {
        self.to_response("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_an_error_status() {
        for code in ErrorCode::ALL {
            let status = status(*code);
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{code:?}"
            );
        }
        assert_eq!(status(ErrorCode::ContentRejected).as_u16(), 422);
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_rounded_up() {
        let header = |millis| {
            let error = ApiError::new(ErrorCode::RateLimited, "slow down").retry_after_ms(millis);
            let response = error.to_response("r-1");
            response
                .headers()
                .get(RETRY_AFTER)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(header(0), "1");
        assert_eq!(header(1_000), "1");
        assert_eq!(header(1_001), "2");
    }
}
