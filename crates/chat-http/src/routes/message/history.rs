//! `GET /threads/{threadId}/messages`

use actix_web::web::{Data, Json, Query};
use chat_domain::{id::ThreadId, page::Page, service::message::MessageService, view::MessageView};

use crate::{
    dto::message::HistoryQuery,
    error::ApiError,
    extract::{Caller, ThreadParam, Valid},
    routes::responses::{Always, InThread},
};

/// The thread's messages.
///
/// Newest first; with `afterSeq` oldest first from there. What is handed out counts as delivered to the caller.
#[utoipa::path(
    get, path = "/threads/{threadId}/messages", operation_id = "listMessages", tag = "messages",
    params(("threadId" = ThreadId, Path), HistoryQuery),
    responses((status = 200, body = Page<MessageView>), Always, InThread),
)]
pub(crate) async fn history(
    caller: Caller,
    thread: ThreadParam,
    query: Valid<Query<HistoryQuery>>,
    messages: Data<dyn MessageService>,
) -> Result<Json<Page<MessageView>>, ApiError> {
    let (from, limit) = query.into_inner().into_parts()?;
    Ok(Json(
        messages.history(caller.0, thread.0, from, limit).await?,
    ))
}
