//! `GET /threads`

use actix_web::web::{Data, Json, Query};
use chat_domain::{page::Page, service::thread::ThreadService, view::ThreadView};

use crate::{
    dto::thread::ThreadsQuery,
    error::ApiError,
    extract::{Caller, Valid},
    routes::responses::Always,
};

/// The caller's threads.
///
/// Most recently active first; threads without messages by when they were opened.
#[utoipa::path(
    get, path = "/threads", operation_id = "listThreads", tag = "threads",
    params(ThreadsQuery),
    responses((status = 200, body = Page<ThreadView>), Always),
)]
pub(crate) async fn list(
    caller: Caller,
    query: Valid<Query<ThreadsQuery>>,
    threads: Data<dyn ThreadService>,
) -> Result<Json<Page<ThreadView>>, ApiError> {
    let ThreadsQuery { cursor, limit } = query.into_inner();
    Ok(Json(threads.list(caller.0, cursor, limit).await?))
}
