//! `refresh_token`: a fresh token of the same user lets the socket live longer, with the new token's roles.

use chat_domain::{service::auth::AuthError, time::Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    events::RefreshToken,
    gateway::Core,
    payload::parse,
    reply::{Outcome, acknowledge},
    session::Session,
};

/// `{ ok: true, expiresAt }`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refreshed {
    expires_at: Timestamp,
}

pub(crate) async fn refresh(core: &Core, session: &Session, args: &[Box<RawValue>]) -> Outcome {
    let RefreshToken { token } = parse(args)?;
    let auth = &core.services.auth;
    let claims = auth.authenticate(Some(token), session.address).await?;
    if claims.caller.user != session.user {
        return Err(AuthError::Unauthenticated.into());
    }
    let expires_at = claims.expires_at;
    session.replace_claims(claims);
    acknowledge(Refreshed { expires_at })
}

#[cfg(test)]
mod tests {
    use chat_domain::{
        model::{
            limit::{Limited, Quota},
            token::Claims,
            user::Role,
        },
        testing::builder::user,
    };
    use serde_json::json;

    use super::*;
    use crate::testing::{Bed, Mocks, Seen, claims};

    fn longer() -> Claims {
        let mut claims = claims("alice");
        claims.caller.roles = vec![Role::Premium];
        Claims {
            expires_at: Timestamp::from_millis(9_000_000),
            ..claims
        }
    }

    fn refreshing(outcome: fn() -> Result<Claims, AuthError>) -> Mocks {
        let mut mocks = Mocks::default();
        mocks
            .auth
            .expect_authenticate()
            .withf(|token, _| token.as_deref() == Some("fresh"))
            .returning(move |_, _| outcome());
        mocks
    }

    #[tokio::test(start_paused = true)]
    async fn a_fresh_token_of_the_same_user_replaces_the_claims() {
        let bed = Bed::new(refreshing(|| Ok(longer())));
        let alice = bed.connect("alice").await;
        let answer = bed
            .answer(&alice, "refresh_token", r#"{"token":"fresh"}"#)
            .await;
        assert_eq!(
            answer,
            json!({ "ok": true, "expiresAt": "1970-01-01T02:30:00.000Z" })
        );
        alice
            .client
            .session
            .with_claims(|claims| assert_eq!(*claims, longer()));
        assert!(alice.client.session.caller().has(Role::Premium));
    }

    #[tokio::test(start_paused = true)]
    async fn anything_else_is_unauthenticated_and_changes_nothing() {
        let somebody_else: fn() -> Result<Claims, AuthError> = || Ok(claims("mallory"));
        for outcome in [somebody_else, || Err(AuthError::Unauthenticated)] {
            let bed = Bed::new(refreshing(outcome));
            let alice = bed.connect("alice").await;
            let code = bed
                .error(&alice, "refresh_token", r#"{"token":"fresh"}"#)
                .await;
            assert_eq!(code, "unauthenticated");
            assert_eq!(alice.client.session.caller().user, user("alice"));
            assert!(
                !alice.log.take().contains(&Seen::Closed),
                "the socket stays"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_failures_say_when_to_come_back() {
        let bed = Bed::new(refreshing(|| {
            let quota = Quota {
                limit: 10,
                window_ms: 300_000,
            };
            Err(AuthError::TooManyAttempts(Limited {
                quota,
                retry_after_ms: 1_234,
            }))
        }));
        let alice = bed.connect("alice").await;
        let answer = bed
            .answer(&alice, "refresh_token", r#"{"token":"fresh"}"#)
            .await;
        assert_eq!(answer["error"]["code"], "too_many_attempts");
        assert_eq!(answer["error"]["retryAfterMs"], 1_234);
    }

    #[tokio::test(start_paused = true)]
    async fn the_token_is_a_string_of_bounded_length() {
        let bed = Bed::new(Mocks::default());
        let alice = bed.connect("alice").await;
        let long = json!({ "token": "x".repeat(16_385) }).to_string();
        for payload in ["{}", r#"{"token":""}"#, r#"{"token":5}"#, &long] {
            assert_eq!(
                bed.error(&alice, "refresh_token", payload).await,
                "validation_failed"
            );
        }
    }
}
