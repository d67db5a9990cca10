//! The request's id, in the response, in a span around everything that is logged, and the access line.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use chat_domain::time::IdGenerator;
use tracing::Instrument;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters of an id that a caller may bring.
const MAX_CHARS: usize = 128;

/// The id of the request at hand.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The id that the middleware gave the request; empty without the middleware.
    pub(crate) fn of(request: &HttpRequest) -> String {
        let extensions = request.extensions();
        extensions
            .get::<Self>()
            .map(|id| id.0.clone())
            .unwrap_or_default()
    }
}

pub(crate) async fn request_id<B: MessageBody + 'static>(
    ids: Data<dyn IdGenerator>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = callers(request.headers()).unwrap_or_else(|| ids.next().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", request_id = %id);
    async {
        let started = Instant::now();
        let mut response = next.call(request).await?.map_into_boxed_body();
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        log(&response, started);
        Ok(response)
    }
    .instrument(span)
    .await
}

/// The caller's own id, if there is one and it is sane.
fn callers(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let sane = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    ((1..=MAX_CHARS).contains(&id.len()) && id.chars().all(sane)).then(|| id.to_owned())
}

/// One line per request: the route's pattern instead of the path, and no query string, which a token might be in.
/// Polls, probes and scrapes come all the time and are of interest to few: their lines are at debug level.
fn log(response: &ServiceResponse, started: Instant) {
    let request = response.request();
    let pattern = request.match_pattern();
    let route = pattern.as_deref().unwrap_or("unmatched");
    let method = request.method();
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let incessant = ["/socket.io/", "/health/", "/metrics"];
    if incessant.iter().any(|prefix| route.starts_with(prefix)) {
        tracing::debug!(%method, route, status, duration_ms, "request");
    } else {
        tracing::info!(%method, route, status, duration_ms, "request");
    }
}
