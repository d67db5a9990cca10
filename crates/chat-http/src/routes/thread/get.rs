//! `GET /threads/{threadId}`

use actix_web::web::{Data, Json};
use chat_domain::{id::ThreadId, service::thread::ThreadService, view::ThreadView};

use crate::{
    error::ApiError,
    extract::{Caller, NoQuery, ThreadParam},
    routes::responses::{Always, InThread},
};

/// One thread.
///
/// An admin who takes no part in it gets it with `lastMsg: null`.
#[utoipa::path(
    get, path = "/threads/{threadId}", operation_id = "getThread", tag = "threads",
    params(("threadId" = ThreadId, Path)),
    responses((status = 200, body = ThreadView), Always, InThread),
)]
pub(crate) async fn get(
    caller: Caller,
    thread: ThreadParam,
    _query: NoQuery,
    threads: Data<dyn ThreadService>,
) -> Result<Json<ThreadView>, ApiError> {
    Ok(Json(threads.get(caller.0, thread.0).await?))
}
