//! `GET /presence`

use actix_web::web::{Data, Json, Query};
use chat_domain::service::presence::PresenceService;

use crate::{
    dto::presence::{PresenceListDto, PresenceQuery},
    error::ApiError,
    extract::{Caller, Valid},
    routes::responses::Always,
};

/// Who is online.
///
/// People whom the caller shares no thread with are left out.
#[utoipa::path(
    get, path = "/presence", operation_id = "getPresence", tag = "presence",
    params(PresenceQuery),
    responses((status = 200, body = PresenceListDto), Always),
)]
pub(crate) async fn lookup(
    caller: Caller,
    query: Valid<Query<PresenceQuery>>,
    presence: Data<dyn PresenceService>,
) -> Result<Json<PresenceListDto>, ApiError> {
    let users = presence
        .lookup(caller.0, query.into_inner().user_ids)
        .await?;
    Ok(Json(PresenceListDto { users }))
}
