//! Keys, and making tokens: for `chat-server token`, and for development without a key of one's own.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use chat_domain::{
    id::UserId,
    model::user::Role,
    port::auth::TokenVerifier,
    time::{Clock, SystemClock},
};
use chat_infra::jwt::{
    HmacSecret, JwtOptions, JwtSigner, JwtVerifier, KeySet, SignError, SignedToken,
};

use crate::config::auth::{AuthConfig, KeyConfig};

/// What checks tokens; and what makes them, where the key was made up.
pub(crate) struct Keys {
    /// Checks those of others.
    pub(crate) verifier: Arc<dyn TokenVerifier>,
    /// Makes tokens for whoever asks; `None` with a key of one's own.
    pub(crate) minter: Option<Minter>,
}

impl Keys {
    /// The keys of the configuration, or one for this run only.
    pub(crate) fn new(config: AuthConfig) -> Result<Self> {
        let AuthConfig { key, options } = config;
        let (keys, minter) = match key {
            KeyConfig::Public(keys) => (Ok(keys), None),
            KeyConfig::Secret(secret) => (KeySet::from_secret(&secret), None),
            KeyConfig::Generated => {
                let secret = HmacSecret::random()?;
                let minter = Minter::new(&secret, options.clone());
                (KeySet::from_secret(&secret), Some(minter))
            }
        };
        let keys = keys.context("the key can't be used")?;
        let verifier = JwtVerifier::new(keys, options, Arc::new(SystemClock));
        Ok(Self {
            verifier: Arc::new(verifier),
            minter,
        })
    }
}

/// Signs tokens. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Minter(Arc<JwtSigner>);

impl Minter {
    /// Signs with HS256.
    pub(crate) fn new(secret: &HmacSecret, options: JwtOptions) -> Self {
        Self(Arc::new(JwtSigner::hs256(secret, options)))
    }

    /// A token that is good from now on for `ttl`.
    pub(crate) fn mint(
        &self,
        user: &UserId,
        roles: &[Role],
        ttl: Duration,
    ) -> Result<SignedToken, SignError> {
        self.0.sign(user, roles, ttl, SystemClock.now(), None)
    }
}
