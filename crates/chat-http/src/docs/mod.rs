//! The API's documentation, served by the server itself and without anything from elsewhere: the API browser at `/docs/`,
//! the error codes at `/docs/errors`, the OpenAPI document at `/api-spec/openapi.json` and `.yaml`.

mod browser;
mod errors;

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{self, Bytes, ServiceConfig},
};

use crate::openapi::{openapi, openapi_yaml};

/// Registers the documentation's addresses.
pub fn configure(cfg: &mut ServiceConfig) {
    let json = openapi().to_json().map(Bytes::from).unwrap_or_default();
    let yaml = Bytes::from(openapi_yaml());
    let to_browser = || async {
        HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, "/docs/"))
            .finish()
    };
    cfg.service(text("/api-spec/openapi.json", "application/json", json))
        .service(text("/api-spec/openapi.yaml", "application/yaml", yaml))
        .service(web::resource("/docs").get(to_browser).head(to_browser))
        .service(errors::resource())
        .service(browser::resource());
}

/// A fixed text at a fixed address.
fn text(path: &str, content_type: &'static str, text: Bytes) -> actix_web::Resource {
    let answer = move || {
        let text = text.clone();
        async move { HttpResponse::Ok().content_type(content_type).body(text) }
    };
    web::resource(path).get(answer.clone()).head(answer)
}
