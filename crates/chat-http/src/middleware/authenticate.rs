//! Who calls: checks the token before a handler or the body is looked at.

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, HeaderMap},
    middleware::Next,
    web::Data,
};
use chat_domain::service::auth::AuthService;

use crate::{
    client_address::client_address, error::ApiError, extract::Authenticated, state::Options,
};

/// Names of query parameters by which tokens are passed elsewhere. Here a query string is no place for one:
/// it would end up in logs and histories.
const TOKEN_PARAMETERS: [&str; 3] = ["token", "access_token", "authorization"];

pub(crate) async fn authenticate<B: MessageBody + 'static>(
    auth: Data<dyn AuthService>,
    options: Data<Options>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let from = client_address(
        request.peer_addr(),
        request.headers(),
        &options.trusted_proxies,
    );
    let token = bearer(request.headers()).filter(|_| !has_token_parameter(request.query_string()));
    match auth.authenticate(token, from).await {
        Ok(claims) => {
            request
                .extensions_mut()
                .insert(Authenticated(claims.caller));
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(error) => Ok(request.error_response(ApiError::from(error))),
    }
}

/// The token of `Authorization: Bearer <token>`, the scheme in any case. None if the header is there twice.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(AUTHORIZATION);
    let (value, second) = (values.next()?, values.next());
    if second.is_some() {
        return None;
    }
    let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains([' ', ',']))
        .then(|| token.to_owned())
}

fn has_token_parameter(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| {
        TOKEN_PARAMETERS
            .iter()
            .any(|token| name.eq_ignore_ascii_case(token))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn token(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        bearer(&headers)
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for good in ["Bearer t.o.k", "bearer t.o.k", "BEARER  t.o.k "] {
            assert_eq!(token(&[good]).as_deref(), Some("t.o.k"), "{good:?}");
        }
        for bad in [
            "",
            "t.o.k",
            "Bearer",
            "Bearer ",
            "Basic t.o.k",
            "Bearer a b",
            "Bearer a,Bearer b",
        ] {
            assert_eq!(token(&[bad]), None, "{bad:?}");
        }
    }

    #[test]
    fn a_header_given_twice_is_no_token() {
        assert_eq!(token(&["Bearer a", "Bearer a"]), None);
        assert_eq!(token(&[]), None);
    }

    #[test]
    fn a_token_in_the_query_string_is_seen_through_its_encoding() {
        assert!(has_token_parameter("limit=1&tok%65n=x"));
        assert!(has_token_parameter("Access_Token=x"));
        assert!(!has_token_parameter("limit=1&cursor=token"));
    }
}
