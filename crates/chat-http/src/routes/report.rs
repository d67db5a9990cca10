//! `POST /reports`

use actix_web::{
    HttpResponse,
    web::{Data, Json},
};
use chat_domain::service::report::ReportService;

use crate::{
    dto::report::{ReportBody, ReportDto},
    error::{ApiError, Problem},
    extract::{Caller, NoQuery, Valid},
    routes::responses::{Always, WithBody},
};

/// Report somebody or a message.
#[utoipa::path(
    post, path = "/reports", operation_id = "report", tag = "reports",
    request_body = ReportBody,
    responses(
        (status = 201, body = ReportDto),
        (status = 403, description = "`not_participant`: you take no part in the message's thread", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`message_not_found`: there is no such message", body = Problem, content_type = "application/problem+json"),
        Always, WithBody,
    ),
)]
pub(crate) async fn report(
    caller: Caller,
    _query: NoQuery,
    body: Valid<Json<ReportBody>>,
    reports: Data<dyn ReportService>,
) -> Result<HttpResponse, ApiError> {
    let id = reports
        .report(caller.0, body.into_inner().into_command())
        .await?;
    Ok(HttpResponse::Created().json(ReportDto { id }))
}
