//! Tokens: verifying them, taking them back, and seeing where they are used.

use std::net::IpAddr;

use async_trait::async_trait;

use crate::{
    error::RepoError,
    id::{TokenId, UserId},
    model::token::{Claims, Revocation, TokenError},
    time::Timestamp,
};

/// Checks tokens.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait TokenVerifier: Send + Sync {
    /// The claims, if signature, algorithm, times, issuer and audience are right.
    fn verify(&self, token: &str) -> Result<Claims, TokenError>;
}

/// Tokens that were taken back.
///
/// # Rules (each has a case in `contract/auth.rs`)
/// - **V1** A token that a revocation covers is revoked, on this node at once and on all within 5 s.
/// - **V2** Revocations survive a restart.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait RevocationList: Send + Sync {
    /// Takes tokens back.
    async fn revoke(&self, revocation: Revocation, at: Timestamp) -> Result<(), RepoError>;

    /// Whether the token was taken back, as far as this node knows; answers from memory.
    fn is_revoked(&self, claims: &Claims) -> bool;
}

/// Where tokens are in use.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait TokenSightings: Send + Sync {
    /// Notes that the token came from the address; from how many it came within the last ten minutes.
    async fn seen(&self, token: TokenId, user: UserId, from: IpAddr, at: Timestamp) -> usize;
}
