//! Turns errors into problem documents, and logs their causes once.

use std::error::Error as _;

use actix_web::{
    Error, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::HeaderMap,
    middleware::Next,
};

use super::request_id::RequestId;
use crate::error::{ApiError, PROBLEM_JSON};

pub(crate) async fn problem<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let id = RequestId::of(response.request());
    let Some(document) = document(&response, &id) else {
        return Ok(response);
    };
    let (request, original) = response.into_parts();
    let mut answer = document;
    keep_headers(original.headers(), &mut answer);
    Ok(ServiceResponse::new(request, answer))
}

/// The document for a response that is an error and has none yet; `None` leaves the response as it is.
/// Outside the API (Socket.IO, metrics) only our own errors are rewritten.
fn document(response: &ServiceResponse, id: &str) -> Option<HttpResponse> {
    let error = response.response().error();
    if let Some(own) = error.and_then(|error| error.as_error::<ApiError>()) {
        log(own);
        return Some(own.to_response(id));
    }
    if !super::cors::is_api(response.request().path()) || !is_bare_error(response) {
        return None;
    }
    if let Some(error) = error.filter(|_| response.status().is_server_error()) {
        tracing::error!(%error, "the request failed");
    }
    Some(ApiError::from_status(response.status()).to_response(id))
}

/// An error of actix itself, or an empty body with an error status.
fn is_bare_error(response: &ServiceResponse) -> bool {
    let status = response.status();
    let is_problem = response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes() == PROBLEM_JSON.as_bytes());
    let is_empty = matches!(
        response.response().body().size(),
        BodySize::None | BodySize::Sized(0)
    );
    (status.is_client_error() || status.is_server_error())
        && !is_problem
        && (is_empty || response.response().error().is_some())
}

/// Headers that an inner middleware or the router set, such as those of CORS.
fn keep_headers(from: &HeaderMap, to: &mut HttpResponse) {
    for (name, value) in from {
        let about_body = name == "content-type" || name == "content-length";
        if !about_body && !to.headers().contains_key(name) {
            to.headers_mut().append(name.clone(), value.clone());
        }
    }
}

fn log(error: &ApiError) {
    let Some(source) = error.source() else { return };
    let (mut chain, mut cause) = (source.to_string(), source.source());
    while let Some(deeper) = cause {
        chain.push_str(": ");
        chain.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    if error.code() == chat_domain::error::ErrorCode::Internal {
        tracing::error!(error = chain, "the request failed");
    } else {
        tracing::warn!(error = chain, "the request failed for now");
    }
}
