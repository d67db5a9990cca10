//! `POST /threads/{threadId}/read`

use actix_web::web::{Data, Json};
use chat_domain::{id::ThreadId, service::receipt::ReceiptService};

use crate::{
    dto::read::{MarkReadBody, ReadMarkDto},
    error::{ApiError, Problem},
    extract::{Caller, NoQuery, ThreadParam, Valid},
    routes::responses::{Always, WithBody},
};

/// Mark as read.
///
/// The mark never moves backwards.
#[utoipa::path(
    post, path = "/threads/{threadId}/read", operation_id = "markRead", tag = "messages",
    params(("threadId" = ThreadId, Path)),
    request_body = MarkReadBody,
    responses(
        (status = 200, body = ReadMarkDto),
        (status = 403, description = "`not_participant`: you take no part in this thread", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`thread_not_found`, or `message_not_found`: no such message in this thread", body = Problem, content_type = "application/problem+json"),
        Always, WithBody,
    ),
)]
pub(crate) async fn mark_read(
    caller: Caller,
    thread: ThreadParam,
    _query: NoQuery,
    body: Valid<Json<MarkReadBody>>,
    receipts: Data<dyn ReceiptService>,
) -> Result<Json<ReadMarkDto>, ApiError> {
    let up_to = body.into_inner().into_up_to()?;
    Ok(Json(
        receipts
            .mark_read(caller.0, thread.0, up_to, None)
            .await?
            .into(),
    ))
}
