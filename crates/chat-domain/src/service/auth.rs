//! Who somebody is: checking tokens, taking them back, and watching for abuse.

use std::net::IpAddr;

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    model::{
        limit::Limited,
        token::{Claims, Revocation},
    },
    service::error_code,
};

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token, or one that can't be accepted; it is not told why.
    #[error("a valid token is required")]
    Unauthenticated,
    /// Too many failures from this address: the token was not looked at.
    #[error("too many failed attempts, try again later")]
    TooManyAttempts(Limited),
}

error_code!(AuthError {
    Self::Unauthenticated => ErrorCode::Unauthenticated,
    Self::TooManyAttempts(_) => ErrorCode::TooManyAttempts,
});

/// Checks tokens.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait AuthService: Send + Sync {
    /// The claims of an acceptable token; `None` stands for no token at all, which counts as a failure too.
    /// Failures are counted per address, audited, and held against the user where one is known.
    async fn authenticate(&self, token: Option<String>, from: IpAddr) -> Result<Claims, AuthError>;

    /// Whether claims that were accepted before still hold: neither expired nor revoked. Answers from memory.
    fn still_valid(&self, claims: &Claims) -> bool;

    /// Takes tokens back, and has open sockets checked again. Roles were checked by the caller's front end.
    async fn revoke(&self, revocation: Revocation) -> Result<(), RepoError>;
}
