//! Bodies and query strings that have the right shape and keep their own rules.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    web::{Json, Query},
};
use futures::future::LocalBoxFuture;
use garde::Validate;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    body::read_object,
    field::{broken_rules, refused},
};
use crate::error::ApiError;

/// A [`Json`] body or a [`Query`] string in hand is a valid one.
#[derive(Debug)]
pub(crate) struct Valid<T>(T);

impl<T> Valid<Json<T>> {
    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T> Valid<Query<T>> {
    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

fn keep_rules<T: Validate<Context = ()>>(value: T) -> Result<T, ApiError> {
    value.validate().map_err(|report| broken_rules(&report))?;
    Ok(value)
}

impl<T> FromRequest for Valid<Json<T>>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read_object(request.clone(), payload.take());
        Box::pin(async move {
            let value =
                serde_path_to_error::deserialize(body.await?).map_err(|error| refused(&error))?;
            keep_rules(value).map(|value| Self(Json(value)))
        })
    }
}

impl<T> FromRequest for Valid<Query<T>>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let value = query(request).and_then(keep_rules);
        ready(value.map(|value| Self(Query(value))))
    }
}

fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    let pairs = request.uri().query().unwrap_or_default().as_bytes();
    let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(pairs));
    serde_path_to_error::deserialize(pairs).map_err(|error| refused(&error))
}

/// The query string of a route that takes none: a parameter that would be ignored is refused.
#[derive(Debug)]
pub(crate) struct NoQuery;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl FromRequest for NoQuery {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query(request).map(|Nothing {}| Self))
    }
}
