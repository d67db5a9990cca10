//! CORS for the API: which browsers' pages may call it. Tokens travel in a header, never in a cookie, so that no
//! credentials are allowed and a page that is not listed merely can't read the answer.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
        },
    },
    middleware::Next,
    web::Data,
};
use chat_domain::error::ErrorCode;

use crate::{error::ApiError, origins::AllowedOrigins, state::Options};

const METHODS: &str = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
const REQUEST_HEADERS: &str = "Authorization, Content-Type, X-Request-Id";
const EXPOSED_HEADERS: &str = "X-Request-Id, Retry-After, Location";
/// How long a browser may remember the answer to a preflight, in seconds: ten minutes, so that a changed list is felt soon.
const MAX_AGE_SECS: &str = "600";
const VARY_PREFLIGHT: &str =
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// The origins that pass.
pub(crate) struct Policy(AllowedOrigins);

impl Policy {
    pub(crate) fn new(options: &Options) -> Self {
        Self(AllowedOrigins::new(
            options.cors_origins.clone(),
            options.development,
        ))
    }
}

/// Whether the path belongs to the API. Everything else, Socket.IO above all, answers for itself.
pub(crate) fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/dev/")
}

pub(crate) async fn cors<B: MessageBody + 'static>(
    policy: Data<Policy>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !is_api(request.path()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let allowed = origin
        .clone()
        .filter(|origin| origin.to_str().is_ok_and(|text| policy.0.allows(text)));
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if origin.is_some() && is_preflight {
        return Ok(preflight(request, allowed));
    }
    let mut response = next.call(request).await?.map_into_boxed_body();
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED_HEADERS),
        );
    }
    Ok(response)
}

fn preflight(request: ServiceRequest, allowed: Option<HeaderValue>) -> ServiceResponse<BoxBody> {
    let Some(origin) = allowed else {
        let refused = ApiError::new(
            ErrorCode::Forbidden,
            "pages of this origin may not call the API",
        );
        let mut response = request.error_response(refused);
        response
            .headers_mut()
            .insert(VARY, HeaderValue::from_static(VARY_PREFLIGHT));
        return response;
    };
    let answer = HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, origin))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
        .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECS))
        .insert_header((VARY, VARY_PREFLIGHT))
        .finish();
    request.into_response(answer)
}
