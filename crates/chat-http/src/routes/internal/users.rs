//! `PUT` and `DELETE /users/{userId}`, `GET /users/{userId}/export`

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{Bytes, Data, Json},
};
use chat_domain::{error::RepoError, id::UserId, service::user::UserService};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use tracing::Span;

use crate::{
    dto::user::{ErasureJobDto, ProfileBody},
    error::ApiError,
    extract::{NoQuery, ServiceCaller, UserParam, Valid},
    routes::{
        INTERNAL,
        responses::{Always, ForRoles, WithBody},
    },
};

/// Mirror a profile.
#[utoipa::path(
    put, path = "/users/{userId}", operation_id = "updateProfile", tag = "internal",
    params(("userId" = UserId, Path)),
    request_body = ProfileBody,
    responses((status = 204), Always, ForRoles, WithBody),
)]
pub(crate) async fn update(
    _caller: ServiceCaller,
    user: UserParam,
    _query: NoQuery,
    body: Valid<Json<ProfileBody>>,
    users: Data<dyn UserService>,
) -> Result<HttpResponse, ApiError> {
    users
        .update_profile(user.0, body.into_inner().into_patch())
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Erase a user.
///
/// A job empties the texts and metadata of the user's messages (their places stay) and removes everything else.
#[utoipa::path(
    delete, path = "/users/{userId}", operation_id = "eraseUser", tag = "internal",
    params(("userId" = UserId, Path)),
    responses(
        (status = 202, body = ErasureJobDto, headers(("Location" = String, description = "Where the job is"))),
        Always, ForRoles,
    ),
)]
pub(crate) async fn erase(
    _caller: ServiceCaller,
    user: UserParam,
    _query: NoQuery,
    users: Data<dyn UserService>,
) -> Result<HttpResponse, ApiError> {
    let job_id = users.erase(user.0).await?;
    let location = format!("{INTERNAL}/jobs/{job_id}");
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, location))
        .json(ErasureJobDto { job_id }))
}

/// Everything that is stored of a user.
///
/// One JSON object a line, without a cap. An export that ends in the middle of the transfer is not complete.
#[utoipa::path(
    get, path = "/users/{userId}/export", operation_id = "exportUser", tag = "internal",
    params(("userId" = UserId, Path)),
    responses(
        (status = 200, body = String, content_type = "application/x-ndjson", example = "{\"table\":\"users\",\"userId\":\"alice\"}"),
        Always, ForRoles,
    ),
)]
pub(crate) async fn export(
    _caller: ServiceCaller,
    user: UserParam,
    _query: NoQuery,
    users: Data<dyn UserService>,
) -> Result<HttpResponse, ApiError> {
    let mut rows = users.export(user.0);
    // The first row decides between an error document and a stream: afterwards an error can only break the transfer off.
    let first = rows.next().await.transpose()?;
    let span = Span::current();
    let lines = stream::iter(first.map(Ok))
        .chain(rows)
        .map_ok(|row| line(&row))
        .inspect_err(move |error| span.in_scope(|| broken_off(error)));
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .streaming(lines))
}

fn line(row: &Value) -> Bytes {
    Bytes::from(format!("{row}\n"))
}

fn broken_off(error: &RepoError) {
    tracing::error!(error = %error, "the export broke off");
}
