//! The one HTTP endpoint: checks a request in the order of the reference server and hands it to a transport.
//!
//! Also the protocol's error codes: nobody else turns an error into a status.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_TYPE, UPGRADE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::cors::{self, Origin};
use super::handshake::{HandshakeRequest, TransportKind};
use super::registry::EngineCore;
use super::session::Session;
use super::state::Route;
use super::{polling, upgrade, websocket};
use crate::error::Refusal;

/// Why a request is turned down. Codes and messages are those of the reference server; clients show them.
#[derive(Debug)]
pub(crate) enum RequestError {
    TransportUnknown,
    SessionUnknown,
    BadHandshakeMethod,
    BadRequest,
    Forbidden(Refusal),
    UnsupportedVersion,
}

impl RequestError {
    /// The response with the protocol's code and message.
    pub(crate) fn response(&self) -> HttpResponse {
        let (status, code, message) = match self {
            Self::TransportUnknown => (StatusCode::BAD_REQUEST, 0, "Transport unknown"),
            Self::SessionUnknown => (StatusCode::BAD_REQUEST, 1, "Session ID unknown"),
            Self::BadHandshakeMethod => (StatusCode::BAD_REQUEST, 2, "Bad handshake method"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, 3, "Bad request"),
            Self::Forbidden(refusal) => (refusal.status, 4, refusal.message.as_str()),
            Self::UnsupportedVersion => {
                (StatusCode::BAD_REQUEST, 5, "Unsupported protocol version")
            }
        };
        HttpResponse::build(status)
            .insert_header((CONTENT_TYPE, "application/json"))
            .body(json!({ "code": code, "message": message }).to_string())
    }
}

/// The response to a refused handshake.
pub(crate) fn refused(refusal: &Refusal) -> HttpResponse {
    RequestError::Forbidden(refusal.clone()).response()
}

/// The packet that opens a session.
pub(crate) fn open_packet(session: &Session) -> String {
    let config = session.engine().config();
    let upgrades = if session.transport() == TransportKind::Polling && config.allow_upgrades {
        "[\"websocket\"]"
    } else {
        "[]"
    };
    format!(
        "0{{\"sid\":\"{}\",\"upgrades\":{upgrades},\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
        session.id().as_str(),
        config.ping_interval.as_millis(),
        config.ping_timeout.as_millis(),
        config.max_payload_bytes,
    )
}

/// Answers any request to the endpoint.
pub(crate) async fn handle(
    engine: web::ThinData<Arc<EngineCore>>,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let web::ThinData(engine) = engine;
    let origin = cors::origin(request.headers(), engine.config());
    let mut response = if origin == Origin::Refused {
        refused(&Refusal::forbidden("Forbidden"))
    } else if request.method() == Method::OPTIONS {
        cors::preflight(&request)
    } else {
        match check(&engine, &request, origin) {
            Ok(Checked::Open(TransportKind::Polling)) => polling::open(&engine, &request),
            Ok(Checked::Open(TransportKind::WebSocket)) => {
                websocket::open(&engine, &request, body).await
            }
            Ok(Checked::Upgrade(session)) => upgrade::open(&session, &request, body).await,
            Ok(Checked::Use(session)) => match *request.method() {
                Method::GET => polling::poll(&session).await,
                Method::POST => polling::post(&session, &request, body).await,
                _ => HttpResponse::InternalServerError().finish(),
            },
            Err(error) => error.response(),
        }
    };
    cors::apply(&mut response, origin, engine.config());
    response
}

/// What a sound request is for.
enum Checked {
    Open(TransportKind),
    Upgrade(Arc<Session>),
    Use(Arc<Session>),
}

fn check(
    engine: &EngineCore,
    request: &HttpRequest,
    origin: Origin<'_>,
) -> Result<Checked, RequestError> {
    let query = Query::parse(request.query_string());
    let transport = match query.transport {
        Some("polling") => TransportKind::Polling,
        Some("websocket") => TransportKind::WebSocket,
        _ => return Err(RequestError::TransportUnknown),
    };
    if origin == Origin::Malformed {
        return Err(RequestError::BadRequest);
    }
    let upgrades = request.headers().get(UPGRADE).is_some_and(|upgrade| {
        upgrade
            .to_str()
            .is_ok_and(|upgrade| upgrade.to_ascii_lowercase().contains("websocket"))
    });
    let version = query.version == Some("4");
    match (query.sid, transport) {
        (Some(sid), _) => {
            let session = engine.find(sid).ok_or(RequestError::SessionUnknown)?;
            let on_socket = session.state().route == Route::WebSocket;
            match transport {
                _ if !version => Err(RequestError::BadRequest),
                TransportKind::Polling if !on_socket && !upgrades => Ok(Checked::Use(session)),
                TransportKind::WebSocket if upgrades => Ok(Checked::Upgrade(session)),
                _ => Err(RequestError::BadRequest),
            }
        }
        (None, _) if request.method() != Method::GET => Err(RequestError::BadHandshakeMethod),
        (None, TransportKind::WebSocket) if !upgrades => Err(RequestError::BadRequest),
        (None, TransportKind::Polling) if upgrades => Err(RequestError::BadRequest),
        (None, _) => {
            if let Some(allow) = engine.allow_request() {
                let handshake = HandshakeRequest::new(request, transport);
                allow(&handshake).map_err(RequestError::Forbidden)?;
            }
            if !version {
                return Err(RequestError::UnsupportedVersion);
            }
            Ok(Checked::Open(transport))
        }
    }
}

/// The query parameters of the protocol; the first of each counts. Their values need no decoding.
#[derive(Default)]
struct Query<'a> {
    version: Option<&'a str>,
    transport: Option<&'a str>,
    sid: Option<&'a str>,
}

impl<'a> Query<'a> {
    fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let slot = match name {
                "EIO" => &mut parsed.version,
                "transport" => &mut parsed.transport,
                "sid" => &mut parsed.sid,
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        parsed
    }
}
