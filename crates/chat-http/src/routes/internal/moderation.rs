//! `GET /moderation`, `POST /moderation/{itemId}`

use actix_web::web::{Data, Json, Query};
use chat_domain::{
    id::ModerationItemId, model::moderation::ModerationItem, page::Page,
    service::moderation::ModerationService,
};

use crate::{
    dto::moderation::{DecisionBody, ModerationQuery},
    error::{ApiError, Problem},
    extract::{ItemParam, ModeratorCaller, NoQuery, Valid},
    routes::responses::{Always, ForRoles, WithBody},
};

/// Flagged messages and reports.
///
/// Oldest first.
#[utoipa::path(
    get, path = "/moderation", operation_id = "listModeration", tag = "moderation",
    params(ModerationQuery),
    responses((status = 200, body = Page<ModerationItem>), Always, ForRoles),
)]
pub(crate) async fn queue(
    _caller: ModeratorCaller,
    query: Valid<Query<ModerationQuery>>,
    moderation: Data<dyn ModerationService>,
) -> Result<Json<Page<ModerationItem>>, ApiError> {
    let ModerationQuery {
        status,
        cursor,
        limit,
    } = query.into_inner();
    Ok(Json(moderation.list(status, cursor, limit).await?))
}

/// Decide.
///
/// The same decision again changes nothing.
#[utoipa::path(
    post, path = "/moderation/{itemId}", operation_id = "decideModeration", tag = "moderation",
    params(("itemId" = ModerationItemId, Path)),
    request_body = DecisionBody,
    responses(
        (status = 200, body = ModerationItem),
        (status = 404, description = "`not_found`: there is no such item", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: it was decided otherwise before", body = Problem, content_type = "application/problem+json"),
        Always, ForRoles, WithBody,
    ),
)]
pub(crate) async fn decide(
    caller: ModeratorCaller,
    item: ItemParam,
    _query: NoQuery,
    body: Valid<Json<DecisionBody>>,
    moderation: Data<dyn ModerationService>,
) -> Result<Json<ModerationItem>, ApiError> {
    let decision = body.into_inner().decision;
    Ok(Json(moderation.decide(caller.0, item.0, decision).await?))
}
