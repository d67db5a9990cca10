//! The `TokenVerifier` port.

use std::sync::Arc;

use chat_domain::{
    model::token::{Claims, TokenError},
    port::auth::TokenVerifier,
    time::Clock,
};
use jsonwebtoken::{Header, decode, decode_header};

use super::{JwtOptions, KeySet, claims::RawClaims};

/// Verifies tokens with keys that are fixed at the start.
pub struct JwtVerifier {
    keys: KeySet,
    options: JwtOptions,
    clock: Arc<dyn Clock>,
}

impl JwtVerifier {
    /// The longest token that is looked at, in bytes. Nothing in our claims comes near it, and headers of common
    /// servers end at 8 KiB.
    pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

    /// Verifies with these keys; `clock` decides what has expired.
    #[must_use]
    pub const fn new(keys: KeySet, options: JwtOptions, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys,
            options,
            clock,
        }
    }
}

impl TokenVerifier for JwtVerifier {
    fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > Self::MAX_TOKEN_BYTES {
            return Err(refused("size"));
        }
        let header = decode_header(token).map_err(|_| refused("header"))?;
        if !is_plain(&header) {
            return Err(refused("crit or typ"));
        }
        let key = self.keys.find(header.kid.as_deref());
        let key = key.ok_or_else(|| refused("kid"))?;
        // Compares the header's algorithm with the key's, then the signature, then reads the claims.
        let token = decode::<RawClaims>(token, &key.key, &key.validation);
        let claims = token.map_err(|_| refused("signature or form"))?.claims;
        claims.check(&self.options, self.clock.now())
    }
}

/// No extension that must be understood (RFC 7515 §4.1.11: we understand none), and an access token, if it says what
/// it is (RFC 8725 §3.11): a logout or identity token of the same issuer must not open the door.
fn is_plain(header: &Header) -> bool {
    let known = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["jwt", "at+jwt"].contains(&name.strip_prefix("application/").unwrap_or(&name))
    };
    header.crit.is_none() && header.typ.as_deref().is_none_or(known)
}

/// The library's own errors quote the token, so the log only says where it failed.
fn refused(at: &'static str) -> TokenError {
    tracing::debug!(at, "token refused");
    TokenError::Invalid
}
