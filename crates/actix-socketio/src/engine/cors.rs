//! Which web origins may talk to the server, and the headers that tell browsers so.
//!
//! Polling is cross-origin XHR, so every answer needs the headers, errors included. CORS does not hold for `WebSocket`s,
//! which is why the origin is checked on both transports.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_LENGTH, HOST, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

use crate::config::{Config, Origins};

/// What the `Origin` header of a request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// Not a browser, or a page of the same origin.
    Absent,
    /// May connect.
    Allowed(&'a HeaderValue),
    /// May not.
    Refused,
    /// Holds bytes no origin has.
    Malformed,
}

/// Reads and judges the `Origin` header.
pub(crate) fn origin<'a>(headers: &'a HeaderMap, config: &Config) -> Origin<'a> {
    let Some(value) = headers.get(ORIGIN) else {
        return Origin::Absent;
    };
    let Ok(origin) = value.to_str() else {
        return Origin::Malformed;
    };
    let own_host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_own = own_host.is_some_and(|host| is_same_host(origin, host));
    if is_own || config.origins.contains(origin) {
        Origin::Allowed(value)
    } else {
        Origin::Refused
    }
}

/// Whether `origin` is a page of `host`, ports included: `https://a.example` is on `a.example` and `a.example:443`.
fn is_same_host(origin: &str, host: &str) -> bool {
    let (authority, default_port) = if let Some(authority) = origin.strip_prefix("https://") {
        (authority, ":443")
    } else if let Some(authority) = origin.strip_prefix("http://") {
        (authority, ":80")
    } else {
        return false;
    };
    let host = host.strip_suffix(default_port).unwrap_or(host);
    authority
        .strip_suffix(default_port)
        .unwrap_or(authority)
        .eq_ignore_ascii_case(host)
}

/// Adds what lets the browser read the response.
pub(crate) fn apply(response: &mut HttpResponse, origin: Origin<'_>, config: &Config) {
    let Origin::Allowed(value) = origin else {
        return;
    };
    let headers = response.headers_mut();
    if matches!(config.origins, Origins::Any) && !config.allow_credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        return;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if config.allow_credentials {
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
}

/// Answers OPTIONS, before anything else of the request is looked at.
pub(crate) fn preflight(request: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response
        .insert_header((
            ACCESS_CONTROL_ALLOW_METHODS,
            "GET,HEAD,PUT,PATCH,POST,DELETE",
        ))
        .insert_header((CONTENT_LENGTH, "0"));
    if let Some(wanted) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
        response
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone()))
            .append_header((VARY, "Access-Control-Request-Headers"));
    }
    response.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_host_is_recognised_with_and_without_default_port() {
        assert!(is_same_host("https://a.example", "a.example"));
        assert!(is_same_host("https://a.example", "a.example:443"));
        assert!(is_same_host("http://localhost:3000", "localhost:3000"));
        assert!(is_same_host("http://A.example", "a.EXAMPLE:80"));
        assert!(!is_same_host("https://a.example", "a.example:80"));
        assert!(!is_same_host("http://localhost:3000", "localhost:3001"));
        assert!(!is_same_host("https://a.example.evil", "a.example"));
        assert!(!is_same_host("null", "null"));
        assert!(!is_same_host("file://a.example", "a.example"));
    }
}
