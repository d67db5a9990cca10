//! CONNECT: who wants in, and what is prepared for the socket before it is let in.

use std::{net::IpAddr, sync::Arc};

use actix_socketio::{ConnectError, ConnectRequest};
use chat_domain::{error::ErrorCode, id::SocketId};
use serde_json::Value;

use crate::{
    error::Refusal,
    events::ConnectRefused,
    gateway::Core,
    measure,
    options::{FORWARDED, FORWARDED_FOR, Peer},
    session::Session,
    welcome::Welcome,
};

/// A client that wants to join: what is taken from its CONNECT.
pub(crate) struct Attempt {
    pub(crate) id: String,
    pub(crate) token: Option<String>,
    pub(crate) address: IpAddr,
}

impl Attempt {
    /// The token is `auth.token`, a string; anything else counts as no token.
    pub(crate) fn of(request: &ConnectRequest, core: &Core) -> Self {
        let header = |name| request.handshake.header_lines(name).collect();
        let peer = Peer {
            address: request.handshake.peer_ip(),
            forwarded: header(FORWARDED),
            forwarded_for: header(FORWARDED_FOR),
        };
        Self {
            id: request.socket_id.as_str().to_owned(),
            token: request
                .auth
                .get("token")
                .and_then(Value::as_str)
                .map(ToOwned::to_owned),
            address: (core.options.client_address)(&peer),
        }
    }
}

/// Checks the token, and asks the store what waits for the user while pushes are kept already. A store that can't be
/// asked refuses the client with `unavailable`: a socket that silently misses what waited would be worse.
pub(crate) async fn connect(core: &Core, attempt: Attempt) -> Result<Arc<Session>, ConnectError> {
    let session = admit(core, attempt).await;
    let outcome = session
        .as_ref()
        .map_or_else(|refusal| refusal.code.as_str(), |_| "ok");
    measure::connect(outcome);
    session.map_err(|refusal| refused(&refusal))
}

async fn admit(core: &Core, attempt: Attempt) -> Result<Arc<Session>, Refusal> {
    let id = SocketId::parse(&attempt.id).map_err(|error| {
        tracing::error!(%error, "the protocol's socket id is not one of ours");
        Refusal::internal()
    })?;
    let services = &core.services;
    let claims = services
        .auth
        .authenticate(attempt.token, attempt.address)
        .await?;
    let user = claims.caller.user.clone();
    let ticket = core.fanout.joining().enter(&user, &id);
    let waiting = services.messages.waiting(user).await?;
    let welcome = Welcome { ticket, waiting };
    let session = Session::new(id, attempt.address, claims, &core.options, welcome);
    Ok(Arc::new(session))
}

/// `{ message: code, data: { code, retryAfterMs? } }`, then the connection is closed.
fn refused(refusal: &Refusal) -> ConnectError {
    let data = ConnectRefused::new(refusal.code, refusal.retry_after_ms);
    let error = ConnectError::new(refusal.code.as_str()).and_close();
    match serde_json::to_value(data) {
        Ok(data) => error.with_data(data),
        Err(_) => error,
    }
}

/// The answer where something of ours went wrong before the use cases were asked.
pub(crate) fn failed() -> ConnectError {
    measure::connect(ErrorCode::Internal.as_str());
    refused(&Refusal::internal())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use chat_domain::{
        error::RepoError,
        model::limit::{Limited, Quota},
        service::auth::AuthError,
        testing::builder::user,
    };
    use serde_json::json;

    use super::*;
    use crate::testing::{Bed, Mocks};

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

    async fn attempt(mocks: Mocks, token: Option<&str>) -> Result<Arc<Session>, ConnectError> {
        let attempt = Attempt {
            id: "socket".into(),
            token: token.map(ToOwned::to_owned),
            address: ADDRESS,
        };
        connect(&Bed::new(mocks).core, attempt).await
    }

    async fn refusal(mocks: Mocks, token: Option<&str>) -> (String, Value) {
        let Err(error) = attempt(mocks, token).await else {
            panic!("let in")
        };
        assert!(error.close, "the connection is closed");
        (error.message, error.data.unwrap())
    }

    #[tokio::test]
    async fn a_good_token_makes_a_session_of_its_user() {
        let mut mocks = Mocks::default();
        mocks
            .auth
            .expect_authenticate()
            .withf(|token, from| token.as_deref() == Some("good") && *from == ADDRESS)
            .returning(|_, _| Ok(crate::testing::claims("alice")));
        let session = attempt(mocks, Some("good")).await.ok().unwrap();
        assert_eq!((&session.user, session.address), (&user("alice"), ADDRESS));
    }

    #[tokio::test]
    async fn no_token_or_a_bad_one_is_unauthenticated() {
        let (message, data) = refusal(Mocks::default(), None).await;
        assert_eq!(message, "unauthenticated");
        assert_eq!(data, json!({ "code": "unauthenticated" }));
    }

    #[tokio::test]
    async fn too_many_attempts_say_when_to_come_back() {
        let mut mocks = Mocks::default();
        mocks.auth.expect_authenticate().returning(|_, _| {
            let quota = Quota {
                limit: 10,
                window_ms: 300_000,
            };
            Err(AuthError::TooManyAttempts(Limited {
                quota,
                retry_after_ms: 30_000,
            }))
        });
        let (message, data) = refusal(mocks, Some("x")).await;
        assert_eq!(message, "too_many_attempts");
        assert_eq!(
            data,
            json!({ "code": "too_many_attempts", "retryAfterMs": 30_000 })
        );
    }

    #[tokio::test]
    async fn a_store_that_can_not_be_asked_refuses_instead_of_missing_messages() {
        let mut mocks = Mocks::default();
        mocks
            .messages
            .expect_waiting()
            .returning(|_| Err(RepoError::unavailable("gone")));
        let (message, data) = refusal(mocks, Some("alice")).await;
        assert_eq!(message, "unavailable");
        assert_eq!(
            data,
            json!({ "code": "unavailable", "retryAfterMs": 1_000 })
        );
    }
}
