//! What happens around handlers. The order, from the outside in: request id and access log, problem documents,
//! security headers, CORS; around the API's routes also authentication and the rate limit.
//!
//! A middleware here never ends with `Err`: the ones outside would have no request to answer.

pub(crate) mod authenticate;
pub(crate) mod cors;
pub(crate) mod problem;
pub(crate) mod rate_limit;
pub(crate) mod request_id;
pub(crate) mod security_headers;
