//! Who somebody is: checking tokens, taking them back, and watching for abuse.

use std::{net::IpAddr, sync::Arc};

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    model::{
        limit::{LimitKey, Limited, Quota},
        risk::SignalKind,
        token::{Claims, Revocation},
    },
    port::{
        audit::AuditLog,
        auth::{RevocationList, TokenSightings, TokenVerifier},
        limit::RateLimiter,
        notifier::Notifier,
    },
    service::{error_code, suspicion::Suspicion},
    time::Clock,
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

/// What the service is told by configuration.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Failures per address before further attempts are refused unseen; `None`: never.
    pub failures: Option<Quota>,
    /// From how many addresses one token may be in use at once without suspicion.
    pub token_addresses: usize,
}

/// What the service needs.
pub struct Deps {
    /// Checks signatures and times.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Tokens that were taken back.
    pub revocations: Arc<dyn RevocationList>,
    /// Where tokens are in use.
    pub sightings: Arc<dyn TokenSightings>,
    /// Counts failures.
    pub limiter: Arc<dyn RateLimiter>,
    /// The trail.
    pub audit: Arc<dyn AuditLog>,
    /// Has open sockets checked again.
    pub notifier: Arc<dyn Notifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configuration.
    pub policy: Policy,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn AuthService> {
    let suspicion = Suspicion {
        audit: deps.audit.clone(),
        limiter: deps.limiter.clone(),
        clock: deps.clock.clone(),
    };
    Arc::new(Service { deps, suspicion })
}

struct Service {
    deps: Deps,
    suspicion: Suspicion,
}

#[async_trait]
impl AuthService for Service {
    async fn authenticate(&self, token: Option<String>, from: IpAddr) -> Result<Claims, AuthError> {
        let limiter = &self.deps.limiter;
        if let Some(quota) = self.deps.policy.failures {
            limiter
                .peek(LimitKey::AuthFailures(from), quota)
                .await
                .map_err(AuthError::TooManyAttempts)?;
        }
        let Some(claims) = token.and_then(|token| self.deps.verifier.verify(&token).ok()) else {
            return Err(self.failed(from).await);
        };
        if self.deps.revocations.is_revoked(&claims) {
            let user = &claims.caller.user;
            self.suspicion.raise(user, SignalKind::RevokedToken).await;
            self.suspicion
                .audit("auth.revoked_token", Some(user), None)
                .await;
            return Err(self.failed(from).await);
        }
        self.note_sighting(&claims, from).await;
        Ok(claims)
    }

    fn still_valid(&self, claims: &Claims) -> bool {
        claims.expires_at > self.deps.clock.now() && !self.deps.revocations.is_revoked(claims)
    }

    async fn revoke(&self, mut revocation: Revocation) -> Result<(), RepoError> {
        let now = self.deps.clock.now();
        if revocation.token_id.is_none() {
            revocation.issued_before.get_or_insert(now);
        }
        let user = revocation.user_id.clone();
        self.deps.revocations.revoke(revocation, now).await?;
        self.suspicion
            .audit(
                "auth.tokens_revoked",
                None,
                user.as_ref().map(ToString::to_string),
            )
            .await;
        self.deps.notifier.recheck(user);
        Ok(())
    }
}

impl Service {
    /// Counts a failure; the one that uses up what is allowed is audited.
    async fn failed(&self, from: IpAddr) -> AuthError {
        if let Some(quota) = self.deps.policy.failures {
            let key = LimitKey::AuthFailures(from);
            let counted = self.deps.limiter.take(key.clone(), quota).await.is_ok();
            if counted && self.deps.limiter.peek(key, quota).await.is_err() {
                self.suspicion
                    .audit("auth.too_many_failures", None, None)
                    .await;
            }
        }
        AuthError::Unauthenticated
    }

