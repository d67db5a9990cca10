//! `POST /dev/token`: a token for anybody who asks. Only there in development mode without a key of one's own, when the
//! server listens to nobody but this machine, and the key is forgotten with the process.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_TYPE,
    web::{self, Bytes, Data, PayloadConfig, ServiceConfig},
};
use chat_domain::{error::ErrorCode, id::UserId, model::user::Role, time::Timestamp};
use chat_http::error::ApiError;
use serde::{Deserialize, Serialize};

use crate::tokens::Minter;

/// No request for a token is longer.
const MAX_BODY_BYTES: usize = 4_096;
const DEFAULT_TTL_SECS: u64 = 3_600;
/// A day, so that a forgotten browser tab still works in the evening.
const MAX_TTL_SECS: u64 = 86_400;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    user_id: UserId,
    roles: Option<Vec<String>>,
    ttl_secs: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    token: String,
    expires_at: Timestamp,
}

/// Registers the route.
pub(crate) fn configure(cfg: &mut ServiceConfig, minter: &Minter) {
    let resource = web::resource("/dev/token")
        .app_data(Data::new(minter.clone()))
        .app_data(PayloadConfig::new(MAX_BODY_BYTES))
        .post(dev_token);
    cfg.service(resource);
}

async fn dev_token(
    request: HttpRequest,
    minter: Data<Minter>,
    body: Result<Bytes, actix_web::Error>,
) -> Result<HttpResponse, ApiError> {
    if !is_json(&request) {
        let detail = "the body must be application/json";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, detail));
    }
    let body = body.map_err(|_| {
        let detail = format!("the body must have at most {MAX_BODY_BYTES} bytes");
        ApiError::new(ErrorCode::PayloadTooLarge, detail)
    })?;
    let body = parse(&body)?;
    let (roles, ttl) = (roles(body.roles.unwrap_or_default())?, ttl(body.ttl_secs)?);
    let signed = minter.mint(&body.user_id, &roles, ttl).map_err(|error| {
        ApiError::new(ErrorCode::Internal, "the token could not be made").caused_by(error)
    })?;
    Ok(HttpResponse::Ok().json(Answer {
        token: signed.token,
        expires_at: signed.expires_at,
    }))
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn parse(body: &[u8]) -> Result<Body, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        (field, error.into_inner())
    });
    let parsed = parsed.and_then(|body| match json.end() {
        Ok(()) => Ok(body),
        Err(error) => Err((String::new(), error)),
    });
    parsed.map_err(|(field, error)| {
        if error.is_data() {
            ApiError::invalid(field, error.to_string())
        } else {
            ApiError::new(ErrorCode::MalformedJson, "the body is not valid JSON")
        }
    })
}

fn roles(names: Vec<String>) -> Result<Vec<Role>, ApiError> {
    let role = |(index, name): (usize, String)| {
        let allowed = Role::ALL.map(Role::as_str).join(", ");
        Role::parse(&name).ok_or_else(|| {
            ApiError::invalid(
                format!("roles[{index}]"),
                format!("must be one of {allowed}"),
            )
        })
    };
    names.into_iter().enumerate().map(role).collect()
}

fn ttl(secs: Option<u64>) -> Result<Duration, ApiError> {
    let secs = secs.unwrap_or(DEFAULT_TTL_SECS);
    if (1..=MAX_TTL_SECS).contains(&secs) {
        Ok(Duration::from_secs(secs))
    } else {
        let allowed = format!("must be from 1 to {MAX_TTL_SECS}");
        Err(ApiError::invalid("ttlSecs", allowed))
    }
}
