//! `POST /threads/{threadId}/messages`

use actix_web::{
    HttpResponse,
    web::{Data, Json},
};
use chat_domain::{
    id::ThreadId,
    service::message::{MessageService, MessageServiceExt},
    view::MessageView,
};

use crate::{
    dto::message::SendMessageBody,
    error::{ApiError, Problem},
    extract::{Caller, NoQuery, ThreadParam, Valid},
    routes::responses::{Always, WithBody},
};

/// Send a message.
///
/// What is answered is durable. With the `clientMessageId` of an earlier message the answer is that message, and nothing
/// else happens.
#[utoipa::path(
    post, path = "/threads/{threadId}/messages", operation_id = "sendMessage", tag = "messages",
    params(("threadId" = ThreadId, Path)),
    request_body = SendMessageBody,
    responses(
        (status = 201, body = MessageView),
        (status = 200, body = MessageView, description = "It was sent before under the same `clientMessageId`"),
        (status = 403, description = "`not_participant`, or `chat_not_allowed`: which says neither who blocked whom nor whether they match", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`thread_not_found`: there is no such thread", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: the `clientMessageId` was used for another text", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`content_rejected`: moderation refused the text", body = Problem, content_type = "application/problem+json"),
        Always, WithBody,
    ),
)]
pub(crate) async fn send(
    caller: Caller,
    thread: ThreadParam,
    _query: NoQuery,
    body: Valid<Json<SendMessageBody>>,
    messages: Data<dyn MessageService>,
) -> Result<HttpResponse, ApiError> {
    let sent = messages
        .send(caller.0, body.into_inner().into_command(thread.0))
        .await?;
    let mut response = if sent.duplicate {
        HttpResponse::Ok()
    } else {
        HttpResponse::Created()
    };
    Ok(response.json(sent.message))
}
