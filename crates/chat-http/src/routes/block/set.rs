//! `PUT /blocks/{userId}`

use actix_web::{HttpResponse, web::Data};
use chat_domain::{id::UserId, service::block::BlockService};

use crate::{
    error::ApiError,
    extract::{Caller, NoQuery, UserParam},
    routes::responses::Always,
};

/// Block somebody.
///
/// Twice is once. The other side is not told.
#[utoipa::path(
    put, path = "/blocks/{userId}", operation_id = "blockUser", tag = "blocks",
    params(("userId" = UserId, Path)),
    responses((status = 204), Always),
)]
pub(crate) async fn set(
    caller: Caller,
    user: UserParam,
    _query: NoQuery,
    blocks: Data<dyn BlockService>,
) -> Result<HttpResponse, ApiError> {
    blocks.block(caller.0, user.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
