//! Who calls, as the authentication middleware found out, and which roles a handler demands.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use chat_domain::{
    error::ErrorCode,
    model::user::{self, Role},
};

use crate::error::ApiError;

/// What the middleware leaves in the request.
#[derive(Debug, Clone)]
pub(crate) struct Authenticated(pub(crate) user::Caller);

/// The caller, if there is one who has one of the roles; with no roles demanded, anybody with a token.
fn demand(request: &HttpRequest, roles: &[Role]) -> Result<user::Caller, ApiError> {
    let extensions = request.extensions();
    let Some(Authenticated(caller)) = extensions.get() else {
        return Err(ApiError::new(
            ErrorCode::Unauthenticated,
            "a valid token is required",
        ));
    };
    if roles.is_empty() || caller.has_any(roles) {
        Ok(caller.clone())
    } else {
        Err(ApiError::new(
            ErrorCode::Forbidden,
            "your token does not carry the role that is needed",
        ))
    }
}

/// Anybody with an acceptable token.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) user::Caller);

/// Another service of ours, or an admin; else 403.
#[derive(Debug)]
pub(crate) struct ServiceCaller;

/// Who decides on reports: a moderator, another service, or an admin; else 403.
#[derive(Debug)]
pub(crate) struct ModeratorCaller(pub(crate) user::Caller);

macro_rules! extract {
    ($name:ident, $roles:expr, $make:expr) => {
        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Ready<Result<Self, ApiError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(demand(request, $roles).map($make))
            }
        }
    };
}

extract!(Caller, &[], Self);
extract!(ServiceCaller, &[Role::Service, Role::Admin], |_| Self);
extract!(
    ModeratorCaller,
    &[Role::Moderator, Role::Service, Role::Admin],
    Self
);
