//! The OpenAPI document, from the handlers.

use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi()]
struct Document;

/// The document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The document as YAML, as it stands in `api-spec/openapi.yaml`.
#[must_use]
pub fn openapi_yaml() -> String {
    openapi().to_yaml().unwrap_or_default()
}
