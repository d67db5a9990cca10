//! `PUT` and `DELETE /matches/{userA}/{userB}`

use actix_web::{HttpResponse, web::Data};
use chat_domain::{id::UserId, service::matching::MatchService, view::ThreadView};

use crate::{
    error::ApiError,
    extract::{MatchParams, NoQuery, ServiceCaller},
    routes::{
        responses::{Always, ForRoles},
        thread::open::answer,
    },
};

/// Record a mutual match.
///
/// The pair's thread is opened once; from then on the two may chat. The order of the two does not matter.
#[utoipa::path(
    put, path = "/matches/{userA}/{userB}", operation_id = "recordMatch", tag = "internal",
    params(("userA" = UserId, Path), ("userB" = UserId, Path)),
    responses(
        (status = 201, body = ThreadView, headers(("Location" = String, description = "Where the thread is"))),
        (status = 200, body = ThreadView, description = "The thread that was there"),
        Always, ForRoles,
    ),
)]
pub(crate) async fn record(
    _caller: ServiceCaller,
    pair: MatchParams,
    _query: NoQuery,
    matches: Data<dyn MatchService>,
) -> Result<HttpResponse, ApiError> {
    let (thread, created) = matches.record(pair.0, pair.1).await?;
    Ok(answer(thread, created))
}

/// Take a match back.
///
/// Twice is once. The thread stays readable; nothing new passes.
#[utoipa::path(
    delete, path = "/matches/{userA}/{userB}", operation_id = "withdrawMatch", tag = "internal",
    params(("userA" = UserId, Path), ("userB" = UserId, Path)),
    responses((status = 204), Always, ForRoles),
)]
pub(crate) async fn withdraw(
    _caller: ServiceCaller,
    pair: MatchParams,
    _query: NoQuery,
    matches: Data<dyn MatchService>,
) -> Result<HttpResponse, ApiError> {
    matches.withdraw(pair.0, pair.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
