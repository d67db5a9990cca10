//! `POST /threads`

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{Data, Json},
};
use chat_domain::{service::thread::ThreadService, view::ThreadView};

use crate::{
    dto::thread::OpenThreadBody,
    error::ApiError,
    extract::{Caller, NoQuery, Valid},
    routes::{
        CHATS,
        responses::{Always, WithBody},
    },
};

/// Open a thread.
///
/// Two people share one thread: the second attempt finds the first one's. A group is new each time.
#[utoipa::path(
    post, path = "/threads", operation_id = "openThread", tag = "threads",
    request_body = OpenThreadBody,
    responses(
        (status = 201, body = ThreadView, headers(("Location" = String, description = "Where the thread is"))),
        (status = 200, body = ThreadView, description = "The pair's thread that was there"),
        (status = 403, description = "`chat_not_allowed`: the caller may not chat with each of them", body = crate::error::Problem, content_type = "application/problem+json"),
        Always, WithBody,
    ),
)]
pub(crate) async fn open(
    caller: Caller,
    _query: NoQuery,
    body: Valid<Json<OpenThreadBody>>,
    threads: Data<dyn ThreadService>,
) -> Result<HttpResponse, ApiError> {
    let (thread, created) = threads
        .open(caller.0, body.into_inner().participant_ids)
        .await?;
    Ok(answer(thread, created))
}

/// 201 with the new thread's address, or 200.
pub(crate) fn answer(thread: ThreadView, created: bool) -> HttpResponse {
    let mut response = if created {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    if created {
        response.insert_header((LOCATION, format!("{CHATS}/threads/{}", thread.id)));
    }
    response.json(thread)
}
