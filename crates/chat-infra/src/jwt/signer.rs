//! Signing tokens with a shared secret: for the `token` command and for development.

use std::time::Duration;

use chat_domain::{
    id::{TokenId, UserId},
    model::user::Role,
    time::Timestamp,
};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde::Serialize;

use super::{HmacSecret, JwtOptions};

/// Signs with HS256.
#[derive(Debug)]
pub struct JwtSigner {
    key: EncodingKey,
    options: JwtOptions,
}

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the token can't be signed")]
pub struct SignError(#[from] jsonwebtoken::errors::Error);

/// A fresh token. Has no `Debug`: it must not get into a log.
#[derive(Clone)]
pub struct SignedToken {
    /// The token.
    pub token: String,
    /// Its `exp`.
    pub expires_at: Timestamp,
}

#[derive(Serialize)]
struct NewClaims<'a> {
    sub: &'a str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'static str>,
}

impl JwtSigner {
    /// Signs with the secret; tokens name the issuer and audience of the options.
    #[must_use]
    pub fn hs256(secret: &HmacSecret, options: JwtOptions) -> Self {
        Self {
            key: EncodingKey::from_secret(secret.bytes()),
            options,
        }
    }

    /// A token for the user, issued at `now` (whole seconds) and good for `ttl`, at most a century.
    ///
    /// # Errors
    /// If the library fails; no input is known to make it.
    pub fn sign(
        &self,
        user: &UserId,
        roles: &[Role],
        ttl: Duration,
        now: Timestamp,
        jti: Option<&TokenId>,
    ) -> Result<SignedToken, SignError> {
        const CENTURY_SECS: u64 = 100 * 365 * 24 * 60 * 60;
        let iat = now.as_millis().div_euclid(1_000);
        let exp = iat.saturating_add_unsigned(ttl.as_secs().min(CENTURY_SECS));
        let claims = NewClaims {
            sub: user.as_str(),
            iat,
            exp,
            jti: jti.map(TokenId::as_str),
            iss: self.options.issuer.as_deref(),
            aud: self.options.audience.as_deref(),
            roles: roles.iter().map(|role| role.as_str()).collect(),
        };
        Ok(SignedToken {
            token: encode(&Header::default(), &claims, &self.key)?,
            expires_at: Timestamp::from_millis(exp.saturating_mul(1_000)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat_domain::{
        model::token::TokenError,
        port::auth::TokenVerifier,
        testing::{builder::user, fakes::ManualClock},
    };

    use super::*;
    use crate::jwt::{JwtVerifier, KeySet};

    #[test]
    fn what_we_sign_we_accept_until_it_expires() {
        let secret = HmacSecret::random().unwrap();
        let options = JwtOptions {
            issuer: Some("us".into()),
            audience: Some("chat".into()),
        };
        let clock = Arc::new(ManualClock::at(1_000_000_999));
        let keys = KeySet::from_secret(&secret).unwrap();
        let verifier = JwtVerifier::new(keys, options.clone(), clock.clone());

        let jti = TokenId::parse("t-1").unwrap();
        let signer = JwtSigner::hs256(&secret, options);
        let fresh = signer
            .sign(
                &user("alice"),
                &[Role::Admin],
                Duration::from_mins(1),
                Timestamp::from_millis(1_000_000_999),
                Some(&jti),
            )
            .unwrap();

        let claims = verifier.verify(&fresh.token).unwrap();
        assert_eq!(claims.caller.user, user("alice"));
        assert_eq!(claims.caller.roles, [Role::Admin]);
        assert_eq!(claims.token_id, Some(jti));
        assert_eq!(
            claims.issued_at,
            Some(Timestamp::from_millis(1_000_000_000))
        );
        assert_eq!(claims.expires_at, Timestamp::from_millis(1_000_060_000));
        assert_eq!(claims.expires_at, fresh.expires_at);

        clock.advance(60_000);
        assert_eq!(verifier.verify(&fresh.token), Err(TokenError::Expired));
    }

    #[test]
    fn an_endless_token_ends_after_a_century() {
        let signer = JwtSigner::hs256(&HmacSecret::random().unwrap(), JwtOptions::default());
        let now = Timestamp::from_millis(0);
        let fresh = signer
            .sign(&user("alice"), &[], Duration::MAX, now, None)
            .unwrap();
        assert_eq!(fresh.expires_at.to_string(), "2069-12-07T00:00:00.000Z");
    }

    #[test]
    fn the_key_is_not_shown() {
        let secret = HmacSecret::new("correct horse battery staple and more").unwrap();
        let shown = format!("{:?}", JwtSigner::hs256(&secret, JwtOptions::default()));
        assert!(
            shown.contains("redacted") && !shown.contains("horse"),
            "{shown}"
        );
    }
}
