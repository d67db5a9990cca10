//! `POST /revocations`

use actix_web::{
    HttpResponse,
    web::{Data, Json},
};
use chat_domain::service::auth::AuthService;

use crate::{
    dto::revocation::RevocationBody,
    error::ApiError,
    extract::{NoQuery, ServiceCaller, Valid},
    routes::responses::{Always, ForRoles, WithBody},
};

/// Take tokens back.
///
/// Open sockets that came with one of them are closed within 5 s, on every node.
#[utoipa::path(
    post, path = "/revocations", operation_id = "revokeTokens", tag = "internal",
    request_body = RevocationBody,
    responses((status = 204), Always, ForRoles, WithBody),
)]
pub(crate) async fn revoke(
    _caller: ServiceCaller,
    _query: NoQuery,
    body: Valid<Json<RevocationBody>>,
    auth: Data<dyn AuthService>,
) -> Result<HttpResponse, ApiError> {
    auth.revoke(body.into_inner().into_revocation()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
