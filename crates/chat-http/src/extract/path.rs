//! Parameters in the path. One that is no id at all is `validation_failed`; one that names nothing is the use case's 404.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chat_domain::id::{InvalidId, JobId, ModerationItemId, ThreadId, UserId};

use crate::error::ApiError;

fn parameter<T: FromStr<Err = InvalidId>>(
    request: &HttpRequest,
    name: &str,
) -> Result<T, ApiError> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse()
        .map_err(|error: InvalidId| ApiError::invalid(name, error.to_string()))
}

macro_rules! path_parameters {
    ($($(#[$doc:meta])* $name:ident($type:ty): $parameter:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name(pub(crate) $type);

        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Ready<Result<Self, ApiError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(parameter(request, $parameter).map(Self))
            }
        }
    )+};
}

path_parameters! {
    /// `{threadId}`
    ThreadParam(ThreadId): "threadId";
    /// `{userId}`
    UserParam(UserId): "userId";
    /// `{jobId}`
    JobParam(JobId): "jobId";
    /// `{itemId}` of the moderation queue
    ItemParam(ModerationItemId): "itemId";
}

/// `{userA}/{userB}`
#[derive(Debug)]
pub(crate) struct MatchParams(pub(crate) UserId, pub(crate) UserId);

impl FromRequest for MatchParams {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let both =
            parameter(request, "userA").and_then(|a| Ok(Self(a, parameter(request, "userB")?)));
        ready(both)
    }
}