    async fn note_sighting(&self, claims: &Claims, from: IpAddr) {
        let Some(token) = claims.token_id.clone() else {
            return;
        };
        let now = self.deps.clock.now();
        let addresses = self
            .deps
            .sightings
            .seen(token, claims.caller.user.clone(), from, now)
            .await;
        if addresses > self.deps.policy.token_addresses {
            let (user, signal) = (&claims.caller.user, SignalKind::TokenSharing);
            if self.suspicion.raise_sparsely(user, signal).await {
                self.suspicion
                    .audit("auth.token_sharing", Some(user), None)
                    .await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        id::TokenId,
        model::{token::TokenError, user::Caller},
        port::{
            audit::MockAuditLog,
            auth::{MockRevocationList, MockTokenSightings, MockTokenVerifier},
            limit::MockRateLimiter,
            notifier::MockNotifier,
        },
        testing::{builder::user, fakes::ManualClock},
        time::Timestamp,
    };

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const FAILURES: Quota = Quota {
        limit: 10,
        window_ms: 300_000,
    };

    struct World {
        verifier: MockTokenVerifier,
        revocations: MockRevocationList,
        sightings: MockTokenSightings,
        limiter: MockRateLimiter,
        audit: MockAuditLog,
        notifier: MockNotifier,
    }

    impl World {
        fn new() -> Self {
            let mut verifier = MockTokenVerifier::new();
            verifier.expect_verify().returning(|token| match token {
                "good" => Ok(Claims {
                    caller: Caller::user(user("alice")),
                    expires_at: Timestamp::from_millis(5_000),
                    issued_at: None,
                    token_id: TokenId::parse("t-1").ok(),
                }),
                _ => Err(TokenError::Invalid),
            });
            Self {
                verifier,
                revocations: MockRevocationList::new(),
                sightings: MockTokenSightings::new(),
                limiter: MockRateLimiter::new(),
                audit: MockAuditLog::new(),
                notifier: MockNotifier::new(),
            }
        }

        fn service(self) -> Arc<dyn AuthService> {
            service(Deps {
                verifier: Arc::new(self.verifier),
                revocations: Arc::new(self.revocations),
                sightings: Arc::new(self.sightings),
                limiter: Arc::new(self.limiter),
                audit: Arc::new(self.audit),
                notifier: Arc::new(self.notifier),
                clock: Arc::new(ManualClock::at(1_000)),
                policy: Policy {
                    failures: Some(FAILURES),
                    token_addresses: 3,
                },
            })
        }
    }

    fn limited() -> Limited {
        Limited {
            quota: FAILURES,
            retry_after_ms: 30_000,
        }
    }

    #[test]
    fn an_address_with_too_many_failures_is_refused_unseen() {
        let mut world = World::new();
        world.verifier = MockTokenVerifier::new(); // a call would panic
        world.limiter.expect_peek().returning(|_, _| Err(limited()));
        let outcome = block_on(world.service().authenticate(Some("good".into()), ADDRESS));
        assert!(matches!(outcome, Err(AuthError::TooManyAttempts(_))));
    }

    #[test]
    fn the_failure_that_uses_up_the_limit_is_audited() {
        let mut world = World::new();
        world
            .limiter
            .expect_peek()
            .times(1)
            .return_once(|_, _| Ok(()));
        world
            .limiter
            .expect_take()
            .times(1)
            .returning(|_, _| Ok(()));
        world
            .limiter
            .expect_peek()
            .times(1)
            .return_once(|_, _| Err(limited()));
        world
            .audit
            .expect_record()
            .withf(|event| event.action == "auth.too_many_failures")
            .times(1)
            .returning(|_| Ok(()));
        let outcome = block_on(world.service().authenticate(Some("forged".into()), ADDRESS));
        assert!(matches!(outcome, Err(AuthError::Unauthenticated)));
    }

    #[test]
    fn a_revoked_token_is_refused_and_held_against_its_user() {
        let mut world = World::new();
        world.limiter.expect_peek().returning(|_, _| Ok(()));
        world.limiter.expect_take().returning(|_, _| Ok(()));
        world.revocations.expect_is_revoked().return_const(true);
        world
            .audit
            .expect_raise()
            .withf(|_, signal, _| *signal == SignalKind::RevokedToken)
            .times(1)
            .returning(|_, _, _| Ok(()));
        world.audit.expect_record().times(1).returning(|_| Ok(()));
        assert!(block_on(world.service().authenticate(Some("good".into()), ADDRESS)).is_err());
    }

    #[test]
    fn a_token_in_use_from_a_fourth_address_raises_suspicion_and_passes() {
        let mut world = World::new();
        world.limiter.expect_peek().returning(|_, _| Ok(()));
        world.limiter.expect_take().returning(|_, _| Ok(()));
        world.revocations.expect_is_revoked().return_const(false);
        world.sightings.expect_seen().returning(|_, _, _, _| 4);
        world
            .audit
            .expect_raise()
            .withf(|_, signal, _| *signal == SignalKind::TokenSharing)
            .times(1)
            .returning(|_, _, _| Ok(()));
        world.audit.expect_record().times(1).returning(|_| Ok(()));
        assert!(block_on(world.service().authenticate(Some("good".into()), ADDRESS)).is_ok());
    }

    #[test]
    fn revoking_a_users_tokens_means_those_issued_before_now() {
        let mut world = World::new();
        let before_now = |revocation: &Revocation, _: &Timestamp| {
            revocation.issued_before == Some(Timestamp::from_millis(1_000))
        };
        world
            .revocations
            .expect_revoke()
            .withf(before_now)
            .times(1)
            .returning(|_, _| Ok(()));
        world.audit.expect_record().returning(|_| Ok(()));
        world.notifier.expect_recheck().times(1).return_const(());
        let revocation = Revocation {
            token_id: None,
            user_id: Some(user("alice")),
            issued_before: None,
        };
        block_on(world.service().revoke(revocation)).unwrap();
    }
}
