//! `GET /users/{userId}/risk`

use actix_web::web::{Data, Json};
use chat_domain::{id::UserId, model::risk::RiskReport, service::risk::RiskService};

use crate::{
    error::ApiError,
    extract::{NoQuery, ServiceCaller, UserParam},
    routes::responses::{Always, ForRoles},
};

/// What speaks against a user.
///
/// All zero for somebody unknown.
#[utoipa::path(
    get, path = "/users/{userId}/risk", operation_id = "getRisk", tag = "internal",
    params(("userId" = UserId, Path)),
    responses((status = 200, body = RiskReport), Always, ForRoles),
)]
pub(crate) async fn risk(
    _caller: ServiceCaller,
    user: UserParam,
    _query: NoQuery,
    risk: Data<dyn RiskService>,
) -> Result<Json<RiskReport>, ApiError> {
    Ok(Json(risk.report(user.0).await?))
}
