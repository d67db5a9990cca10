//! The API's documentation, served by the server itself and without anything from elsewhere: the API browser at `/docs/`,
//! the error codes at `/docs/errors`, the OpenAPI document at `/api-spec/openapi.json` and `.yaml`.

mod browser;
mod errors;

use std::sync::LazyLock;

use actix_web::{
    HttpResponse, Resource,
    http::header::LOCATION,
    web::{self, Bytes, ServiceConfig},
};

use crate::openapi::{openapi, openapi_yaml};

/// The document's two forms, put together when somebody asks for the first time, and once for all workers.
static JSON: LazyLock<Bytes> =
    LazyLock::new(|| openapi().to_json().map(Bytes::from).unwrap_or_default());
static YAML: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi_yaml()));

/// Registers the documentation's addresses.
pub fn configure(cfg: &mut ServiceConfig) {
    let to_browser = || async {
        HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, "/docs/"))
            .finish()
    };
    cfg.service(text("/api-spec/openapi.json", "application/json", &JSON))
        .service(text("/api-spec/openapi.yaml", "application/yaml", &YAML))
        .service(text(
            "/docs/errors",
            "text/html; charset=utf-8",
            &errors::PAGE,
        ))
        .service(web::resource("/docs").get(to_browser).head(to_browser))
        .service(browser::resource());
}

/// A fixed text at a fixed address.
fn text(path: &str, content_type: &'static str, text: &'static LazyLock<Bytes>) -> Resource {
    let answer = move || async move {
        HttpResponse::Ok()
            .content_type(content_type)
            .body(Bytes::clone(text))
    };
    web::resource(path).get(answer).head(answer)
}
