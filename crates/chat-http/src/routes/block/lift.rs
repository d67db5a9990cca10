//! `DELETE /blocks/{userId}`

use actix_web::{HttpResponse, web::Data};
use chat_domain::{id::UserId, service::block::BlockService};

use crate::{
    error::ApiError,
    extract::{Caller, NoQuery, UserParam},
    routes::responses::Always,
};

/// Lift a block.
///
/// Twice is once. What was missed meanwhile is not replayed.
#[utoipa::path(
    delete, path = "/blocks/{userId}", operation_id = "unblockUser", tag = "blocks",
    params(("userId" = UserId, Path)),
    responses((status = 204), Always),
)]
pub(crate) async fn lift(
    caller: Caller,
    user: UserParam,
    _query: NoQuery,
    blocks: Data<dyn BlockService>,
) -> Result<HttpResponse, ApiError> {
    blocks.unblock(caller.0, user.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
