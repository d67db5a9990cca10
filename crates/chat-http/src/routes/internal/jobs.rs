//! `GET /jobs/{jobId}`

use actix_web::web::{Data, Json};
use chat_domain::{error::ErrorCode, id::JobId, port::user::Job, service::user::UserService};

use crate::{
    error::{ApiError, Problem},
    extract::{JobParam, NoQuery, ServiceCaller},
    routes::responses::{Always, ForRoles},
};

/// How far a job is.
#[utoipa::path(
    get, path = "/jobs/{jobId}", operation_id = "getJob", tag = "internal",
    params(("jobId" = JobId, Path)),
    responses(
        (status = 200, body = Job),
        (status = 404, description = "`not_found`: there is no such job", body = Problem, content_type = "application/problem+json"),
        Always, ForRoles,
    ),
)]
pub(crate) async fn job(
    _caller: ServiceCaller,
    job: JobParam,
    _query: NoQuery,
    users: Data<dyn UserService>,
) -> Result<Json<Job>, ApiError> {
    let found = users.job(job.0).await?;
    found
        .map(Json)
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound, "there is no such job"))
}
