//! Swagger UI, whose files are part of the binary.

use actix_web::{
    HttpResponse, Resource,
    http::header::CONTENT_SECURITY_POLICY,
    web::{self, Data, Path},
};
use utoipa_swagger_ui::Config;

use crate::error::ApiError;

/// Everything comes from this server. Swagger UI writes style attributes and has its icons in `data:` URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub(super) fn resource() -> Resource {
    // No validator badge: it would call a server elsewhere.
    let config = Config::from("/api-spec/openapi.json")
        .validator_url("none")
        .display_request_duration(true);
    web::resource("/docs/{file:.*}")
        .app_data(Data::new(config))
        .get(file)
        .head(file)
}

async fn file(name: Path<String>, config: Data<Config<'static>>) -> Result<HttpResponse, ApiError> {
    let found = utoipa_swagger_ui::serve(&name, config.into_inner()).map_err(|error| {
        ApiError::new(
            chat_domain::error::ErrorCode::Internal,
            "the page can't be shown",
        )
        .caused_by(error.to_string())
    })?;
    let file = found.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .content_type(file.content_type)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(file.bytes.into_owned()))
}
