//! So many requests per user and minute, over all workers and, where the limiter is shared, all nodes.

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use chat_domain::{model::limit::LimitKey, port::limit::RateLimiter};

use crate::{error::ApiError, extract::Authenticated, state::Options};

pub(crate) async fn rate_limit<B: MessageBody + 'static>(
    limiter: Data<dyn RateLimiter>,
    options: Data<Options>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let caller = request.extensions().get::<Authenticated>().cloned();
    if let (Some(Authenticated(caller)), Some(quota)) = (caller, options.rest_quota)
        && let Err(limited) = limiter
            .take(LimitKey::RestRequests(caller.user), quota)
            .await
    {
        return Ok(request.error_response(ApiError::from(limited)));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}
