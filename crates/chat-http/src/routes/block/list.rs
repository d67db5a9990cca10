//! `GET /blocks`

use actix_web::web::{Data, Json, Query};
use chat_domain::{page::Page, service::block::BlockService};

use crate::{
    dto::block::{BlockDto, BlocksQuery},
    error::ApiError,
    extract::{Caller, Valid},
    routes::responses::Always,
};

/// Whom the caller blocks.
///
/// Newest first.
#[utoipa::path(
    get, path = "/blocks", operation_id = "listBlocks", tag = "blocks",
    params(BlocksQuery),
    responses((status = 200, body = Page<BlockDto>), Always),
)]
pub(crate) async fn list(
    caller: Caller,
    query: Valid<Query<BlocksQuery>>,
    blocks: Data<dyn BlockService>,
) -> Result<Json<Page<BlockDto>>, ApiError> {
    let BlocksQuery { cursor, limit } = query.into_inner();
    Ok(Json(
        blocks
            .list(caller.0, cursor, limit)
            .await?
            .map(BlockDto::from),
    ))
}
