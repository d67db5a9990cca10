//! `token`: prints a token that the server with the same `JWT_SECRET` accepts.

use std::io::{Write, stdout};

use anyhow::Context;

use super::{Failure, Token};
use crate::{
    config::{
        ConfigError,
        auth::{AuthConfig, KeyConfig},
    },
    tokens::Minter,
};

pub(super) fn run(config: AuthConfig, token: &Token) -> Result<(), Failure> {
    let KeyConfig::Secret(secret) = &config.key else {
        let allowed = "must be set, to the key of the server that shall accept the token: a public key can't sign, and a \
                       key that a server makes up is known to nobody else";
        return Err(ConfigError::new("JWT_SECRET", allowed).into());
    };
    let minter = Minter::new(secret, config.options);
    let signed = minter
        .mint(&token.user, &token.roles, token.ttl())
        .context("can't make the token")?;
    writeln!(stdout(), "{}", signed.token).context("can't write to standard output")?;
    Ok(())
}
