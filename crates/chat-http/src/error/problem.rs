//! The problem document.

use chat_domain::error::ErrorCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiError;

/// What went wrong (RFC 9457), as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Where the code is explained, relative to this server.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#validation_failed")]
    pub kind: String,
    /// A short text for people, the same for every occurrence of the code.
    #[schema(value_type = String, example = "The request is not valid")]
    pub title: &'static str,
    /// The response's status.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// The code that programs branch on.
    #[schema(schema_with = code_schema)]
    pub code: &'static str,
    /// The request's id, as in the header `X-Request-Id`.
    pub request_id: String,
    /// What is wrong with which field; with `validation_failed` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's name; nested ones as `metadata.tags[2]`, a body that is no object as `body`.
    #[schema(example = "content")]
    pub field: String,
    /// What is wrong, and what is allowed.
    #[schema(example = "must hold some text")]
    pub message: String,
}

impl Problem {
    /// The document for an error.
    #[must_use]
    pub fn new(error: &ApiError, request_id: &str) -> Self {
        let code = error.0.code.as_str();
        Self {
            kind: format!("/docs/errors#{code}"),
            title: error.0.code.title(),
            status: error.0.status.as_u16(),
            detail: error.0.detail.clone().into_owned(),
            code,
            request_id: request_id.to_owned(),
            errors: error.0.fields.clone(),
        }
    }
}

/// A string that is one of the codes; `too_many_attempts` is for sockets only.
fn code_schema() -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .enum_values(Some(
            ErrorCode::ALL
                .iter()
                .filter(|code| **code != ErrorCode::TooManyAttempts)
                .map(|code| code.as_str()),
        ))
        .description(Some("The code that programs branch on."))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_document_is_the_contracts() {
        let error = ApiError::invalid("content", "must hold some text");
        let expected = json!({
            "type": "/docs/errors#validation_failed",
            "title": "The request is not valid",
            "status": 400,
            "detail": "the request is not valid",
            "code": "validation_failed",
            "requestId": "r-1",
            "errors": [{ "field": "content", "message": "must hold some text" }],
        });
        assert_eq!(
            serde_json::to_value(Problem::new(&error, "r-1")).unwrap(),
            expected
        );
        let other = Problem::new(&ApiError::not_found(), "r-1");
        assert!(serde_json::to_value(other).unwrap().get("errors").is_none());
    }
}
